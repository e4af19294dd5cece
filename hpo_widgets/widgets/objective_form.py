"""The form of what a search optimizes: title, series and sign, one row an objective."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import traitlets

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.objective import Objective, Sign, parse_objectives
from hpo_widgets.widgets.form import Draft, Form, Problem, Reading
from hpo_widgets.widgets.form_assets import form_script, form_style
from hpo_widgets.widgets.form_static import Table

SENTENCES = {
    Sign.MIN: "The last value that a trial reports counts; smaller is better.",
    Sign.MAX: "The last value that a trial reports counts; larger is better.",
    Sign.MIN_GLOBAL: "The smallest value that a trial ever reports counts; smaller is better.",
    Sign.MAX_GLOBAL: "The largest value that a trial ever reports counts; larger is better.",
}
MOST_ROWS = 20
MOST_SUGGESTED = 200


class ObjectiveForm(Form):
    """Is the form of objectives: `value` is a tuple of `Objective`s, or `None` while `errors` says what to mend.

    Args:
        objective: What it begins with, as in `tune`: a name, `(title, series, sign)`, or a list of those.
        suggested: Metrics to choose from; free text is as good.

    Raises:
        InvalidInput: When that is no objective.
    """

    _esm = form_script("objective_form.js")
    _css = form_style("objective_form.css")
    title = "Objective"

    suggested: Any = traitlets.List().tag(sync=True)
    """Metrics to choose from, as [title, series, sign]."""
    signs: Any = traitlets.List([[sign.value, text] for sign, text in SENTENCES.items()]).tag(sync=True)

    def __init__(self, objective: Any = None, suggested: Iterable[Objective] = ()) -> None:
        super().__init__(objective)
        self.suggest(suggested)

    def suggest(self, objectives: Iterable[Objective]) -> None:
        """Offers these metrics to choose from, in place of those before."""
        listed = [[each.title, each.series, each.sign.value] for each in objectives]
        self.suggested = listed[:MOST_SUGGESTED]

    def _write(self, value: Any) -> Draft:
        if value is None:
            return {"rows": [{"id": "o0", "title": "", "series": "", "sign": "min"}]}
        given = list(value) if isinstance(value, tuple) and all(isinstance(o, Objective) for o in value) else value
        return {"rows": [_row(number, each) for number, each in enumerate(parse_objectives(given))]}

    def _read(self, draft: Draft) -> Reading:
        rows = draft.get("rows") or []
        if not rows:
            return Reading(problems=[Problem("", "no objective is given; add the metric to optimize.")])
        if len(rows) > MOST_ROWS:
            raise InvalidInput(f"there are {len(rows)} objectives; a form takes {MOST_ROWS}, remove some.")
        problems: list[Problem] = []
        found: list[Objective] = []
        for row in rows:
            title = str(row.get("title", ""))
            series = str(row.get("series", "")) or title
            if not title.strip():
                text = "give the name under which the metric is reported, such as loss."
                problems.append(Problem(f"{row['id']}.title", text))
                continue
            try:
                objective = Objective(title, series, Sign.parse(row.get("sign") or "min"))
            except InvalidInput as error:
                problems += [Problem(f"{row['id']}.sign", text) for text in error.problems]
                continue
            if any((each.title, each.series) == (title, series) for each in found):
                text = f"{objective.name} is in a row above already; name each metric once."
                problems.append(Problem(f"{row['id']}.title", text))
            found.append(objective)
        return Reading(value=None if problems else tuple(found), problems=problems)

    def _table(self) -> Table:
        rows = [_texts(row) for row in self.draft["rows"]]
        return Table(["title", "series", "sign"], rows)


def _row(number: int, objective: Objective) -> dict[str, Any]:
    series = "" if objective.series == objective.title else objective.series
    return {"id": f"o{number}", "title": objective.title, "series": series, "sign": objective.sign.value}


def _texts(row: Mapping[str, Any]) -> list[str]:
    title = str(row.get("title", ""))
    return [title, str(row.get("series", "")) or title, str(row.get("sign", ""))]
