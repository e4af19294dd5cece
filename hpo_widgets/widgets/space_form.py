"""The form of a search space: a row a parameter, with a picture of its distribution and some draws."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from hpo_widgets.charts.range_picture import count_text, range_picture
from hpo_widgets.dialects.clearml import read_params_search
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.base_task import BaseParameter
from hpo_widgets.model.constraint import Constraint, Expression, as_constraints, constraints_from_json
from hpo_widgets.model.parameter_base import Parameter
from hpo_widgets.model.parameter_choices import DiscreteParameterRange
from hpo_widgets.model.parameter_values import plain, shown, value_problem
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.model.space_draws import check_not_empty
from hpo_widgets.model.space_shorthand import as_space
from hpo_widgets.sdk.proposals import propose_base
from hpo_widgets.widgets.form import Draft, Form, Problem, Reading
from hpo_widgets.widgets.form_assets import form_script, form_style
from hpo_widgets.widgets.form_static import Table
from hpo_widgets.widgets.space_rows import (
    KEPT,
    LABELS,
    TEXTS,
    ReadRow,
    Row,
    read_row,
    read_space,
    write_name,
    write_row,
    write_rows,
)

MOST_ROWS = 1000
"""Parameters of one form; more are no longer read by anybody."""
LONGEST_JSON = 20_000_000
"""Characters of JSON that are read."""


class SearchSpaceForm(Form):
    """Is the form of a search space: `value` is a `SearchSpace`, or `None` while `errors` says what is to be mended.

    Args:
        space: What it begins with: a `SearchSpace`, or what `hpo.tune` takes as one
            (`{"lr": hpo.loguniform(1e-5, 1e-1), "act": ["relu", "tanh"]}`). Without it there are no rows.

    Raises:
        InvalidInput: When that is no search space, with all problems.
    """

    _esm = form_script("space_form.js")
    _css = form_style("space_form.css")
    title = "Search space"

    def __init__(self, space: Any = None) -> None:
        super().__init__(space)

    @classmethod
    def from_base(cls, base: Any) -> SearchSpaceForm:
        """Makes a form with a row for each parameter of a base task, in its order.

        What has a proposed range is searched; everything else is a fixed row that is switched off and shows the
        default. A parameter without a default is a row to be filled in.

        Args:
            base: A function, the path of a script or notebook, what `%%objective` made, a base task, or a `Task`.

        Raises:
            InvalidInput: When it is none of these or cannot be read.
        """
        form = cls()
        form.fill_from_base(base)
        return form

    def fill_from_base(self, base: Any) -> None:
        """Replaces all rows by those of a base task, see `from_base`.

        Raises:
            InvalidInput: As there; the form stays as it was.
        """
        self.fill_rows(*propose_base(base))

    def fill_rows(
        self,
        parameters: Iterable[BaseParameter],
        ranges: Mapping[str, Parameter],
        constraints: Iterable[Constraint] = (),
    ) -> None:
        """Replaces all rows by one a parameter: searched where it has a range, else its default, switched off.

        Ranges of other names come after them, and a parameter without default or range is a row to be filled in. The
        constraints replace those there are.

        Raises:
            InvalidInput: When there are too many; the form stays as it was.
        """
        named = {each.name: _proposed(each, ranges.get(each.name)) for each in parameters}
        others = (write_row(each) for name, each in ranges.items() if name not in named)
        self._put_rows([*named.values(), *others], _typed(constraints))

    def to_json(self) -> dict[str, Any]:
        """Gives the space in its stored form, lossless and versioned.

        Raises:
            InvalidInput: While something is to be mended.
        """
        space: SearchSpace = self.require()
        return space.to_json()

    def from_json(self, data: Any) -> None:
        """Fills the form from a space's stored form, as an object or as text.

        Raises:
            InvalidInput: When it is none, with all problems; the form stays as it was.
        """
        self.value = read_space_json(data)

    # -- the form ----------------------------------------------------------------------------------------------------
    def _put_rows(self, rows: Iterable[Row], constraints: Draft) -> None:
        self.draft = {**constraints, "rows": _numbered(rows), "seq": int(self.draft.get("seq", 0)) + 1}

    def _write(self, value: Any) -> Draft:
        if value is None:
            return {"rows": []}
        space = as_space(value)
        return {**_typed(space.constraints), "rows": _numbered(row for each in space for row in write_rows(each))}

    def _read(self, draft: Draft) -> Reading:
        rows = draft.get("rows") or []
        if len(rows) > MOST_ROWS:
            raise InvalidInput(f"there are {len(rows):,} parameters, a form takes {MOST_ROWS:,}; remove some.")
        read = [(row, read_row(row)) for row in rows]
        live = [(row, each) for row, each in read if row.get("on") is not False]
        problems = list(_problems(live))
        pictures = {str(row["id"]): _picture(each) for row, each in read}
        if not live:
            problems.append(Problem("", _nothing(rows)))
        space = None
        if not problems:
            try:
                space = _bound(read_space([each for _, each in live]), draft)
            except InvalidInput as error:
                problems += [_at_condition(text, live) for text in error.problems]
        total = "" if space is None else _total(space)
        return Reading(value=space, problems=problems, shown={"rows": pictures, "total": total})

    def _table(self) -> Table:
        columns = ["parameter", "kind", "values", "used"]
        rows = [[*_described(row), "yes" if row.get("on") is not False else "no"] for row in self.draft["rows"]]
        return Table(columns, rows, str(self.answer.get("total", "")))


def read_space_json(data: Any) -> SearchSpace:
    """Reads a space's stored form, as an object or as text, or the text of ClearML's JSON.

    Raises:
        InvalidInput: When it is none.
    """
    if isinstance(data, (str, bytes)):
        if len(data) > LONGEST_JSON:
            raise InvalidInput(f"the JSON has {len(data):,} characters; {LONGEST_JSON:,} are read at most.")
        try:
            data = json.loads(data)
        except (ValueError, RecursionError) as error:
            said = "nested too deeply" if isinstance(error, RecursionError) else str(error)
            raise InvalidInput(f"this is no JSON: {said}; give the text of a whole file.") from None
    try:
        native = isinstance(data, dict) and "format" in data
        space = SearchSpace.from_json(data) if native else read_params_search(json.dumps(data)).space
    except RecursionError:
        raise InvalidInput("the stored search space is nested too deeply; it was not read.") from None
    if len(space) > MOST_ROWS:
        raise InvalidInput(f"the space has {len(space):,} parameters; a form takes {MOST_ROWS:,}.")
    return space


def _typed(constraints: Iterable[Constraint]) -> Draft:
    """Gives constraints as a form holds them: functions cannot be typed and stay with the rows they came with."""
    given = list(constraints)
    return {
        "fields": {"constraints": "\n".join(each.text for each in given if isinstance(each, Expression))},
        "functions": [each.to_json() for each in given if not isinstance(each, Expression)],
    }


def _numbered(rows: Iterable[Row]) -> list[Row]:
    found = [{"id": f"r{number}", **row} for number, row in enumerate(rows)]
    if len(found) > MOST_ROWS:
        raise InvalidInput(f"the space has {len(found):,} parameters; a form takes {MOST_ROWS:,}.")
    return found


def _proposed(parameter: BaseParameter, found: Parameter | None) -> Row:
    default = plain(parameter.default)
    if found is not None:
        return write_row(found)
    if parameter.required or value_problem(default):
        # Nothing tells its values: they are to be filled in.
        kind = "discrete" if parameter.type == "str" else "uniform"
        return {"on": parameter.required, "name": write_name(parameter.name), "kind": kind}
    return write_row(DiscreteParameterRange(parameter.name, [default]), on=False)


def _nothing(rows: list[Row]) -> str:
    return "switch at least one parameter on." if rows else "the search space is empty; add at least one parameter."


def _problems(live: Iterable[tuple[Mapping[str, Any], ReadRow]]) -> Iterator[Problem]:
    """Yields what is wrong with the rows in their order, names that a row before has given included."""
    seen: set[str] = set()
    for row, each in live:
        if each.condition is not None:  # may share its name with another case; the space tells when both are there
            yield from (Problem(f"{row['id']}.{field}", text) for field, text in each.problems)
            continue
        for name in sorted(each.names & seen):
            field = "combinations" if row.get("kind") == "set" else "name"
            yield Problem(f"{row['id']}.{field}", f"{shown(name)} is in a row above already; rename or remove one.")
        seen |= each.names
        for field, text in each.problems:
            yield Problem(f"{row['id']}.{field}", text)


def _bound(space: SearchSpace, draft: Draft) -> SearchSpace:
    """Gives the space under the constraints that are typed, one a line.

    Raises:
        InvalidInput: When one cannot be read, or they leave nothing.
    """
    typed = str((draft.get("fields") or {}).get("constraints", ""))
    constraints = [*as_constraints([line for line in typed.splitlines() if line.strip()])]
    constraints += constraints_from_json(draft.get("functions") or [])
    bound = space.with_constraints(constraints)
    check_not_empty(bound)
    return bound


def _at_condition(text: str, live: Iterable[tuple[Mapping[str, Any], ReadRow]]) -> Problem:
    """Gives a sentence at the row whose condition it is about, or at the constraints."""
    if text.startswith(("the constraint ", "constraints: ")) or "keeps" in text:
        return Problem("constraints", text)
    for row, each in live:
        if each.condition is not None and repr(each.condition.text) in text:
            return Problem(f"{row['id']}.when", text)
    return Problem("", text)


def _total(space: SearchSpace) -> str:
    size = space.size
    text = "1 combination" if size == 1 else f"{count_text(size)} combinations"
    count = len(space.constraints)
    return f"{text} under {count} constraint{'s' if count > 1 else ''}" if count else text


def _picture(row: ReadRow) -> dict[str, Any]:
    return {} if row.parameter is None else _drawn(row.parameter)


@lru_cache(maxsize=KEPT)
def _drawn(parameter: Parameter) -> dict[str, Any]:
    picture = range_picture(parameter)
    return {
        "bars": list(picture.bars),
        "apart": picture.apart,
        "label": picture.label,
        "draws": list(picture.draws),
        "note": _mixed(parameter),
    }


def _mixed(parameter: Parameter) -> str:
    """Says when the values of a list are of several kinds: often a number was meant as text, or the other way round."""
    if not isinstance(parameter, DiscreteParameterRange):
        return ""
    kinds: dict[str, int] = {}
    for value in parameter.values:
        word = _KIND_WORDS.get(type(value), "lists")
        kinds[word] = kinds.get(word, 0) + 1
    kinds.pop("None", None)
    if len(kinds) < 2:
        return ""
    counted = (f"{count} {word if count > 1 else word.removesuffix('s')}" for word, count in kinds.items())
    return f"mixed: {', '.join(counted)}; quotes make a text of a number"


_KIND_WORDS = {bool: "True/False", int: "numbers", float: "numbers", str: "texts", type(None): "None"}


def _described(row: Mapping[str, Any]) -> list[str]:
    name, kind, values = _plainly(row)
    when = f" (only when {row['when']} is {row.get('equals', '')})" if row.get("when") else ""
    return [name, kind, f"{values}{when}"]


def _plainly(row: Mapping[str, Any]) -> list[str]:
    kind = str(row.get("kind", ""))
    if kind in ("discrete", "fixed", "set"):
        values = str(row.get("combinations" if kind == "set" else "values", ""))
        return [str(row.get("name", "")), kind, values]
    said = [f"{LABELS[field]} {row[field]}" for field in TEXTS[1:7] if row.get(field)]
    return [str(row.get("name", "")), kind, ", ".join(said)]
