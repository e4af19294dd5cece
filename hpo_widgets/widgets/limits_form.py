"""The form of what a search may spend. Minutes on the form, seconds in the record."""

from __future__ import annotations

from typing import Any

import traitlets

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.limits import Limits
from hpo_widgets.sdk.planning import default_concurrency, terminator_problems
from hpo_widgets.widgets.form import Draft, Form, Problem, Reading
from hpo_widgets.widgets.form_assets import form_script, form_style
from hpo_widgets.widgets.form_static import Table
from hpo_widgets.widgets.limit_fields import in_words, limit_fields, limit_text, read_limit


class LimitsForm(Form):
    """Is the form of limits: `value` is a `Limits`, or `None` while `errors` says what is to be mended.

    Args:
        limits: What it begins with; nothing is limited without it.
    """

    _esm = form_script("limits_form.js")
    _css = form_style("limits_form.css")
    title = "Limits"

    parts: Any = traitlets.List().tag(sync=True)
    """The fields: [name, label, what empty means, hint, whether it is seen at first]."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._fields = limit_fields()
        self._slots = default_concurrency()
        super().__init__(limits)
        self.parts = [[f.name, f.label, f.empty, f.hint, f.first] for f in self._fields]

    def _write(self, value: Any) -> Draft:
        if value is None:
            return {}
        if not isinstance(value, Limits):
            raise InvalidInput(f"{value!r:.100} are no limits; give a hpo_widgets.Limits.")
        return {"fields": {f.name: limit_text(f, value) for f in self._fields}}

    def _read(self, draft: Draft) -> Reading:
        typed = draft.get("fields") or {}
        found: dict[str, Any] = {"max_number_of_concurrent_tasks": self._slots}
        problems = []
        for each in self._fields:
            text = str(typed.get(each.name, "")).strip()
            if not text:
                continue
            try:
                found[each.name] = read_limit(each, text)
            except InvalidInput as error:
                problems += [Problem(each.name, sentence) for sentence in error.problems]
        try:
            limits = Limits(**found)
            problems += [Problem(*in_words(sentence)) for sentence in terminator_problems(limits, ())]
        except InvalidInput as error:
            problems += [Problem(*in_words(sentence)) for sentence in error.problems]
            limits = Limits()
        return Reading(value=None if problems else limits, problems=problems)

    def _table(self) -> Table:
        typed = self.draft["fields"]
        return Table(["limit", "value"], [[f.label, str(typed.get(f.name, "")) or f.empty] for f in self._fields])
