"""Panel: how the objectives went over time, and what people and limits did meanwhile."""

from __future__ import annotations

from typing import Any

from hpo_widgets.model.limits import Limits
from hpo_widgets.model.reason_words import why_ended
from hpo_widgets.model.study import Request, RequestKind
from hpo_widgets.widgets import words
from hpo_widgets.widgets.feed import StudyFeed
from hpo_widgets.widgets.panels.base import Message, Panel

MOST = 200
"""Edits shown, the newest."""
WORDS = {
    RequestKind.PAUSE: "paused",
    RequestKind.RESUME: "resumed",
    RequestKind.DRAIN: "draining",
    RequestKind.STOP: "stopped",
    RequestKind.ENQUEUE: "trial added",
    RequestKind.SET_LIMITS: "limits",
}


class ObjectiveTime(Panel):
    """Shows the last value reported and the best so far, an objective a row, with edits and limits as markers."""

    name = "objective_time"
    title = "Objective over time"
    needs = ("plotly",)

    def __init__(self, feed: StudyFeed) -> None:
        super().__init__(feed)
        self._seen = 0
        self._edits: dict[int, list[Any]] = {}
        self._told: dict[str, Any] = {}

    def news(self) -> Message | None:
        """Gives all edits when there is a new one."""
        for request in self.feed.asked(self._seen):
            text = _text(request)
            if text:
                self._edits[request.id] = [request.time, text]
        self._seen = self.feed.version
        record = self.feed.record
        why = why_ended(record.reason, Limits.from_json(record.limits)) or "ended"
        ends = [[record.ended, words.cut(why)]] if record.ended is not None else []
        found = {"edits": [*list(self._edits.values())[-MOST:], *ends]}
        if found == self._told:
            return None
        self._told = found
        return Message(content=found)

    def whole(self) -> Message:
        """Gives all edits."""
        return Message(content=self._told)


def _text(request: Request) -> str:
    """Says what was asked of the study, an empty text when that is not worth a marker."""
    if request.kind not in WORDS or request.task is not None:
        return ""
    text = WORDS[request.kind]
    if request.kind is RequestKind.SET_LIMITS:
        changes = (f"{name} = {'none' if value is None else value}" for name, value in request.payload.items())
        text = f"{text}: {', '.join(changes)}"
    return words.cut(f"{text} (refused: {request.answer})" if request.answer else text)
