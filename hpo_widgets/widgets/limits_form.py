"""The form of what a search may spend. Minutes on the form, seconds in the record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import traitlets

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.typed_values import read_number
from hpo_widgets.sdk.planning import default_concurrency, terminator_problems
from hpo_widgets.widgets.form import Draft, Form, Problem, Reading
from hpo_widgets.widgets.form_assets import form_script, form_style
from hpo_widgets.widgets.form_static import Table

UNITS = {"s": 1, "sec": 1, "min": 60, "h": 3600, "d": 86400}
"""What may stand behind a time, in seconds; nothing means minutes."""
NO_LIMIT = "no limit"


@dataclass(frozen=True, kw_only=True)
class LimitField:
    """Is one field of the form."""

    name: str
    """Of the limit, as in `Limits`."""
    label: str
    empty: str = NO_LIMIT
    """What an empty field means."""
    hint: str = ""
    is_time: bool = False
    is_number: bool = False
    """Whether it is any number, not a whole one."""
    is_word: bool = False
    first: bool = False
    """Whether it is seen without unfolding the rest."""


def limit_fields() -> tuple[LimitField, ...]:
    """Lists the fields in order."""
    slots = default_concurrency()
    return (
        LimitField(
            name="max_number_of_concurrent_tasks",
            label="Maximum concurrent trials",
            empty=f"one a core, at most 4: {slots}",
            first=True,
        ),
        LimitField(name="total_max_jobs", label="Trials in all", first=True),
        LimitField(
            name="save_top_k_tasks_only",
            label="Best trials to keep",
            hint="The others are archived, nothing is deleted.",
        ),
        LimitField(
            name="time_limit_per_job",
            label="Minutes per trial",
            hint="A trial that runs longer is ended; what it reached counts.",
            is_time=True,
        ),
        LimitField(name="optimization_time_limit", label="Minutes in all", is_time=True, hint="From start to end."),
        LimitField(
            name="compute_time_limit",
            label="Compute minutes",
            hint="Running time summed over all trials.",
            is_time=True,
        ),
        LimitField(
            name="min_iteration_per_job",
            label="Minimum iterations per trial",
            hint="No trial is pruned before it has reported this iteration.",
        ),
        LimitField(
            name="max_iteration_per_job",
            label="Maximum iterations per trial",
            hint="A trial that reports this iteration is complete.",
        ),
        LimitField(
            name="patience",
            label="Trials without a better value",
            hint="So many in a row end the search; what still runs may save it.",
        ),
        LimitField(
            name="min_gain",
            label="Least gain",
            empty="any",
            hint="What counts as better, in the objective's unit.",
            is_number=True,
        ),
        LimitField(
            name="target",
            label="Target value",
            empty="none",
            hint="A trial that reaches it ends the search.",
            is_number=True,
        ),
        LimitField(
            name="expected_gain",
            label="Expected gain",
            empty="none",
            hint="The search ends when less is still to be gained, in the objective's unit; needs torch.",
            is_number=True,
        ),
        LimitField(
            name="terminator",
            label="Terminator",
            empty="none",
            hint="Optuna's rule that ends the search: regret or emmr, which need torch, or stagnation.",
            is_word=True,
        ),
        LimitField(name="retries", label="Retries", empty="none", hint="How often a failed trial is run again."),
    )


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
        texts = {f.name: _text(getattr(value, f.name), f.is_time) for f in self._fields}
        if not value.retries:
            texts["retries"] = ""
        return {"fields": texts}

    def _read(self, draft: Draft) -> Reading:
        typed = draft.get("fields") or {}
        found: dict[str, Any] = {"max_number_of_concurrent_tasks": self._slots}
        problems = []
        for each in self._fields:
            text = str(typed.get(each.name, "")).strip()
            if not text:
                continue
            try:
                found[each.name] = _read(each, text)
            except InvalidInput as error:
                problems += [Problem(each.name, sentence) for sentence in error.problems]
        try:
            limits = Limits(**found)
            problems += [self._placed(sentence) for sentence in terminator_problems(limits, ())]
        except InvalidInput as error:
            problems += [self._placed(sentence) for sentence in error.problems]
            limits = Limits()
        return Reading(value=None if problems else limits, problems=problems)

    def _placed(self, sentence: str) -> Problem:
        """Gives a sentence of the model at its field and in the words of the form."""
        named = [each for each in self._fields if each.name in sentence]
        named.sort(key=lambda each: sentence.find(each.name))
        said = sentence.replace(", or None for no limit", ", or leave it empty")
        for each in self._fields:
            said = said.replace(each.name, each.label.lower())
        return Problem(named[0].name if named else "", said[:1].upper() + said[1:])

    def _table(self) -> Table:
        typed = self.draft["fields"]
        return Table(["limit", "value"], [[f.label, str(typed.get(f.name, "")) or f.empty] for f in self._fields])


def read_seconds(text: str) -> float:
    """Reads a time: minutes, or with a unit (`90 s`, `2 h`); gives seconds.

    Raises:
        InvalidInput: When it is none, or not above 0.
    """
    number = text.rstrip("abcdefghijklmnopqrstuvwxyz. ")
    unit = text[len(number) :].strip(" .") or "min"
    if unit not in UNITS:
        raise InvalidInput(f"{unit!r} is no unit of time; give minutes, or a number with one of {', '.join(UNITS)}.")
    seconds = float(Fraction(repr(read_number(number))) * UNITS[unit])
    if seconds <= 0:
        raise InvalidInput(f"{text!r} is no time; give more than 0, or leave it empty for no limit.")
    return seconds


def _read(field: LimitField, text: str) -> float | str:
    if field.is_word:
        return text.casefold()
    if field.is_number:
        return read_number(text)
    return read_seconds(text) if field.is_time else _whole(text)


def _whole(text: str) -> int:
    number = read_number(text)
    if number != int(number):
        raise InvalidInput(f"{text!r} is no whole number; give one such as {round(number)}.")
    return int(number)


def _text(value: float | str | None, is_time: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, str) or not is_time:
        return str(value)
    minutes = value / 60
    text = str(int(minutes)) if minutes.is_integer() else repr(minutes)
    return text if _same(read_seconds, text, value) else f"{value!r} s"


def _same(read: Callable[[str], float], text: str, value: float) -> bool:
    try:
        return read(text) == value
    except InvalidInput:
        return False
