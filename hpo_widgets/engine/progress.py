"""How a study comes on: its best value, and how many trials have ended without a better one. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from hpo_widgets.model.limits import Limits
from hpo_widgets.model.objective import Objective
from hpo_widgets.strategies.base import Outcome


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Says how far a study with one objective has come. Changed by copy; does not grow."""

    best: float | None = None
    """The best value so far."""
    mark: float | None = None
    """The value that the next one must be better than by `min_gain`, to count as better."""
    since: int = 0
    """Trials that have ended in a row without a better value."""

    def after(self, outcome: Outcome, value: float | None, objective: Objective, limits: Limits) -> Progress:
        """Gives the progress after one more trial has ended; a failed one changes nothing."""
        if outcome is Outcome.FAILED:
            return self
        if outcome is Outcome.PRUNED or value is None:
            return replace(self, since=self.since + 1)
        best = value if self.best is None or objective.better(value, self.best) else self.best
        if self.mark is None or _gain(value, self.mark, objective) > (limits.min_gain or 0.0):
            return Progress(best=best, mark=value, since=0)
        return replace(self, best=best, since=self.since + 1)

    def reached(self, target: float | None, objective: Objective) -> bool:
        """Tells whether the best value is the target or better."""
        return target is not None and self.best is not None and not objective.better(target, self.best)

    def stalls(self, patience: int | None) -> bool:
        """Tells whether so many trials have ended without a better value."""
        return patience is not None and self.since >= patience


def _gain(value: float, mark: float, objective: Objective) -> float:
    return mark - value if objective.sign.minimize else value - mark


def replayed(
    ends: Iterable[tuple[Outcome, tuple[float, ...] | None]], objective: Objective, limits: Limits
) -> Progress:
    """Gives the progress after trials that ended in this order."""
    progress = Progress()
    for outcome, values in ends:
        progress = progress.after(outcome, values[0] if values else None, objective, limits)
    return progress
