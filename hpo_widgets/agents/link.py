"""One living fork server as its agent sees it: the process, the socket, the thread that listens to it."""

from __future__ import annotations

import contextlib
import contextvars
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hpo_widgets.agents import orphans, wire

START = (
    "import sys; sys.path[:] = sys.argv.pop().split(':'); from hpo_widgets.agents.forkserver_main import main; main()"
)
GOODBYE_S = 2.0
"""How long a server may take to kill its tasks and end."""
LAST_WORDS = 2000
"""Characters of its stderr that are quoted when it died."""


class Link:
    """Starts a fork server and passes messages.

    The server never shares the kernel's process group: Jupyter interrupts and kills that group as a whole.

    Args:
        folder: Folder of the store.
        env: Environment variables to add before anything is imported.
        kind: What becomes of a task: `fork`, `fresh` or `reuse`, see `forkserver_main.Server`.
        on_message: Called from the listening thread with each message.
        on_end: Called from the listening thread, once, when the server is gone and all below it is killed.
    """

    def __init__(
        self,
        folder: Path,
        env: dict[str, str],
        *,
        kind: str,
        on_message: Callable[[Link, dict[str, Any]], None],
        on_end: Callable[[Link], None],
    ) -> None:
        self._mark = uuid.uuid4().hex
        self._on_message = on_message
        self._on_end = on_end
        self._sending = threading.Lock()
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the server has ended
        self.last_words = ""
        self.known: set[str] = set()
        """Hashes of the code that was sent."""
        self.learned: set[str] = set()
        """Hashes of the code whose modules were imported without the server dying of it."""
        self.pids: dict[str, int | None] = {}
        """Tasks that run below it, with their process when it is known."""
        self.stopping: set[str] = set()
        """Tasks among them that were asked to stop."""
        ours, theirs = socket.socketpair()
        with theirs:
            self._socket = ours
            words = [str(theirs.fileno()), str(os.getpid()), str(folder), kind, ":".join(sys.path)]
            self.process = subprocess.Popen(
                [sys.executable, "-c", START, *words],
                stdin=subprocess.DEVNULL,
                stdout=self._stderr,
                stderr=self._stderr,
                pass_fds=[theirs.fileno()],
                env=task_environment() | env | {orphans.SERVER_VARIABLE: self._mark},
                start_new_session=True,
            )
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._listen,), name="hpo-forkserver", daemon=True)
        self._thread.start()

    def send(self, head: dict[str, Any], body: bytes = b"") -> bool:
        """Sends a message; tells whether the server was there to take it."""
        try:
            with self._sending:
                self._socket.sendall(wire.encode(head, body))
        except OSError:
            return False
        return True

    def _listen(self) -> None:
        inbox = wire.Inbox()
        with contextlib.suppress(OSError):
            while data := self._socket.recv(1 << 16):
                for head, _ in inbox.feed(data):
                    self._on_message(self, head)
        self._bury()
        self._on_end(self)

    def _bury(self) -> None:
        try:
            self.process.wait(GOODBYE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.returncode != 0:
            # It has not killed what its tasks started; their leaders died with it, their groups did not.
            for pid in filter(None, list(self.pids.values())):
                with contextlib.suppress(OSError):
                    os.killpg(pid, signal.SIGKILL)
        orphans.end_marked(orphans.SERVER_VARIABLE, self._mark)
        self._stderr.seek(0)
        self.last_words = self._stderr.read()[-LAST_WORDS:].decode(errors="replace")
        self._stderr.close()

    def close(self) -> None:
        """Has the server kill its tasks and end; returns when it is gone."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        if threading.current_thread() is not self._thread:
            self._thread.join()
        self._socket.close()


def task_environment() -> dict[str, str]:
    """Gives this process's environment without what is meant for a notebook only."""
    env = dict(os.environ)
    env.pop(orphans.TASK_VARIABLE, None)  # this process may itself belong to a task of another study
    # A kernel draws into its notebook; a task has none.
    if env.get("MPLBACKEND", "").startswith("module://"):
        env["MPLBACKEND"] = "Agg"
    return env
