"""When a search ends by its time limit, said before or while it runs (reference a3, d17)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from hpo_widgets.automation.minutes import seconds_of
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.study import StudyRecord
from hpo_widgets.model.task import Reason

AT_ONCE_S = 1e-3
"""Seconds of a limit that has passed already."""


class TimeLimit:
    """Keeps what was said last by `set_time_limit`; until then the limit of the constructor counts, from the start."""

    def __init__(self) -> None:
        self._said = False
        self._moment: float | None = None

    def set(self, in_minutes: float | None, specific_time: datetime | None, now: float) -> None:
        """Takes in minutes from `now` (UTC seconds) or a moment, which wins; neither means no limit.

        Raises:
            InvalidInput: For what is no number of minutes.
        """
        seconds = seconds_of(in_minutes, "in_minutes")
        if specific_time is not None:
            self._moment = specific_time.timestamp()
        else:
            self._moment = None if seconds is None else now + seconds
        self._said = True

    def at_start(self, limits: Limits, now: float) -> Limits:
        """Gives the limits that a study begins with at `now`.

        Raises:
            InvalidInput: When the moment has passed.
        """
        if not self._said:
            return limits
        if self._moment is not None and self._moment <= now:
            raise InvalidInput("the time limit has passed already; call set_time_limit() again before start().")
        return replace(limits, optimization_time_limit=None if self._moment is None else self._moment - now)

    def seconds_of(self, record: StudyRecord, now: float) -> float | None:
        """Gives the limit of a study that has begun, in seconds from its start."""
        return None if self._moment is None else max(AT_ONCE_S, self._moment - (record.started or now))

    def moment(self, record: StudyRecord | None) -> float | None:
        """Gives when it ends (UTC seconds), `None` for no limit, or one that counts from a start to come."""
        if self._said or record is None:
            return self._moment
        limit = record.limits.get("optimization_time_limit")
        return None if limit is None or record.started is None else record.started + float(limit)

    def is_reached(self, record: StudyRecord, now: float) -> bool:
        """Tells whether a study has ended by it, or is about to."""
        if record.reason == Reason.OPTIMIZATION_TIME_LIMIT.value:
            return True
        moment = self.moment(record)
        return moment is not None and (record.ended or now) > moment
