"""The tasks of a fork server: each one's process, console and end, and the orphans that belong to it."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass, field

from hpo_widgets.agents import orphans
from hpo_widgets.agents.console import CappedLog
from hpo_widgets.agents.spares import Spare

CHUNK = 1 << 16
"""Bytes read from a console at once: as many as a pipe holds."""


@dataclass
class Running:
    """Is one task that runs, as the fork server sees it."""

    task: str
    pid: int
    console: int
    """Read end of the pipe that is its stdout and stderr."""
    log: CappedLog
    spare: Spare | None = None
    """The process that will be free again after it; `None` when that ends with the task."""
    inode: int = field(init=False)
    """Of the console's pipe: whoever holds it belongs to the task."""
    kill_at: float | None = None
    """Monotonic seconds when its grace is over."""
    stopped: bool = False
    closed: bool = False

    def __post_init__(self) -> None:
        self.inode = os.fstat(self.console).st_ino

    @property
    def marks(self) -> set[tuple[str, int]]:
        """What its processes are known by: their session, and the pipe they print to."""
        return {("session", self.pid), ("pipe", self.inode)}

    def pump(self) -> bool:
        """Moves what the task has printed to its log; tells whether more can come."""
        if self.closed:
            return False
        try:
            data = os.read(self.console, CHUNK)
        except BlockingIOError:
            return True
        self.log.write(data)
        return bool(data)

    def stop(self, grace: float) -> None:
        """Asks the task's processes to end, and notes when to kill them."""
        self.stopped = True
        due = time.monotonic() + grace
        self.kill_at = due if self.kill_at is None else min(due, self.kill_at)
        if grace > 0:
            orphans.end_group(self.pid, signal.SIGTERM)
            orphans.end_group(self.pid, signal.SIGCONT)
        else:
            self.kill()

    def kill(self) -> None:
        """Kills the task's process group."""
        self.kill_at = None
        orphans.end_group(self.pid, signal.SIGKILL)

    @property
    def fds(self) -> tuple[int, ...]:
        """File descriptors of the server that belong to it."""
        return (self.console,) if self.spare is None else self.spare.fds

    def close(self) -> None:
        """Reads what is left in the pipe, once, and lets go of it."""
        self.leave()
        for fd in self.fds:
            os.close(fd)

    def leave(self) -> None:
        """Reads what is left in the pipe, once, and closes the log; the process may go on."""
        for _ in range(2):
            self.pump()
        self.closed = True
        self.log.close()


class Orphanage:
    """Finds and kills what ended tasks have left behind, and spares what belongs to tasks that run."""

    def __init__(self) -> None:
        self._session = orphans.session(0)
        self._ended: set[tuple[str, int]] = set()
        """Sessions and pipes of ended tasks of which something may live."""

    def ended(self, running: Running) -> None:
        """Notes that a task has ended: its processes are fair game."""
        self._ended |= running.marks

    def sweep(self, running: dict[int, Running], spares: set[int]) -> int:
        """Kills orphans of ended tasks; those of unknown origin when no task runs. Gives how many orphans there are.

        Args:
            running: The tasks that run, by process id.
            spares: Process ids of spares.
        """
        found = orphans.children() - running.keys() - spares
        if found:  # helpers that an imported module started are the server's own; a task's are in another session
            found = {pid for pid in found if orphans.session(pid) != self._session}
        if not found:
            self._ended.clear()
            return 0
        tasks = {r.task for r in running.values()}
        alive = {mark for r in running.values() for mark in r.marks}
        for pid in found:
            if not running or self._is_of_ended(pid, tasks, alive):
                orphans.end(pid)
        return len(found)

    def _is_of_ended(self, pid: int, tasks: set[str], alive: set[tuple[str, int]]) -> bool:
        task = orphans.variable(pid, orphans.TASK_VARIABLE)
        if task is not None:
            return task not in tasks
        marks = {("pipe", inode) for inode in orphans.pipes(pid)} | {("session", orphans.session(pid))}
        return not marks & alive and bool(marks & self._ended)
