"""The control bar: where the study stands, what was asked of it, and what can be asked."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.widgets import words
from hpo_widgets.widgets.feed import StudyFeed
from hpo_widgets.widgets.panels.actions import act, is_action
from hpo_widgets.widgets.panels.base import Message, Panel
from hpo_widgets.widgets.panels.steering import Requests, fields_of, steering_head

LONGEST = 1000
"""Characters of an answer."""


class Control(Panel):
    """Tells what can be asked of the study and what was; carries out presses. Where it stands every page knows."""

    name = "control"
    title = "Study"
    place = "top"

    def __init__(self, feed: StudyFeed) -> None:
        super().__init__(feed)
        self._requests = Requests()
        self._seen = 0
        self._state: dict[str, Any] = {}

    def news(self) -> Message | None:
        """Gives what can be asked and what was, if that changed."""
        self._requests.put(self.feed.asked(self._seen))
        self._seen = self.feed.version
        state = steering_head(self.feed.study, self.feed.head(), self._requests, time.time())
        if state == self._state:
            return None
        self._state = state
        return self.whole()

    def whole(self) -> Message:
        """Gives it as it was told last."""
        return Message(content=self._state)

    def hear(self, message: dict[str, Any]) -> Any:
        """Carries out one press, or gives the fields of a form, or the time."""
        if message.get("op") == "clock":
            return {"now": time.time()}
        if message.get("op") == "fields":
            return {"fields": fields_of(self.feed.study, message)}
        return carry_out(self.feed, message)


def carry_out(feed: StudyFeed, message: Mapping[str, Any]) -> dict[str, str]:
    """Carries out what a panel's button asks for and gives what to say.

    Raises:
        HpoError: Why it had no effect.
    """
    op = str(message.get("op"))
    if not is_action(op):
        raise InvalidInput(f"{op!r:.80} is nothing that can be asked here.")
    return {"text": words.cut(act(feed.study, message), LONGEST)}
