"""The budget: what each limit allows, what is used and left, and when it will be spent."""

from __future__ import annotations

import time
from typing import Any

from hpo_widgets.charts.budget import Spending, end_of
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.reason_words import why_ended
from hpo_widgets.model.study import StudyRecord
from hpo_widgets.widgets import words
from hpo_widgets.widgets.feed import StudyFeed
from hpo_widgets.widgets.panels.base import Message, Panel
from hpo_widgets.widgets.picture import LIVE


class Budget(Panel):
    """Tells the lines of the budget when anything but the clock has moved."""

    name = "budget"
    title = "Budget"

    def __init__(self, feed: StudyFeed) -> None:
        super().__init__(feed)
        self._spending = Spending()
        self._seen = 0
        self._key: Any = None
        self._content: dict[str, Any] = {}

    def news(self) -> Message | None:
        """Gives the lines if they changed."""
        rows, asked = self.feed.changed(self._seen), self.feed.asked(self._seen)
        self._seen = self.feed.version
        for row in rows:
            self._spending.put(row.task, row.result)
        for request in asked:
            self._spending.take(request)
        record, state, now = self.feed.record, self.feed.study.state, time.time()
        terminator = _terminator(record, self.feed.study.weighed, live=state in LIVE)
        key = (state, record.limits, record.reason, terminator)
        if not rows and key == self._key:
            return None
        self._key = key
        live = state in LIVE
        why = "" if live else why_ended(record.reason, Limits.from_json(record.limits))
        lines = self._spending.lines(record, now, live=live, moving=state == "running")
        self._content = {
            "lines": [line.to_json() for line in lines],
            "end": end_of(lines),
            "live": live,
            "ended": f"Ended: {why}." if why else "",
            "running": self._spending.running,
            "terminator": terminator,
            "now": now,
        }
        return self.whole()

    def whole(self) -> Message:
        """Gives the lines as they were told last."""
        return Message(content=self._content)


def _terminator(record: StudyRecord, figure: str, *, live: bool) -> str:
    """Says what is known of the terminator in force; the figure of one that has ended the study is in its reason."""
    rule = Limits.from_json(record.limits).rule
    if rule is None or not live:
        return ""
    return words.cut(figure) or f"{rule}; how far it is, the kernel that runs the study knows."
