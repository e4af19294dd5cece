"""Studies as the dashboard's benchmarks want them: filled by hand, without an engine or tasks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hpo_widgets.engine.ownership import this_process
from hpo_widgets.model.config import StudyConfig
from hpo_widgets.model.objective import parse_objectives
from hpo_widgets.model.scalar import Metric
from hpo_widgets.model.space_shorthand import as_space
from hpo_widgets.model.study import StudyState
from hpo_widgets.model.task import TaskState
from hpo_widgets.store.base import NewTask, Store
from hpo_widgets.store.location import open_store
from hpo_widgets.study import Study

METRIC = Metric("loss", "loss")


def fill_study(store: Store, trials: int, points: int, *, running: bool, name: str = "s") -> tuple[str, list[int]]:
    """Writes a running study of this process; gives its id and the store's numbers of its tasks."""
    config = StudyConfig(name=name, space=as_space({"lr": (0.0, 1.0)}), objectives=parse_objectives("loss"))
    record = store.create_study(name, "", config.to_json(), time.time())
    store.own_study(record.id, this_process(), replacing=None, state=StudyState.RUNNING)
    now = time.time()
    news = [
        NewTask(study=record.id, trial=i, name=f"t {i}", parameters={"lr": i / trials}, queue="q", code=None)
        for i in range(trials)
    ]
    keys: list[int] = []
    with store.transaction():
        for task in store.create_tasks(news, now):
            store.move_task(task.id, TaskState.RUNNING, expect=[TaskState.QUEUED], started=now)
            store.record_scalars(task.key, ((METRIC, i, now, (task.key % 97) + 1 / (1 + i)) for i in range(points)))
            if not running:
                store.move_task(task.id, TaskState.COMPLETED, expect=[TaskState.RUNNING], ended=now)
            keys.append(task.key)
    return record.id, keys


@contextmanager
def filled_study(place: Path, trials: int, points: int, *, running: bool) -> Iterator[tuple[Study, list[int]]]:
    """Gives a study in a store of its own, and the store's numbers of its tasks."""
    store = open_store(place)
    id, keys = fill_study(store, trials, points, running=running)
    yield Study(store, id), keys
    store.close()


def grow(study: Study, keys: list[int], sent: int, per_curve: int) -> None:
    """Reports point number `sent` of a study whose curves had `per_curve` points: the curves take turns."""
    at = per_curve + sent // len(keys)
    study.store.record_scalars(keys[sent % len(keys)], [(METRIC, at, time.time(), 1.0 + (sent % 97) / (10 + at))])
