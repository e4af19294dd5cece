"""Outcome constraints as Optuna's samplers read them."""

from __future__ import annotations

import math
from collections.abc import Sequence

CONSTRAINT = "constraints:"
"""Beginning of the keys of system attributes in which a trial of Optuna 5 keeps its constraints."""
VIOLATION = f"{CONSTRAINT}violation"
"""Key of the one that our strategies set."""


def violation(constraints: Sequence[tuple[str, float]]) -> float:
    """Gives how far a trial is from feasible: the sum of what is above 0, else the largest (the nearest to 0).

    One number, because Optuna's Gaussian process wants the same constraints of every trial. NaN gives infinity.
    """
    values = [math.inf if math.isnan(value) else value for _, value in constraints]
    above = [value for value in values if value > 0]
    return sum(above) if above else max(values)
