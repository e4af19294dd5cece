"""What tasks have reached, put together from rows of single objectives; parameters are read once a set at most."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from statistics import fmean

from hpo_widgets.model.objective import Values, is_rankable
from hpo_widgets.model.space import parameters_key
from hpo_widgets.store.kept import load_json


def joined(
    columns: Sequence[Iterable[tuple[int, str, float | None]]],
    broken: Iterable[tuple[int, str]],
    width: int,
    *,
    sets: bool,
) -> list[Values]:
    """Gives the values of the tasks that win, or the means of the parameter sets that do, see `Store.winning_values`.

    Args:
        columns: An objective each: number of a task, its parameters as they are stored, value.
        broken: Number and parameters of the tasks that have broken a constraint.
        width: How many objectives there are; some may never have been reported.
        sets: Whether sets are wanted.
    """
    if len(columns) < width:
        return []
    found: dict[int, tuple[str, list[float | None]]] = {}
    for column in columns:
        for task, parameters, value in column:
            found.setdefault(task, (parameters, []))[1].append(value)
    counted = {task: own for task, own in found.items() if len(own[1]) == width and is_rankable(tuple(own[1]))}
    if not sets:
        out = {task for task, _ in broken}
        return [tuple(values) for task, (_, values) in counted.items() if task not in out]

    @cache
    def key(parameters: str) -> str:
        return parameters_key(load_json(parameters))

    runs: dict[str, list[list[float | None]]] = {}
    for parameters, values in counted.values():
        runs.setdefault(key(parameters), []).append(values)
    bad = {key(parameters) for _, parameters in broken}
    columns_of = (zip(*rows, strict=True) for own, rows in runs.items() if own not in bad)
    return [tuple(fmean(float(v) for v in column if v is not None) for column in columns) for columns in columns_of]
