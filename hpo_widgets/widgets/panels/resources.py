"""The resources: who serves the study, what runs and waits, and what each running task takes of the machine."""

from __future__ import annotations

import time
from typing import Any

import psutil

from hpo_widgets.study.observing import Resources as Measured
from hpo_widgets.widgets import words
from hpo_widgets.widgets.feed import StudyFeed
from hpo_widgets.widgets.panels.base import Message, Panel
from hpo_widgets.widgets.picture import LIVE

LOOK_S = 2.0
"""Shortest time between two looks at processes: asking the system costs milliseconds."""
LISTED = 64
"""Running tasks that are listed; all are counted."""


class Resources(Panel):
    """Tells a new measurement every two seconds while the study is live, and one when it has ended."""

    name = "resources"
    title = "Resources"

    def __init__(self, feed: StudyFeed) -> None:
        super().__init__(feed)
        self._looked = 0.0
        self._was_live = True
        self._content: dict[str, Any] = {}

    def news(self) -> Message | None:
        """Gives a measurement when one is due."""
        now, live = time.time(), self.feed.study.state in LIVE
        due = live and now - self._looked >= LOOK_S
        if not due and self._was_live == live and self._content:
            return None
        self._looked, self._was_live = now, live
        self._content = measured(self.feed.study.resources(), now)
        return self.whole()

    def whole(self) -> Message:
        """Gives the last measurement."""
        return Message(content=self._content)


def measured(found: Measured, now: float) -> dict[str, Any]:
    """Gives what the page shows of a measurement."""
    memory = psutil.virtual_memory()
    tasks = []
    for task in found.running[:LISTED]:
        load = found.loads.get(task.id)
        tasks.append(
            {
                "trial": task.trial,
                "key": task.key,
                "id": task.id,
                "seconds": task.duration(now) or 0.0,
                "cpu": load.cpu if load else None,
                "memory": load.memory if load else None,
                "gpu_memory": load.gpu_memory if load else None,
                "processes": load.processes if load else None,
                "pid": task.pid,
                "where": words.cut(task.agent or ""),
            }
        )
    return {
        "servers": [vars(server) for server in found.servers],
        "slots": sum(server.slots for server in found.servers),
        "running": len(found.running),
        "pending": found.pending,
        "cores": psutil.cpu_count() or 1,
        "memory": {"free": memory.available, "total": memory.total},
        "has_gpu": any(load.gpu_memory is not None for load in found.loads.values()),
        "gpus": list(found.gpus),
        "tasks": tasks,
    }
