"""The handle of a running task: what its code calls to report scalars and text, and to find its own folder."""

from __future__ import annotations

import contextvars
import copy
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hpo_widgets.agents.launcher import Job
from hpo_widgets.agents.results import metric_named, to_iteration, to_number
from hpo_widgets.errors import StoreError, StoreUnavailable, TaskAborted
from hpo_widgets.model.scalar import CONSTRAINT_TITLE, SINGLE_VALUE_ITERATION, SINGLE_VALUE_TITLE, Metric
from hpo_widgets.model.task import Outcome
from hpo_widgets.store.base import Store

RETRY_S = 0.5
"""Seconds between two tries to write while the store cannot be written."""


class RunningTask:
    """Is a task as its own code sees it. Safe from any thread of the task, and in processes it forks.

    Args:
        job: What runs.
        store: This process's own store, or the kernel's for a task in a thread.
        reopen: Opens the store anew, for a process that the task has forked; `None` for threads.
    """

    def __init__(self, job: Job, store: Store, reopen: Callable[[], Store] | None = None) -> None:
        self.id = job.task
        self.name = job.name
        self.trial = job.trial
        self.budget = job.budget
        """Iteration of its objective up to which it may go, `None` when nobody says: a task of a strategy with rungs
        (bohb, hyperband, asha) is ended there. One that goes further all the same may be let go on."""
        self._checkpoint = job.checkpoint or job.task
        self._parameters = job.parameters
        self._key = job.key
        self._store = store
        self._reopen = reopen
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._last: dict[Metric, tuple[int, float]] = {}
        self._unwritten: list[tuple[Metric, int, float, float]] = []
        self._result: list[tuple[Metric, int, float, float]] = []
        self._tried = 0.0
        self._aborted = False
        self._folder: Path | None = None
        self._logger = TaskLogger(self)
        self.given: dict[str, Any] | None = None
        """Its parameters by its code's own names and of its types, where the kind of code knows them."""
        self.left: set[str] = set()
        """Names in `given` that its code has not asked for so far."""

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters it runs with; a copy."""
        return copy.deepcopy(self._parameters)

    @property
    def checkpoint_dir(self) -> Path:
        """A folder for checkpoints, made at first use, kept with the study: its own, or that of the task that it goes
        on with (a promoted trial of bohb, hyperband, asha), whose files are in it.

        Write a checkpoint before its iteration is reported, and under another name first (`os.replace` then): a task
        may be ended as soon as it has reported.
        """
        if self._folder is None:
            if self._store.folder is None:
                self._folder = Path(tempfile.gettempdir()) / f"hpo-widgets-{self._checkpoint}"
                self._folder.mkdir(mode=0o700, exist_ok=True)
            else:
                self._folder = self._store.folder / "tasks" / self._checkpoint / "checkpoint"
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._folder

    @property
    def artifacts_dir(self) -> Path:
        """A folder of its own for what the task leaves, made at first use, kept with the study."""
        if self._store.folder is None:
            return self.checkpoint_dir
        folder = self._store.folder / "tasks" / self.id / "artifacts"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    @property
    def last(self) -> dict[Metric, tuple[int, float]]:
        """Of each reported metric: its largest iteration and the value there."""
        with self._lock:
            return dict(self._last)

    def get_logger(self) -> TaskLogger:
        """Gives its logger, with ClearML's method names."""
        return self._logger

    def report(self, name: str, value: Any, iteration: int | None = None) -> None:
        """Reports one point of the metric `title/series` (or one word for both), durable on return.

        Args:
            name: The metric.
            value: A number; NaN and infinities are kept as such.
            iteration: The task's own counter; `None` counts on from the metric's last point.

        Raises:
            TypeError: When a value or iteration is no number.
        """
        metric = metric_named(name)
        if iteration is None:
            iteration = self._last[metric][0] + 1 if metric in self._last else 0
        self.record(metric, value, iteration)

    def report_constraint(self, name: str, value: Any) -> None:
        """Reports how far the task is from what it must keep to: it is feasible while all it reported are 0 or less.

        Durable on return; the last value of a name holds. What breaks a constraint is never among the best.

        Raises:
            TypeError: When the name is no text or the value no number.
        """
        if not isinstance(name, str) or not name:
            raise TypeError(f"a constraint's name must be text; {name!r:.200} is of type {type(name).__name__}.")
        self.record(Metric(CONSTRAINT_TITLE, name), value, SINGLE_VALUE_ITERATION)

    def record(self, metric: Metric, value: Any, iteration: Any) -> None:
        """Reports one point of a metric; see `report`."""
        number = value if type(value) is float else to_number(value)
        at = iteration if type(iteration) is int else to_iteration(iteration)
        with self._lock:
            self.check()
            before = self._last.get(metric)
            if before is None or at >= before[0]:
                self._last[metric] = (at, number)
            self._write((metric, at, time.time(), number))

    def keep(self, metric: Metric, value: float, iteration: int) -> None:
        """Keeps a point of the result, to be recorded with the task's end."""
        self._result.append((metric, iteration, time.time(), value))

    def keep_artifact(self, name: str, path: Path, suffix: str, about: dict[str, Any]) -> None:
        """Keeps a copy of a file as the task's artifact; a disk that is full costs the copy, never the task.

        Args:
            name: Of the artifact; one of this name is replaced.
            path: The file.
            suffix: Ending of the copy's name.
            about: JSON that says how to read it, see `Artifact`.
        """
        try:
            self._store.put_artifact(self.id, "artifact", name, path, suffix=suffix, about=about, now=time.time())
        except (StoreError, OSError) as error:
            sys.stderr.write(f"hpo_widgets: the artifact {name!r} could not be kept: {error}\n")

    def finish(self, outcome: Outcome) -> None:
        """Records how the task's code ended and its result with it, after all that waits in memory.

        Raises:
            StoreUnavailable: When the store cannot be written now; it may be called again.
        """
        self.flush()
        self._store.finish(self.id, outcome, self._key, self._result)

    def check(self) -> None:
        """Unwinds the code of a task in a thread that was asked to stop."""
        if self._aborted:
            raise TaskAborted(f"the task {self.name!r} was stopped.")

    def abort(self) -> None:
        """Has every later report of this task raise `TaskAborted` and record nothing; from any thread."""
        with self._lock:
            self._aborted = True

    def _write(self, *points: tuple[Metric, int, float, float]) -> None:
        if self._pid != os.getpid() and self._reopen is not None:
            # A connection must not be used on both sides of a fork; the parent's unwritten points stay the parent's.
            self._store, self._pid, self._unwritten = self._reopen(), os.getpid(), []
        if not self._unwritten:
            try:
                self._store.record_scalars(self._key, points)
            except StoreUnavailable as error:
                self._unwritten += points
                self._tried = time.monotonic()
                sys.stderr.write(f"hpo_widgets: reports of this task wait in memory: {error}\n")
            return
        self._unwritten += points
        if time.monotonic() - self._tried >= RETRY_S:
            self._flush_once()

    def _flush_once(self) -> None:
        self._tried = time.monotonic()
        try:
            self._store.record_scalars(self._key, self._unwritten)
        except StoreUnavailable:
            return
        sys.stderr.write(f"hpo_widgets: {len(self._unwritten)} reports that had waited are written.\n")
        self._unwritten = []

    def flush(self) -> None:
        """Writes the points that wait in memory; returns when all are in the store, or when the task is stopped."""
        while self._unwritten and not self._aborted:
            with self._lock:
                self._flush_once()
            if self._unwritten:
                time.sleep(RETRY_S)


class TaskLogger:
    """Reports for one task, with the method names of ClearML's Logger."""

    def __init__(self, task: RunningTask) -> None:
        self._task = task
        self._metrics: dict[tuple[str, str], Metric] = {}

    def report_scalar(self, title: str, series: str, value: Any, iteration: int) -> None:
        """Reports one point, durable on return; NaN and infinities are kept as such.

        Raises:
            TypeError: When a name is no text, the value no number or the iteration no integer.
        """
        metric = self._metrics.get((title, series))
        if metric is None:
            for what, name in (("title", title), ("series", series)):
                if not isinstance(name, str):
                    raise TypeError(f"the {what} must be text; {name!r:.200} is of type {type(name).__name__}.")
            metric = self._metrics[title, series] = Metric(title, series)
        self._task.record(metric, value, iteration)

    def report_single_value(self, name: str, value: Any) -> None:
        """Reports one value that has no iteration, as ClearML does: title "Summary", iteration -2**31."""
        self._task.record(Metric(SINGLE_VALUE_TITLE, str(name)), value, SINGLE_VALUE_ITERATION)

    def report_text(self, msg: Any) -> None:
        """Writes a line to the task's console."""
        self._task.check()
        sys.stdout.write(f"{msg}\n")

    def flush(self) -> None:
        """Writes reports that wait in memory because the store could not be written."""
        self._task.flush()


_of_context: contextvars.ContextVar[RunningTask | None] = contextvars.ContextVar("hpo_widgets_task", default=None)


class _Process:
    """Holds the one task of a task process, for threads that its code starts."""

    task: RunningTask | None = None


def current_task() -> RunningTask | None:
    """Gives the task whose code is running here, `None` outside of tasks."""
    return _of_context.get() or _Process.task


def enter(task: RunningTask, *, whole_process: bool) -> None:
    """Makes `task` the current one, of this context or of the whole process."""
    _of_context.set(task)
    if whole_process:
        _Process.task = task
