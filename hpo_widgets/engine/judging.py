"""What follows from the end of a task: a retry, what the strategy is told, and the name of the next one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from hpo_widgets.engine.picture import Picture, Start
from hpo_widgets.engine.relay import anew
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.objective import Objective, Values
from hpo_widgets.model.result import counts
from hpo_widgets.model.scalar import MetricSummary
from hpo_widgets.model.task import TaskRecord, TaskState
from hpo_widgets.strategies.base import Outcome

LISTED = 12
"""Names that a notice lists."""


def retry(task: TaskRecord, limits: Limits, spared: int = 0) -> Start | None:
    """Gives the run that replaces a failed or lost one, `None` when it has had its chances.

    A lost task is run again at least once: it did nothing wrong. One that ended only because its study was stopped or
    left is run again whenever that goes on, and costs no chance.

    Args:
        task: How it ended.
        limits: Say how often a failed one is run again.
        spared: Attempts before it that cost no chance.
    """
    chances = {TaskState.FAILED: limits.retries, TaskState.LOST: max(1, limits.retries)}.get(task.state, 0)
    if task.trial is None or (task.attempt - spared >= chances and not task.interrupted):
        return None
    return Start(parameters=task.parameters, trial=task.trial, attempt=task.attempt + 1, memo=anew(task.memo))


def run_again(picture: Picture, task: TaskRecord) -> Start | None:
    """Does what `retry` does for a study under way, and notes in its picture which attempts cost no chance."""
    spared = picture.spared[task.trial]
    if task.interrupted:
        picture.spared[task.trial] += 1
    return retry(task, picture.limits, spared)


def judge_end(task: TaskRecord, values: Values) -> tuple[Outcome, tuple[float, ...] | None]:
    """Gives what the strategy is told of a task that has ended for good."""
    if task.state is TaskState.PRUNED:
        return Outcome.PRUNED, None
    if counts(task, values):
        return Outcome.COMPLETE, tuple(v for v in values if v is not None)
    return Outcome.FAILED, None


def missing_metrics(
    task: TaskRecord, values: Values, objectives: Sequence[Objective], reported: Iterable[MetricSummary]
) -> str | None:
    """Says that a task has ended without reporting an objective, and what it has reported; `None` when all is well."""
    missing = [each.name for each, value in zip(objectives, values, strict=True) if value is None]
    if task.state is not TaskState.COMPLETED or not missing:
        return None
    names = sorted({f"{each.metric.title}/{each.metric.series}" for each in reported})
    if not names:
        return (
            f"the task {task.name!r} has completed without reporting anything. Return a number from the function, or "
            "report the objective of the search from it."
        )
    return (
        f"the task {task.name!r} has completed without reporting {', '.join(missing)}, the objective of the search; it "
        f"reported {', '.join(names[:LISTED])}{' and more' if len(names) > LISTED else ''}. Stop the "
        "search and start it again with objective= one of these, or report the objective."
    )


def task_name(base: str, parameters: dict[str, Any]) -> str:
    """Gives a task's name: `base: k=v k=v`, keys sorted (reference a2)."""
    return f"{base}: " + " ".join(f"{key}={parameters[key]}" for key in sorted(parameters))
