"""The head of a dashboard: where the study stands, what was asked of it, and the answers to presses."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from hpo_widgets.model.study import Request, RequestKind
from hpo_widgets.study import Study
from hpo_widgets.widgets import words
from hpo_widgets.widgets.limit_fields import limit_fields, limit_text
from hpo_widgets.widgets.panels.actions import Message, available, exports
from hpo_widgets.widgets.panels.space_fields import range_fields, trial_fields
from hpo_widgets.widgets.picture import LIVE

REFUSALS_S = 60.0
"""How long a request that was refused stays in sight."""
SELECTED = 10_000
LONGEST = 1000


class Requests:
    """Keeps what was asked of a study and is not carried out yet, and what was refused. Pure."""

    def __init__(self) -> None:
        self._open: dict[int, str] = {}
        self._refused: deque[tuple[float, str]] = deque(maxlen=3)

    def put(self, requests: Iterable[Request]) -> None:
        """Takes in requests as they are now; what is asked of single tasks is seen in the tasks."""
        for each in requests:
            if each.kind is RequestKind.STOP_TASK:
                continue
            if each.handled is None:
                self._open[each.id] = each.kind.value
            else:
                self._open.pop(each.id, None)
                if each.answer is not None:
                    self._refused.append((each.handled, f"{each.kind.value.replace('_', ' ')}: {each.answer}"))

    def asked(self) -> list[str]:
        """Gives the kinds of what is under way."""
        return list(self._open.values())

    def refused(self, now: float) -> list[str]:
        """Gives what was refused lately."""
        return [words.cut(text, LONGEST) for time, text in self._refused if now - time < REFUSALS_S]


def steering_head(study: Study, head: Mapping[str, Any], requests: Requests, now: float) -> dict[str, Any]:
    """Gives what the control bar shows besides the head.

    Args:
        study: The study.
        head: As `StudyPicture.head` gives it.
        requests: What was asked.
        now: UTC seconds.
    """
    live = head["state"] in LIVE
    buttons = {
        "drain": head["state"] in ("running", "paused"),
        "limits": True,
        "trial": live or head["state"] == "created",
    }
    return {
        "buttons": buttons,
        "refused": requests.refused(now),
        "asked": requests.asked() if live else [],
        "can": available(study),
        "exports": exports(study),
    }


def fields_of(study: Study, message: Message) -> list[dict[str, Any]]:
    """Gives the fields of a form: `kind` is `limits`, `space` (with `tasks`: just around them) or `trial`."""
    kind = str(message.get("kind"))
    config = study.config
    if kind == "limits":
        return [
            {"name": f.name, "label": f.label, "text": limit_text(f, config.limits), "empty": f.empty, "hint": f.hint}
            for f in limit_fields()
        ]
    if kind == "space":
        chosen = message.get("tasks") or []
        return range_fields(config.space, [study.task(str(id)).parameters for id in chosen[:SELECTED]])
    best = study.top(1)
    return trial_fields(config.space, best[0].parameters if best else None)
