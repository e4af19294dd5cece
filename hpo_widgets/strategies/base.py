"""What a strategy is: it proposes, learns and prunes; and the records it exchanges with the engine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from hpo_widgets.model.objective import Objective
from hpo_widgets.model.space import SearchSpace, parameters_key


class Outcome(Enum):
    """Is how a trial ended, as far as a strategy cares."""

    COMPLETE = "complete"
    """It ran to its end; its values count when they are finite."""
    PRUNED = "pruned"
    """It was stopped because the strategy judged it hopeless."""
    FAILED = "failed"
    """It gave no result: its code failed, it was aborted, or its process vanished."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Is what a strategy is told once, before anything else."""

    space: SearchSpace
    objectives: tuple[Objective, ...]
    seed: int | None = None
    """Makes the proposals reproducible where tasks run one at a time."""
    max_jobs: int | None = None
    """Trials in all, `None` for no limit."""
    concurrency: int = 1
    """Tasks at one time."""
    max_iteration_per_job: int | None = None
    """Iteration at which a task is ended and counts as complete."""
    min_iteration_per_job: int | None = None
    """No task is pruned before its objective has reached this iteration."""
    whole: bool = False
    """Whether every trial runs to its end, whatever the strategy thinks of it."""
    moved: bool = False
    """Whether the ranges were changed on the way: what is restored may lie outside the space, and state that was made
    for other ranges does not hold."""


@dataclass(frozen=True, kw_only=True)
class Past:
    """Is a trial as remembered by the store."""

    trial: int
    """Its number in the study."""
    parameters: Mapping[str, Any]
    """Values by name."""
    outcome: Outcome | None = None
    """How it ended; `None` when it will run again or still runs."""
    values: tuple[float, ...] | None = None
    """One value an objective."""
    reports: tuple[tuple[int, float], ...] = ()
    """Iteration and value of what the only objective reported on the way."""
    memo: Mapping[str, Any] | None = None
    """What the strategy asked to keep for it, see `Strategy.drain_memos`."""
    seconds: float | None = None
    """How long its task ran; `None` while it has not ended."""
    constraints: tuple[tuple[str, float], ...] = ()
    """Name and value of what it reported as constraints; it is feasible when all are 0 or less."""


@dataclass(frozen=True, kw_only=True)
class PastTask(Past):
    """Is a trial with all that a person wants to see of it in an exported study."""

    task: str | None = None
    """Id of its task."""
    state: str | None = None
    """State of its task, in our words."""
    datetime_start: datetime | None = None
    """When its process began; `None` while queued."""
    datetime_complete: datetime | None = None
    """When it reached its final state."""
    user_attrs: Mapping[str, Any] = field(default_factory=dict)
    """What else to show beside it."""


@dataclass(frozen=True, kw_only=True)
class Memos:
    """Is state of a strategy that must outlive a crash; made of what JSON can hold."""

    study: dict[str, Any] | None = None
    """State of the whole study; `None` when it has not changed. A text under `REMARK` (`model.study`) is shown."""
    trials: dict[int, dict[str, Any]] = field(default_factory=dict)
    """State by trial, of those whose state has changed."""


class Strategy(ABC):
    """Proposes parameters, learns from results, and may judge a running trial hopeless.

    Guarantees to rely on: `setup` comes first and once; `restore` at most once, after it; each trial number is asked
    for or adopted once, and told at most once. All calls come from one thread at a time. A strategy sees no thread,
    file or clock. A subclass has to define `ask` only; what it proposes should be members of `problem.space`.
    """

    problem: Problem
    """What is searched; there from `setup` on."""

    def setup(self, problem: Problem) -> None:
        """Takes the problem in.

        Raises:
            InvalidInput: When the strategy cannot serve such a problem.
        """
        self.problem = problem

    def objections(self, problem: Problem) -> list[str]:
        """Lists why it cannot serve a problem, before anything starts; by default nothing is known to be wrong."""
        return []

    @abstractmethod
    def ask(self, trial: int) -> dict[str, Any] | None:
        """Proposes the parameters of a trial; `None` when there is nothing to propose now, see `exhausted`."""

    @property
    def heavy(self) -> bool:
        """Whether the next `ask` is known to take long: it is then made in a process of its own from the start."""
        return False

    @property
    def exhausted(self) -> bool:
        """Whether `None` from `ask` means for ever. Read after such a `None`; by default it does."""
        return True

    def adopt(self, trial: int, parameters: Mapping[str, Any]) -> None:
        """Takes in that a trial runs with parameters made by hand, which may lie outside the space."""
        self.seen.add(parameters_key(parameters))

    def tell(self, trial: int, outcome: Outcome, values: tuple[float, ...] | None = None) -> None:
        """Learns how a trial ended; values that are not finite teach nothing."""

    def timed(self, trial: int, *, asked: float | None = None, ran: float | None = None) -> None:
        """Learns how long proposing a trial took, or how long its task ran; seconds, measured by others."""

    def constrained(self, trial: int, constraints: Sequence[tuple[str, float]]) -> None:
        """Learns, just before its end, what a trial has reported as constraints: feasible when all are 0 or less."""

    def report(self, trial: int, iteration: int, value: float) -> None:
        """Learns what the only objective of a running trial is at an iteration."""

    def should_stop(self, trial: int) -> bool:
        """Tells whether a running trial is hopeless."""
        return False

    def stop_detail(self, trial: int) -> str | None:
        """Says of a trial to stop how far it has come when its result counts; `None`, the default: it is pruned."""
        return None

    def restore(self, past: Sequence[Past], memo: Mapping[str, Any] | None = None) -> None:
        """Takes in what happened before a restart; by default by adopting and telling each trial in order."""
        for each in sorted(past, key=lambda one: one.trial):
            self.adopt(each.trial, each.parameters)
            for iteration, value in each.reports:
                self.report(each.trial, iteration, value)
            if each.seconds is not None:
                self.timed(each.trial, ran=each.seconds)
            if each.constraints:
                self.constrained(each.trial, each.constraints)
            if each.outcome is not None:
                self.tell(each.trial, each.outcome, each.values)

    def drain_memos(self) -> Memos:
        """Gives the state to keep that has changed since the last call."""
        return Memos()

    def explain(self) -> str:
        """Says in one line what this strategy is and why."""
        return f"{type(self).__name__}: a strategy of your own."

    @property
    def seen(self) -> set[str]:
        """Keys (`parameters_key`) of what was proposed or adopted; `adopt` adds to it."""
        keys: set[str] = self.__dict__.setdefault("_seen", set())
        return keys
