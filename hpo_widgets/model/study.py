"""A study: the durable record of one optimization, and the requests people make of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

REMARK = "remark"
"""Key of a study's memo whose text is shown beside the study: what its strategy has chosen, and why."""

RESTED_SINCE = "since"
"""Key of the payload of a recorded RESUME: UTC seconds of the last sign of life before it, when nobody had paused."""


class StudyState(Enum):
    """Where a study stands. `RUNNING`, `PAUSED` and `DRAINING` need a living engine; without one it is interrupted."""

    CREATED = "created"
    """Recorded, never started."""
    RUNNING = "running"
    """Its engine proposes and judges tasks."""
    PAUSED = "paused"
    """Running tasks go on, no new one starts."""
    DRAINING = "draining"
    """Running tasks go on to their end, then the study stops."""
    COMPLETED = "completed"
    """It reached a limit or tried everything there is."""
    STOPPED = "stopped"
    """A person ended it; it can be resumed."""
    FAILED = "failed"
    """The strategy or the engine raised; the error is recorded and it can be resumed."""

    @property
    def is_final(self) -> bool:
        """Whether nothing happens any more unless somebody resumes it."""
        return self in (StudyState.COMPLETED, StudyState.STOPPED, StudyState.FAILED)

    @property
    def is_live(self) -> bool:
        """Whether an engine has to drive it."""
        return self in (StudyState.RUNNING, StudyState.PAUSED, StudyState.DRAINING)


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Identifies one process for ever: a process id alone is used again by the system."""

    host: str
    pid: int
    born: float
    """When the process began, UTC seconds, as the system tells it."""

    def to_json(self) -> dict[str, Any]:
        """Gives the stored form."""
        return {"host": self.host, "pid": self.pid, "born": self.born}


@dataclass(frozen=True, kw_only=True)
class StudyRecord:
    """Says all that the store knows of one study, except its tasks. Changed by copy."""

    id: str
    """32 hexadecimal digits."""
    name: str
    """For people; unique in a store."""
    project: str
    state: StudyState
    reason: str | None
    """Why it ended."""
    error: str | None
    """Traceback when it failed."""
    config: dict[str, Any]
    """`StudyConfig` as JSON, limits as they were at the start; see `limits`."""
    limits: dict[str, Any]
    """Limits in force, `Limits` as JSON."""
    owner: Owner | None
    """Process whose engine drives it."""
    created: float
    started: float | None
    """UTC seconds from which its time counts: the first start, put off at each resume by the time it did not run."""
    ended: float | None
    memo: dict[str, Any] | None = None
    """State of the strategy as a whole (Optuna's study system attributes)."""

    @property
    def runs_its_tasks(self) -> bool:
        """Whether its tasks die with the process that drives it: no queue was named, and no user's loop runs them."""
        return not self.config.get("queue") and "comet" not in self.config

    @property
    def taken(self) -> str:
        """Says that another study has the name that a person chose for this one; empty when it got its name."""
        asked = str(self.config.get("asked_name", ""))
        if asked in ("", self.name):
            return ""
        return f"The name {asked!r} was taken by an earlier study; this one is {self.name!r}."

    @property
    def remark(self) -> str:
        """What its strategy has chosen and why, for people; empty when it has nothing to say."""
        return str((self.memo or {}).get(REMARK, ""))


class RequestKind(Enum):
    """What people, other kernels and the engine can ask for."""

    PAUSE = "pause"
    """Start no new tasks."""
    RESUME = "resume"
    """Start new tasks again."""
    DRAIN = "drain"
    """Start no new tasks; stop when the running ones have ended."""
    STOP = "stop"
    """Abort all tasks and stop."""
    STOP_TASK = "stop_task"
    """End one task, for the reason given."""
    ENQUEUE = "enqueue"
    """Run a trial with the parameters given, before anything the strategy proposes."""
    SET_LIMITS = "set_limits"
    """Put other limits in force."""
    SET_SPACE = "set_space"
    """Propose from other ranges from now on."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """Is one thing asked of a study or a task; kept for ever as the history of interventions."""

    id: int
    kind: RequestKind
    study: str | None
    task: str | None
    payload: dict[str, Any]
    time: float
    """UTC seconds at which it was made."""
    handled: float | None
    """UTC seconds at which it was carried out or refused."""
    answer: str | None
    """Why it was refused; `None` when it was carried out."""
