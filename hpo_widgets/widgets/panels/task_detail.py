"""What the task view shows of one task, and what is new of it since the last look."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from hpo_widgets.errors import HpoError
from hpo_widgets.model.scalar import SINGLE_VALUE_ITERATION, Scalar
from hpo_widgets.model.task import TaskRecord
from hpo_widgets.study import Study
from hpo_widgets.widgets.panels.space_fields import text_of, trial_fields
from hpo_widgets.widgets.words import cut

OPEN = 4
"""Tasks that may be open at one time, in all tabs; the one opened first is no longer followed."""
LOG_TAIL = 64_000
"""Characters of a log that are sent when a task is opened, and at most at a time from then on."""
TEXT = 100_000
"""Characters of a source, a diff, a traceback."""
POINTS = 200
"""Points of a curve; the drawer is narrow."""
CURVES = 24
CURVES_S = 1.0
"""Shortest time between two looks at the curves of a running task."""
NOTE = 20_000
SOURCES = 8
"""Files of code."""


class TaskDetail:
    """Follows the tasks that are open in the task view. Not safe for two threads at once."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._open: OrderedDict[str, _Followed] = OrderedDict()

    def open(self, task: str) -> None:
        """Follows a task from here on; the next `take` gives all of it, also when it was open before.

        Raises:
            NotFound: When the study has no such task.
        """
        followed = _Followed(self._study, self._study.task(task))
        self._open.pop(task, None)
        self._open[task] = followed
        while len(self._open) > OPEN:
            self._open.popitem(last=False)

    def close(self, task: str) -> None:
        """Follows a task no longer."""
        self._open.pop(task, None)

    def take(self, now: float) -> list[dict[str, Any]]:
        """Gives what is new of each open task, nothing of those with nothing new."""
        found = []
        for followed in list(self._open.values()):
            message = followed.take(now)
            if message:
                found.append({"id": followed.task.id, **message})
        return found

    @property
    def is_open(self) -> bool:
        """Whether any task is followed."""
        return bool(self._open)


class _Followed:
    def __init__(self, study: Study, task: TaskRecord) -> None:
        self._study = study
        self.task = task
        self._new = True
        self._offset = 0
        self._points = -1
        self._looked = -math.inf
        self._done = False
        self._note: str | None = None

    def take(self, now: float) -> dict[str, Any]:
        record, note = self._study.task(self.task.id), self._study.store.card(self.task.id).comment[:NOTE]
        changed = self._new or record != self.task or note != self._note
        if self._done and not changed:
            return {}
        self.task, self._note = record, note
        message: dict[str, Any] = {"task": self._card()} if changed else {}
        if self._new:
            message["base"] = base_of(self._study)
            message["fields"] = trial_fields(self._study.config.space, self.task.parameters)
        message |= self._log(self._new)
        message |= self._curves(now)
        message["whole"] = self._new
        self._new = False
        # What was printed last may have been written after the state: one more look, then never again.
        self._done = self.task.state.is_final and set(message) == {"whole"}
        return message if set(message) > {"whole"} else {}

    def _card(self) -> dict[str, Any]:
        task = self.task
        return {
            "trial": task.trial,
            "attempt": task.attempt,
            "name": cut(task.name, 400),
            "state": task.state.value,
            "final": task.state.is_final,
            "reason": task.reason,
            "error": None if task.error is None else task.error[-TEXT:],
            "created": task.created,
            "started": task.started,
            "ended": task.ended,
            "agent": task.agent,
            "pid": task.pid,
            "archived": task.archived,
            "parameters": [[name, text_of(value)[:TEXT]] for name, value in task.parameters.items()],
            "artifacts": [_artifact(each) for each in self._study.artifacts(task.id)],
            "note": self._note,
        }

    def _log(self, whole: bool) -> dict[str, Any]:
        part = self._study.log(self.task.id, self._offset)
        self._offset = part.offset
        if not part.text:
            return {}
        text = part.text[-LOG_TAIL:]
        return {"log": {"text": text, "left_out": len(part.text) - len(text), "whole": whole}}

    def _curves(self, now: float) -> dict[str, Any]:
        if now - self._looked < CURVES_S and not self.task.state.is_final:
            return {}
        self._looked = now
        metrics = self._study.metrics(self.task.id)
        points = sum(each.points for each in metrics)
        if points == self._points:
            return {}
        self._points = points
        by_name: dict[str, list[Scalar]] = {}
        for point in self._study.scalars(self.task.id):
            title, series = point.metric
            by_name.setdefault(title if title == series else f"{title}/{series}", []).append(point)
        shown = list(by_name.items())[:CURVES]
        return {
            "curves": [[cut(name), len(points), thin(points)] for name, points in shown],
            "more_curves": len(by_name) - len(shown),
        }


def thin(points: list[Scalar], most: int = POINTS) -> list[list[Any]]:
    """Gives `[iteration, value]` of at most `most` points, evenly, the last one included; no number is `None`."""
    step = max(1, math.ceil(len(points) / most))
    kept = points[::-1][::step][::-1]
    return [
        [None if p.iteration == SINGLE_VALUE_ITERATION else p.iteration, p.value if math.isfinite(p.value) else None]
        for p in kept
    ]


def _artifact(each: Any) -> dict[str, Any]:
    return {
        "kind": each.kind,
        "name": cut(each.name, 300),
        "size": each.size,
        "type": cut(str(each.about.get("type", "")), 60),
        "preview": str(each.about.get("preview", ""))[:2000],
    }


def base_of(study: Study) -> dict[str, Any] | None:
    """Gives what the study runs and where: source, command, packages and git; `None` when its code is gone."""
    try:
        base = study.base_task
    except HpoError:
        return None
    if base is None:
        return None
    about: Mapping[str, Any] = base.about
    git = about.get("git") or {}
    sources = list((about.get("sources") or {}).items())[:SOURCES]
    return {
        "name": cut(base.name, 300),
        "kind": base.kind,
        "sources": [[cut(str(name), 300), _text(text)] for name, text in sources],
        "command": _text(about.get("command")),
        "python": _text(about.get("python")),
        "packages": [str(each)[:200] for each in (about.get("environment") or [])][:2000],
        "git": {key: _text(git.get(key)) for key in ("commit", "branch", "diff") if git.get(key)},
    }


def _text(value: Any) -> str:
    if value is None:
        return ""
    text = " ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    return text[:TEXT]
