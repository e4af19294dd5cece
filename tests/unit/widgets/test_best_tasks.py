"""The best tasks of a panel: what was stopped with its study counts until that goes on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hpo_widgets.model.objective import Objective, Sign
from hpo_widgets.model.result import Result
from hpo_widgets.model.task import RUN_AGAIN, WITH_STUDY, TaskRecord, TaskState
from hpo_widgets.store.base import NewTask
from hpo_widgets.store.memory import MemoryStore
from hpo_widgets.widgets.best_sets import BestSets
from hpo_widgets.widgets.best_tasks import BestTasks

ONE = (Objective("loss", "loss"),)
TWO = (*ONE, Objective("size", "size", Sign.MAX))


def task(trial: int, state: TaskState = TaskState.COMPLETED, reason: str | None = None) -> TaskRecord:
    store = MemoryStore()
    study = store.create_study("s", "", {}, 1.0).id
    new = NewTask(trial=trial, parameters={"x": trial}, name="t", study=study, queue="", code=None)
    (made,) = store.create_tasks([new], 1.0)
    return replace(made, key=trial, state=state, reason=reason)


def shown(best: BestTasks | BestSets) -> list[int | None]:
    return [task.trial for task, _ in best.top()]


@pytest.mark.parametrize(
    ("best", "rows", "expected"),
    [
        (BestTasks(ONE), [(0.5,), (0.25,)], [1, 0]),
        (BestTasks(TWO), [(0.5, 1.0), (0.25, 1.0)], [1]),
        (BestTasks(TWO), [(0.25, 1.0), (0.5, 1.0)], [0]),
        (BestSets(ONE), [(0.5,), (0.25,)], [1, 0]),
    ],
    ids=["one objective", "two", "two, and it is beaten", "sets"],
)
def test_what_was_stopped_with_its_study_counts_until_that_goes_on(
    best: BestTasks | BestSets, rows: list[tuple[float, ...]], expected: list[int]
) -> None:
    done, reached = (Result(values=values, iteration=0) for values in rows)
    cut_off = task(1, TaskState.ABORTED, f"user ({WITH_STUDY})")
    best.put(task(0), done)
    best.put(cut_off, reached)
    best.put(cut_off, reached)
    assert shown(best) == expected

    best.put(replace(cut_off, reason=RUN_AGAIN), reached)

    assert shown(best) == [0]
