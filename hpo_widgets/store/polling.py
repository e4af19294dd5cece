"""A watch for systems without named pipes (Windows, some file systems): it asks SQLite whether the file has changed."""

from __future__ import annotations

import threading
import time

from hpo_widgets.store.base import Rung, Watch
from hpo_widgets.store.session import Session

PERIOD_S = 0.02
"""Time between two looks; one costs some microseconds."""


class PollingWatch(Watch):
    """Looks at SQLite's `data_version` of its thread's connection, which the thread's own writes leave alone."""

    def __init__(self, session: Session, *, scalars: bool) -> None:
        self._session = session
        self._scalars = scalars
        self._woken = threading.Event()
        self._version = self._look()
        self._seen = session.cursor()

    def wait(self, timeout: float | None) -> Rung:
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            # The event first: what was written before a wake is then seen in the same return.
            woken = self._woken.is_set()
            if woken:
                self._woken.clear()
            heard = self._changes() | (Rung.STATES if woken else Rung.NOTHING)
            left = PERIOD_S if end is None else end - time.monotonic()
            if heard or left <= 0:
                return heard
            self._woken.wait(min(PERIOD_S, left))

    def _look(self) -> tuple[object, int]:
        # The number means something to one connection only, and a closed store opens another one.
        return self._session.connections.get(), int(self._session.read("data_version")[0][0])

    def _changes(self) -> Rung:
        version = self._look()
        if version == self._version:
            return Rung.NOTHING
        self._version = version
        before, self._seen = self._seen, self._session.cursor()
        heard = Rung.STATES if self._seen.revision != before.revision else Rung.NOTHING
        if self._scalars and self._seen.scalar != before.scalar:
            heard |= Rung.SCALARS
        return heard

    def wake(self) -> None:
        self._woken.set()

    def close(self) -> None:
        self._woken.set()
