"""Panel: what the study teaches, by Optuna's own figures, worked out in a process of its own."""

from __future__ import annotations

import json
from collections import OrderedDict
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.study.insight import Answer, Insights
from hpo_widgets.widgets import words
from hpo_widgets.widgets.feed import StudyFeed
from hpo_widgets.widgets.page import publisher
from hpo_widgets.widgets.panels.base import Message, Panel

KINDS = {
    "importance": "Importance",
    "slice": "Slice",
    "contour": "Contour",
    "edf": "Distribution",
    "timeline": "Timeline",
    "pareto": "Pareto front",
}
KEPT = 12
"""Figures that are kept; the largest have half a megabyte."""
OPTIONS = ("kind", "objective", "x", "y")


class InsightPanel(Panel):
    """Shows importance, slices, contour, distribution, timeline and Pareto front.

    A page asks for the figure that it shows, and again when trials have ended since: what nobody looks at is not
    worked out, and what is still right is not worked out twice.
    """

    name = "insight"
    title = "Insight"
    place = "wide"
    needs = ("plotly",)

    def __init__(self, feed: StudyFeed) -> None:
        super().__init__(feed)
        self._insights = Insights(feed.study, self._answered)
        self._desk = publisher(feed.study.store)  # who holds it may change what is kept
        self._kept: OrderedDict[str, tuple[int, bytes]] = OrderedDict()
        self._asked: dict[str, int] = {}
        self._answers: list[Message] = []
        self._seen = 0
        self._at = 0
        """The feed's version at which the last task ended: figures of an earlier one are out of date."""

    def news(self) -> Message | None:
        """Gives one figure that is ready."""
        ended = [row.version for row in self.feed.changed(self._seen) if row.task.state.is_final]
        self._seen = self.feed.version
        with self._desk.hold():
            self._at = max([self._at, *ended])
            return self._answers.pop(0) if self._answers else None

    def whole(self) -> Message:
        """Gives the kinds there are; a page asks for figures itself."""
        single = len(self.feed.objectives) == 1
        kinds = [[kind, title] for kind, title in KINDS.items() if not (single and kind == "pareto")]
        return Message(content={"kinds": kinds})

    def hear(self, message: dict[str, Any]) -> dict[str, Any]:
        """Takes in that a page looks at a figure; gives whether it has to be worked out first."""
        question = {name: message[name] for name in OPTIONS if message.get(name) is not None}
        if question.get("kind") not in KINDS:
            raise InvalidInput(f"the kind of figure is {question.get('kind')!r}; there are {', '.join(KINDS)}.")
        key = json.dumps(question, sort_keys=True)
        with self._desk.hold():
            made, at = self._kept.get(key), self._at
            if made is not None and made[0] == at:
                self._answers.append(_told(key, made[1], "", 0.0))
                return {"key": key, "pending": False}
            if key in self._asked:
                return {"key": key, "pending": True}
            self._asked[key] = at
        self._insights.ask(question)
        return {"key": key, "pending": True}

    def close(self) -> None:
        """Ends the helper process."""
        self._insights.close()

    def _answered(self, answer: Answer) -> None:
        """Keeps an answer until the publisher's thread tells it; in the thread of the helper."""
        key = json.dumps(dict(answer.question), sort_keys=True)
        with self._desk.hold():
            at = self._asked.pop(key, -1)
            if not answer.error:
                self._kept[key] = at, answer.body
                self._kept.move_to_end(key)
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            self._answers.append(_told(key, answer.body, answer.error, answer.seconds))
        self._desk.look()


def _told(key: str, body: bytes, error: str, seconds: float) -> Message:
    content = {"key": key, "error": words.cut(error, 300), "seconds": seconds}
    return Message(content=content, buffers=[body] if body else [])
