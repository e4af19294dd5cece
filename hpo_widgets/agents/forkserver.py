"""The process launcher: each task in a process of its own, forked by a small clean server, or executed when asked."""

from __future__ import annotations

import pickle
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hpo_widgets.agents.launcher import Exit, Job, Launcher
from hpo_widgets.agents.link import Link
from hpo_widgets.errors import HpoError, StoreError
from hpo_widgets.store.base import Store

MOST_DEATHS = 5
"""Deaths of the server within `DEATHS_S` after which no new one is started."""
DEATHS_S = 60.0


class ForkLauncher(Launcher):
    """Starts tasks through a fork server, which is started with the first of them.

    Args:
        store: Where the code of tasks is; it must lie in a folder.
        fresh: Whether each task gets a new interpreter (`isolation="spawn"`) instead of a fork.
        reuse: Whether a fork runs one task after another (`isolation="reuse"`).

    Raises:
        StoreError: When the store is only in memory: another process cannot reach it.
    """

    def __init__(self, store: Store, *, fresh: bool = False, reuse: bool = False) -> None:
        if store.folder is None:
            raise StoreError(
                "task processes need a store in a folder and this one is in memory; use isolation='thread', or a "
                "store in a folder."
            )
        self._folder: Path = store.folder
        self._store = store
        self._kind = "fresh" if fresh else "reuse" if reuse else "fork"
        self._lock = threading.RLock()
        self._link: Link | None = None
        self._exits: list[Exit] = []
        self._started: list[tuple[str, int]] = []
        self._deaths: deque[float] = deque(maxlen=MOST_DEATHS)
        self._deadly: set[str] = set()
        self._last_words = ""
        self._closed = False
        self._preparing: str | None = None
        self._wake: Callable[[], None] = lambda: None

    def start(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    def prepare(self, code: str, env: dict[str, str]) -> None:
        with self._lock:
            self._preparing = code
            self._teach(self._link or self._open(env), code)

    @property
    def ready(self) -> bool:
        with self._lock:
            return self._preparing is None

    def launch(self, job: Job) -> None:
        body = pickle.dumps(job)
        with self._lock:
            link = self._link or self._open(job.env)
            if job.code not in link.known:
                self._teach(link, job.code)
            link.pids[job.task] = None
            if not link.send({"op": "task", "task": job.task, "hash": job.code, "gpu": job.gpu}, body):
                return  # it has just died: its end reports the task as lost

    def _open(self, env: dict[str, str]) -> Link:
        now = time.monotonic()
        if self._closed:
            raise HpoError("this launcher is closed; start a new one.")
        if len(self._deaths) == MOST_DEATHS and now - self._deaths[0] < DEATHS_S:
            raise HpoError(
                f"the fork server died {MOST_DEATHS} times within {DEATHS_S:.0f} s; use isolation='spawn' or "
                f"'thread'. Its last words: {self._last_words or '(none)'}"
            )
        self._link = Link(self._folder, env, kind=self._kind, on_message=self._hear, on_end=self._ended)
        return self._link

    def _teach(self, link: Link, hash: str) -> None:
        code = self._store.code(hash)
        # Modules that the last server died of are left to the task, which then fails alone.
        modules = [] if hash in self._deadly else code.about.get("modules", [])
        link.known.add(hash)
        link.send({"op": "code", "hash": hash, "modules": modules, "path": [str(p) for p in sys.path]}, code.body)

    def _hear(self, link: Link, head: dict[str, Any]) -> None:
        op = head.pop("op")
        with self._lock:
            if op == "learned":
                link.learned.add(head["hash"])
                if head["hash"] != self._preparing:
                    return
                self._preparing = None
            if op == "started":
                link.pids[head["task"]] = head["pid"]
                self._started.append((head["task"], head["pid"]))
            elif op == "exit":
                link.pids.pop(head["task"], None)
                link.stopping.discard(head["task"])
                self._exits.append(Exit(**head))
        self._wake()

    def _ended(self, link: Link) -> None:
        with self._lock:
            if self._link is link:
                self._link = None
            self._preparing = None  # the next launch starts another server
            if not self._closed:
                self._deaths.append(time.monotonic())
                self._deadly |= link.known - link.learned
                self._last_words = link.last_words
            died = f"the fork server ended with code {link.process.returncode}"
            for task in link.pids:
                stopped = self._closed or task in link.stopping
                self._exits.append(Exit(task=task, time=time.time(), lost=True, stopped=stopped, error=died))
            link.pids.clear()
        self._wake()

    def stop(self, task: str, grace: float) -> None:
        with self._lock:
            if self._link is not None and task in self._link.pids:
                self._link.stopping.add(task)
                self._link.send({"op": "stop", "task": task, "grace": grace})

    def exits(self) -> list[Exit]:
        with self._lock:
            found, self._exits = self._exits, []
        return found

    def started(self) -> list[tuple[str, int]]:
        with self._lock:
            found, self._started = self._started, []
        return found

    @property
    def server_pid(self) -> int | None:
        """Process id of the fork server, `None` while there is none."""
        link = self._link
        return None if link is None else link.process.pid

    def close(self) -> None:
        with self._lock:
            self._closed, link = True, self._link
        if link is not None:
            link.close()
