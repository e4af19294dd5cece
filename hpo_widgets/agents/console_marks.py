"""Marks in what a process prints: they say whose output follows, where one process runs task after task.

Who collects the output of a process gives it a pipe and names that in the environment. The process writes a mark into
the pipe when a task begins or ends, in order with all that it prints, from C too; the collector takes them out. A
process whose output goes elsewhere writes none. Tasks that run side by side in one process share what it prints.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
import sys

VARIABLE = "HPO_WIDGETS_CONSOLE"
"""Environment variable that names the pipe (its inode) and the word that its marks begin with."""
SIGN = "\x1e"
"""Before and after a mark: ASCII's record separator."""
NOBODY = "-"


def mark(task: str | None) -> None:
    """Says in what this process prints that it is a task's from now on, or nobody's; nothing where nobody collects."""
    pipe, _, word = os.environ.get(VARIABLE, "").partition(":")
    if not (pipe.isdigit() and word):
        return
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # whatever the script has put there; what it holds back stays its own
            stream.flush()
    for fd in (1, 2):
        with contextlib.suppress(OSError):
            found = os.fstat(fd)
            if stat.S_ISFIFO(found.st_mode) and found.st_ino == int(pipe):
                os.write(fd, f"{SIGN}{word}:{task or NOBODY}{SIGN}".encode())
                return


class MarkedOutput:
    """Is what one process prints, taken apart by its marks.

    Args:
        pipe: Either end of the pipe that the process prints into.
    """

    def __init__(self, pipe: int) -> None:
        word = secrets.token_hex(8)
        self.variable = f"{os.fstat(pipe).st_ino}:{word}"
        """What the process needs in its environment as `VARIABLE`."""
        begin = f"{SIGN}{word}:".encode()
        self._whole = re.compile(begin + rb"([0-9a-f]{32}|-)" + SIGN.encode())
        self._longest = len(begin) + 32 + 1
        self._held = b""
        self._task: str | None = None

    def take(self, data: bytes, *, last: bool = False) -> list[tuple[str | None, bytes]]:
        """Gives pieces of output with the task that printed each, `None` for no task.

        Args:
            data: What was read.
            last: Whether nothing follows; else what may be the beginning of a mark is kept for the next time.
        """
        text, found, at = self._held + data, [], 0
        for each in self._whole.finditer(text):
            found.append((self._task, text[at : each.start()]))
            task = each[1].decode()
            self._task, at = None if task == NOBODY else task, each.end()
        rest = text[at:]
        cut = rest.rfind(SIGN.encode())
        keeps = not last and cut >= 0 and len(rest) - cut < self._longest
        found.append((self._task, rest[:cut] if keeps else rest))
        self._held = rest[cut:] if keeps else b""
        return [piece for piece in found if piece[1]]
