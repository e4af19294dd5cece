"""Whether a search fails from its first trial on."""

from __future__ import annotations

import logging

import pytest

from hpo_widgets.engine.first_failures import ALL_FAIL, FirstFailures
from hpo_widgets.model.task import TaskState
from hpo_widgets.store.base import NewTask
from hpo_widgets.store.memory import MemoryStore


def ended(state: TaskState) -> object:
    store = MemoryStore()
    study = store.create_study("s", "", {}, 0.0).id
    task = store.create_tasks([NewTask(study=study, trial=0, name="t", parameters={}, queue="q", code=None)], 0.0)[0]
    return store.move_task(task.id, state, expect=[task.state], error="Traceback\nNameError: valu")


def test_it_is_told_once_when_the_first_trials_all_fail(caplog: pytest.LogCaptureFixture) -> None:
    failures = FirstFailures("bad")
    with caplog.at_level(logging.WARNING):
        for _ in range(2 * ALL_FAIL):
            failures.note(ended(TaskState.FAILED))  # type: ignore[arg-type]

    assert [
        each.message for each in caplog.records if "NameError: valu" in each.message and "bad" in each.message
    ] != []
    assert len(caplog.records) == 1


def test_one_that_ends_otherwise_keeps_it_silent(caplog: pytest.LogCaptureFixture) -> None:
    failures = FirstFailures("good")
    for state in [TaskState.FAILED, TaskState.COMPLETED, *[TaskState.FAILED] * 5]:
        failures.note(ended(state))  # type: ignore[arg-type]

    assert caplog.records == []
