"""The steps at which a pruner sees a trial: a fixed grid, so that a trial's memory does not grow with its reports."""

from __future__ import annotations

from bisect import bisect_right

EVERY = 32
"""Up to this iteration every one is a step of its own."""
PER_OCTAVE = 8
"""Steps for each doubling above."""
LARGEST = 2**40
"""Iterations above it all count as this one."""


def _steps() -> tuple[int, ...]:
    found = list(range(EVERY + 1))
    octave = 0
    while found[-1] < LARGEST:
        octave += 1
        found.append(round(EVERY * 2 ** (octave / PER_OCTAVE)))
    return tuple(found)


STEPS = _steps()


def snap(iteration: int) -> int | None:
    """Gives the largest step that is not above an iteration; `None` for a negative one (a single value)."""
    return None if iteration < 0 else STEPS[bisect_right(STEPS, iteration) - 1]
