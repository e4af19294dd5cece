"""Gathers the runs of a parameter set that is run several times: its mean is what counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """Says what the runs of a set have reached together."""

    values: tuple[float, ...] | None
    """Mean of each objective over the runs that count; `None` when none does."""
    feasible: bool
    """Whether no run has broken a constraint."""


class Gathering:
    """Collects the ends of runs by set and gives each set's result with its last run. Keeps only sets under way."""

    def __init__(self, repeats: int) -> None:
        self.repeats = repeats
        self._sets: dict[str, list[tuple[tuple[float, ...] | None, bool]]] = {}

    def add(self, key: str, values: Sequence[float] | None, feasible: bool = True) -> Gathered | None:
        """Takes in that a run of a set has ended for good; gives the set's result if it was the last one.

        Args:
            key: Of its parameters, see `parameters_key`.
            values: One an objective, `None` when its result does not count.
            feasible: Whether it has broken no constraint.
        """
        runs = self._sets.setdefault(key, [])
        runs.append((None if values is None else tuple(values), feasible))
        if len(runs) < self.repeats:
            return None
        del self._sets[key]
        counted = [each for each, _ in runs if each is not None]
        mean = tuple(fmean(column) for column in zip(*counted, strict=True)) if counted else None
        return Gathered(values=mean, feasible=all(each for _, each in runs))
