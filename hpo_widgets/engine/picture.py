"""The engine's picture of its study: what is under way and what is spent. It does not grow with finished tasks."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from hpo_widgets.engine import desk
from hpo_widgets.engine.progress import Progress
from hpo_widgets.model.delta import Cursor
from hpo_widgets.model.gathering import Gathering
from hpo_widgets.model.limits import Limits, Usage
from hpo_widgets.model.objective import Objective
from hpo_widgets.model.space import SearchSpace, parameters_key
from hpo_widgets.model.stint import own_iterations
from hpo_widgets.model.study import Request, StudyState
from hpo_widgets.model.task import Reason, TaskRecord
from hpo_widgets.strategies.base import Outcome


@dataclass(kw_only=True)
class Live:
    """Is a task that has not ended."""

    task: TaskRecord
    iteration: int | None = None
    """Largest iteration its objective has reached."""
    stopping: str | None = None
    """Why its end was asked for; `None` while nobody did."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """Is a run to be started: a proposal, a retry, or a trial made by hand."""

    parameters: dict[str, Any]
    trial: int | None = None
    """Number of its trial; `None` when it gets the next one as it starts."""
    attempt: int = 0
    memo: dict[str, Any] | None = None
    request: int | None = None
    """Request that asked for it, answered once the run is recorded."""


@dataclass(kw_only=True)
class Picture:
    """Holds what the planner decides on."""

    state: StudyState
    limits: Limits
    started: float
    """UTC seconds from which its time counts, see `StudyRecord.started`."""
    jobs: int = 0
    """Trials decided on; the next one gets this number."""
    live: dict[str, Live] = field(default_factory=dict)
    retries: deque[Start] = field(default_factory=deque)
    """Runs of trials that have their number: retries, and what the strategy has proposed."""
    spared: Counter[int | None] = field(default_factory=Counter)
    """By trial, how many of its runs ended only because the study did: they cost it no chance."""
    enqueued: deque[Start] = field(default_factory=deque)
    """Trials made by hand that wait for a slot."""
    asking: int = 0
    """Proposals asked of the strategy and not answered yet: none or one."""
    unsaved: int = 0
    """Runs decided on and not recorded yet."""
    exhausted: bool = False
    """The strategy has nothing left to propose."""
    starved: bool = False
    """The strategy has nothing to propose before another task ends."""
    ending: Reason | None = None
    """Why the study is to end as soon as its tasks have."""
    enough: str | None = None
    """What the terminator said, once it holds going on for not worth it."""
    error: str | None = None
    """Traceback of the strategy, once it has raised."""
    progress: Progress = field(default_factory=Progress)
    """How far the only objective has come."""
    objective: Objective | None = None
    """The only objective; `None` with several, which `patience` and `target` do not judge."""
    gathering: Gathering = field(default_factory=lambda: Gathering(1))
    """Puts the runs of a set together."""
    compute_time: float = 0.0
    """Seconds of running time of the tasks that have ended."""
    iterations: int = 0
    """Iterations that the tasks that have ended have done themselves."""

    def running_time(self, now: float) -> float:
        """Gives seconds of running time of all tasks so far."""
        return self.compute_time + sum(live.task.duration(now) or 0.0 for live in self.live.values())

    def learn(
        self, task: TaskRecord, outcome: Outcome, values: tuple[float, ...] | None, feasible: bool
    ) -> tuple[Outcome, tuple[float, ...] | None] | None:
        """Takes in how a trial has ended for good; a set of several runs counts with its last one. See `set_end`."""
        ended = set_end(self.gathering, task, outcome, values, feasible)
        if self.objective is not None and ended is not None:
            self.progress = self.progress.after(
                ended[0], ended[1][0] if ended[1] else None, self.objective, self.limits
            )
        return ended

    def take_back(self, space: SearchSpace) -> None:
        """Takes back the strategy's last words, as far as they have not started and lie outside a space."""
        while self.retries and _is_proposal(start := self.retries[-1], self.jobs):
            if space.contains(start.parameters):
                break
            self.retries.pop()
            self.jobs -= 1

    @property
    def stalls(self) -> bool:
        """Whether nothing new is to be proposed, because nothing has become better for so long."""
        return self.objective is not None and self.progress.stalls(self.limits.patience)

    def usage(self, now: float) -> Usage:
        """Gives what the study has spent so far."""
        going = sum(own_iterations(live.iteration, live.task.memo) for live in self.live.values())
        return Usage(
            jobs=self.jobs,
            iterations=self.iterations + going,
            compute_time=self.running_time(now),
            time=max(0.0, now - self.started),
        )


def _is_proposal(start: Start, jobs: int) -> bool:
    """Tells whether it is the strategy's last word and not a run that goes on or starts again."""
    return start.attempt == 0 and start.request is None and start.trial == jobs - 1


def set_end(
    gathering: Gathering, task: TaskRecord, outcome: Outcome, values: tuple[float, ...] | None, feasible: bool
) -> tuple[Outcome, tuple[float, ...] | None] | None:
    """Gives how a set has ended with the end of this run, its values only when feasible; `None` while others run."""
    if gathering.repeats == 1:
        return outcome, values if feasible else None
    found = gathering.add(parameters_key(task.parameters), values, feasible)
    if found is None:
        return None
    return (
        (Outcome.FAILED, None) if found.values is None else (Outcome.COMPLETE, found.values if found.feasible else None)
    )


@dataclass(frozen=True, kw_only=True)
class Opening:
    """Is what an engine begins with."""

    picture: Picture
    cursor: Cursor
    restore: desk.Restore
    """What the strategy has to be told first."""
    requests: tuple[Request, ...]
    """What people had asked for and nobody has carried out yet."""
    moved: bool = False
    """Whether the space was changed since the study's start."""
    anew: bool = False
    """Whether its terminator had ended the study, and somebody goes on with it."""
