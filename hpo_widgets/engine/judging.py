"""What follows from the end of a task: a retry, what the strategy is told, and the name of the next one."""

from __future__ import annotations

from typing import Any

from hpo_widgets.engine.picture import Start
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.objective import Values
from hpo_widgets.model.result import counts
from hpo_widgets.model.task import TaskRecord, TaskState
from hpo_widgets.strategies.base import Outcome


def retry(task: TaskRecord, limits: Limits) -> Start | None:
    """Gives the run that replaces a failed or lost one, `None` when it has had its chances.

    A lost task is run again at least once: it did nothing wrong.
    """
    chances = {TaskState.FAILED: limits.retries, TaskState.LOST: max(1, limits.retries)}.get(task.state, 0)
    if task.trial is None or task.attempt >= chances:
        return None
    return Start(parameters=task.parameters, trial=task.trial, attempt=task.attempt + 1, memo=task.memo)


def judge_end(task: TaskRecord, values: Values) -> tuple[Outcome, tuple[float, ...] | None]:
    """Gives what the strategy is told of a task that has ended for good."""
    if task.state is TaskState.PRUNED:
        return Outcome.PRUNED, None
    if counts(task, values):
        return Outcome.COMPLETE, tuple(v for v in values if v is not None)
    return Outcome.FAILED, None


def task_name(base: str, parameters: dict[str, Any]) -> str:
    """Gives a task's name: `base: k=v k=v`, keys sorted (reference a2)."""
    return f"{base}: " + " ".join(f"{key}={parameters[key]}" for key in sorted(parameters))
