"""The program of a task in an interpreter of its own: reads its luggage, runs it, and dies with its owner."""

from __future__ import annotations

import os
import pickle
import signal
import struct
import sys
import threading
from pathlib import Path
from typing import NoReturn

from hpo_widgets.agents import child

SIZE = struct.Struct(">Q")
"""Before the luggage on standard input: how many bytes it has."""


def main() -> NoReturn:
    """Runs the job whose luggage lies in the open file named by the first argument; exits with its code."""
    fd = int(sys.argv[1])
    sys.argv = [""]
    with open(fd, "rb") as file:
        _run(file.read())


def main_of_stdin() -> NoReturn:
    """Runs the job whose luggage comes over standard input, which the owner keeps open as long as it lives."""
    sys.argv = [""]
    owner = os.dup(0)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    (size,) = SIZE.unpack(_read(owner, SIZE.size))
    luggage = _read(owner, size)
    threading.Thread(target=_die_with, args=(owner,), name="hpo-owner", daemon=True).start()
    _run(luggage)


def _read(fd: int, size: int) -> bytes:
    found = bytearray()
    while len(found) < size:
        part = os.read(fd, min(size - len(found), 1 << 20))
        if not part:
            os._exit(1)  # the owner died meanwhile
        found += part
    return bytes(found)


def _die_with(fd: int) -> None:
    while os.read(fd, 1):
        pass
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _run(luggage: bytes) -> NoReturn:
    job, code, folder = pickle.loads(luggage)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    exit_code = child.run(pickle.loads(job), code, Path(folder))
    sys.exit(exit_code)
