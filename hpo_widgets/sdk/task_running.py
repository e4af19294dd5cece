"""The task whose code runs in this process: one that an agent has started, or the process's own (`Task.init`)."""

from __future__ import annotations

import os
from functools import partial

from hpo_widgets.agents import reporter
from hpo_widgets.agents.launcher import Job
from hpo_widgets.agents.reporter import RunningTask
from hpo_widgets.model.stint import Handover, Stint
from hpo_widgets.model.task import TaskRecord
from hpo_widgets.store.base import Store
from hpo_widgets.store.location import open_store


class _Process:
    """Holds the process's own task."""

    own: RunningTask | None = None
    pid: int | None = None


def under_agent() -> RunningTask | None:
    """Gives the task that an agent has started and whose code is running here; `None` elsewhere."""
    running = reporter.current_task()
    return None if running is None or running is _Process.own else running


def own() -> RunningTask | None:
    """Gives the task that this process has begun for itself; `None` in processes that it has forked."""
    return _Process.own if _Process.pid == os.getpid() else None


def set_own(running: RunningTask | None) -> None:
    """Makes a task this process's own: what reports to the current task reports to it, from any thread."""
    _Process.own, _Process.pid = running, os.getpid()
    reporter._Process.task = running


def store_of(running: RunningTask) -> Store:
    """Gives the store that a running task reports to; its own connection in a process that the task has forked."""
    folder = running._store.folder
    if running._pid != os.getpid() and folder is not None:
        return open_store(folder)
    return running._store


def handle_of(store: Store, record: TaskRecord) -> RunningTask:
    """Gives what reports to any task of a store."""
    stint, handover = Stint.of(record.memo), Handover.of(record.memo)
    job = Job(
        task=record.id,
        key=record.key,
        name=record.name,
        trial=record.trial,
        parameters=record.parameters,
        code=record.code or "",
        budget=None if stint is None else stint.budget,
        checkpoint=None if handover is None else handover.checkpoint,
    )
    return RunningTask(job, store, None if store.folder is None else partial(open_store, store.folder))
