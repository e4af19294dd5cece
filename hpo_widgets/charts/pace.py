"""The pace of a study: how fast its trials end, without the time in which it rested."""

from __future__ import annotations

from collections import deque

from hpo_widgets.model.study import RESTED_SINCE, Request, RequestKind
from hpo_widgets.model.task import TaskRecord, TaskState

RECENT = 20
"""Ends of trials from which the pace is read: what happened long ago says little about now."""


class Pace:
    """Knows the last ends of trials, and the rests: while paused, stopped, or without a process. Does not grow."""

    def __init__(self) -> None:
        self._ends: deque[float] = deque(maxlen=RECENT)
        self._rests: deque[tuple[float, float]] = deque(maxlen=RECENT)
        self._paused: float | None = None

    def put(self, task: TaskRecord) -> None:
        """Takes in a task that has ended, once; one that runs again for no fault of its own is no trial less to do."""
        if task.state is not TaskState.LOST and not task.interrupted:
            self._ends.append(task.ended or task.created)

    def take(self, request: Request) -> None:
        """Takes in what was asked of the study, in order; only what was carried out makes a difference."""
        if request.handled is None or request.answer is not None or request.task is not None:
            return
        if request.kind is RequestKind.PAUSE and self._paused is None:
            self._paused = request.handled
        elif request.kind is RequestKind.RESUME:
            begins = [each for each in (self._paused, request.payload.get(RESTED_SINCE)) if each is not None]
            self._paused = None
            if begins:
                self._rests.append((min(begins), request.handled))

    def until(self, count: float, now: float) -> float | None:
        """Gives seconds until so many more trials have ended, if the study goes on now; `None` before two ends."""
        if len(self._ends) < 2:
            return None
        first, last = min(self._ends), max(self._ends)
        pace = self._worked(first, last) / (len(self._ends) - 1)
        return max(0.0, pace * count - self._worked(last, now))

    def _worked(self, begin: float, end: float) -> float:
        """Gives the seconds between two moments in which it did not rest: a pause rests once nothing ends in it."""
        found = end - begin
        for since, until in self._rests:
            still = max(since, begin, *(each for each in self._ends if each <= until))
            found -= max(0.0, min(until, end) - still)
        return max(0.0, found)
