"""The one thread of a kernel that changes what panels show: woken by the store, at most five times a second."""

from __future__ import annotations

import contextvars
import logging
import math
import threading
import time
from contextlib import AbstractContextManager
from typing import Any, Protocol

logger = logging.getLogger(__name__)

PERIOD_S = 0.2
"""Shortest time between two looks; what happens in between is shown at once."""
LIVENESS_S = 1.0
"""How often a panel of a live study is looked at without being woken: its process may have died without a word."""
RETRY_S = 1.0
"""How long to wait after an error before the next look."""


class Shown(Protocol):
    """Is what a publisher keeps up to date."""

    @property
    def is_open(self) -> bool:
        """Whether anybody can see it; a closed one is let go."""

    def refresh(self) -> bool:
        """Shows what is new; tells whether it wants to be looked at every second."""

    def show_fault(self, text: str) -> None:
        """Shows that it could not be brought up to date, an empty text that it could."""


class Publisher:
    """Keeps the panels on the studies of one store up to date; safe from any thread.

    Its thread starts with the first panel and ends with the last one. A kernel that uses one store has one publisher.
    """

    def __init__(self, store: Any) -> None:
        self._store = store
        self._lock = threading.RLock()
        self._panels: list[Shown] = []
        self._thread: threading.Thread | None = None
        self._started: set[threading.Thread] = set()
        self._watch: Any = None

    @property
    def is_running(self) -> bool:
        """Whether its thread lives."""
        return self._thread is not None and self._thread.is_alive()

    def hold(self) -> AbstractContextManager[Any]:
        """Keeps panels from being changed while a thread (this one may change them) reads what they show."""
        return self._lock

    def add(self, panel: Shown) -> None:
        """Brings a panel up to date now, in the calling thread, and from here on until it is closed."""
        with self._lock:
            panel.refresh()
            if panel not in self._panels:
                self._panels.append(panel)
            if self._thread is None:
                # In a copy of the cell's context: otherwise what is sent belongs to whichever cell runs then.
                context = contextvars.copy_context()
                self._thread = threading.Thread(target=context.run, args=(self._main,), name="hpo-panels", daemon=True)
                self._started.add(self._thread)
                self._thread.start()

    def look(self) -> None:
        """Looks at the panels soon, as if the store had changed; lets go of those that were closed."""
        watch = self._watch
        if watch is not None:
            watch.wake()

    def join(self, timeout: float | None = None) -> None:
        """Waits for its threads to end, which each does when the last panel is closed."""
        for thread in list(self._started):
            thread.join(timeout)

    # -- in its own thread -----------------------------------------------------------------------------------------
    def _main(self) -> None:
        try:
            with self._store.watch() as watch:
                self._watch = watch
                self._follow(watch)
        except Exception as error:  # noqa: BLE001 - whatever it was is shown in the panels
            self._tell_all(error)
        finally:
            with self._lock:
                if self._thread is threading.current_thread():
                    self._thread = self._watch = None
            self._store.forget_thread()
            self._started.discard(threading.current_thread())

    def _follow(self, watch: Any) -> None:
        looked = time.monotonic()
        wait = self._look_at_all()
        while wait is not None:
            watch.wait(None if wait == math.inf else wait)
            time.sleep(max(0.0, looked + PERIOD_S - time.monotonic()))
            looked = time.monotonic()
            wait = self._look_at_all()

    def _look_at_all(self) -> float | None:
        """Refreshes the open panels; gives seconds until the next look at the latest, `None` when there are none."""
        with self._lock:
            self._panels = [panel for panel in self._panels if panel.is_open]
            if not self._panels:
                self._thread = self._watch = None  # from here on `add` starts a new one
                return None
            return min([self._look_at(panel) for panel in self._panels])

    def _look_at(self, panel: Shown) -> float:
        try:
            wants_more = panel.refresh()
            panel.show_fault("")
        except Exception as error:
            logger.exception("a panel cannot be brought up to date", extra={"action": "publish-failed"})
            panel.show_fault(f"This panel is not up to date: {error}")
            return RETRY_S
        return LIVENESS_S if wants_more else math.inf

    def _tell_all(self, error: Exception) -> None:
        logger.error("the store cannot be watched: %s", error, extra={"action": "publish-failed"})
        with self._lock:
            for panel in self._panels:
                panel.show_fault(f"This panel is no longer brought up to date; show the study again. {error}")
