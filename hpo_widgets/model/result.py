"""The result of a task: what it has reached, read from the summaries of its metrics, and whether it counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hpo_widgets.model.objective import Objective, Values, is_rankable
from hpo_widgets.model.scalar import CONSTRAINT_TITLE, SINGLE_VALUE_ITERATION, Metric, MetricSummary
from hpo_widgets.model.task import UNCOUNTED, TaskRecord, TaskState


@dataclass(frozen=True, kw_only=True)
class Result:
    """Says what one task has reached."""

    values: Values
    """One value an objective, `None` where its metric was never reported."""
    iteration: int | None
    """Largest iteration at which an objective was reported; `None` for none, and for single values."""
    constraints: tuple[tuple[str, float], ...] = ()
    """Name and last value of each constraint it has reported."""

    @property
    def feasible(self) -> bool:
        """Whether all constraints it has reported are 0 or less; NaN is not."""
        return all(value <= 0 for _, value in self.constraints)


def read_result(objectives: Sequence[Objective], summaries: Iterable[MetricSummary]) -> Result:
    """Reads the result of one task."""
    by_metric = {s.metric: s for s in summaries}
    bound = sorted((metric.series, s.last) for metric, s in by_metric.items() if metric.title == CONSTRAINT_TITLE)
    found = [by_metric.get(Metric(o.title, o.series)) for o in objectives]
    values = tuple(o.read(s.last, s.min, s.max) if s else None for o, s in zip(objectives, found, strict=True))
    iterations = [s.last_iteration for s in found if s is not None and s.last_iteration != SINGLE_VALUE_ITERATION]
    return Result(values=values, iteration=max(iterations, default=None), constraints=tuple(bound))


def metrics_of(objectives: Iterable[Objective]) -> list[Metric]:
    """Names the metrics that objectives are read from."""
    return [Metric(o.title, o.series) for o in objectives]


def counts(task: TaskRecord, values: Values) -> bool:
    """Tells whether a finished task's result counts: it completed, or was ended after it had reported its objective.

    Pruned, skipped, failed and lost tasks do not count, nor does one that was stopped with its study and that another
    one replaces since, nor a value that is missing, NaN or infinite.
    """
    ended = task.state is TaskState.COMPLETED or (task.state is TaskState.ABORTED and task.reason not in UNCOUNTED)
    return ended and is_rankable(values)


def wins(task: TaskRecord, result: Result) -> bool:
    """Tells whether a task may be among the best: its result counts, and it has broken none of its constraints."""
    return result.feasible and counts(task, result.values)


def ranking(result: Result) -> Values:
    """Gives the values that a task is ranked by: none where it has broken a constraint."""
    return result.values if result.feasible else (None,) * len(result.values)
