"""The best sets of a search that runs each several times."""

from __future__ import annotations

from hpo_widgets.model.objective import Objective
from hpo_widgets.model.result import Result
from hpo_widgets.model.task import TaskState
from hpo_widgets.store.base import NewTask
from hpo_widgets.store.memory import MemoryStore
from hpo_widgets.widgets.best_sets import BestSets


def test_sets_are_ranked_by_the_mean_of_their_runs_and_a_broken_constraint_puts_a_set_out() -> None:
    best = BestSets((Objective("loss", "loss"),))
    store = MemoryStore()
    study = store.create_study("s", "", {}, 1.0).id
    runs = [(1, 0.0, -1.0), (2, 2.0, -1.0), (1, 6.0, -1.0), (2, 3.0, -1.0), (3, 0.0, -1.0), (3, 0.0, 1.0)]
    for trial, (x, loss, bound) in enumerate(runs):
        new = NewTask(
            trial=trial, parameters={"x": x}, name="t", state=TaskState.COMPLETED, study=study, queue="", code=None
        )
        task = store.create_tasks([new], 1.0)[0]
        best.put(task, Result(values=(loss,), iteration=0, constraints=(("size", bound),)))
        best.put(task, Result(values=(-9.0,), iteration=0))

    assert [(task.parameters["x"], result.values) for task, result in best.top()] == [(2, (2.5,)), (1, (3.0,))]
