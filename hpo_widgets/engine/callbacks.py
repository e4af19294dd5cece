"""Calls the functions that people hang on a study, in turn, in a thread of their own, and keeps what they raise."""

from __future__ import annotations

import contextvars
import logging
import queue
import threading
import traceback
from collections import deque
from collections.abc import Callable
from typing import Any

logger = logging.getLogger(__name__)

KEPT_NOTICES = 50


class Callbacks:
    """Is a thread that calls functions in the order given; a slow one delays the others, never the search."""

    def __init__(self, name: str) -> None:
        self.notices: deque[str] = deque(maxlen=KEPT_NOTICES)
        """Tracebacks of callbacks that raised, newest last."""
        self._calls: queue.SimpleQueue[tuple[Callable[..., Any], tuple[Any, ...]] | None] = queue.SimpleQueue()
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._main,), name=name, daemon=True)
        self._thread.start()

    def call(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Puts a call in the line and returns at once."""
        self._calls.put((function, arguments))

    def close(self, timeout: float | None = None) -> None:
        """Lets the line run empty and ends the thread; waits for it at most `timeout` seconds."""
        self._calls.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)

    def _main(self) -> None:
        while (item := self._calls.get()) is not None:
            function, arguments = item
            try:
                function(*arguments)
            except Exception:  # noqa: BLE001 - whatever it raises is its author's, and is shown
                self.notices.append(traceback.format_exc())
                logger.error("a callback raised:\n%s", self.notices[-1], extra={"action": "callback-failed"})
