"""Points under several objectives: which dominate which, fronts, crowding and hypervolume. Pure; smaller is better."""

from __future__ import annotations

import math
from collections.abc import Sequence

Costs = tuple[float, ...]
"""One finite number an objective; smaller is better."""


def dominates(a: Costs, b: Costs) -> bool:
    """Tells whether `a` is nowhere worse than `b` and somewhere better."""
    return a != b and all(x <= y for x, y in zip(a, b, strict=True))


def fronts(points: Sequence[Costs]) -> list[list[int]]:
    """Sorts points into fronts: the first holds what nothing dominates, the next what only the first does, and so on.

    Gives places in `points`, in ascending order. Sorted lexicographically no point is dominated by a later one, so each
    finds its front by bisection (efficient non-dominated sort, Zhang 2015).
    """
    found: list[list[int]] = []
    for place in sorted(range(len(points)), key=lambda each: points[each]):
        low, high = 0, len(found)
        while low < high:
            middle = (low + high) // 2
            # The latest member is the likeliest to dominate.
            if any(dominates(points[other], points[place]) for other in reversed(found[middle])):
                low = middle + 1
            else:
                high = middle
        if low == len(found):
            found.append([])
        found[low].append(place)
    return [sorted(front) for front in found]


def first_front(points: Sequence[Costs]) -> list[int]:
    """Gives the places of what nothing dominates, as `fronts` does, without sorting the rest."""
    found: list[int] = []
    for place in sorted(range(len(points)), key=lambda each: points[each]):
        # Sorted so, a point is dominated by an earlier one of the front, if by any.
        if not any(dominates(points[other], points[place]) for other in reversed(found)):
            found.append(place)
    return sorted(found)


def crowding(points: Sequence[Costs]) -> list[float]:
    """Gives how far the neighbours of each point of one front lie apart (Deb 2002); infinite at an end of an axis."""
    total = [0.0] * len(points)
    for axis in range(len(points[0]) if points else 0):
        column = sorted({point[axis] for point in points})
        span = column[-1] - column[0]
        place = {value: index for index, value in enumerate(column)}
        for index, point in enumerate(points):
            at = place[point[axis]]
            at_end = at in (0, len(column) - 1)
            total[index] += math.inf if at_end else (column[at + 1] - column[at - 1]) / span
    return total


def hypervolume(points: Sequence[Costs], reference: Costs) -> float:
    """Gives the volume of what is dominated by the points and better than the reference; exact.

    Slices along the last axis: the time grows with the number of points to the power of the axes less one.
    """
    inside = [point for point in points if all(x < r for x, r in zip(point, reference, strict=True))]
    if not inside:
        return 0.0
    if len(reference) == 1:
        return reference[0] - min(point[0] for point in inside)
    if len(reference) == 2:
        return _area(inside, reference)
    inside.sort(key=lambda point: point[-1])
    total = 0.0
    kept: list[Costs] = []
    for index, point in enumerate(inside):
        rest = point[:-1]
        if not any(other == rest or dominates(other, rest) for other in kept):
            kept = [*(other for other in kept if not dominates(rest, other)), rest]
        until = inside[index + 1][-1] if index + 1 < len(inside) else reference[-1]
        if until > point[-1]:
            total += (until - point[-1]) * hypervolume(kept, reference[:-1])
    return total


def _area(inside: list[Costs], reference: Costs) -> float:
    total, height = 0.0, reference[1]
    for x, y in sorted(inside):
        if y < height:
            total += (reference[0] - x) * (height - y)
            height = y
    return total
