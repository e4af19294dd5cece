"""Repeats: every parameter set is run several times, and the strategy inside learns the mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import Any

from hpo_widgets.model.study import REMARK
from hpo_widgets.strategies.base import Memos, Outcome, Past, Problem, Strategy
from hpo_widgets.strategies.rungs_strategy import RungStrategy


@dataclass(slots=True)
class _Set:
    """Is a parameter set whose runs have not all ended."""

    first: int
    """Trial of its first run; the number by which the strategy inside knows it."""
    parameters: dict[str, Any]
    begun: int = 1
    """Runs begun."""
    ends: list[tuple[Outcome, tuple[float, ...] | None]] = field(default_factory=list)
    constraints: dict[str, float] = field(default_factory=dict)
    """Of each the worst value of all runs."""
    seconds: float = 0.0


class Repeats(Strategy):
    """Proposes each set of another strategy several times, one after the other, and teaches it their mean.

    A run that failed is left out of the mean; a set whose runs all failed has failed. Nothing is pruned: a single run
    says too little of a set. A trial made by hand is repeated too.

    Args:
        inner: The strategy that proposes sets.
        repeats: Runs of each set.
    """

    def __init__(self, inner: Strategy, repeats: int) -> None:
        self.inner, self.repeats = inner, repeats

    def objections(self, problem: Problem) -> list[str]:
        """Lists why it cannot serve a problem."""
        found = self.inner.objections(self._inward(problem))
        if isinstance(self.inner, RungStrategy):
            found.append(
                "repeats need trainings of one length; use tpe or auto instead of rungs, or leave repeats out."
            )
        return found

    def _inward(self, problem: Problem) -> Problem:
        jobs = None if problem.max_jobs is None else -(-problem.max_jobs // self.repeats)
        return replace(problem, max_jobs=jobs, whole=True)

    def setup(self, problem: Problem) -> None:
        """Takes the problem in."""
        super().setup(problem)
        self.inner.setup(self._inward(problem))
        self._sets: dict[int, _Set] = {}
        """Trial to the set that it is a run of; of runs that have not ended, and of those of sets begun."""
        self._short: list[_Set] = []
        """Sets of which runs have not begun, oldest first."""

    @property
    def heavy(self) -> bool:
        """Whether the next `ask` is known to take long."""
        return not self._short and self.inner.heavy

    @property
    def exhausted(self) -> bool:
        """Whether there are no more sets."""
        return self.inner.exhausted

    @property
    def seen(self) -> set[str]:
        """Keys of what was proposed or adopted."""
        return self.inner.seen

    def ask(self, trial: int) -> dict[str, Any] | None:
        """Proposes the oldest set that has not begun all of its runs, else a new one."""
        if self._short:
            one = self._short[0]
            self._join(trial, one)
            return dict(one.parameters)
        found = self.inner.ask(trial)
        if found is not None:
            self._begin(trial, found)
        return found

    def adopt(self, trial: int, parameters: Mapping[str, Any]) -> None:
        """Takes in a trial made by hand: it is repeated too."""
        self.inner.adopt(trial, parameters)
        self._begin(trial, parameters)

    def _begin(self, trial: int, parameters: Mapping[str, Any]) -> _Set:
        one = self._sets[trial] = _Set(trial, dict(parameters))
        if self.repeats > 1:
            self._short.append(one)
        return one

    def _join(self, trial: int, one: _Set) -> None:
        one.begun += 1
        self._sets[trial] = one
        if one.begun == self.repeats:
            self._short.remove(one)

    # -- learning --------------------------------------------------------------------------------------------------
    def timed(self, trial: int, *, asked: float | None = None, ran: float | None = None) -> None:
        """Learns how long proposing a set took, or how long a run."""
        one = self._sets.get(trial)
        if one is not None:
            self.inner.timed(one.first, asked=asked if one.first == trial else None, ran=ran)

    def constrained(self, trial: int, constraints: Sequence[tuple[str, float]]) -> None:
        """Learns what a run has reported as constraints: the worst of all runs is the set's."""
        one = self._sets.get(trial)
        if one is not None:
            _worsen(one, constraints)

    def tell(self, trial: int, outcome: Outcome, values: tuple[float, ...] | None = None) -> None:
        """Learns how a run ended; with the last one of a set the strategy inside learns the mean."""
        one = self._sets.pop(trial, None)
        if one is None:
            return
        one.ends.append((outcome, values))
        if len(one.ends) == self.repeats:
            if one.constraints:
                self.inner.constrained(one.first, tuple(one.constraints.items()))
            self.inner.tell(one.first, *_together(one))

    # -- surviving a restart ---------------------------------------------------------------------------------------
    def restore(self, past: Sequence[Past], memo: Mapping[str, Any] | None = None) -> None:
        """Puts runs together into sets again; those whose runs have not all ended go on."""
        key = self.problem.space.key
        found: list[tuple[Past, _Set]] = []
        before: list[Past] = []
        for each in sorted(past, key=lambda one: one.trial):
            if each.trial < 0:  # what was found before this search: one mean each
                before.append(each)
                continue
            one = next((known for known in self._short if key(known.parameters) == key(each.parameters)), None)
            if one is None:
                one = self._begin(each.trial, each.parameters)
                found.append((each, one))
            else:
                self._join(each.trial, one)
            one.seconds += each.seconds or 0.0
            if each.outcome is not None:
                _worsen(one, each.constraints)
                one.ends.append((each.outcome, each.values))
                del self._sets[each.trial]
        self.inner.restore([*before, *(self._past(first, one) for first, one in found)], memo)

    def _past(self, first: Past, one: _Set) -> Past:
        outcome, values = _together(one) if len(one.ends) == self.repeats else (None, None)
        constraints = () if outcome is None else tuple(one.constraints.items())
        seconds = one.seconds or None
        return replace(first, outcome=outcome, values=values, reports=(), constraints=constraints, seconds=seconds)

    def drain_memos(self) -> Memos:
        """Gives the state of the strategy inside; what it says of itself with what is said of repeats."""
        memos = self.inner.drain_memos()
        if memos.study is not None and REMARK in memos.study:
            return replace(memos, study={**memos.study, REMARK: f"{memos.study[REMARK]} {self._remark}"})
        return memos

    @property
    def _remark(self) -> str:
        return f"Each set is run {self.repeats} times, and its mean counts; nothing is pruned."

    def explain(self) -> str:
        """Says what the strategy inside is, and how often sets are run."""
        return f"{self.inner.explain()} {self._remark}"


def _worsen(one: _Set, constraints: Sequence[tuple[str, float]]) -> None:
    for name, value in constraints:
        worst = one.constraints.get(name, value)
        one.constraints[name] = worst if value <= worst else value  # NaN is worse than any number


def _together(one: _Set) -> tuple[Outcome, tuple[float, ...] | None]:
    counted = [values for outcome, values in one.ends if outcome is Outcome.COMPLETE and values is not None]
    if not counted:
        return Outcome.FAILED, None
    return Outcome.COMPLETE, tuple(fmean(column) for column in zip(*counted, strict=True))
