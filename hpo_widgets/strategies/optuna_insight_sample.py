"""Which trials of a large study are drawn."""

from __future__ import annotations

from collections.abc import Sequence

from hpo_widgets.model.objective import Objective, rank
from hpo_widgets.strategies.base import Outcome, PastTask

BEST_SHARE = 4
"""A quarter of what is drawn are the best, a quarter the newest; the rest is spread evenly over all."""
RANKED = 2000
"""Trials with several objectives that are ranked at most, the newest: ranking costs their square."""


def sampled(
    past: Sequence[PastTask], limit: int | None, objectives: Sequence[Objective], how: str
) -> Sequence[PastTask]:
    """Gives at most `limit` trials (all for `None`) in their order.

    Args:
        past: All trials.
        limit: How many to give.
        objectives: What is optimized.
        how: `newest`, `even`, or `best`: the best, the newest, and the others evenly.
    """
    ordered = sorted(past, key=lambda each: each.trial)
    if limit is None or len(ordered) <= limit:
        return ordered
    if how == "newest":
        return ordered[-limit:]
    if how == "even":
        return [ordered[i * len(ordered) // limit] for i in range(limit)]
    share = limit // BEST_SHARE
    chosen = {each.trial for each in ordered[-share:]}
    chosen |= {ordered[i].trial for i in _best(ordered, objectives)[:share]}
    rest = [each for each in ordered if each.trial not in chosen]
    room = limit - len(chosen)
    chosen |= {rest[i * len(rest) // room].trial for i in range(room)}
    return [each for each in ordered if each.trial in chosen]


def _best(ordered: Sequence[PastTask], objectives: Sequence[Objective]) -> list[int]:
    done = [(i, each.values) for i, each in enumerate(ordered) if each.outcome is Outcome.COMPLETE and each.values]
    return rank(objectives, done[-RANKED:] if len(objectives) > 1 else done)
