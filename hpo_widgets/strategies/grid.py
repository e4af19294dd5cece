"""Grid search: every grid point once, in order."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from hpo_widgets.model.space import SearchSpace
from hpo_widgets.model.space_draws import looks_empty
from hpo_widgets.strategies.base import Problem, Strategy

MOST_FORBIDDEN = 200_000
"""Grid points in a row that may break a constraint."""


class GridCursor:
    """Walks the grid of a space past what was seen; it never goes back, so a walk costs each point once."""

    def __init__(self, space: SearchSpace, seen: Container[str]) -> None:
        self._space = space
        self._seen = seen
        self._next = 0

    def first_unseen(self) -> dict[str, Any] | None:
        """Gives the first point that keeps the constraints and was not seen; `None` when there is none.

        Raises:
            InvalidInput: When a very long run of points breaks them.
        """
        forbidden = 0
        while self._next < self._space.grid_size:
            member = self._space.grid_at(self._next)
            if not self._space.allows(member):
                forbidden += 1
                if forbidden >= MOST_FORBIDDEN:
                    raise looks_empty(self._space, forbidden)
            elif self._space.key(member) not in self._seen:
                return member
            self._next += 1
        return None


class GridSearch(Strategy):
    """Proposes the product of all grid values lazily and in order, the last parameter fastest.

    A range without a step counts 101 values. What was proposed or run by hand before, also before a restart, is left
    out: so a resumed grid goes on where it was.
    """

    def setup(self, problem: Problem) -> None:
        """Takes the problem in."""
        super().setup(problem)
        self._cursor = GridCursor(problem.space, self.seen)

    def ask(self, trial: int) -> dict[str, Any] | None:
        """Proposes the next grid point that nobody has run; `None` when there is none."""
        member = self._cursor.first_unseen()
        if member is not None:
            self.adopt(trial, member)
        return member

    @property
    def exhausted(self) -> bool:
        """Whether every grid point was proposed."""
        return self._cursor.first_unseen() is None

    def explain(self) -> str:
        """Says what this is and how many points there are."""
        bound = " that keep the constraints" if self.problem.space.constraints else ""
        return f"Grid search: all {self.problem.space.grid_size} combinations{bound} in order, none twice."
