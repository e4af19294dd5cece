"""When a search that died, or its agent, gave its last sign of life: what was dead is not charged to any limit."""

from __future__ import annotations

from collections.abc import Iterable

from hpo_widgets.model.study import RESTED_SINCE, RequestKind, StudyRecord
from hpo_widgets.model.task import TaskRecord, TaskState
from hpo_widgets.store.base import Store


def task_sign(store: Store, task: TaskRecord) -> float:
    """Gives when a task is last known to have been alive: its end, else its last report, else its start."""
    if task.ended is not None:
        return task.ended
    began = task.created if task.started is None else task.started
    if task.state is not TaskState.RUNNING:
        return began
    return max((point.time for point in store.scalars(task.id)), default=began)


def agent_signs(store: Store, tasks: Iterable[TaskRecord]) -> dict[str | None, float]:
    """Gives by agent when any of its tasks last began, reported or ended: until then all of its tasks ran."""
    found: dict[str | None, float] = {}
    for task in tasks:
        found[task.agent] = max(found.get(task.agent, 0.0), task_sign(store, task))
    return found


def study_sign(store: Store, record: StudyRecord) -> float:
    """Gives when a study that does not run ended; for one whose process died, when it last gave a sign of life."""
    if record.ended is not None:
        return record.ended
    signs = [task_sign(store, task) for task in store.tasks(record.id)]
    # Going on is recorded too: it may have died again before it began a task.
    signs += [each.handled for each in store.requests(record.id) if each.kind is RequestKind.RESUME and each.handled]
    return max(signs, default=record.created if record.started is None else record.started)


def go_on(store: Store, record: StudyRecord, now: float) -> float:
    """Starts a study's clock, or lets it go on with what was spent; gives from when it counts (UTC seconds)."""
    sign = study_sign(store, record)
    started = now - (0.0 if record.started is None else max(0.0, sign - record.started))
    store.update_study(record.id, started=started)
    if record.started is not None:
        payload = {RESTED_SINCE: sign}
        again = store.request(RequestKind.RESUME, study=record.id, task=None, payload=payload, now=now)
        store.answer(again.id, now)
    return started
