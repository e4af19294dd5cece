"""Results from tables of trials: DataFrames, CSV files, and the JSON that a study has exported."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.found import Found
from hpo_widgets.model.objective import Objective, Sign
from hpo_widgets.model.parameter_values import plain, shown
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.study.exports import JSON_FORMAT

DONE = ("complete", "completed", "finished")
"""States, in any case, of rows of a table that count; a table whose only `state` is a parameter counts whole."""
PREFIXES = ("parameter: ", "", "params_", "param_", "params.", "parameter_")
"""What our tables put before a parameter's name that is taken by another column, and other tools before each."""
KINDS = (".csv", ".json")
"""Files that are read, by their ending."""


def is_trials(path: Path) -> bool:
    """Tells whether a path is meant as a file of trials: one of these is there."""
    return path.suffix.lower() in KINDS and path.expanduser().is_file()


def read_trials(path: Path, space: SearchSpace, objectives: Sequence[Objective]) -> list[Found]:
    """Gives the results in a file: CSV of a table, JSON that a study has exported, or JSON of a list of rows.

    Raises:
        InvalidInput: When it is not there, cannot be read, or is of another objective.
    """
    if not is_trials(path):
        raise InvalidInput(
            f"{str(path)!r} is no file of trials; give the path of a file ending in {' or '.join(KINDS)}."
        )
    import pandas as pd

    place = path.expanduser()
    try:
        if place.suffix.lower() == ".csv":
            return found_in_table(pd.read_csv(place), space, objectives)
        data = json.loads(place.read_text(encoding="utf-8"))
    except InvalidInput:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidInput(f"{str(path)!r} cannot be read as {place.suffix[1:].upper()}: {error}.") from error
    if isinstance(data, Mapping) and data.get("format") == JSON_FORMAT:
        return _exported(data, objectives)
    if isinstance(data, list) and data and all(isinstance(each, Mapping) for each in data):
        return found_in_table(pd.DataFrame(data), space, objectives)
    raise InvalidInput(
        f"{str(path)!r} holds no trials; give what study.export_json has written, or a list of objects with a key a "
        "parameter and one an objective."
    )


def _exported(data: Mapping[str, Any], objectives: Sequence[Objective]) -> list[Found]:
    try:
        own = [(each["title"], each["series"], Sign(each["sign"])) for each in data["objectives"]]
        name = str(data["name"])
        found = [
            Found(parameters=each["parameters"], values=tuple(map(float, each["values"])))
            for each in data["tasks"]
            if each["state"] in DONE and each["values"] is not None and None not in each["values"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(f"the exported study is not whole: {type(error).__name__}: {error}.") from error
    check_same(name, own, objectives)
    return found


def check_same(study: str, own: Sequence[tuple[str, str, Sign]], objectives: Sequence[Objective]) -> None:
    """Looks whether a study of these objectives can teach a search for those.

    Raises:
        InvalidInput: When it optimized something else.
    """
    wanted = [(each.title, each.series, each.sign.minimize) for each in objectives]
    if [(title, series, sign.minimize) for title, series, sign in own] != wanted:
        said = ", ".join(f"{Objective(title, series, sign).name} ({sign.value})" for title, series, sign in own)
        raise InvalidInput(f"the study {study!r} has another objective: {said}; give one with the same.")


def found_in_table(table: Any, space: SearchSpace, objectives: Sequence[Objective]) -> list[Found]:
    """Gives the results in a pandas DataFrame with a column a parameter and one an objective.

    Raises:
        InvalidInput: When it has no column of an objective, or none of a parameter, with those it has.
    """
    return list(_rows(table, space, objectives))


def _rows(table: Any, space: SearchSpace, objectives: Sequence[Objective]) -> Iterator[Found]:
    columns = {str(name): name for name in table.columns}
    values = [_value_column(columns, each, len(objectives)) for each in objectives]
    names = {name: columns[p + name] for name in space.names for p in reversed(PREFIXES) if p + name in columns}
    if not names:
        raise InvalidInput(f"the table has no column of a parameter; it has {', '.join(columns)}.")
    state = None if names.get("state") == columns.get("state") else columns.get("state")
    for row in table.to_dict("records"):
        if state is not None and str(row[state]).lower().rpartition(".")[2] not in DONE:
            continue
        # A missing cell is a parameter that is not there: NaN is how a table says it.
        held = {name: plain(row[column]) for name, column in names.items() if not _is_missing(row[column])}
        found = tuple(_number(row[column], column) for column in values)
        yield Found(parameters=_whole(held, space), values=found)


def _whole(held: Mapping[str, Any], space: SearchSpace) -> dict[str, Any]:
    """Gives whole numbers back that a table made floats of, where only they are members."""
    whole = {
        name: int(value) if isinstance(value, float) and value.is_integer() else value for name, value in held.items()
    }
    return dict(held) if space.contains(held) or not space.contains(whole) else whole


def _number(value: Any, column: Any) -> float:
    try:
        return math.nan if _is_missing(value) else float(value)
    except (TypeError, ValueError):
        raise InvalidInput(f"the column {column!r} holds {shown(value)}, which is no number.") from None


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value) or type(value).__name__ == "NAType"


def _value_column(columns: Mapping[str, Any], objective: Objective, count: int) -> Any:
    for name in (objective.name, f"{objective.title}/{objective.series}", objective.title, objective.series):
        if name in columns:
            return columns[name]
    if count == 1 and "value" in columns:
        return columns["value"]
    raise InvalidInput(f"the table has no column {objective.name!r} for the objective; it has {', '.join(columns)}.")
