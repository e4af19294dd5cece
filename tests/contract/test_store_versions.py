"""Stores of older versions are brought to this one with all they hold; the file was made by version 1 itself."""

from __future__ import annotations

import math
import shutil
import sqlite3
import threading
from pathlib import Path

import pytest

from hpo_widgets.model.card import TaskCard
from hpo_widgets.model.scalar import Metric
from hpo_widgets.model.study import StudyState
from hpo_widgets.model.task import Outcome, TaskState
from hpo_widgets.store.migrations import FORMAT_VERSION
from hpo_widgets.store.sqlite import SqliteStore

OLD = Path(__file__).parent / "stores" / "version_1.sqlite"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(OLD, tmp_path / "store.sqlite")
    return tmp_path


def version(folder: Path) -> int:
    connection = sqlite3.connect(folder / "store.sqlite")
    try:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    finally:
        connection.close()


def tables(folder: Path) -> dict[str, str]:
    connection = sqlite3.connect(folder / "store.sqlite")
    try:
        return dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
    finally:
        connection.close()


def test_all_that_a_store_of_version_1_held_is_there(folder: Path) -> None:
    assert version(folder) == 1
    store = SqliteStore(folder)

    study = store.study("digits")
    tasks = store.tasks(study.id)

    assert (study.state, study.reason, study.config["limits"]) == (StudyState.STOPPED, "user", {"retries": 1})
    assert [(t.trial, t.state) for t in tasks] == [
        (0, TaskState.COMPLETED),
        (1, TaskState.QUEUED),
        (2, TaskState.QUEUED),
    ]
    assert tasks[1].parameters == {"lr": 0.1, "shape": (1, 2)} and store.outcome(tasks[0].id) == Outcome(ok=True)
    values = [s.value for s in store.scalars(tasks[0].id, Metric("loss", "loss"))]
    assert (values[0], values[2]) == (1.0, 0.5) and math.isnan(values[1])
    assert len(store.requests(study.id)) == 1 and tasks[0].code is not None
    assert store.code(tasks[0].code).body == b"body"
    store.close()
    assert version(folder) == FORMAT_VERSION


def test_a_store_of_version_1_takes_what_is_new(folder: Path) -> None:
    store = SqliteStore(folder)
    alone = next(task for task, _ in store.find_tasks(name="alone"))

    store.put_card(alone.id, TaskCard(project="p", tags=("a",)))
    store.put_artifact(alone.id, "artifact", "n", b"body", suffix=".bin", about={}, now=1.0)

    assert store.find_tasks(project="p") == [(store.task(alone.id), TaskCard(project="p", tags=("a",)))]
    assert [t.name for t, _ in store.find_tasks(project="examples")] == [f"train: lr={i}" for i in (2, 1, 0)]
    assert store.agents() == [] and store.queues() == ["default"]
    store.close()


def test_it_then_has_the_same_tables_as_a_new_one(folder: Path, tmp_path: Path) -> None:
    SqliteStore(folder).close()
    SqliteStore(tmp_path / "new").close()

    assert tables(folder) == tables(tmp_path / "new")


def test_many_may_open_it_at_once(folder: Path) -> None:
    failures: list[BaseException] = []

    def open_it() -> None:
        try:
            store = SqliteStore(folder)
            store.find_tasks()
            store.close()
        except BaseException as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == [] and version(folder) == FORMAT_VERSION
