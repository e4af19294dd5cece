"""The table of a study's tasks, as people sort and filter it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hpo_widgets.model.objective import Objective
from hpo_widgets.model.result import Result
from hpo_widgets.model.task import TaskRecord

if TYPE_CHECKING:
    import pandas as pd

FIXED_COLUMNS = ("trial", "id", "state", "reason")
TAIL_COLUMNS = ("iteration", "duration")


def columns(objectives: Sequence[Objective], parameters: Sequence[str]) -> tuple[list[str], list[str]]:
    """Names the objective and the parameter columns; a name that is taken gets its kind in front."""
    taken = {*FIXED_COLUMNS, *TAIL_COLUMNS}
    found: list[list[str]] = []
    for kind, names in (("objective", [o.name for o in objectives]), ("parameter", list(parameters))):
        group = [f"{kind}: {name}" if name in taken else name for name in names]
        taken.update(group)
        found.append(group)
    return found[0], found[1]


def tasks_table(
    tasks: Sequence[TaskRecord],
    results: Mapping[str, Result],
    objectives: Sequence[Objective],
    parameters: Sequence[str],
    now: float,
) -> pd.DataFrame:
    """Makes a frame with a row a task, in the order given.

    Columns: trial, id, state, reason, one an objective (NaN where it was never reported), iteration, duration in
    seconds, and one a parameter; a parameter that a task does not have (conditional spaces) is missing.
    """
    import pandas as pd

    objective_names, parameter_names = columns(objectives, parameters)
    data: dict[str, list[Any]] = {name: [] for name in (*FIXED_COLUMNS, *objective_names, *TAIL_COLUMNS)}
    for task in tasks:
        result = results.get(task.id)
        data["trial"].append(task.trial)
        data["id"].append(task.id)
        data["state"].append(task.state.value)
        data["reason"].append(task.reason)
        for i, name in enumerate(objective_names):
            value = result.values[i] if result is not None else None
            data[name].append(float("nan") if value is None else value)
        data["iteration"].append(result.iteration if result is not None else None)
        data["duration"].append(task.duration(now))
    frame = pd.DataFrame(data)
    frame["trial"] = frame["trial"].astype("Int64")
    frame["iteration"] = frame["iteration"].astype("Int64")
    frame["duration"] = frame["duration"].astype("float64")
    for name, column in zip(parameters, parameter_names, strict=True):
        frame[column] = pd.Series([task.parameters.get(name) for task in tasks], index=frame.index)
    return frame
