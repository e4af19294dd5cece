"""A task: one recorded run of code, its states, and why it ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class TaskState(Enum):
    """Where a task stands. The first three are on the way; the rest are final."""

    CREATED = "created"
    """Recorded, in no queue: a draft or a template."""
    QUEUED = "queued"
    """Waiting in a queue for a slot."""
    RUNNING = "running"
    """An agent has claimed it and its process runs."""
    COMPLETED = "completed"
    """Its code returned, or it reached the largest iteration it was allowed."""
    PRUNED = "pruned"
    """Stopped because the strategy judged it hopeless."""
    ABORTED = "aborted"
    """Ended by a person or a limit; the reason says which."""
    FAILED = "failed"
    """Its code raised, exited with an error, or was killed by a signal that nobody asked for."""
    LOST = "lost"
    """Its process or its agent vanished."""

    @property
    def is_final(self) -> bool:
        """Whether a task in this state never moves again."""
        return self not in (TaskState.CREATED, TaskState.QUEUED, TaskState.RUNNING)


class Reason(Enum):
    """Why a task or a study ended otherwise than by its own end."""

    PRUNED = "pruned"
    """The strategy's pruner judged it hopeless."""
    RUNG = "stopped at rung"
    """It has done its share of iterations, and others are better; its result counts as complete."""
    TIME_LIMIT_PER_JOB = "limit: time_limit_per_job"
    """It ran longer than one task may."""
    COMPUTE_TIME_LIMIT = "limit: compute_time_limit"
    """All tasks together have run as long as they may."""
    OPTIMIZATION_TIME_LIMIT = "limit: optimization_time_limit"
    """The study has lasted as long as it may."""
    MAX_ITERATION_PER_JOB = "limit: max_iteration_per_job"
    """Its objective reached the largest iteration; its result counts as complete."""
    TOTAL_MAX_JOBS = "limit: total_max_jobs"
    """All trials that the study may have were run."""
    PATIENCE = "limit: patience"
    """So many trials in a row ended without a better value."""
    TARGET = "limit: target"
    """A trial reached the value that was asked for."""
    TERMINATOR = "limit: terminator"
    """Optuna's terminator holds going on for not worth it; what it said follows in brackets."""
    EXHAUSTED = "search space exhausted"
    """The strategy has nothing left to propose."""
    USER = "user"
    """A person stopped it."""
    FAILED = "failed"
    """Its code raised or its process died."""
    LOST = "lost"
    """Its process or its owner vanished."""


SKIPPED = f"{Reason.USER.value}: skipped"
"""Reason of a task that a person took out of the search: its values do not count."""
WITH_STUDY = "stopped with the study"
"""Detail of the reason of a task that ended because a person stopped its study."""
RUN_AGAIN = f"{Reason.USER.value}: {WITH_STUDY}, run again"
"""Reason of such a task once its study goes on: another one runs in its place, its own values do not count."""
LEFT = f"{Reason.LOST.value} (the process that ran the study ended)"
"""Reason of a task that ended in order with the process that ran its study, as at a kernel's restart."""
UNCOUNTED = (SKIPPED, RUN_AGAIN)
"""Reasons of aborted tasks whose values do not count."""
_INTERRUPTED = (f"{Reason.USER.value} ({WITH_STUDY}", RUN_AGAIN, LEFT.removesuffix(")"))
"""How the reasons begin of tasks that ended only because their study did."""


@dataclass(frozen=True, kw_only=True)
class TaskRecord:
    """Says all that the store knows of one task, except its scalars, console and code. Changed by copy."""

    id: str
    """32 hexadecimal digits; never made from anything a person wrote."""
    key: int
    """The store's own number of the task; scalars refer to it."""
    study: str | None
    """Id of the study it belongs to."""
    trial: int | None
    """Number of its trial in the study, from 0."""
    attempt: int
    """0 for the first run of a trial, 1 for its first retry, ..."""
    name: str
    """For people: `base: k=v k=v`."""
    state: TaskState
    """Where it stands."""
    reason: str | None
    """Why it did not complete: a `Reason`'s value, or that and a detail in brackets."""
    parameters: dict[str, Any]
    """Name to value; values keep their Python types."""
    queue: str
    """Queue it was put in."""
    agent: str | None
    """Id of the agent that claimed it."""
    code: str | None
    """Hash of the code it runs, see the store's `code`."""
    pid: int | None
    """Process that runs it, on the agent's host."""
    created: float
    """UTC seconds."""
    started: float | None
    """UTC seconds when its process began; `None` while queued."""
    ended: float | None
    """UTC seconds when it reached its final state."""
    archived: bool
    """Ranked below what the study keeps; hidden in lists, never deleted."""
    error: str | None
    """Traceback, signal or exit code of a failure."""
    memo: dict[str, Any] | None = field(default=None)
    """State of the strategy that belongs to this trial (Optuna's system attributes)."""

    @property
    def interrupted(self) -> bool:
        """Whether it ended only because its study was stopped or left: it runs again when that goes on."""
        return self.state.is_final and (self.reason or "").startswith(_INTERRUPTED)

    def duration(self, now: float) -> float | None:
        """Gives seconds of running time until its end or `now`; `None` while it has not started."""
        return None if self.started is None else (self.ended or now) - self.started


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Says how the code of a task ended, as written by the task's own process just before it exits."""

    ok: bool
    """Whether the code returned."""
    error: str | None = None
    """The traceback when it raised."""
