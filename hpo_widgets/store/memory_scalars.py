"""Scalars of the store in memory, with the running summary that the SQLite store keeps by a trigger."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from hpo_widgets.model.scalar import Metric, MetricSummary, Scalar


@dataclass
class _Curve:
    """Is one metric of one task."""

    study: str | None
    points: list[tuple[int, Scalar]] = field(default_factory=list)
    """With their place in the history."""
    last: Scalar | None = None
    low: Scalar | None = None
    high: Scalar | None = None

    def add(self, place: int, point: Scalar) -> None:
        self.points.append((place, point))
        if self.last is None or point[2:4] >= self.last[2:4]:
            self.last = point
        if math.isfinite(point.value):
            if self.low is None or point.value < self.low.value:
                self.low = point
            if self.high is None or point.value > self.high.value:
                self.high = point

    def summary(self) -> MetricSummary:
        assert self.last is not None
        return MetricSummary(
            task=self.last.task,
            metric=self.last.metric,
            points=len(self.points),
            last=self.last.value,
            last_iteration=self.last.iteration,
            min=self.low and self.low.value,
            min_iteration=self.low and self.low.iteration,
            max=self.high and self.high.value,
            max_iteration=self.high and self.high.iteration,
        )


class MemoryScalars:
    """Keeps points in the order reported and by curve. The caller holds the store's lock."""

    def __init__(self) -> None:
        self._history: list[tuple[str | None, Scalar]] = []
        self._tasks: defaultdict[str, dict[Metric, _Curve]] = defaultdict(dict)
        self._studies: defaultdict[str | None, dict[str, None]] = defaultdict(dict)

    def __len__(self) -> int:
        return len(self._history)

    def add(self, study: str | None, points: Sequence[Scalar]) -> None:
        """Appends points of one task of a study."""
        for point in points:
            curve = self._tasks[point.task].setdefault(point.metric, _Curve(study))
            curve.add(len(self._history), point)
            self._history.append((study, point))
            self._studies[study][point.task] = None

    def cut(self, length: int) -> None:
        """Forgets everything after the first `length` points."""
        kept, touched = self._history[:length], {point.task for _, point in self._history[length:]}
        for task in touched:
            self._tasks.pop(task)
        self._history = kept
        for place, (study, point) in enumerate(kept):
            if point.task in touched:
                self._tasks[point.task].setdefault(point.metric, _Curve(study)).add(place, point)

    def since(self, place: int, study: str, metrics: Collection[Metric] | None) -> list[Scalar]:
        """Gives what tasks of a study reported after a place in the history."""
        if place <= 0:
            return [point for _, point in sorted(self._placed(study, metrics))]
        new = (self._history[i] for i in range(place, len(self._history)))
        return [p for of, p in new if of == study and (metrics is None or p.metric in metrics)]

    def _placed(self, study: str, metrics: Collection[Metric] | None) -> Iterator[tuple[int, Scalar]]:
        for task in self._studies.get(study, ()):
            for metric, curve in self._tasks.get(task, {}).items():
                if metrics is None or metric in metrics:
                    yield from curve.points

    def of_task(self, task: str, metric: Metric | None) -> list[Scalar]:
        """Gives the points of a task in the order of (iteration, time)."""
        curves = self._tasks.get(task, {})
        found = [each for name, curve in curves.items() if metric is None or name == metric for each in curve.points]
        return [p for _, p in sorted(found, key=lambda each: (each[1].iteration, each[1].time, each[0]))]

    def summaries(self, task: str) -> list[MetricSummary]:
        """Gives the summaries of a task."""
        return [curve.summary() for curve in self._tasks.get(task, {}).values()]
