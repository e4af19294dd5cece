"""What a script prints on its way to its log: progress bars thinned out, complete lines shown to a listener."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

PROGRESS_S = 5.0
"""A line that keeps overwriting itself is written to the log this often, and when it ends."""


class ConsoleLines:
    r"""Stands in for a standard stream; everything but writing is the stream's own. Safe from any thread.

    Text passes at once. A line that overwrites itself with "\r" (a progress bar) passes as it is at its end, and every
    few seconds as a line of its own meanwhile.

    Args:
        stream: Where text goes.
        on_line: Is told each complete line.
        clock: Gives seconds.
    """

    def __init__(
        self, stream: Any, on_line: Callable[[str], None] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._on_line = on_line
        self._clock = clock
        self._lock = threading.RLock()
        self._line = ""
        self._progress: str | None = None
        self._written = clock()

    def write(self, text: str) -> int:
        """Writes text; gives how many characters were given."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        with self._lock:
            *complete, rest = text.replace("\r\n", "\n").split("\n")
            for line in complete:
                self._take(line, ended=True)
            if rest:
                self._take(rest, ended=False)
        return len(text)

    def _take(self, piece: str, *, ended: bool) -> None:
        if self._progress is None and "\r" not in piece:
            self._stream.write(f"{piece}\n" if ended else piece)
            self._line += piece
        else:
            self._take_progress(piece, ended=ended)
        if ended:
            line, self._line = self._line, ""
            if self._on_line is not None:
                self._on_line(line)

    def _take_progress(self, piece: str, *, ended: bool) -> None:
        if self._progress is None and self._line:
            self._stream.write("\n")
        whole = (self._progress or "") + piece
        shown = next((part for part in reversed(whole.split("\r")) if part), "")
        if ended:
            self._line, self._progress = shown, None
        else:
            # What the next text overwrites starts behind the last return.
            self._progress = shown + "\r" * whole.endswith("\r")
            if self._clock() - self._written < PROGRESS_S or not shown.strip():
                return
        self._stream.write(f"{shown}\n")
        self._written = self._clock()

    def writelines(self, lines: Any) -> None:
        """Writes each."""
        for line in lines:
            self.write(line)

    def finish(self) -> None:
        """Writes what a progress bar showed last, and tells of the last line although nothing ended it."""
        with self._lock:
            if self._progress is not None and self._progress.strip():
                self._stream.write(self._progress.rstrip("\r") + "\n")
            if self._line and self._on_line is not None:
                self._on_line(self._line)
            self._progress, self._line = None, ""
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
