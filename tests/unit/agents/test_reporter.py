"""The handle of a running task."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from hpo_widgets.agents import reporter
from hpo_widgets.agents.launcher import Job
from hpo_widgets.agents.reporter import RunningTask, current_task, enter
from hpo_widgets.errors import StoreUnavailable, TaskAborted
from hpo_widgets.model.scalar import Metric
from hpo_widgets.store.base import NewTask
from hpo_widgets.store.memory import MemoryStore
from hpo_widgets.store.sqlite import SqliteStore


class FullStore(MemoryStore):
    """Is a store that cannot be written while it is full."""

    full = False

    def record_scalars(self, task_key: int, points: Iterable[tuple[Metric, int, float, float]]) -> None:
        if self.full:
            raise StoreUnavailable("no space left")
        super().record_scalars(task_key, points)


@pytest.fixture
def store() -> FullStore:
    return FullStore()


@pytest.fixture
def task(store: FullStore) -> RunningTask:
    new = NewTask(study=None, trial=2, name="t", parameters={"x": [1]}, queue="q", code=None)
    record = store.create_tasks([new], 0.0)[0]
    return RunningTask(Job(task=record.id, key=record.key, name="t", trial=2, parameters={"x": [1]}, code="c"), store)


def values(store: FullStore, task: RunningTask) -> list[float]:
    return [s.value for s in store.scalars(task.id)]


def test_it_knows_what_it_is(task: RunningTask) -> None:
    task.parameters["x"].append(2)

    assert (task.name, task.trial, task.parameters) == ("t", 2, {"x": [1]})


def test_points_without_an_iteration_count_on(task: RunningTask, store: FullStore) -> None:
    for value in (3.0, 2.0, 1.0):
        task.report("loss", value)
    task.report("other", 5)

    assert [(s.iteration, s.value) for s in store.scalars(task.id, Metric("loss", "loss"))] == [(0, 3), (1, 2), (2, 1)]
    assert task.last == {Metric("loss", "loss"): (2, 1.0), Metric("other", "other"): (0, 5.0)}


def test_what_is_not_finite_is_kept(task: RunningTask, store: FullStore) -> None:
    logger = task.get_logger()
    logger.report_scalar("a", "a", math.inf, 0)
    logger.report_scalar("a", "a", float("nan"), 1)

    assert values(store, task)[0] == math.inf and math.isnan(values(store, task)[1])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("a", "b", "0.5", 0), "'0.5' is of type str"),
        (("a", "b", None, 0), "None is of type NoneType"),
        (("a", "b", 0.5, 1.0), r"1\.0 is of type float"),
        ((1, "b", 0.5, 0), "the title must be text; 1 is of type int"),
    ],
)
def test_what_cannot_be_reported_is_named(task: RunningTask, store: FullStore, arguments: Any, says: str) -> None:
    with pytest.raises(TypeError, match=says):
        task.get_logger().report_scalar(*arguments)

    assert store.scalars(task.id) == []


def test_a_full_disk_does_not_fail_the_training(
    task: RunningTask, store: FullStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [100.0]
    monkeypatch.setattr(reporter.time, "monotonic", lambda: now[0])
    store.full = True
    for i in range(3):
        task.report("loss", i)
    store.full = False
    task.report("loss", 3)
    assert values(store, task) == []  # not tried again before its time

    now[0] += reporter.RETRY_S
    task.report("loss", 4)

    assert values(store, task) == [0, 1, 2, 3, 4]
    error = capsys.readouterr().err
    assert error.count("wait in memory") == 1 and "no space left" in error


def test_what_waits_is_written_at_the_end(task: RunningTask, store: FullStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.full = True
    task.report("loss", 1.0)

    def space_comes_back(_: float) -> None:
        store.full = False

    monkeypatch.setattr(reporter.time, "sleep", space_comes_back)
    task.flush()

    assert values(store, task) == [1.0]


def test_a_stopped_task_records_nothing_more(task: RunningTask, store: FullStore) -> None:
    task.report("loss", 1.0)
    task.abort()

    for call in (lambda: task.report("loss", 2.0), lambda: task.get_logger().report_text("x")):
        with pytest.raises(TaskAborted):
            call()
    assert values(store, task) == [1.0]


def test_checkpoints_of_a_store_in_memory_lie_in_a_folder_too(task: RunningTask) -> None:
    folder = task.checkpoint_dir

    assert folder.is_dir() and folder == task.checkpoint_dir
    folder.rmdir()


@pytest.mark.parametrize("on_disk", [False, True])
def test_a_task_that_goes_on_with_another_works_in_its_folder_and_knows_its_budget(
    task: RunningTask, store: FullStore, tmp_path: Path, on_disk: bool
) -> None:
    place = SqliteStore(tmp_path) if on_disk else store
    parts: dict[str, Any] = {"name": "t", "trial": 2, "parameters": {}, "code": "c"}
    first = RunningTask(Job(task=task.id, key=1, **parts), place)
    follower = RunningTask(Job(task="f" * 32, key=2, checkpoint=task.id, budget=9, **parts), place)
    (first.checkpoint_dir / "model").write_text("weights")

    assert (follower.checkpoint_dir / "model").read_text() == "weights"
    assert (first.budget, follower.budget) == (None, 9)
    shutil.rmtree(first.checkpoint_dir)
    place.close()


def test_the_current_task_is_the_one_that_entered(task: RunningTask) -> None:
    import contextvars

    def inside() -> RunningTask | None:
        enter(task, whole_process=False)
        return current_task()

    assert contextvars.copy_context().run(inside) is task
    assert current_task() is None
