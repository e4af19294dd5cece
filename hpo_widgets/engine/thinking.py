"""Where a strategy thinks: in the engine's thread while it is quick, in a helper process once it is not.

Python code in a thread slows the kernel's own cells (one interpreter lock), so a strategy whose `ask` takes longer
than 50 ms moves, with all it knows, to a process of its own, and the engine goes on while it thinks.
"""

from __future__ import annotations

import contextlib
import pickle
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from multiprocessing.connection import Connection, Pipe
from typing import Any

from hpo_widgets.engine.desk import Ask, Desk, Message, Proposed, Raised, Reply
from hpo_widgets.strategies.base import Problem, Strategy

SLOW_ASK_S = 0.05
"""An `ask` that takes longer moves the strategy to a helper process."""
LEAVE_S = 5.0
"""For how long the end of a helper's threads is waited for; its process has ended then, so they end at once."""


class Thinker:
    """Takes messages for a strategy and gives its replies, here or from a helper. Belongs to the engine's thread.

    Args:
        strategy: Not set up yet.
        problem: What to set it up with.
        wake: Called, from another thread, when a helper has replied.
        slow: Seconds of one `ask` after which it moves to a helper.
    """

    def __init__(
        self, strategy: Strategy, problem: Problem, wake: Callable[[], None], slow: float = SLOW_ASK_S
    ) -> None:
        self._desk: Desk | None = Desk(strategy, problem)
        self._helper: Helper | None = None
        self._wake = wake
        self._slow = slow
        self._replies: deque[Reply] = deque()
        self.notice: str | None = None
        """Why the strategy had to stay although it is slow."""

    @property
    def in_helper(self) -> bool:
        """Whether the strategy thinks in a process of its own."""
        return self._helper is not None

    def send(self, message: Message) -> None:
        """Hands over a message; the reply comes from `replies`, perhaps later."""
        if self._desk is not None and isinstance(message, Ask) and self.notice is None and self._desk.heavy:
            self._move()
        if self._helper is not None:
            self._helper.send(message)
            return
        assert self._desk is not None
        found = self._desk.handle(message)
        self._replies.extend(found)
        if self.notice is None and any(isinstance(r, Proposed) and r.seconds > self._slow for r in found):
            self._move()

    def replies(self) -> list[Reply]:
        """Gives the replies that have arrived, in order."""
        found = list(self._replies)
        self._replies.clear()
        if self._helper is not None:
            found += self._helper.received()
        return found

    def _move(self) -> None:
        import cloudpickle

        try:
            body = cloudpickle.dumps(self._desk)
        except Exception as error:  # noqa: BLE001 - pickling runs the strategy's own code
            self.notice = f"the strategy is slow and cannot move to a process of its own: {error}"
            return
        self._helper, self._desk = Helper(body, self._wake), None

    def close(self) -> None:
        """Ends the helper, if there is one."""
        if self._helper is not None:
            self._helper.close()


class Helper:
    """Is a process with a desk in it, and a thread that waits for its replies.

    Args:
        body: The pickled desk: its `handle` takes a message and gives replies.
        wake: Called, from a thread, when it has replied.
        whose: Who sits at the desk, for the message when its process dies.
    """

    def __init__(self, body: bytes, wake: Callable[[], None], whose: str = "the strategy") -> None:
        self._whose = whose
        ours, theirs = Pipe()
        self._pipe: Connection[Any, Any] = ours
        self._received: deque[Any] = deque()
        self._wake = wake
        self._closing = False
        # A session of its own: interrupting a cell signals the kernel's whole group.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "hpo_widgets.engine.thinking", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        theirs.close()
        # A big body would fill the pipe before the process reads it: sent by a thread, in order before all else.
        self._outgoing: deque[bytes] = deque([pickle.dumps(sys.path), body])
        self._filled = threading.Semaphore(2)
        self._threads = [
            threading.Thread(target=self._write, name="hpo-strategy-out", daemon=True),
            threading.Thread(target=self._read, name="hpo-strategy-in", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def send(self, message: Any) -> None:
        """Hands over a message; returns at once."""
        self._outgoing.append(pickle.dumps(message))
        self._filled.release()

    def received(self) -> list[Any]:
        """Gives the replies that have arrived, in order."""
        found: list[Any] = []
        with contextlib.suppress(IndexError):
            while True:
                found.append(self._received.popleft())
        return found

    def _write(self) -> None:
        with contextlib.suppress(OSError):
            while not self._closing:
                self._filled.acquire()
                if self._outgoing:
                    self._pipe.send_bytes(self._outgoing.popleft())

    def _read(self) -> None:
        try:
            while True:
                self._received.extend(pickle.loads(self._pipe.recv_bytes()))
                self._wake()
        except (EOFError, OSError):
            if not self._closing:
                code = self._process.wait()
                self._received.append(Raised(error=f"{self._whose}'s own process ended with exit code {code}."))
                self._wake()

    def close(self) -> None:
        """Ends the process, whatever it does."""
        self._closing = True
        self._filled.release()
        self._process.kill()
        self._process.wait()
        # Closed only when nobody is about to use it: the next pipe gets its number, and would lose what it is sent.
        for thread in self._threads:
            thread.join(LEAVE_S)
        if not any(thread.is_alive() for thread in self._threads):
            self._pipe.close()


def main(fd: int) -> None:
    """Runs a desk in this process until the other end of the pipe is gone."""
    pipe: Connection[Any, Any] = Connection(fd)
    try:
        sys.path[:] = pickle.loads(pipe.recv_bytes())
        desk = pickle.loads(pipe.recv_bytes())
        while True:
            message = pickle.loads(pipe.recv_bytes())
            replies = desk.handle(message)
            if replies:
                pipe.send_bytes(pickle.dumps(replies))
    except (EOFError, OSError):
        return  # the engine is gone


if __name__ == "__main__":
    main(int(sys.argv[1]))
