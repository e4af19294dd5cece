"""The table of a study's tasks, as people sort and filter it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hpo_widgets.model.objective import Objective
from hpo_widgets.model.result import Result
from hpo_widgets.model.set_result import SetResult
from hpo_widgets.model.stint import Stint
from hpo_widgets.model.task import TaskRecord

if TYPE_CHECKING:
    import pandas as pd

FIXED_COLUMNS = ("trial", "id", "state", "reason")
TAIL_COLUMNS = ("iteration", "duration")
FEASIBLE = "feasible"
RUNG_COLUMNS = ("rung", "budget", "follows")


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
    sets: Sequence[SetResult] | None = None,
) -> pd.DataFrame:
    """Makes a frame with a row a task, in the order given.

    Columns: trial, id, state, reason, one an objective (NaN where it was never reported), iteration, duration in
    seconds, and one a parameter; a parameter that a task does not have (conditional spaces) is missing. Before the
    parameters: with `sets` set, and mean and spread of each objective; where constraints were reported feasible
    (missing for a task that reported none); in a search with rungs rung (from 1), budget (its iteration) and follows
    (the trial that it goes on with).
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
    if sets is not None:
        _add_sets(frame, tasks, sets, objectives, parameter_names)
    found = [results.get(task.id) for task in tasks]
    if any(each is not None and each.constraints for each in found):
        free = FEASIBLE if FEASIBLE not in (*frame.columns, *parameter_names) else f"task: {FEASIBLE}"
        words = [each.feasible if each is not None and each.constraints else None for each in found]
        frame[free] = pd.array(words, dtype="boolean")
    stints = [Stint.of(task.memo) for task in tasks]
    if any(stints):  # a search with rungs
        rows = [(None, None, None) if each is None else (each.rung + 1, each.budget, each.follows) for each in stints]
        for i, name in enumerate(RUNG_COLUMNS):
            free = name if name not in (*frame.columns, *parameter_names) else f"task: {name}"
            frame[free] = pd.array([row[i] for row in rows], dtype="Int64")
    for name, column in zip(parameters, parameter_names, strict=True):
        frame[column] = pd.Series([task.parameters.get(name) for task in tasks], index=frame.index)
    return frame


def _add_sets(
    frame: pd.DataFrame,
    tasks: Sequence[TaskRecord],
    sets: Sequence[SetResult],
    objectives: Sequence[Objective],
    taken: Sequence[str],
) -> None:
    """Adds which set a task is a run of, and mean and spread of the set's runs."""
    import pandas as pd

    of_task = {id: each for each in sets for id in each.tasks}
    mine = [of_task[task.id] for task in tasks]
    data: dict[str, Any] = {"set": pd.array([each.number for each in mine], dtype="Int64")}
    for index, objective in enumerate(objectives):
        front = "" if len(objectives) == 1 else f"{objective.name} "
        for what in ("mean", "spread"):
            values = [getattr(each, what)[index] for each in mine]
            data[f"{front}{what}"] = [float("nan") if value is None else value for value in values]
    for name, column in data.items():
        frame[name if name not in (*frame.columns, *taken) else f"task: {name}"] = column
