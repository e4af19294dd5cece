"""What a search optimizes: a metric (title and series) and a sign; and how values are read and ranked under it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from itertools import groupby
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.front import Costs, crowding, first_front, fronts


class Sign(Enum):
    """Which value of a metric counts and which direction is better (reference a4)."""

    MIN = "min"
    """The last value counts; smaller is better."""
    MAX = "max"
    """The last value counts; larger is better."""
    MIN_GLOBAL = "min_global"
    """The smallest value over all points counts; smaller is better."""
    MAX_GLOBAL = "max_global"
    """The largest value over all points counts; larger is better."""

    @property
    def minimize(self) -> bool:
        """Whether smaller is better."""
        return self in (Sign.MIN, Sign.MIN_GLOBAL)

    @property
    def is_global(self) -> bool:
        """Whether the extreme over all points counts instead of the last point."""
        return self in (Sign.MIN_GLOBAL, Sign.MAX_GLOBAL)

    @classmethod
    def parse(cls, text: Any) -> Sign:
        """Reads a sign; `minimize`/`maximize` are accepted for `min`/`max`.

        Raises:
            InvalidInput: For anything else (ClearML silently maximizes, reference d7).
        """
        if isinstance(text, Sign):
            return text
        if isinstance(text, str):
            word = {"minimize": "min", "maximize": "max"}.get(text, text)
            if word in {sign.value for sign in cls}:
                return cls(word)
        allowed = [sign.value for sign in cls]
        close = get_close_matches(str(text), allowed, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        words = ", ".join([*allowed, "minimize", "maximize"])
        raise InvalidInput(f"{text!r} is no direction (sign) of an objective; use one of {words}.{hint}")


@dataclass(frozen=True)
class Objective:
    """Names the metric that a study optimizes, and its sign."""

    title: str
    series: str
    sign: Sign = Sign.MIN

    @property
    def name(self) -> str:
        """What a person calls it: `title/series`, or the title alone when both are the same."""
        return self.title if self.title == self.series else f"{self.title}/{self.series}"

    def read(self, last: float | None, low: float | None, high: float | None) -> float | None:
        """Gives the value that counts, from the summary of one metric of one task.

        Args:
            last: Value of the point with the largest (iteration, time); NaN when it was not a number.
            low: Smallest finite value, `None` when there is none.
            high: Largest finite value, `None` when there is none.

        Returns:
            The value, `None` when nothing was reported. NaN and infinities are returned as such: see `is_rankable`.
        """
        if not self.sign.is_global:
            return last
        extreme = low if self.sign.minimize else high
        return last if extreme is None else extreme

    def better(self, a: float, b: float) -> bool:
        """Tells whether finite `a` is strictly better than finite `b`."""
        return a < b if self.sign.minimize else a > b

    def to_json(self) -> dict[str, str]:
        """Gives the stored form."""
        return {"title": self.title, "series": self.series, "sign": self.sign.value}


Values = tuple[float | None, ...]
"""One value an objective, in order; `None` where the metric was never reported."""


def is_rankable(values: Values | None) -> bool:
    """Tells whether every objective has a finite value: missing, NaN and infinity never win."""
    return values is not None and all(v is not None and math.isfinite(v) for v in values)


def parse_objectives(objective: Any, direction: Any = None) -> tuple[Objective, ...]:
    """Reads what a person gives as objective(s).

    Args:
        objective: A name (`"loss"` or `"validation/loss"`), a tuple `(title, series[, sign])`, an `Objective`, or a
            list of those.
        direction: `"min"`, `"max"`, `"min_global"`, `"max_global"` (or a list of them) for names without a sign.

    Raises:
        InvalidInput: With every problem found.
    """
    items = list(objective) if isinstance(objective, list) else [objective]
    directions = list(direction) if isinstance(direction, (list, tuple)) else [direction] * len(items)
    problems: list[str] = []
    found: list[Objective] = []
    if not items:
        problems.append("no objective was given; name the metric to optimize, as in objective='loss'.")
    if len(directions) != len(items):
        problems.append(f"{len(items)} objectives but {len(directions)} directions were given; give one each.")
        directions = [None] * len(items)
    for item, sign in zip(items, directions, strict=True):
        try:
            found.append(_parse_one(item, sign))
        except InvalidInput as error:
            problems.extend(error.problems)
    metrics = [(o.title, o.series) for o in found]
    for title, series in sorted({m for m in metrics if metrics.count(m) > 1}):
        problems.append(f"the objective {title}/{series} is given twice; name each metric once.")
    if problems:
        raise InvalidInput(problems, subject="objective")
    return tuple(found)


def _parse_one(item: Any, direction: Any) -> Objective:
    if isinstance(item, Objective):
        return item
    parts: Sequence[Any]
    if isinstance(item, str):
        title, slash, series = item.partition("/")
        parts = (title, series if slash else title)
    elif isinstance(item, tuple) and len(item) in (2, 3):
        parts = item
    else:
        raise InvalidInput(f"{item!r} is not an objective; give a name, or a tuple (title, series, sign).")
    title, series = parts[0], parts[1]
    if not (isinstance(title, str) and isinstance(series, str) and title and series):
        raise InvalidInput(f"{item!r} needs a title and a series that are not empty, as in ('validation', 'loss').")
    given = parts[2] if len(parts) == 3 else direction
    return Objective(title, series, Sign.parse("min" if given is None else given))


def costs(objectives: Sequence[Objective], values: Values) -> Costs:
    """Gives values that are all there such that smaller is better."""
    signed = zip(objectives, values, strict=True)
    return tuple(float(v or 0.0) * (1 if o.sign.minimize else -1) for o, v in signed)


def ranked_fronts(objectives: Sequence[Objective], candidates: Iterable[tuple[int, Values]]) -> list[list[int]]:
    """Sorts candidates that have a finite value in every objective into Pareto fronts, the first one undominated.

    Within a front those come first whose neighbours lie far apart (crowding, Deb 2002). With one objective a front is
    a value.
    """
    able = [(key, costs(objectives, values)) for key, values in candidates if is_rankable(values)]
    if len(objectives) == 1:
        ordered = sorted(able, key=lambda pair: pair[1])
        return [[key for key, _ in group] for _, group in groupby(ordered, key=lambda pair: pair[1])]
    found = []
    for front in fronts([point for _, point in able]):
        apart = crowding([able[place][1] for place in front])
        order = sorted(range(len(front)), key=lambda index: -apart[index])
        found.append([able[front[index]][0] for index in order])
    return found


def first_ranked(objectives: Sequence[Objective], candidates: Iterable[Values]) -> Values:
    """Gives the values that `rank` puts first, without ordering the others; none when no candidate has them all."""
    able = [values for values in candidates if is_rankable(values)]
    points = [costs(objectives, values) for values in able]
    if not able:
        return ()
    if len(objectives) == 1:
        return able[min(range(len(able)), key=lambda place: points[place])]
    front = first_front(points)
    apart = crowding([points[place] for place in front])
    return able[front[max(range(len(front)), key=lambda place: apart[place])]]


def rank(objectives: Sequence[Objective], candidates: Iterable[tuple[int, Values]]) -> list[int]:
    """Orders candidates best first; those without a finite value in every objective come last, in given order.

    One objective: by value, ties in given order. Several: by Pareto front, then by crowding, see `ranked_fronts`.
    """
    given = list(candidates)
    rest = [key for key, values in given if not is_rankable(values)]
    return [key for front in ranked_fronts(objectives, given) for key in front] + rest
