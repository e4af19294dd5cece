"""What is new in one study, read once for all that shows it; everybody takes it at their own pace."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Collection
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from hpo_widgets.model.delta import Cursor, Delta
from hpo_widgets.model.result import Result
from hpo_widgets.model.scalar import Metric
from hpo_widgets.model.study import Request
from hpo_widgets.model.task import TaskRecord
from hpo_widgets.study import Study
from hpo_widgets.widgets.curves import Curves
from hpo_widgets.widgets.reader import StudyReader
from hpo_widgets.widgets.trial_chart import merge


class Row(NamedTuple):
    """Is where one task stands."""

    version: int
    """The feed's version that brought it."""
    task: TaskRecord
    result: Result | None
    at: float
    """UTC seconds at which its value was reached, as far as the feed saw: its end, or when it was read."""


class StudyFeed(StudyReader):
    """Follows a study and knows every task, request and followed curve as they are now.

    A reader keeps the `version` it has seen and asks what changed `since`: that costs what changed, and nothing is
    kept for readers that come or go. Not safe for two threads at once: whoever holds the publisher may use it.
    """

    def __init__(self, study: Study) -> None:
        super().__init__(study)
        self.version = 0
        self.curves = Curves(study)
        self._rows: OrderedDict[int, Row] = OrderedDict()
        self._keys: dict[str, int] = {}
        self._requests: OrderedDict[int, tuple[int, Request]] = OrderedDict()
        self._chart: dict[str, Any] = {"width": 1, "points": []}

    def read(self) -> bool:
        """Takes in what is new; tells whether there was anything."""
        self.version += 1
        changed = super().read()
        if not changed:
            self.version -= 1
        return changed

    def _metrics(self) -> Collection[Metric] | None:
        # The first look would read every point of the study: curves are loaded when somebody follows them.
        return None if self._cursor != Cursor() and self.curves.followed else ()

    def _put(self, task: TaskRecord, result: Result | None) -> None:
        super()._put(task, result)
        known = self._rows.pop(task.key, None)
        same = known is not None and known.result == result and known.task.ended == task.ended
        at = known.at if same and known else task.ended or (time.time() if self._cursor != Cursor() else task.started)
        self._rows[task.key] = Row(self.version, task, result, at or task.created)
        self._keys[task.id] = task.key

    def _took(self, delta: Delta) -> None:
        super()._took(delta)
        for request in delta.requests:
            self._requests.pop(request.id, None)
            self._requests[request.id] = self.version, request
        self.curves.take(delta.scalars)

    def chart(self) -> dict[str, Any]:
        """Gives `width` and `points` of the small chart, see `TrialChart`."""
        change = self.picture.chart.take()
        if change is not None:
            merge(self._chart["points"], change)
            self._chart["width"] = change.width
        return self._chart

    # -- for readers -----------------------------------------------------------------------------------------------
    def changed(self, since: int) -> list[Row]:
        """Gives the tasks that changed after a version, in the order of their last change."""
        found: list[Row] = []
        for row in reversed(self._rows.values()):
            if row.version <= since:
                break
            found.append(row)
        return found[::-1]

    def asked(self, since: int) -> list[Request]:
        """Gives the requests that are new or were handled after a version."""
        found: list[Request] = []
        for version, request in reversed(self._requests.values()):
            if version <= since:
                break
            found.append(request)
        return found[::-1]

    def row(self, key: int) -> Row | None:
        """Gives where a task stands by the store's number of it."""
        return self._rows.get(key)

    def key(self, task: str) -> int | None:
        """Gives the store's number of a task."""
        return self._keys.get(task)


_feeds: WeakValueDictionary[tuple[int, str], StudyFeed] = WeakValueDictionary()


def feed_of(study: Study) -> StudyFeed:
    """Gives the feed of a study: one as long as anybody holds it."""
    key = id(study.store), study.id
    feed = _feeds.get(key)
    if feed is None:
        feed = _feeds[key] = StudyFeed(study)
    return feed
