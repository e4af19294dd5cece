"""Processes that a command starts, watches and ends: what they print is shown and kept, none outlives the command."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hpo_widgets.agents.console import CappedLog
from hpo_widgets.agents.console_marks import VARIABLE, MarkedOutput
from hpo_widgets.agents.orphans import die_with_parent
from hpo_widgets.errors import InvalidInput

CHUNK = 1 << 16
"""Bytes read from a process at once."""
LINE = 1 << 14
"""Bytes after which a line is shown although it has not ended."""


OPEN_LOGS = 16
"""Logs of tasks that a process keeps open: tasks may run side by side in it, and a log is written from one opening."""


@dataclass(kw_only=True)
class Child:
    """Is one process."""

    number: int
    process: subprocess.Popen[bytes]
    started: float
    path: Path
    """Where its output is kept."""
    log: CappedLog
    out: int
    """The read end of what it prints."""
    output: MarkedOutput
    task_logs: dict[str, CappedLog] = field(default_factory=dict)
    """Where what the tasks printed that it ran last is kept."""
    rest: bytes = b""
    """The line that has not ended yet."""

    @property
    def pid(self) -> int:
        """Id of the process, which leads a group and a session of its own."""
        return self.process.pid

    def keep(self, data: bytes, task: str | None, path_of_task: Callable[[str], Path]) -> None:
        """Keeps what it printed, and with the task that printed it."""
        self.log.write(data)
        if task is None:
            return
        if task not in self.task_logs:
            if len(self.task_logs) == OPEN_LOGS:
                self.task_logs.pop(next(iter(self.task_logs))).close()
            self.task_logs[task] = CappedLog(path_of_task(task))
        self.task_logs[task].write(data)

    def close(self) -> None:
        """Closes what it printed into, and the files."""
        os.close(self.out)
        for log in (self.log, *self.task_logs.values()):
            log.close()


class Children:
    """Is the processes of one command, all started with the same words.

    They are started and watched from the main thread, and no thread reads them: on Linux a process is killed when the
    thread that forked it ends, and forking is safe while there are no others.

    Args:
        words: The command line.
        env: The environment; each process is told its number on top.
        kept: Gives the path of the file for the output of the process with this number.
        kept_of_task: Gives the path of the file for what a task printed that one of them has run, see `console_marks`.
        show: Is given each line as it comes, with the number of its process.
    """

    def __init__(
        self,
        words: Sequence[str],
        env: Mapping[str, str],
        kept: Callable[[int], Path],
        kept_of_task: Callable[[str], Path],
        show: Callable[[int, str], None],
    ) -> None:
        self._words, self._env, self._show = list(words), dict(env), show
        self._kept, self._kept_of_task = kept, kept_of_task
        self._selector = selectors.DefaultSelector()
        self._started = 0
        self.living: list[Child] = []

    def start(self) -> Child:
        """Starts one more.

        Raises:
            InvalidInput: When the system cannot.
        """
        number = self._started + 1
        out, into = os.pipe()
        output = MarkedOutput(out)
        try:
            process = subprocess.Popen(
                self._words,
                env={**self._env, "COMET_OPTIMIZER_PROCESS_ID": str(number - 1), VARIABLE: output.variable},
                stdin=subprocess.DEVNULL,
                stdout=into,
                stderr=into,
                start_new_session=True,  # a Ctrl-C at the terminal is the command's to pass on
                preexec_fn=_bind(os.getpid()),  # noqa: PLW1509 - there are no other threads
            )
        except OSError as error:
            os.close(out)
            raise InvalidInput(f"{self._words[0]!r} cannot be started: {error.strerror}.") from error
        finally:
            os.close(into)
        self._started = number
        path = self._kept(number)
        log = CappedLog(path)
        child = Child(number=number, process=process, started=time.time(), path=path, log=log, out=out, output=output)
        os.set_blocking(out, False)
        self._selector.register(child.out, selectors.EVENT_READ, child)
        self.living.append(child)
        return child

    def pump(self, seconds: float) -> list[tuple[Child, int]]:
        """Shows and keeps what has been printed, waiting for some; gives those that have ended and how."""
        if self._selector.get_map():
            for key, _ in self._selector.select(seconds):
                self._read(key.data)
        else:  # all have closed what they print to, and run on
            time.sleep(seconds)
        ended = []
        for child in list(self.living):
            code = child.process.poll()
            if code is not None:
                self._part(child, code)
                ended.append((child, code))
        return ended

    def signal(self, number: int) -> None:
        """Sends a signal to the group of each."""
        for child in self.living:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, number)

    def _read(self, child: Child) -> bool:
        """Takes one piece in; tells whether there was one."""
        try:
            data = os.read(child.out, CHUNK)
        except BlockingIOError:
            return False
        if not data:
            self._selector.unregister(child.out)
        for task, piece in child.output.take(data, last=not data):
            self._keep(child, task, piece)
        return bool(data)

    def _keep(self, child: Child, task: str | None, data: bytes) -> None:
        """Keeps a piece with the process and with the task that printed it, and shows the lines that it ends."""
        child.keep(data, task, self._kept_of_task)
        *lines, child.rest = (child.rest + data).split(b"\n")
        if len(child.rest) > LINE:
            lines, child.rest = [*lines, child.rest], b""
        for line in lines:
            self._show(child.number, _text(line))

    def _part(self, child: Child, code: int) -> None:
        """Takes leave of one that has ended: what it started and left behind ends too when it ended badly."""
        if code:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
        registered: Any = self._selector.get_map()
        while child.out in registered and self._read(child):
            pass
        if child.out in registered:  # somebody it has started still holds the other end
            self._selector.unregister(child.out)
            for task, piece in child.output.take(b"", last=True):
                self._keep(child, task, piece)
        if child.rest:
            self._show(child.number, _text(child.rest))
        child.close()
        self.living.remove(child)


def _bind(parent: int) -> Callable[[], None]:
    def bind() -> None:
        die_with_parent()
        if os.getppid() != parent:  # it died before the line above took effect
            os._exit(1)

    return bind


def _text(line: bytes) -> str:
    """Gives a line as text; of one that was written over itself, as progress bars do, what was seen last."""
    return line.decode("utf-8", "replace").rstrip("\r").rpartition("\r")[2]
