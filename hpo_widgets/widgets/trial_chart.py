"""The points of the small chart: one a trial, and one a group of trials when there are more than a chart can show."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from hpo_widgets.model.objective import Objective
from hpo_widgets.model.task import TaskState

CAPACITY = 500
"""Points at most; beyond, the width of a group doubles and every group shows the best of its trials."""

KINDS = {
    TaskState.COMPLETED: "completed",
    TaskState.ABORTED: "aborted",
    TaskState.RUNNING: "running",
    TaskState.QUEUED: "queued",
    TaskState.CREATED: "queued",
    TaskState.PRUNED: "pruned",
    TaskState.FAILED: "failed",
    TaskState.LOST: "failed",
}
COUNTED = ("completed", "aborted")
"""Kinds whose values make the line of the best so far."""
_PREFERENCE = {"completed": 0, "aborted": 0, "running": 1, "pruned": 2, "failed": 3, "queued": 4}

Point = list[Any]
"""`[group, trial, value or None, kind]`: JSON, the trial is the one that stands for the group."""


@dataclass(frozen=True, kw_only=True)
class ChartChange:
    """Says what changed in a chart: single points, or all of them when the groups were made wider."""

    width: int
    """Trials a point stands for."""
    points: list[Point]
    whole: bool


class TrialChart:
    """Keeps the value and kind of each trial, and at most `CAPACITY` points made from them."""

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self._trials: list[tuple[int, float | None, str] | None] = []
        self._touched: set[int] = set()
        self._width = 1

    def put(self, trial: int, attempt: int, state: TaskState, value: float | None) -> None:
        """Takes in where a trial stands; an earlier attempt than the one known is ignored."""
        if trial >= len(self._trials):
            self._trials.extend([None] * (trial + 1 - len(self._trials)))
        known = self._trials[trial]
        if known is None or known[0] <= attempt:
            finite = value if value is not None and math.isfinite(value) else None
            self._trials[trial] = (attempt, finite, KINDS[state])
            self._touched.add(trial)

    def take(self) -> ChartChange | None:
        """Gives what changed since the last call, `None` for nothing."""
        if not self._touched:
            return None
        width = self._width
        while len(self._trials) > width * CAPACITY:
            width *= 2
        whole = width != self._width
        self._width = width
        groups = range(-(-len(self._trials) // width)) if whole else sorted({t // width for t in self._touched})
        self._touched.clear()
        return ChartChange(width=width, points=[p for g in groups if (p := self._point(g))], whole=whole)

    def _point(self, group: int) -> Point | None:
        first = group * self._width
        trials = enumerate(self._trials[first : first + self._width], first)
        known = [(trial, entry[1], entry[2]) for trial, entry in trials if entry is not None]
        if not known:
            return None
        trial, value, kind = min(known, key=lambda k: self._order(k[1], k[2]))
        return [group, trial, value, kind]

    def _order(self, value: float | None, kind: str) -> tuple[int, bool, float]:
        cost = 0.0 if value is None else value if self._objective.sign.minimize else -value
        # A finished trial without a value stands for its group only when nothing better is known.
        preference = _PREFERENCE[kind] if value is not None or kind not in COUNTED else _PREFERENCE["failed"]
        return preference, value is None, cost


def merge(points: list[Point], change: ChartChange) -> None:
    """Brings a list of points, ordered by group, up to date in place."""
    if change.whole:
        points[:] = change.points
        return
    for point in change.points:
        group = point[0]
        at = min(group, len(points))
        while at > 0 and points[at - 1][0] >= group:
            at -= 1
        if at < len(points) and points[at][0] == group:
            points[at] = point
        else:
            points.insert(at, point)
