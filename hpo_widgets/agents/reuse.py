"""One process for many tasks, in the process itself: what stays between tasks, what is put back, when it ends.

The function is read once, so what its module or cell keeps (a loaded data set, a compiled model, a CUDA context) stays
for the next task. Ray Tune calls this `reuse_actors`. A process whose task failed, was stopped, or left a thread, a
process or a signal handler behind runs nothing more.
"""

from __future__ import annotations

import os
import pickle
import signal
import struct
import sys
import threading
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from hpo_widgets.agents import orphans
from hpo_widgets.agents.launcher import Job
from hpo_widgets.agents.spares import receive_job
from hpo_widgets.store.base import Store

if TYPE_CHECKING:
    from hpo_widgets.agents.birth import Birth

MOST_TASKS = 1000
"""Tasks of one process: what a function leaks is given back after so many."""
SIGNALS = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGALRM", "SIGCHLD", "SIGUSR1", "SIGUSR2", "SIGPIPE")
    if hasattr(signal, name)
)
"""What a task may have given a handler."""
DONE = struct.Struct(">dQ")
"""What is told of a task that has ended in good order: seconds of CPU time, bytes of memory at most."""


def run_jobs(birth: Birth, store: Store | None, settle: Callable[[Job], None]) -> int:
    """Runs jobs one after another as they come; gives the exit code of the last one, after which the process ends."""
    from hpo_widgets.agents import child

    load = cache(lambda: child.read_function(birth.code))

    def load_kept(job: Job, body: bytes) -> Callable[..., Any]:
        return load() if job.kind == "function" else child.load_function(job, body)

    clean = _State()
    spent = _cpu_seconds()
    for _ in range(MOST_TASKS - 1):
        job: Job = pickle.loads(receive_job(birth.job_pipe, more=True))
        settle(job)
        code = child.run(job, birth.code, birth.folder, store, load_kept)
        if code != 0 or job.kind != "function" or getattr(load(), "runs_once", False):
            return code
        if clean.is_changed() or not clean.put_back():
            return code
        spent, before = _cpu_seconds(), spent
        os.write(birth.done_pipe, DONE.pack(spent - before, _max_rss()))
    job = pickle.loads(receive_job(birth.job_pipe))
    settle(job)
    return child.run(job, birth.code, birth.folder, store, load_kept)


class _State:
    """Is what a process had before its first task: what can be put back is, the rest ends the process."""

    def __init__(self) -> None:
        self._environment = os.environ.copy()
        self._folder = os.getcwd()
        self._path = list(sys.path)
        self._mask = os.umask(0o77)
        os.umask(self._mask)
        self._handlers = [signal.getsignal(each) for each in SIGNALS]
        self._streams = [_file(fd) for fd in (1, 2)]

    def is_changed(self) -> bool:
        """Tells whether the task left what a new process would not have."""
        return (
            threading.active_count() > 1
            or bool(orphans.children())
            or [signal.getsignal(each) for each in SIGNALS] != self._handlers
            or signal.getitimer(signal.ITIMER_REAL) != (0.0, 0.0)
            or [_file(fd) for fd in (1, 2)] != self._streams
        )

    def put_back(self) -> bool:
        """Puts back environment, folder, import path and arguments; tells whether that went well."""
        try:
            if os.environ != self._environment:
                os.environ.clear()
                os.environ.update(self._environment)
            os.chdir(self._folder)
            os.umask(self._mask)
            sys.path[:] = self._path
            sys.argv = [""]
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
        except (OSError, ValueError):  # the folder is gone, a stream is closed
            return False
        return True


def _file(fd: int) -> tuple[int, int] | None:
    try:
        found = os.fstat(fd)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system


def _max_rss() -> int:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1024 if orphans.LINUX else 1)
