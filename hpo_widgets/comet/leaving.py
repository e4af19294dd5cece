"""Ends the experiments that a loop leaves open: after `break`, after an error, at the end of the process."""

from __future__ import annotations

import atexit
import contextlib
import os
from collections.abc import Callable, Iterable
from typing import Any

from hpo_widgets.comet.ending import Ending, ending_of
from hpo_widgets.comet.surroundings import shell, uncaught
from hpo_widgets.errors import HpoError

BROKEN_OFF = "the loop was left"
PROCESS_OVER = "the process ended"


class Leaving:
    """Waits for the end of the notebook's cell, and for that of the process.

    A generator that is closed cannot tell a `break` from an error; the end of the cell or process can. So what a loop
    left is ended there, or as soon as the optimizer is used again, which after an error nobody does.

    Args:
        end: Ends a task of this process if it is open.
        still_open: Gives the tasks of this process that are open.
        leave: Is called when the process ends and all is recorded.
    """

    def __init__(
        self,
        end: Callable[[str, Ending], None],
        still_open: Callable[[], Iterable[str]],
        leave: Callable[[], None],
    ) -> None:
        self._end, self._still_open, self._leave = end, still_open, leave
        self._left: set[str] = set()
        self._shell: Any = None
        self._pid: int | None = None

    def begin(self) -> None:
        """Has the process's end reported from now on."""
        if self._pid != os.getpid():
            self._pid = os.getpid()
            atexit.register(self._at_exit)

    def watch_cell(self) -> None:
        """Has the end of the notebook's present cell reported."""
        found = shell()
        if found is not None and self._shell is None:
            self._shell = found
            found.events.register("post_run_cell", self._after_cell)

    def left(self, task: str) -> None:
        """Notes that the loop which runs a task is over."""
        self._left.add(task)
        self.watch_cell()

    def settle(self) -> None:
        """Ends what loops have left; called when the optimizer is used again: no error has ended the program."""
        self._end_left(None)

    def _end_left(self, error: BaseException | None) -> None:
        for task in list(self._left):
            self._end(task, ending_of(error, BROKEN_OFF))
            self._left.discard(task)

    def _after_cell(self, result: Any) -> None:
        if self._pid != os.getpid():
            return
        self._shell.events.unregister("post_run_cell", self._after_cell)
        self._shell = None
        self._end_left(result.error_before_exec or result.error_in_exec)

    def _at_exit(self) -> None:
        if self._pid != os.getpid():
            return
        ending = ending_of(uncaught(), PROCESS_OVER)
        for task in list(self._still_open()):
            with contextlib.suppress(HpoError):  # the next process that asks finds this one gone
                self._end(task, ending)
        with contextlib.suppress(HpoError):
            self._leave()
