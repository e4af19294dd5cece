"""The interface of a launcher: how an agent starts and stops the code of a task, and learns that it ended."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hpo_widgets.model.objective import Objective


@dataclass(frozen=True, kw_only=True)
class Job:
    """Says all that is needed to run one task. Travels to the task's process."""

    task: str
    """Id of the task."""
    key: int
    """The store's own number of the task."""
    name: str
    trial: int | None
    parameters: dict[str, Any]
    code: str
    """Hash of the code to run, in the store."""
    kind: str = "function"
    """How to read the code."""
    wants_task: bool = False
    """Whether the function takes the running task as its argument `task`."""
    objectives: tuple[Objective, ...] = ()
    """What a returned number means."""
    gpu: str | None = None
    """`CUDA_VISIBLE_DEVICES` of its slot; `None` leaves the variable alone."""
    env: dict[str, str] = field(default_factory=dict)
    """Environment variables to add: the number of BLAS and OpenMP threads."""
    budget: int | None = None
    """Iteration up to which it may go as things stand; `None` for a strategy without rungs."""
    checkpoint: str | None = None
    """Id of the task in whose checkpoint folder it works; `None` for its own."""
    cwd: str | None = None
    """Working folder; `None` for the launcher's own."""


@dataclass(frozen=True, kw_only=True)
class Exit:
    """Says how the process or thread of a task ended, as its launcher saw it."""

    task: str
    time: float
    """UTC seconds."""
    code: int | None = None
    """Exit code; `None` when a signal ended it or it was never started."""
    signal: int | None = None
    """Signal that ended it."""
    cpu_seconds: float | None = None
    """User and system time of it and of its children that it waited for."""
    max_rss: int | None = None
    """Largest resident memory, bytes."""
    stopped: bool = False
    """Whether `stop` reached it while it ran."""
    lost: bool = False
    """Whether the launcher's own process died under it."""
    error: str | None = None
    """Why it could not be started, or was left behind."""


class Launcher(ABC):
    """Runs jobs. Every launched job gives exactly one `Exit`, whatever its code does.

    The code's own word on how it ended is in the store (`Store.outcome`), written before the exit is seen here.
    """

    @abstractmethod
    def start(self, wake: Callable[[], None]) -> None:
        """Gets ready. `wake` is called, from any thread, when `exits` or `started` have something new."""

    def prepare(self, code: str, env: dict[str, str]) -> None:
        """Begins to get ready for tasks of some code and returns at once; `ready` is false until it is.

        Args:
            code: Hash of the code, in the store.
            env: Environment variables that its tasks will have.
        """

    @property
    def ready(self) -> bool:
        """Whether a job would start at once. `wake` is called when it becomes true."""
        return True

    @abstractmethod
    def launch(self, job: Job) -> None:
        """Starts a job and returns at once (the same-thread launcher runs it first).

        Raises:
            HpoError: When this job cannot be started; it then gives no `Exit`.
        """

    @abstractmethod
    def stop(self, task: str, grace: float) -> None:
        """Asks a task to end, and ends it by force `grace` seconds later; does nothing when it has ended."""

    @abstractmethod
    def exits(self) -> list[Exit]:
        """Gives the exits since the last call."""

    @abstractmethod
    def started(self) -> list[tuple[str, int]]:
        """Gives (task, process id) of the tasks that began since the last call."""

    @abstractmethod
    def close(self) -> None:
        """Ends every task that still runs, with all its processes, and gives back what the launcher holds."""
