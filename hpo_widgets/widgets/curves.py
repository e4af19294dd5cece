"""The points of the curves that somebody follows: loaded when first asked for, then kept up to date by deltas."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from hpo_widgets.model.scalar import SINGLE_VALUE_ITERATION, Metric, Scalar
from hpo_widgets.study import Study

SEEN = tuple[Metric, int, float, float]


@dataclass
class Curve:
    """Is one metric of one task, in the order in which its points came."""

    iterations: array[float] = field(default_factory=lambda: array("d"))
    values: array[float] = field(default_factory=lambda: array("d"))

    def __len__(self) -> int:
        return len(self.values)


class Curves:
    """Holds the curves of followed tasks, task by metric; points only ever come at the end."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self.followed: dict[str, dict[Metric, Curve]] = {}
        self._fresh: dict[str, set[SEEN]] = {}
        self._followers: WeakKeyDictionary[object, frozenset[str]] = WeakKeyDictionary()

    def follow(self, who: object, tasks: Collection[str]) -> None:
        """Loads the curves of these tasks unless they are there; lets go of those that nobody follows any more.

        Args:
            who: The follower; what it followed before is replaced, and forgotten with it.
            tasks: Ids.
        """
        self._followers[who] = frozenset(tasks)
        wanted = frozenset[str]().union(*self._followers.values())
        for task in wanted - self.followed.keys():
            points = self._study.scalars(task)
            self.followed[task] = {}
            self._append(points)
            # The next delta begins before this load: what it brings again is known by these.
            self._fresh[task] = {(p.metric, p.iteration, p.time, p.value) for p in points}
        for task in self.followed.keys() - wanted:
            del self.followed[task]
            self._fresh.pop(task, None)

    def take(self, points: Sequence[Scalar]) -> None:
        """Appends what is new of followed tasks."""
        fresh, self._fresh = self._fresh, {}
        none: set[SEEN] = set()
        self._append(
            p
            for p in points
            if p.task in self.followed and (p.metric, p.iteration, p.time, p.value) not in fresh.get(p.task, none)
        )

    def _append(self, points: Iterable[Scalar]) -> None:
        for point in points:
            if point.iteration == SINGLE_VALUE_ITERATION:
                continue
            curve = self.followed[point.task].setdefault(point.metric, Curve())
            curve.iterations.append(point.iteration)
            curve.values.append(point.value)
