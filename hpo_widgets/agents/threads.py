"""Launchers without processes: a thread a task, for functions that want the kernel's memory; or the caller's thread.

A thread cannot be killed. A stop makes the task's next report raise `TaskAborted`; a task that does not report is left
behind when its grace is over, and whatever it reports later is refused.
"""

from __future__ import annotations

import contextvars
import itertools
import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from hpo_widgets.agents.child import execute, patiently
from hpo_widgets.agents.console import CappedLog, log_path
from hpo_widgets.agents.launcher import Exit, Job, Launcher
from hpo_widgets.agents.reporter import RunningTask, enter
from hpo_widgets.agents.streams import Streams
from hpo_widgets.errors import HpoError, TaskAborted
from hpo_widgets.store.base import Store

ABANDONED = "abandoned: it did not react to the stop and a thread cannot be killed; its reports are refused"
_numbers = itertools.count(1)


class SameThreadLauncher(Launcher):
    """Runs each task inside `launch`, for debugging and tests.

    Args:
        store: Where tasks report.
        functions: The function of each code hash; this process's own objects, nothing is pickled.
    """

    def __init__(self, store: Store, functions: Mapping[str, Callable[..., Any]]) -> None:
        self._store = store
        self._functions = functions
        self._lock = threading.Lock()
        self._tasks: dict[str, RunningTask] = {}
        self._exits: list[Exit] = []
        self._started: list[tuple[str, int]] = []
        self._streams = Streams()
        self._wake: Callable[[], None] = lambda: None

    def start(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    def launch(self, job: Job) -> None:
        self._run(*self._prepare(job))

    def _prepare(self, job: Job) -> tuple[Job, Callable[..., Any], RunningTask]:
        function = self._functions.get(job.code)
        if function is None:
            raise HpoError(
                f"the function of the task {job.name!r} is not in this process's memory; start the study from the "
                "notebook that defines it, or use isolation='fork'."
            )
        task = RunningTask(job, self._store)
        with self._lock:
            self._tasks[job.task] = task
            self._started.append((job.task, os.getpid()))
        self._wake()
        return job, function, task

    def _run(self, job: Job, function: Callable[..., Any], task: RunningTask) -> None:
        log = None if self._store.folder is None else CappedLog(log_path(self._store.folder, job.task))
        began = time.thread_time()
        stopped, code, error = False, 0, None
        try:
            with self._streams.to(log):
                context = contextvars.copy_context()
                code = context.run(self._call, job, function, task)
        except TaskAborted:
            stopped = True
        except BaseException as failure:  # noqa: BLE001 - the store failed for good: nobody else will hear of it
            error, code = f"its end could not be recorded ({type(failure).__name__}: {failure})", 1
        finally:
            if log is not None:
                log.close()
        self._report(job.task, code=code, stopped=stopped, error=error, cpu_seconds=time.thread_time() - began)

    def _call(self, job: Job, function: Callable[..., Any], task: RunningTask) -> int:
        enter(task, whole_process=False)
        outcome, code = execute(job, lambda: function, task)
        task.flush()
        task.check()
        if outcome is not None:
            patiently(lambda: task.finish(outcome))
        return code

    def _report(self, task: str, **fields: Any) -> None:
        """Tells of a task's end, once: who comes second is not heard."""
        with self._lock:
            if self._tasks.pop(task, None) is None:
                return
            self._exits.append(Exit(task=task, time=time.time(), **fields))
        self._wake()

    def stop(self, task: str, grace: float) -> None:
        with self._lock:
            running = self._tasks.get(task)
        if running is not None:
            running.abort()

    def exits(self) -> list[Exit]:
        with self._lock:
            found, self._exits = self._exits, []
        return found

    def started(self) -> list[tuple[str, int]]:
        with self._lock:
            found, self._started = self._started, []
        return found

    def close(self) -> None:
        with self._lock:
            tasks = list(self._tasks)
        for task in tasks:
            self.stop(task, 0.0)


class ThreadLauncher(SameThreadLauncher):
    """Runs each task in a thread of this process. Takes what `SameThreadLauncher` takes."""

    def launch(self, job: Job) -> None:
        prepared = self._prepare(job)
        context = contextvars.copy_context()
        name = f"hpo-task-{next(_numbers)}"
        threading.Thread(target=context.run, args=(self._live, *prepared), name=name, daemon=True).start()

    def _live(self, job: Job, function: Callable[..., Any], task: RunningTask) -> None:
        try:
            self._run(job, function, task)
        finally:
            self._store.forget_thread()

    def stop(self, task: str, grace: float) -> None:
        with self._lock:
            running = self._tasks.get(task)
        if running is None:
            return
        running.abort()
        timer = threading.Timer(grace, self._report, (task,), {"stopped": True, "error": ABANDONED})
        timer.daemon = True
        timer.start()
