"""Reports to the task that runs here, if one does."""

from __future__ import annotations

from typing import Any

from hpo_widgets.agents.reporter import current_task
from hpo_widgets.model.scalar import Metric


def report(title: str, series: str, value: Any, iteration: int | None) -> None:
    """Reports one point to the running task; does nothing outside of one. Without an iteration it counts on.

    Raises:
        TypeError: When the value is no number.
    """
    task = current_task()
    if task is None:
        return
    metric = Metric(title, series)
    if iteration is None:
        last = task.last.get(metric)
        iteration = 0 if last is None else last[0] + 1
    task.record(metric, value, iteration)


def task_id() -> str:
    """Gives the id of the running task, empty outside of one."""
    task = current_task()
    return "" if task is None else task.id
