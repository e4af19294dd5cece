"""Random search: members drawn independently, none twice."""

from __future__ import annotations

import random
from typing import Any

from hpo_widgets.model.space_draws import draw_allowed
from hpo_widgets.strategies.base import Problem, Strategy

TRIES = 42
"""Draws to find an unseen member before the space counts as exhausted (ClearML, reference a6)."""


def draw_source(seed: int, trial: int) -> random.Random:
    """Gives the random source of one trial: the same after a restart, whatever was asked before."""
    return random.Random(f"{seed}/{trial}")


class RandomSearch(Strategy):
    """Proposes members drawn by the parameters' own distributions, none that was proposed or run by hand before.

    With a seed each trial has its own random source, made of the seed and its number. When 42 draws in a row were all
    seen before, the space counts as exhausted.
    """

    def __init__(self) -> None:
        self._exhausted = False
        self._seed = 0

    def setup(self, problem: Problem) -> None:
        """Takes the problem in; without a seed draws one."""
        super().setup(problem)
        self._seed = random.SystemRandom().getrandbits(64) if problem.seed is None else problem.seed

    def ask(self, trial: int) -> dict[str, Any] | None:
        """Proposes an unseen member; `None` when 42 draws found none."""
        source = draw_source(self._seed, trial)
        space = self.problem.space
        for _ in range(TRIES):
            member = draw_allowed(space, source)
            if space.key(member) not in self.seen:
                self.adopt(trial, member)
                return member
        self._exhausted = True
        return None

    @property
    def exhausted(self) -> bool:
        """Whether the last draws found nothing new."""
        return self._exhausted

    def explain(self) -> str:
        """Says what this is."""
        bound = "; what breaks a constraint is drawn again" if self.problem.space.constraints else ""
        return f"Random search: independent draws, none twice{bound}."
