"""Whether a search fails from its first trial on: whoever waits for its end in a script sees no dashboard."""

from __future__ import annotations

import logging

from hpo_widgets.model.task import TaskRecord, TaskState

logger = logging.getLogger(__name__)

ALL_FAIL = 3
"""Trials that fail first until somebody is told."""
LONGEST = 300
"""Characters of an error that are told."""


class FirstFailures:
    """Counts the trials that have failed before any other has ended otherwise.

    Args:
        study: The study's name.
    """

    def __init__(self, study: str) -> None:
        self._study = study
        self._count: int | None = 0

    def note(self, task: TaskRecord) -> None:
        """Takes in how a trial has ended for good; logs a warning once, when the first few have all failed."""
        if self._count is None or task.state is not TaskState.FAILED:
            self._count = None
            return
        self._count += 1
        if self._count == ALL_FAIL:
            last = (task.error or "no error").strip().splitlines()[-1][:LONGEST]
            said = "the first %d trials of the study %r have all failed, the last one with %s; stop() ends the search"
            logger.warning(said, ALL_FAIL, self._study, last, extra={"action": "all-fail"})
