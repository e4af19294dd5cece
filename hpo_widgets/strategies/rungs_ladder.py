"""A ladder: who stands on which rung of one bracket, and who may go up. Decides at once, without waiting for others."""

from __future__ import annotations

import math
from bisect import insort

NO_LOSS = math.inf


class Ladder:
    """Keeps the results of one bracket. Members are known by a number; losses are compared with each other only.

    A rung lets up as many members as a bracket of its kind has on the next rung, and at no time more than one in
    `eta` of those that have arrived on it: the best so far. Nobody waits for a rung to be full.

    Args:
        number: Of the bracket.
        first: Its lowest rung, counted over all rungs.
        rungs: How many rungs it has.
        eta: One in how many goes up.
        sizes: Members of each of its rungs; `None` for a ladder without an end.
    """

    def __init__(self, number: int, first: int, rungs: int, eta: float, sizes: tuple[int, ...] | None) -> None:
        self.number, self.first, self.eta, self.sizes = number, first, eta, sizes
        self.started = 0
        """Members that were put on the lowest rung."""
        self._climbing: set[int] = set()
        """Members whose task has not ended: another one would work in the same folder."""
        self._arrived: list[list[tuple[float, int]]] = [[] for _ in range(rungs)]
        self._count = [0] * rungs
        self._gone_up: list[set[int]] = [set() for _ in range(rungs)]
        self._spent: set[int] = set()

    @property
    def top(self) -> int:
        """Its highest rung, counted over all rungs."""
        return self.first + len(self._arrived) - 1

    @property
    def has_room(self) -> bool:
        """Whether a new member may begin."""
        return self.sizes is None or self.started < self.sizes[0]

    def begin(self, member: int) -> None:
        """Takes in that a task of a member has begun."""
        self._climbing.add(member)

    def end(self, member: int) -> None:
        """Takes in that it has ended."""
        self._climbing.discard(member)

    def arrive(self, rung: int, member: int, loss: float | None) -> None:
        """Takes in what a member has reached on a rung; without a number it takes a place, and never goes up."""
        self._count[rung - self.first] += 1
        if loss is not None and math.isfinite(loss):
            insort(self._arrived[rung - self.first], (loss, member))

    def quota(self, rung: int) -> int:
        """Tells how many of a rung may have gone up by now."""
        at = rung - self.first
        if rung >= self.top:
            return 0
        most = int(self._count[at] / self.eta + 1e-9)
        return most if self.sizes is None else min(most, self.sizes[at + 1])

    def candidate(self, rung: int) -> int | None:
        """Gives the best member of a rung that may go up now."""
        quota, up = self.quota(rung), self._gone_up[rung - self.first]
        if len(up) >= quota:
            return None
        best = (member for _, member in self._arrived[rung - self.first][:quota])
        return next((each for each in best if not (each in up or each in self._spent or each in self._climbing)), None)

    def may_rise(self, rung: int, member: int) -> bool:
        """Tells whether a member that has just arrived goes up without a stop."""
        quota, up = self.quota(rung), self._gone_up[rung - self.first]
        best = self._arrived[rung - self.first][:quota]
        return len(up) < quota and member not in up and any(each == member for _, each in best)

    def next_up(self) -> tuple[int, int] | None:
        """Gives (rung, member) of who goes up next, from the highest rung on that has somebody."""
        for rung in range(self.top - 1, self.first - 1, -1):
            member = self.candidate(rung)
            if member is not None:
                return rung, member
        return None

    def promote(self, rung: int, member: int) -> None:
        """Takes in that a member has left a rung upwards."""
        self._gone_up[rung - self.first].add(member)

    def step_back(self, rung: int, member: int) -> None:
        """Takes a promotion from a rung back: its task had ended at the budget it knew of."""
        self._gone_up[rung - self.first].discard(member)

    def give_up(self, member: int) -> None:
        """Takes in that a member has nothing more to show: its training is over, or what it was is searched no more."""
        self._spent.add(member)

    @property
    def closed(self) -> bool:
        """Whether nothing can happen on it any more."""
        return not self.has_room and not self._climbing and self.next_up() is None
