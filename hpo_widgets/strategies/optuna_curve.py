"""The reports of a trial that has ended, kept small: Optuna's pruners compare a running trial with all of them."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping

_known: dict[tuple[int, ...], tuple[int, ...]] = {}
"""Steps to the one tuple that all curves with these steps share; trials mostly report at the same ones."""
MOST_KNOWN = 1000


class Curve(Mapping[int, float]):
    """Maps steps to values like the dictionary it is made of, in a tenth of its memory. Never changes."""

    __slots__ = ("_steps", "_values")

    def __init__(self, reports: Mapping[int, float]) -> None:
        steps = tuple(sorted(reports))
        if len(_known) >= MOST_KNOWN:
            _known.clear()
        self._steps = _known.setdefault(steps, steps)
        self._values = array("d", (reports[step] for step in self._steps))

    def __getitem__(self, step: int) -> float:
        at = bisect_left(self._steps, step)
        if at == len(self._steps) or self._steps[at] != step:
            raise KeyError(step)
        return self._values[at]

    def __iter__(self) -> Iterator[int]:
        return iter(self._steps)

    def __len__(self) -> int:
        return len(self._steps)

    def __repr__(self) -> str:
        return repr(dict(self))
