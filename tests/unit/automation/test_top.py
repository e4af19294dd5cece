from __future__ import annotations

import math
from typing import Any

import pytest

from hpo_widgets.automation.objective import read_objectives
from hpo_widgets.automation.optimizer import HyperParameterOptimizer
from hpo_widgets.automation.reporter import Champion
from hpo_widgets.automation.top import top_details, top_tasks
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.scalar import Metric
from hpo_widgets.model.task import TaskState
from hpo_widgets.sdk.task import Task
from hpo_widgets.store.base import NewTask
from hpo_widgets.store.memory import MemoryStore


class Place:
    """Makes tasks in a store, in any state and with any reports."""

    def __init__(self, **config: Any) -> None:
        self.store = MemoryStore()
        self.study = self.store.create_study("study", "", dict(config), 0.0).id

    def task(self, *values: float, state: TaskState = TaskState.COMPLETED, archived: bool = False, **more: Any) -> str:
        new = NewTask(
            study=self.study, trial=0, name="base: x=1", parameters={"x": 1, **more}, queue="q", code=None,
            state=TaskState.CREATED,
        )  # fmt: skip
        task = self.store.create_tasks([new], 0.0)[0]
        points = [(Metric("loss", "loss"), i, float(i), value) for i, value in enumerate(values)]
        self.store.record_scalars(task.key, points)
        self.store.move_task(task.id, state, expect=[TaskState.CREATED], ended=1.0)
        if archived:
            self.store.update_task(task.id, archived=True)
        return task.id

    def top(self, sign: str = "min", count: int = 100, **options: Any) -> list[str]:
        found = top_tasks(self.store, self.study, read_objectives("loss", "loss", sign), count, **options)
        return [task.id for task in found]


@pytest.fixture
def place() -> Place:
    return Place()


def test_trap_14_only_results_that_count_are_ranked(place: Place) -> None:
    good, better = place.task(2.0), place.task(1.0)
    stopped = place.task(1.5, state=TaskState.ABORTED)
    place.task(0.1, state=TaskState.RUNNING)
    place.task(0.1, state=TaskState.FAILED)
    place.task(0.1, state=TaskState.LOST)
    place.task(0.1, state=TaskState.PRUNED)
    place.task(0.1, archived=True)
    place.task(state=TaskState.ABORTED)
    place.task()
    assert place.top() == [better, stopped, good]
    assert place.top(count=2) == [better, stopped]
    assert place.top(count=0) == []
    assert place.top(only_completed=True) == [better, good]
    with pytest.raises(InvalidInput, match="top_k"):
        place.top(count=-1)


def test_trap_3_nan_and_infinity_never_win(place: Place) -> None:
    place.task(math.nan)
    place.task(-math.inf)
    real = place.task(5.0)
    assert place.top() == [real]
    assert place.top("max") == [real]


def test_last_and_global_signs_read_different_values(place: Place) -> None:
    dipped, steady = place.task(0.1, 3.0), place.task(2.0, 2.0)
    assert place.top("min") == [steady, dipped]
    assert place.top("min_global") == [dipped, steady]
    assert place.top("max") == [dipped, steady]
    assert place.top("max_global") == [dipped, steady]


def test_trap_24_last_is_the_largest_iteration_and_no_average(place: Place) -> None:
    long = place.task(*[float(i % 100) for i in range(10_000)])
    summary = Task(place.store, long).get_last_scalar_metrics()
    assert summary["loss"]["loss"] == {"last": 99.0, "min": 0.0, "max": 99.0}
    place.store.record_scalars(place.store.task(long).key, [(Metric("loss", "loss"), 5, 99.0, -1.0)])
    assert Task(place.store, long).get_last_scalar_metrics()["loss"]["loss"]["last"] == 99.0
    assert Task(place.store, long).get_last_iteration() == 9_999


def test_trap_14_all_metrics_and_all_parameters_are_given_when_asked(place: Place) -> None:
    id = place.task(0.5, kept="yes")
    place.store.record_scalars(place.store.task(id).key, [(Metric("time", "epoch"), 0, 0.0, 7.0)])
    tasks = [Task(place.store, id)]
    (one,) = top_details(place.store, tasks, {"x"}, read_objectives("loss", "loss", "min"))
    assert one["hyper_parameters"] == {"x": 1}
    assert one["metrics"].keys() == {"loss/loss"}
    assert (one["metrics"]["loss/loss"]["value"], one["metrics"]["loss/loss"]["variant"]) == (0.5, "loss")
    (every,) = top_details(place.store, tasks, None, None)
    assert every["hyper_parameters"] == {"x": 1, "kept": "yes"}
    assert every["metrics"].keys() == {"loss/loss", "time/epoch"}


def test_trap_14_and_15_several_objectives_are_ranked_by_front_before_the_cut(place: Place) -> None:
    def both(cost: float, error: float) -> str:
        id = place.task(cost)
        place.store.record_scalars(place.store.task(id).key, [(Metric("error", "error"), 0, 0.0, error)])
        return id

    worst = both(9.0, 9.0)
    middle = both(5.0, 5.0)
    front = {both(1.0, 4.0), both(4.0, 1.0)}
    objectives = read_objectives(["loss", "error"], ["loss", "error"], ["min", "min"])
    found = [task.id for task in top_tasks(place.store, place.study, objectives, 4)]
    assert set(found[:2]) == front
    assert found[2:] == [middle, worst]
    assert {task.id for task in top_tasks(place.store, place.study, objectives, 2)} == front


def test_trap_14_the_class_method_takes_every_sign_lists_and_names(place: Place) -> None:
    id = place.task(0.1, 3.0)
    ask = HyperParameterOptimizer.get_optimizer_top_experiments
    for sign in ("min", "max", "min_global", "max_global"):
        assert [t.id for t in ask("loss", "loss", sign, place.study, 3, store=place.store)] == [id]
    assert [t.id for t in ask(["loss"], ["loss"], ["min"], "study", 3, store=place.store)] == [id]


def test_what_a_search_has_run_is_a_task_like_any_other(place: Place) -> None:
    task = Task(place.store, place.task(1.0, state=TaskState.PRUNED, archived=True, mode=None, sizes=(1, 2)))
    assert (task.status, task.get_status(), task.name) == ("stopped", "stopped", "base: x=1")
    assert task.get_parameters() == {"General/x": 1, "General/mode": None, "General/sizes": (1, 2)}
    assert task.get_parameter("x", cast=True) == 1
    assert task.get_parameter("y", "none") == "none"
    assert task.get_tags() == ["optimization", f"opt: {place.study}"]
    assert task.get_system_tags() == ["archived"]


def test_a_champion_is_replaced_by_what_is_better_only() -> None:
    one = Champion(read_objectives("a", "b", "max"))
    for id, value in (("first", 1.0), ("same", 1.0), ("worse", 0.5), ("better", 2.0)):
        one.offer(id, (value,))
    assert one.id == "better"
    two = Champion(read_objectives(["a", "c"], ["b", "d"], ["min", "max"]))
    for id, values in (("first", (1.0, 1.0)), ("other", (0.5, 0.5)), ("dominates", (1.0, 2.0))):
        two.offer(id, values)
    assert two.id == "dominates"


def test_with_repeats_the_mean_of_a_set_ranks_it_and_its_first_run_stands_for_it() -> None:
    place = Place(repeats=2)
    steady, _ = place.task(2.0, x=1), place.task(2.0, x=1)
    lucky, _ = place.task(1.0, x=2), place.task(9.0, x=2)
    place.task(0.1, x=3, state=TaskState.FAILED)
    assert place.top() == [steady, lucky]
    assert place.top("max") == [lucky, steady]
