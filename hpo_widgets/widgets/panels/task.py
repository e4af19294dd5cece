"""The task view: all there is to know of the tasks that are open in it, as it is written."""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path
from typing import Any

from hpo_widgets.widgets.feed import StudyFeed
from hpo_widgets.widgets.panels.actions import available
from hpo_widgets.widgets.panels.base import Message, Panel
from hpo_widgets.widgets.panels.control import carry_out
from hpo_widgets.widgets.panels.task_detail import TaskDetail
from hpo_widgets.widgets.picture import LIVE


class TaskView(Panel):
    """Follows the open tasks; a page that comes later opens its own."""

    name = "task"
    title = "Task"
    place = "drawer"

    def __init__(self, feed: StudyFeed) -> None:
        super().__init__(feed)
        self._detail = TaskDetail(feed.study)
        self._wanted: deque[tuple[str, str]] = deque()

    def news(self) -> Message | None:
        """Gives what is new of the open tasks."""
        while self._wanted:
            op, task = self._wanted.popleft()
            if op == "open":
                self._detail.open(task)
            else:
                self._detail.close(task)
        found = self._detail.take(time.time()) if self._detail.is_open else []
        if not found:
            return None
        live = self.feed.study.state in LIVE
        can = [op for op in available(self.feed.study) if op != "retry" or live]
        return Message(content={"tasks": found, "can": can})

    def whole(self) -> Message:
        """Gives nothing: what is open belongs to the page that opened it."""
        return Message(content={})

    def hear(self, message: dict[str, Any]) -> Any:
        """Opens or closes a task, or carries out a press."""
        op, task = str(message.get("op")), str(message.get("task"))
        if op in ("open", "close"):
            if op == "open":
                self.feed.study.task(task)
            self._wanted.append((op, task))
            return {}
        if op == "notebook":
            return _open_notebook(self.feed, task, str(message.get("root") or ""))
        return carry_out(self.feed, message)


def _open_notebook(feed: StudyFeed, task: str, root: str) -> dict[str, Any]:
    """Copies a task's executed notebook to where the kernel works; gives its path from the root of the page's server.

    The store's folder is hidden, and a Jupyter server shows no hidden files.
    """
    path = feed.study.export_notebook(task)
    try:
        below = path.resolve().relative_to(Path(root).expanduser().resolve()).as_posix() if root else None
    except (OSError, ValueError, RuntimeError):  # the kernel works elsewhere, or on another machine
        below = None
    return {"file": path.name, "path": below}
