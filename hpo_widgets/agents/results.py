"""What a returned value means: pure rules from a function's result to points of metrics."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.objective import Objective
from hpo_widgets.model.scalar import Metric

Last = Mapping[Metric, tuple[int, float]]
"""Of each reported metric: its largest iteration and its last value."""
Point = tuple[Metric, int, float]

ALLOWED = "a number, a dict of numbers by metric name, a tuple with one number an objective, or None"
RESULT = Metric("result", "result")
"""Where a number goes when the task has no objective, or has reported its objective itself."""


def to_number(value: Any, what: str = "the value") -> float:
    """Gives a float from a number of any library (numpy and torch scalars too); NaN and infinities pass.

    Raises:
        TypeError: For everything else, text included; it names what was given.
    """
    if isinstance(value, (str, bytes, bytearray)) or not (hasattr(value, "__float__") or hasattr(value, "__index__")):
        raise TypeError(f"{what} must be a number; {value!r:.200} is of type {type(value).__name__}.")
    try:
        # An array with one element is the number it holds; numpy's own `float` takes arrays without dimensions only.
        return float(value.item() if getattr(value, "size", None) == 1 and hasattr(value, "item") else value)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        given = f"{value!r:.200} of type {type(value).__name__}"
        raise TypeError(f"{what} must be one number; {given} is not ({error}).") from error


def to_iteration(value: Any) -> int:
    """Gives an int from an integer of any library.

    Raises:
        TypeError: For everything else; it names what was given.
    """
    try:
        return operator.index(value)
    except TypeError:
        given = f"{value!r:.200} is of type {type(value).__name__}"
        raise TypeError(f"the iteration must be an integer; {given}.") from None


def metric_named(name: Any) -> Metric:
    """Gives the metric a person names: `title/series`, or one word for both.

    Raises:
        TypeError: When it is not text.
    """
    if not isinstance(name, str) or not name:
        raise TypeError(f"a metric's name must be text; {name!r:.200} is of type {type(name).__name__}.")
    title, slash, series = name.partition("/")
    return Metric(title, series) if slash and title and series else Metric(name, name)


def points_of(result: Any, objectives: Sequence[Objective], last: Last) -> list[Point]:
    """Gives the points that a function's return value stands for, those already reported left out.

    Args:
        result: What the function returned.
        objectives: What the study optimizes, in order.
        last: What the task has reported. What it has reported under the name of an objective stands, whatever it
            returns without a name.

    Raises:
        InvalidInput: When the value is none of what is allowed.
    """
    points = []
    by_name = isinstance(result, Mapping)
    for metric, value in _named(result, objectives):
        iteration, before = last.get(metric, (0, None))
        if before is not None and not by_name and not _same(before, value):
            points.append((RESULT if len(objectives) == 1 else Metric(RESULT.title, metric.series), iteration, value))
            continue
        if before is None or not _same(before, value):
            points.append((metric, iteration, value))
    return points


def _named(result: Any, objectives: Sequence[Objective]) -> list[tuple[Metric, float]]:
    metrics = [Metric(o.title, o.series) for o in objectives] or [RESULT]
    try:
        if result is None:
            return []
        if isinstance(result, Mapping):
            names = {o.name: Metric(o.title, o.series) for o in objectives}
            return [(names.get(k) or metric_named(k), to_number(v, f"the value of {k!r}")) for k, v in result.items()]
        if isinstance(result, (tuple, list)):
            if len(result) != len(metrics):
                raise TypeError(f"it has {len(result)} items and there are {len(metrics)} objectives")
            return [(m, to_number(v, f"item {i}")) for i, (m, v) in enumerate(zip(metrics, result, strict=True))]
        if len(metrics) != 1:
            raise TypeError(f"one value was returned and there are {len(metrics)} objectives")
        return [(metrics[0], to_number(result, "it"))]
    except TypeError as error:
        raise InvalidInput(f"the function returned {result!r:.200}; return {ALLOWED} ({error}).") from error


def _same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))
