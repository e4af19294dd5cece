"""Spare processes: forked and made ready while other tasks run, so that the next task starts without waiting for it.

A spare has everything of a task but its job: its session, its console, its connection to the store. It has run no
user code, and it becomes one task only.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

MOST_SPARES = 4
"""A spare costs little memory, but a page table."""
_SIZE = struct.Struct(">Q")


@dataclass(frozen=True, kw_only=True)
class Spare:
    """Is a process that waits for its job."""

    pid: int
    code: str
    """Hash of the code it can run."""
    console: int
    """Read end of its console."""
    pipe: int
    """Write end of the pipe over which its job comes."""
    done: int = -1
    """Read end of the pipe over which it says that it is free again; -1 for a process that runs one task only."""
    gpu: str | None = None
    """Device that its tasks have had so far; what they hold there stays."""

    @property
    def fds(self) -> tuple[int, ...]:
        """File descriptors of the server that belong to it."""
        return tuple(fd for fd in (self.console, self.pipe, self.done) if fd >= 0)


class Spares:
    """Keeps as many spares as tasks run at one time. Belongs to the fork server's thread.

    Args:
        raise_one: Forks a spare for a hash of code.
    """

    def __init__(self, raise_one: Callable[[str], Spare]) -> None:
        self._raise_one = raise_one
        self._spares: dict[int, Spare] = {}
        self._code: str | None = None
        self._wanted = 0

    @property
    def pids(self) -> set[int]:
        """Process ids of the spares."""
        return set(self._spares)

    @property
    def fds(self) -> tuple[int, ...]:
        """File descriptors that a new process has to close."""
        return tuple(fd for spare in self._spares.values() for fd in spare.fds)

    def want(self, code: str, count: int) -> None:
        """Says what the next tasks will run, and how many at one time; spares of other code are let go."""
        self._code, self._wanted = code, min(MOST_SPARES, count)
        for spare in [s for s in self._spares.values() if s.code != code]:
            self.forget(spare.pid)

    @property
    def too_few(self) -> bool:
        """Whether another spare is wanted."""
        return self._code is not None and len(self._spares) < self._wanted

    def add(self) -> None:
        """Forks one; without memory for it the next task is forked when it comes."""
        assert self._code is not None
        try:
            spare = self._raise_one(self._code)
        except OSError:
            self._wanted = 0
            return
        self._spares[spare.pid] = spare

    def take(self, code: str, job: bytes, gpu: str | None = None) -> Spare | None:
        """Gives a job to a spare; `None` when there is none that lives. One that runs on keeps its pipe."""
        for spare in [s for s in self._spares.values() if s.code == code and s.gpu in (None, gpu)]:
            del self._spares[spare.pid]
            try:
                _write(spare.pipe, _SIZE.pack(len(job)) + job)
            except OSError:
                for fd in spare.fds:
                    os.close(fd)
                continue
            if spare.done >= 0:
                return replace(spare, gpu=gpu)
            os.close(spare.pipe)
            return replace(spare, pipe=-1)
        return None

    def put_back(self, spare: Spare) -> None:
        """Takes a process back that is free again."""
        self._spares[spare.pid] = spare
        if spare.code != self._code:
            self.forget(spare.pid)

    def forget(self, pid: int) -> None:
        """Lets a spare go: at the end of its pipe it ends by itself."""
        spare = self._spares.pop(pid, None)
        if spare is not None:
            for fd in spare.fds:
                os.close(fd)


def receive_job(pipe: int, *, more: bool = False) -> bytes:
    """Waits, in the spare, for its job (or one of many); ends the process when there will be none."""
    head = _read(pipe, _SIZE.size)
    job = _read(pipe, _SIZE.unpack(head)[0]) if head is not None else None
    if job is None:
        os._exit(0)
    if not more:
        os.close(pipe)
    return job


def _write(fd: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(fd, left) :]


def _read(fd: int, size: int) -> bytes | None:
    found = bytearray()
    while len(found) < size:
        with suppress(InterruptedError):
            part = os.read(fd, size - len(found))
            if not part:
                return None
            found += part
    return bytes(found)
