"""What threads print: sent to each thread's own log while its task runs, and to where it went before otherwise."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from typing import Any

from hpo_widgets.agents.console import CappedLog


class _Router:
    """Stands in for a standard stream; everything but writing is the stream's own."""

    def __init__(self, stream: Any, logs: dict[int, CappedLog]) -> None:
        self._hpo_stream = stream
        self._hpo_logs = logs

    def write(self, text: str) -> int:
        log = self._hpo_logs.get(threading.get_ident())
        if log is None:
            return int(self._hpo_stream.write(text) or 0)
        log.write(text.encode("utf-8", "backslashreplace"))
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._hpo_stream, name)


class Streams:
    """Puts itself in place of `sys.stdout` and `sys.stderr` while a task of its launcher runs, and only then."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._logs: dict[int, CappedLog] = {}
        self._routers: tuple[_Router, _Router] | None = None

    @contextlib.contextmanager
    def to(self, log: CappedLog | None) -> Iterator[None]:
        """Sends what the calling thread prints inside to `log`; `None` changes nothing."""
        if log is None:
            yield
            return
        me = threading.get_ident()
        with self._lock:
            self._logs[me] = log
            if self._routers is None:
                self._routers = (_Router(sys.stdout, self._logs), _Router(sys.stderr, self._logs))
                sys.stdout, sys.stderr = self._routers
        try:
            yield
        finally:
            with self._lock:
                del self._logs[me]
                if not self._logs:
                    self._restore()

    def _restore(self) -> None:
        if self._routers is None:
            return
        out, error = self._routers
        # Somebody may have put another stream in place meanwhile: theirs stays, ours passes everything on.
        if sys.stdout is out:
            sys.stdout = out._hpo_stream
        if sys.stderr is error:
            sys.stderr = error._hpo_stream
        self._routers = None
