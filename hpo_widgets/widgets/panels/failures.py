"""The failures: those that are one failure together, with what their parameters share."""

from __future__ import annotations

from html import escape
from typing import Any

from hpo_widgets.charts.failures import FAILED, group_failures
from hpo_widgets.widgets import words
from hpo_widgets.widgets.feed import StudyFeed
from hpo_widgets.widgets.panels.actions import available
from hpo_widgets.widgets.panels.base import Message, Panel
from hpo_widgets.widgets.panels.control import carry_out
from hpo_widgets.widgets.picture import LIVE


class Failures(Panel):
    """Tells the groups when a task has failed since the last time."""

    name = "failures"
    title = "Failures"
    place = "wide"

    def __init__(self, feed: StudyFeed) -> None:
        super().__init__(feed)
        self._seen = 0
        self._key: Any = None
        self._content: dict[str, Any] = {"groups": [], "retry": False, "total": 0}

    def news(self) -> Message | None:
        """Gives the groups if they changed."""
        rows = self.feed.changed(self._seen)
        self._seen = self.feed.version
        retry = "retry" in available(self.feed.study) and self.feed.study.state in LIVE
        key = (retry, self.feed.version > 0)
        if key == self._key and not any(row.task.state in FAILED for row in rows):
            return None
        self._key = key
        tasks = [row.task for row in self.feed.changed(0)]
        groups = [group.to_json() for group in group_failures(tasks)]
        self._content = {"groups": groups, "retry": retry, "total": len(tasks)}
        return self.whole()

    def whole(self) -> Message:
        """Gives the groups as they were told last."""
        return Message(content=self._content)

    def hear(self, message: dict[str, Any]) -> Any:
        """Runs failed trials again."""
        return carry_out(self.feed, message)

    def static(self) -> str:
        """Gives a line a failure."""
        groups = self._content["groups"]
        if not groups:
            return ""
        lines = "".join(f"<li>{group['count']} × {escape(words.cut(group['title']))}</li>" for group in groups)
        return f"<p>Failures:</p><ul>{lines}</ul>"
