"""From a fork to a task: what a new process does between leaving the fork server and calling the function, and after.

Runs in the child only. Nothing here may return into the server's loop.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import atexit
import os
import pickle
import signal
import sys
import tempfile
import threading
import traceback
import types
import weakref
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from hpo_widgets.agents import orphans
from hpo_widgets.agents.launcher import Job
from hpo_widgets.agents.spares import receive_job
from hpo_widgets.errors import StoreError

CHILD_SETUP_FAILED = 70
"""Exit code when a task's process could not get as far as its function; the console says why."""


@dataclass(frozen=True, kw_only=True)
class Birth:
    """Says what a new process needs to become a task."""

    server: int
    """Process id of the fork server."""
    job: bytes | None
    """The pickled `Job`; `None` for a spare, which gets it over `job_pipe`."""
    code: bytes
    """The pickled function."""
    folder: Path
    """Folder of the store."""
    console: int
    """Write end of the pipe that is its stdout and stderr."""
    close: tuple[int, ...]
    """The server's own file descriptors, which are none of its business."""
    fresh: bool
    """Whether to run in a new interpreter."""
    job_pipe: int = -1
    """Read end of the pipe over which a spare's job comes."""
    done_pipe: int = -1
    """Write end of the pipe over which it says that it is free for another job; -1 when it runs one only."""


def become_task(birth: Birth) -> NoReturn:
    """Turns this forked process into a task, runs it and ends the process. It is called with all signals blocked."""
    code = CHILD_SETUP_FAILED
    try:
        os.setsid()
        orphans.die_with_parent()
        if os.getppid() != birth.server:  # it died before the line above took effect
            os._exit(CHILD_SETUP_FAILED)
        _reset_signals()
        _connect(birth)
        if birth.fresh:
            _execute(birth)
        _forget_server()
        _reseed()
        from hpo_widgets.agents import child

        store = None
        if birth.job is None:
            with suppress(StoreError):  # tried again when the job is there
                store = child.open_store(birth.folder)
                store.warm_up()
        if birth.done_pipe >= 0:
            from hpo_widgets.agents import reuse

            code = leave(reuse.run_jobs(birth, store, _settle))
        else:
            job: Job = pickle.loads(birth.job if birth.job is not None else receive_job(birth.job_pipe))
            _settle(job)
            code = leave(child.run(job, birth.code, birth.folder, store))
    except BaseException:  # noqa: BLE001 - there is nobody above to tell: the console is the place
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)


def _reset_signals() -> None:
    # The C module: the wrappers in `signal` turn numbers into enums, which costs the child 60 page faults (0.2 ms).
    _signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        _signal.signal(number, _signal.SIG_DFL)
    _signal.signal(signal.SIGINT, _signal.default_int_handler)
    _signal.pthread_sigmask(_signal.SIG_SETMASK, ())


def _connect(birth: Birth) -> None:
    # The pipe stays open under its own number too: a process that detaches and closes 0 to 2 is still known by it.
    # `sys.stdout` and `sys.stderr` are the server's own, on the same numbers.
    os.dup2(birth.console, 1)
    os.dup2(birth.console, 2)
    for fd in birth.close:
        os.close(fd)


def _settle(job: Job) -> None:
    os.environ.update(job.env)
    os.environ[orphans.TASK_VARIABLE] = job.task
    if job.gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = job.gpu
    if job.cwd is not None:
        os.chdir(job.cwd)


def _execute(birth: Birth) -> NoReturn:
    """Replaces this process by a new interpreter that runs the same job."""
    assert birth.job is not None
    _settle(pickle.loads(birth.job))
    luggage = tempfile.TemporaryFile()  # noqa: SIM115 - lives on in the new program
    luggage.write(pickle.dumps((birth.job, birth.code, str(birth.folder))))
    luggage.seek(0)
    os.set_inheritable(luggage.fileno(), True)
    os.set_inheritable(birth.console, True)
    start = "import sys; sys.path[:] = sys.argv[2].split(':'); from hpo_widgets.agents.child_main import main; main()"
    os.execv(sys.executable, [sys.executable, "-c", start, str(luggage.fileno()), ":".join(sys.path)])


def _forget_server() -> None:
    """Leaves nothing of the server behind: exit handlers of what it imported, its `__main__`, its arguments."""
    atexit._clear()
    for each in weakref.finalize._registry.values():  # type: ignore[attr-defined]
        each.atexit = False
    atexit.register(weakref.finalize._exitfunc)  # type: ignore[attr-defined]
    # A process that the task spawns must not import the server's main module.
    sys.modules["__main__"] = types.ModuleType("__main__")
    sys.argv = [""]


def _reseed() -> None:
    """Gives each task its own random numbers, as a new interpreter would; `random` does so by itself after a fork."""
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


def leave(code: int) -> int:
    """Runs what a program runs at its end: waits for its threads, then calls the exit handlers it registered."""
    steps: list[Callable[[], Any]] = [threading._shutdown, atexit._run_exitfuncs]  # type: ignore[attr-defined]
    for module, name in (("multiprocessing.util", "_exit_function"), ("logging", "shutdown")):
        if module in sys.modules:
            steps.append(getattr(sys.modules[module], name))
    for step in steps:
        try:
            step()
        except BaseException:  # noqa: BLE001 - one handler's failure must not keep the others from running
            traceback.print_exc()
            code = code or 1
    return code
