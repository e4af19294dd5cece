"""A scalar: one reported point of a metric; and the running summary of one metric of one task."""

from __future__ import annotations

from typing import NamedTuple


class Metric(NamedTuple):
    """Names what is measured."""

    title: str
    series: str


SINGLE_VALUE_TITLE = "Summary"
"""Title of single values, as in ClearML (reference a2)."""
SINGLE_VALUE_ITERATION = -(2**31)
"""Iteration of single values, as in ClearML (reference a3)."""
CONSTRAINT_TITLE = "Constraint ≤ 0"
"""Title of what tasks report as constraints: the series is its name, and all of a task's must be 0 or less."""


class Scalar(NamedTuple):
    """Is one reported point. NaN and infinities are recorded as such."""

    task: str
    """Id of the task that reported it."""
    metric: Metric
    iteration: int
    time: float
    """UTC seconds at which the task reported it."""
    value: float


class MetricSummary(NamedTuple):
    """Sums up one metric of one task."""

    task: str
    metric: Metric
    points: int
    """Points reported."""
    last: float
    """Value of the point with the largest (iteration, time); may be NaN or infinite."""
    last_iteration: int
    min: float | None
    """Smallest finite value; `None` when no finite value was reported."""
    min_iteration: int | None
    max: float | None
    """Largest finite value; `None` when no finite value was reported."""
    max_iteration: int | None
