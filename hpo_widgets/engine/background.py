"""Runs an engine in a thread: the only place of this package that starts one for it."""

from __future__ import annotations

import contextvars
import logging
import threading
import traceback
from collections.abc import Callable

from hpo_widgets.engine.engine import RETRY_S, Engine
from hpo_widgets.errors import StoreUnavailable

logger = logging.getLogger(__name__)


class EngineThread:
    """Is a daemon thread that opens an engine, runs it to its end, and tells how it ended.

    Args:
        open_engine: Makes the engine; called in the thread, because reading a large study takes a while.
        on_exit: Called in the thread at the very end, with the traceback when the engine itself failed.
        name: Name of the thread.
    """

    def __init__(self, open_engine: Callable[[], Engine], on_exit: Callable[[str | None], None], name: str) -> None:
        self._open_engine = open_engine
        self._on_exit = on_exit
        self._stop = threading.Event()
        self.engine: Engine | None = None
        self.notice: str | None = None
        """Why the engine could not be opened yet."""
        # In the context of the cell that started it: what it logs then appears under that cell (ipykernel >= 7).
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._main,), name=name, daemon=True)

    def start(self) -> None:
        """Starts the thread and returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Makes the engine leave the study as it stands, without ending it; returns at once."""
        self._stop.set()
        if self.engine is not None:
            self.engine.wake()

    def join(self, timeout: float | None = None) -> bool:
        """Waits for the thread's end; tells whether it came."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _main(self) -> None:
        error = None
        try:
            self.engine = self._open()
            if self.engine is not None:
                self.engine.run(self._stop.is_set)
        except Exception:  # noqa: BLE001 - recorded with the study, which then has failed
            error = traceback.format_exc()
            logger.error("the engine failed:\n%s", error, extra={"action": "engine-failed"})
        finally:
            if self.engine is not None:
                self.engine.close()
            self._on_exit(error)

    def _open(self) -> Engine | None:
        while not self._stop.is_set():
            try:
                return self._open_engine()
            except StoreUnavailable as error:
                self.notice = str(error)
                self._stop.wait(RETRY_S[1])
        return None
