"""The interface of a store. Its docstrings are its guarantees; one contract test runs on every implementation."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Flag
from pathlib import Path
from typing import Any

from hpo_widgets.errors import NotFound
from hpo_widgets.model.delta import Cursor, Delta
from hpo_widgets.model.objective import Objective, Values
from hpo_widgets.model.scalar import Metric, MetricSummary, Scalar
from hpo_widgets.model.study import Owner, Request, RequestKind, StudyRecord, StudyState
from hpo_widgets.model.task import Outcome, TaskRecord, TaskState
from hpo_widgets.store.task_base import TaskStore


@dataclass(frozen=True, kw_only=True)
class NewTask:
    """Says what to record of a task that does not exist yet."""

    study: str | None
    trial: int | None
    attempt: int = 0
    name: str
    parameters: dict[str, Any]
    queue: str
    code: str | None
    state: TaskState = TaskState.QUEUED
    memo: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Code:
    """Is the code of a base task as it was when the study was made."""

    hash: str
    """SHA-256 of kind and body."""
    kind: str
    """`function`, `strategy`, ...: how to read the body."""
    body: bytes
    """Loaded only to run a task that somebody started."""
    about: dict[str, Any]
    """What to know without loading the body: name, source, modules it imports."""


class Rung(Flag):
    """Says what a watch has heard; false when it heard nothing."""

    NOTHING = 0
    SCALARS = 1
    """Scalars were reported."""
    STATES = 2
    """A study, task or request changed, or `wake` was called."""


class Watch(ABC):
    """Wakes its holder when something changed in the store. Made by one thread, waited on by that thread."""

    @abstractmethod
    def wait(self, timeout: float | None) -> Rung:
        """Blocks until another thread or process has written, or `wake` was called, or `timeout` seconds passed.

        Never misses a write that happened after the last return; may return early. Returns what it heard.
        """

    @abstractmethod
    def wake(self) -> None:
        """Ends a `wait` now; from any thread."""

    @abstractmethod
    def close(self) -> None:
        """Gives back what the watch holds."""

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Store(TaskStore, ABC):
    r"""Keeps everything a search must not lose. Every call is one transaction unless made inside `transaction`.

    Values go in and come out by value. Text that is not Unicode (lone surrogates) comes back with those spelled out, as
    `\udc80`; in parameters, memos, configs, payloads it is kept as it is, and so are tuples, NaN and any type of key.

    Raises, from any call: `StoreUnavailable` when it cannot be written now (nothing of the call is kept, it may be
    tried again), `StoreCorrupt` when the file is damaged, `NotFound` when what it refers to is not there,
    `InvalidInput` for a value that cannot be kept, `StoreError` otherwise.
    """

    folder: Path | None
    """Where logs and checkpoints of its tasks lie; `None` when only in memory."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[None]:
        """Makes the calls inside it one transaction of this thread: all are kept, or none when it raises.

        Inside another one it is a part of that. After a `StoreUnavailable` inside, nothing more can be kept in it.
        """

    @abstractmethod
    def watch(self, *, scalars: bool = True) -> Watch:
        """Gives a watch for this thread; with `scalars=False` it sleeps through reported scalars."""

    @abstractmethod
    def close(self) -> None:
        """Closes this process's connections; a later call opens them again."""

    def forget_thread(self) -> None:
        """Gives back what the store holds for the calling thread; for threads that end before the store is closed."""

    # -- studies ---------------------------------------------------------------------------------------------------
    @abstractmethod
    def create_study(self, name: str, project: str, config: dict[str, Any], now: float) -> StudyRecord:
        """Records a study in state CREATED. A name that is taken gets a number appended: `digits`, `digits-2`."""

    @abstractmethod
    def studies(self) -> list[StudyRecord]:
        """Lists all studies, newest first."""

    @abstractmethod
    def study(self, name_or_id: str) -> StudyRecord:
        """Gives one study by id, else by name. Raises `NotFound` with the closest names."""

    @abstractmethod
    def update_study(self, study: str, **changes: Any) -> StudyRecord:
        """Changes state, reason, error, limits, started, ended or memo of a study."""

    @abstractmethod
    def own_study(self, study: str, owner: Owner, *, replacing: Owner | None, state: StudyState) -> StudyRecord:
        """Makes `owner` the only driver of a study if its owner is still `replacing`; else raises `StudyBusy`.

        Raises `NotFound` when there is no such study.
        """

    @abstractmethod
    def release_study(self, study: str, owner: Owner, **changes: Any) -> None:
        """Ends the ownership, with last changes, if `owner` still has it."""

    # -- tasks -----------------------------------------------------------------------------------------------------
    @abstractmethod
    def create_tasks(self, tasks: Sequence[NewTask], now: float) -> list[TaskRecord]:
        """Records tasks; they can be claimed at once when their state is QUEUED."""

    @abstractmethod
    def task(self, task: str) -> TaskRecord:
        """Gives one task by id. Raises `NotFound`."""

    @abstractmethod
    def tasks(self, study: str, states: Collection[TaskState] | None = None) -> list[TaskRecord]:
        """Lists the tasks of a study in the order they were created."""

    @abstractmethod
    def count_trials(self, study: str) -> int:
        """Counts the trials of a study without reading its tasks; one that ran again is one."""

    @abstractmethod
    def best_value(self, study: str, objective: Objective) -> float | None:
        """Gives the best value of one objective among the tasks that `model.result.wins`, without reading tasks."""

    @abstractmethod
    def winning_values(self, study: str, objectives: Sequence[Objective], *, sets: bool) -> list[Values]:
        """Gives the values of the tasks that `model.result.wins`, oldest first, without reading tasks.

        With `sets` the means of each parameter set over the runs that count, without the sets of which a run has broken
        a constraint.
        """

    @abstractmethod
    def move_task(
        self, task: str, to: TaskState, *, expect: Collection[TaskState], **changes: Any
    ) -> TaskRecord | None:
        """Moves a task to a state if it is in an expected one; gives `None`, and changes nothing, if it is not."""

    @abstractmethod
    def update_task(self, task: str, **changes: Any) -> None:
        """Changes pid, archived, name, memo, parameters or queue of a task. Raises `NotFound`.

        Nobody has to act on it, so it need not wake watches that sleep through scalars.
        """

    @abstractmethod
    def claim(self, queue: str, agent: str, limit: int, now: float) -> list[TaskRecord]:
        """Moves up to `limit` tasks of a queue, oldest first, from QUEUED to RUNNING; no two agents get the same.

        Nobody has to act on it, so it need not wake watches that sleep through scalars.
        """

    @abstractmethod
    def finish(
        self, task: str, outcome: Outcome, task_key: int = 0, points: Sequence[tuple[Metric, int, float, float]] = ()
    ) -> None:
        """Records how the task's code ended, and the points of its result with it, all or nothing.

        Written by the task's own process, once. Whoever sees the points sees the outcome too.
        """

    @abstractmethod
    def outcome(self, task: str) -> Outcome | None:
        """Gives what `finish` recorded, `None` when the process never got so far."""

    # -- scalars ---------------------------------------------------------------------------------------------------
    @abstractmethod
    def record_scalars(self, task_key: int, points: Iterable[tuple[Metric, int, float, float]]) -> None:
        """Appends points `(metric, iteration, UTC seconds, value)` of one task, all or none; durable on return."""

    @abstractmethod
    def scalars(self, task: str, metric: Metric | None = None) -> list[Scalar]:
        """Gives the points of one task (of one metric) in the order of (iteration, time)."""

    @abstractmethod
    def reports(self, study: str, metric: Metric) -> Iterable[tuple[str, int, float]]:
        """Gives `(task id, iteration, value)` of every point of one metric of a study, in the order reported."""

    @abstractmethod
    def summaries(self, study: str, metrics: Collection[Metric] | None = None) -> list[MetricSummary]:
        """Gives the summary of each metric of each task of a study; of some metrics, those of constraints too."""

    @abstractmethod
    def task_summaries(self, task: str) -> list[MetricSummary]:
        """Gives the summary of each metric of one task."""

    # -- changes ---------------------------------------------------------------------------------------------------
    @abstractmethod
    def cursor(self) -> Cursor:
        """Gives the present end of the history; inside a transaction the end before it.

        What a transaction has changed is therefore in the delta since any cursor taken inside it.
        """

    @abstractmethod
    def delta(self, since: Cursor, study: str, metrics: Collection[Metric] | None = None) -> Delta:
        """Gives what changed in a study since a cursor, in one consistent view.

        Args:
            since: Cursor of the delta before, or `Cursor()` for everything.
            study: Id of the study.
            metrics: Whose scalars to give: all (`None`) or only these (an empty collection gives none).
        """

    @abstractmethod
    def request(
        self, kind: RequestKind, *, study: str | None, task: str | None, payload: dict[str, Any], now: float
    ) -> Request:
        """Records something asked of a study or a task; what is asked of a task is asked of its study's task."""

    @abstractmethod
    def open_requests(self, *, study: str | None = None, queue: str | None = None) -> list[Request]:
        """Lists requests not handled yet: those of a study itself, or those of tasks that are or were in a queue."""

    @abstractmethod
    def answer(self, request: int, now: float, answer: str | None = None) -> None:
        """Marks a request as handled, the first time only; `answer` says why it was refused."""

    @abstractmethod
    def requests(self, study: str) -> list[Request]:
        """Lists everything that was ever asked of a study and its tasks."""

    # -- code ------------------------------------------------------------------------------------------------------
    @abstractmethod
    def put_code(self, kind: str, body: bytes, about: dict[str, Any]) -> str:
        """Keeps a piece of code and gives its hash; the same body is kept once."""

    @abstractmethod
    def code(self, hash: str) -> Code:
        """Gives a piece of code as bytes; does not load it. Raises `NotFound`."""


def free_name(name: str, taken: Collection[str]) -> str:
    """Gives the name, or the first of `name-2`, `name-3`, ... that is not taken."""
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    return free


def closest(name: str, names: Sequence[str], place: object) -> NotFound:
    """Gives the error for a study that is not there, with the closest names, else the newest ones."""
    close = get_close_matches(name, names, n=3) or list(names)[-3:]
    hint = f"Did you mean {', '.join(map(repr, close))}?" if close else "The store has no studies yet."
    return NotFound(f"no study {name!r} in {place}. {hint}")
