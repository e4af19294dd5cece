"""The console of a task: one capped file in the store's folder, written live, readable from any process.

The first half of the cap keeps the beginning; the rest rolls. Where bytes were dropped, one line says how many.
Offsets count the bytes the task ever wrote, so that a reader goes on where it was although the file was cut.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from hpo_widgets.errors import NotFound

LOG_CAP = 1 << 20
"""Bytes a task's log may take."""
TAIL_LINES = 20
TAIL_BYTES = 4096
"""What is quoted of a log when a task failed without a traceback."""

_MARK = b"\n[hpo_widgets: %012d bytes were dropped here]\n"
_MARK_PATTERN = re.compile(rb"\n\[hpo_widgets: (\d{12}) bytes were dropped here\]\n")


@dataclass(frozen=True, kw_only=True)
class LogPart:
    """Is a piece of a task's console."""

    text: str
    offset: int
    """Where to go on reading."""


def log_path(folder: Path, task: str) -> Path:
    """Gives where the log of a task lies. Ids are the store's own, never text a person wrote."""
    if not re.fullmatch(r"[0-9a-f]{32}", task):
        raise NotFound(f"{task!r} is no task id; ids are 32 hexadecimal digits.")
    return folder / "logs" / f"{task}.log"


class CappedLog:
    """Writes one task's console. Errors of the disk drop output, never the task."""

    def __init__(self, path: Path, cap: int = LOG_CAP) -> None:
        self._path = path
        self._cap = cap
        self._size = 0
        self._dropped = 0
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        except OSError:
            self._fd = -1

    def write(self, data: bytes) -> None:
        """Appends; cuts the middle out when the cap is passed."""
        if self._fd < 0:
            return
        try:
            if self._size + len(data) > self._cap:
                self._roll(data)
            else:
                self._size += os.write(self._fd, data)
        except OSError:
            self._dropped += len(data)

    def _roll(self, data: bytes) -> None:
        half, quarter = self._cap // 2, self._cap // 4
        whole = os.pread(self._fd, self._size, 0)
        mark = _MARK % self._dropped if self._dropped else b""
        head, tail = whole[:half], whole[half + len(mark) :]
        if len(head) < half:
            missing = half - len(head)
            head, data = head + data[:missing], data[missing:]
        tail += data
        kept = tail[-quarter:]
        self._dropped += len(tail) - len(kept)
        # Beside and renamed over: a reader sees the file before the cut or after it, never between.
        beside = self._path.with_suffix(".new")
        fd = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            size = os.write(fd, head + _MARK % self._dropped + kept)
            os.replace(beside, self._path)
        except OSError:
            os.close(fd)
            raise
        os.close(self._fd)
        self._fd, self._size = fd, size

    def close(self) -> None:
        """Closes the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def read_log(folder: Path, task: str, since: int = 0) -> LogPart:
    """Reads what a task printed from byte `since` of its output on; empty when it has printed nothing more.

    Raises:
        NotFound: When `task` is not an id.
    """
    try:
        data = log_path(folder, task).read_bytes()
    except FileNotFoundError:
        return LogPart(text="", offset=since)
    found = _MARK_PATTERN.search(data)
    if found is None:
        return LogPart(text=data[since:].decode(errors="replace"), offset=max(since, len(data)))
    dropped = int(found[1])
    end = found.start() + dropped + len(data) - found.end()
    if since <= found.start():
        part = data[since:]
    else:
        part = data[found.end() + max(0, since - found.start() - dropped) :]
    return LogPart(text=part.decode(errors="replace"), offset=max(since, end))


def tail_of(folder: Path | None, task: str) -> str:
    """Gives the last lines of a task's log, `""` when there are none."""
    if folder is None:
        return ""
    lines = read_log(folder, task).text[-TAIL_BYTES:].splitlines()
    return "\n".join(lines[-TAIL_LINES:])
