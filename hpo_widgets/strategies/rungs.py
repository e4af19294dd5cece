"""The budgets of rungs and the shapes of brackets: pure arithmetic, that of HpBandSter (reference a6)."""

from __future__ import annotations

import math
from dataclasses import dataclass

ALMOST = 1e-9
"""What rounding errors of powers may amount to."""
DEFAULT_RUNGS = 4
"""Rungs when nobody says where the lowest one is."""


@dataclass(frozen=True)
class Bracket:
    """Is the shape of one bracket: how many trials it has on each of its rungs."""

    first: int
    """Its lowest rung, counted over all rungs."""
    sizes: tuple[int, ...]
    """Trials on its rungs, from the lowest; the last rung is a whole training."""


def rung_budgets(least: int, most: int, eta: float) -> tuple[int, ...]:
    """Gives the iterations of the rungs: `most` divided by `eta` again and again, none below `least`, rounded up.

    10..30 by 3 gives 10, 30; 15000..150000 gives 16667, 50000, 150000. Powers are exact where HpBandSter's logarithm
    is a hair too small.
    """
    found = [most]
    while most / eta ** len(found) >= least - ALMOST:
        found.append(math.ceil(most / eta ** len(found) - ALMOST))
    return tuple(reversed(found))


def least_budget(most: int, eta: float) -> int:
    """Gives the lowest rung when nobody says: that of `DEFAULT_RUNGS` rungs, at least 1."""
    return max(1, math.floor(most / eta ** (DEFAULT_RUNGS - 1)))


def bracket(index: int, rungs: int, eta: float) -> Bracket:
    """Gives the shape of a bracket by its number: from many short trials to a few whole ones, over and over.

    With 2 rungs and eta 3 the brackets are (3, 1), (2); with 4 rungs (27, 9, 3, 1), (9, 3, 1), (6, 2), (4).
    """
    above = rungs - 1 - index % rungs
    widest = int(rungs // (above + 1) * eta**above + ALMOST)
    sizes = tuple(max(1, int(widest / eta**step + ALMOST)) for step in range(above + 1))
    return Bracket(first=rungs - 1 - above, sizes=sizes)
