"""The portable process launcher: a new interpreter for each task, started by the agent itself.

For systems without fork, or where forking is unsafe (Windows, macOS). It needs no server; in return a process that a
task detached with a cleared environment is not found, and a task that holds the interpreter lock for long does not
notice that its owner died.
"""

from __future__ import annotations

import contextlib
import contextvars
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from hpo_widgets.agents import orphans
from hpo_widgets.agents.child_main import SIZE
from hpo_widgets.agents.console import CappedLog, log_path
from hpo_widgets.agents.launcher import Exit, Job, Launcher
from hpo_widgets.agents.link import task_environment
from hpo_widgets.errors import StoreError
from hpo_widgets.store.base import Store

START = (
    "import sys, os; sys.path[:] = sys.argv[1].split(os.pathsep); "
    "from hpo_widgets.agents.child_main import main_of_stdin; main_of_stdin()"
)
CHUNK = 1 << 16
"""Bytes read from a console at once."""
CONSOLE_S = 1.0
"""How long the rest of a console is waited for when its task has ended."""
POSIX = os.name == "posix"


class SpawnLauncher(Launcher):
    """Starts each task as a program of its own, watched by two threads.

    Args:
        store: Where the code of tasks is; it must lie in a folder.

    Raises:
        StoreError: When the store is only in memory: another process cannot reach it.
    """

    def __init__(self, store: Store) -> None:
        if store.folder is None:
            raise StoreError(
                "task processes need a store in a folder and this one is in memory; use isolation='thread', or a "
                "store in a folder."
            )
        self._store = store
        self._folder: Path = store.folder
        self._lock = threading.Lock()
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._stopped: set[str] = set()
        self._exits: list[Exit] = []
        self._started: list[tuple[str, int]] = []
        self._threads: list[threading.Thread] = []
        self._wake: Callable[[], None] = lambda: None

    def start(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    def launch(self, job: Job) -> None:
        luggage = pickle.dumps((pickle.dumps(job), self._store.code(job.code).body, str(self._folder)))
        env = task_environment() | job.env | {orphans.TASK_VARIABLE: job.task}
        if job.gpu is not None:
            env["CUDA_VISIBLE_DEVICES"] = job.gpu
        process = subprocess.Popen(
            [sys.executable, "-c", START, os.pathsep.join(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=job.cwd,
            start_new_session=POSIX,
        )
        with self._lock:
            self._running[job.task] = process
            self._started.append((job.task, process.pid))
        context = contextvars.copy_context()
        arguments = (self._watch, job.task, process, luggage)
        thread = threading.Thread(target=context.run, args=arguments, name="hpo-spawned", daemon=True)
        self._threads = [t for t in self._threads if t.is_alive()] + [thread]
        thread.start()
        self._wake()

    def _watch(self, task: str, process: subprocess.Popen[bytes], luggage: bytes) -> None:
        log = CappedLog(log_path(self._folder, task))
        reader = threading.Thread(target=self._pump, args=(process, log), name="hpo-console", daemon=True)
        reader.start()
        assert process.stdin is not None
        with contextlib.suppress(OSError):  # it may have been stopped before it read its luggage
            process.stdin.write(SIZE.pack(len(luggage)) + luggage)
            process.stdin.flush()
        returned = process.wait()
        if POSIX:
            # The leader is reaped, but its number is not given away while its group has members.
            with contextlib.suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
        orphans.end_marked(orphans.TASK_VARIABLE, task)
        reader.join(CONSOLE_S)
        with contextlib.suppress(OSError):
            process.stdin.close()
        with self._lock:
            del self._running[task]
            signaled = returned < 0
            self._exits.append(
                Exit(
                    task=task,
                    time=time.time(),
                    code=None if signaled else returned,
                    signal=-returned if signaled else None,
                    stopped=task in self._stopped,
                )
            )
            self._stopped.discard(task)
        self._wake()

    def _pump(self, process: subprocess.Popen[bytes], log: CappedLog) -> None:
        assert process.stdout is not None
        with process.stdout as console:
            while data := os.read(console.fileno(), CHUNK):
                log.write(data)
        log.close()

    def stop(self, task: str, grace: float) -> None:
        with self._lock:
            process = self._running.get(task)
            if process is None or process.returncode is not None:
                return
            self._stopped.add(task)
        self._end(process, polite=grace > 0)
        if grace > 0:
            timer = threading.Timer(grace, self._end, (process,), {"polite": False})
            timer.daemon = True
            timer.start()

    def _end(self, process: subprocess.Popen[bytes], *, polite: bool) -> None:
        if process.returncode is not None:
            return
        if POSIX:
            orphans.end_group(process.pid, signal.SIGTERM if polite else signal.SIGKILL)
        else:  # there is no polite signal: the process ends, then its watcher ends what it started
            process.terminate()

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
            tasks = list(self._running)
        for task in tasks:
            self.stop(task, 0.0)
        for thread in self._threads:
            thread.join()
