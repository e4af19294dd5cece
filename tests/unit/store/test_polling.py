"""Where there are no named pipes, a watch asks SQLite."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hpo_widgets.model.scalar import Metric
from hpo_widgets.store.base import NewTask, Rung
from hpo_widgets.store.polling import PollingWatch
from hpo_widgets.store.sqlite import SqliteStore

LOSS = Metric("loss", "loss")


def denied(*_: object) -> None:
    raise PermissionError(1, "Operation not permitted")


@pytest.fixture(params=["missing", "refused"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqliteStore]:
    if request.param == "missing":
        monkeypatch.delattr(os, "mkfifo")
    else:
        monkeypatch.setattr(os, "mkfifo", denied)
    made = SqliteStore(tmp_path / "store")
    made.create_study("digits", "", {}, 1.0)
    made.create_tasks([NewTask(study=None, trial=0, name="", parameters={}, queue="q", code=None)], 1.0)
    yield made
    made.close()


def elsewhere(action: Callable[[], object]) -> None:
    thread = threading.Thread(target=action)
    thread.start()
    thread.join()


def test_writes_of_others_are_heard_and_told_apart(store: SqliteStore) -> None:
    study = store.studies()[0].id
    with store.watch() as everything, store.watch(scalars=False) as states:
        assert isinstance(everything, PollingWatch)
        elsewhere(lambda: store.record_scalars(1, [(LOSS, 0, 1.0, 1.0)]))
        assert everything.wait(5) is Rung.SCALARS and states.wait(0) is Rung.NOTHING
        elsewhere(lambda: store.update_study(study))
        assert everything.wait(5) is Rung.STATES and states.wait(5) is Rung.STATES
        store.update_study(study)
        assert everything.wait(0) is Rung.NOTHING


def test_a_write_before_the_wait_is_heard(store: SqliteStore) -> None:
    watch = store.watch()
    elsewhere(lambda: store.update_study(store.studies()[0].id))
    assert watch.wait(0) is Rung.STATES


def test_a_write_or_a_wake_ends_a_wait(store: SqliteStore) -> None:
    study = store.studies()[0].id
    with store.watch() as watch:
        for action in (lambda: store.update_study(study), watch.wake):
            threading.Timer(0.05, action).start()
            assert watch.wait(10) is Rung.STATES


def test_a_store_that_was_closed_and_opened_again_is_still_heard(store: SqliteStore) -> None:
    study = store.studies()[0].id
    with store.watch() as watch:
        for _ in range(3):
            store.close()
            elsewhere(lambda: store.update_study(study))
            assert watch.wait(5) is Rung.STATES
