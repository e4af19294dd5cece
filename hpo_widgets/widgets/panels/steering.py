"""The head of a dashboard: where the study stands, what was asked of it, and the answers to presses."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from hpo_widgets.model.study import Request, RequestKind
from hpo_widgets.study import Study
from hpo_widgets.widgets import words
from hpo_widgets.widgets.panels.actions import Message, act, available, exports, is_action, limit_fields
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
    """Gives what the head of a dashboard shows.

    Args:
        study: The study.
        head: As `StudyPicture.head` gives it.
        requests: What was asked.
        now: UTC seconds.
    """
    live = head["state"] in LIVE
    buttons = {
        **head["buttons"],
        "drain": head["state"] in ("running", "paused"),
        "limits": live,
        "trial": live or head["state"] == "created",
        "space": True,
    }
    shown = {name: value for name, value in head.items() if name not in ("top", "label")}
    return {
        **shown,
        "buttons": buttons,
        "notices": [*head["notices"], *requests.refused(now)],
        "asked": requests.asked() if live else [],
        "can": available(study),
        "exports": exports(study),
    }


def answer(study: Study, message: Message) -> dict[str, Any] | None:
    """Carries out one message of the control bar; gives what to send back, `None` when it is not for the bar."""
    op = str(message.get("op"))
    if op == "fields":
        return {"fields": _fields(study, message)}
    if not is_action(op):
        return None
    token = message.get("token")
    try:
        return {"answers": [{"token": token, "ok": True, "text": words.cut(act(study, message), LONGEST)}]}
    except Exception as error:  # noqa: BLE001 - whatever it was is shown in the notice strip
        text = f"{op.replace('_', ' ').capitalize()} had no effect: {error}"
        return {"answers": [{"token": token, "ok": False, "text": words.cut(text, LONGEST)}]}


def _fields(study: Study, message: Message) -> dict[str, Any]:
    kind, token = str(message.get("kind")), message.get("token")
    try:
        return {"kind": kind, "token": token, "fields": _read_fields(study, kind, message)}
    except Exception as error:  # noqa: BLE001 - whatever it was is shown in the notice strip
        return {"kind": kind, "token": token, "problem": words.cut(str(error), LONGEST)}


def _read_fields(study: Study, kind: str, message: Message) -> list[dict[str, Any]]:
    config = study.config
    if kind == "limits":
        return list(limit_fields(config.limits))
    if kind == "space":
        chosen = message.get("tasks") or []
        return range_fields(config.space, [study.task(str(id)).parameters for id in chosen[:SELECTED]])
    best = study.top(1)
    return trial_fields(config.space, best[0].parameters if best else None)
