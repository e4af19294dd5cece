"""Task records made by hand."""

from __future__ import annotations

from typing import Any

from hpo_widgets.model.task import TaskRecord, TaskState


def task(key: int, state: TaskState = TaskState.RUNNING, error: str | None = None, **parameters: Any) -> TaskRecord:
    """Makes a task that began `key` seconds after 1000, and, when it has ended, took a second."""
    return TaskRecord(
        id=f"{key:032x}",
        key=key,
        study="s",
        trial=key,
        attempt=0,
        name=f"train {key}",
        state=state,
        reason=None,
        parameters=parameters or {"lr": key / 10},
        queue="q",
        agent=None,
        code=None,
        pid=None,
        created=1000.0 + key,
        started=1000.0 + key,
        ended=1001.0 + key if state.is_final else None,
        archived=False,
        error=error,
    )
