"""ClearML's door in use: an example script after changing the import root, and strategies of one's own."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import hpo_widgets as hpo
from hpo_widgets.automation import (
    ClearmlJob,
    GridSearch,
    HyperParameterOptimizer,
    RandomSearch,
    RandomSeed,
    SearchStrategy,
    UniformIntegerParameterRange,
    UniformParameterRange,
)
from hpo_widgets.automation.optuna import OptimizerOptuna
from hpo_widgets.errors import CannotShip, StoreUnavailable, StudyFailed
from hpo_widgets.store.location import open_store

PATIENCE_S = 60.0
PATIENCE_MIN = PATIENCE_S / 60
EXAMPLE = '''
import logging

from clearml.automation import (
    DiscreteParameterRange,
    HyperParameterOptimizer,
    RandomSearch,
    UniformIntegerParameterRange,
    UniformParameterRange,
)

strategy_class = None
try:
    from clearml.automation.optuna import OptimizerOptuna

    strategy_class = OptimizerOptuna
except ImportError:
    strategy_class = RandomSearch


def bake(temperature, minutes, flour, task):
    """Reports how far a loaf is from a good one, minute by minute."""
    for minute in range(minutes):
        crust = abs(temperature - 230) / 100 + abs(minutes - 25) / 25 + (flour == "rye") / 2
        task.get_logger().report_scalar("loaf", "distance", value=crust + 1 / (minute + 1), iteration=minute)


def when_a_job_is_done(job_id, objective_value, objective_iteration, job_parameters, top_performance_job_id):
    mark = " and it is the best so far" if job_id == top_performance_job_id else ""
    print(f"done: {objective_value:.3f} at {objective_iteration:d} {job_parameters['status']}{mark}")


an_optimizer = HyperParameterOptimizer(
    base_task_id=bake,
    hyper_parameters=[
        UniformParameterRange("General/temperature", min_value=150, max_value=300, step_size=10),
        UniformIntegerParameterRange("General/minutes", min_value=5, max_value=45, step_size=5),
        DiscreteParameterRange("General/flour", values=["wheat", "rye"]),
    ],
    objective_metric_title="loaf",
    objective_metric_series="distance",
    objective_metric_sign="min",
    max_number_of_concurrent_tasks=2,
    optimizer_class=strategy_class,
    execution_queue="default",
    spawn_project=None,
    save_top_k_tasks_only=None,
    time_limit_per_job=10.0,
    pool_period_min=0.2,
    total_max_jobs=12,
    min_iteration_per_job=3,
    max_iteration_per_job=30,
)
an_optimizer.set_report_period(2.2)
an_optimizer.start(job_complete_callback=when_a_job_is_done)
an_optimizer.set_time_limit(in_minutes=2.0)
an_optimizer.wait()
top_exp = an_optimizer.get_top_experiments(top_k=3)
details = an_optimizer.get_top_experiments_details(top_k=3)
print("top:", len(top_exp), [t.id for t in top_exp] == [d["task_id"] for d in details])
an_optimizer.stop()
print("ended")
'''


@pytest.fixture(autouse=True)
def store(tmp_path: Path) -> Iterator[Path]:
    hpo.configure(store=tmp_path / "store")
    yield tmp_path / "store"
    for study in hpo.studies():
        study.stop()
        with contextlib.suppress(StudyFailed):
            study.wait(PATIENCE_S)
    hpo.configure(store=None)


def wait_for(condition: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.005)


SPACE = [UniformIntegerParameterRange("General/x", 1, 100)]


def optimizer(function: Any, **changes: Any) -> HyperParameterOptimizer:
    given: dict[str, Any] = {
        "hyper_parameters": SPACE,
        "objective_metric_title": "loss",
        "objective_metric_series": "loss",
        "objective_metric_sign": "min",
        "max_number_of_concurrent_tasks": 2,
        "isolation": "thread",
    }
    return HyperParameterOptimizer(function, **{**given, **changes})


def tasks(made: HyperParameterOptimizer) -> list[Any]:
    assert made.study is not None
    return made.study.store.tasks(made.study.id)


def identity(x: int) -> float:
    return float(x)


def endless(x: int, task: Any) -> None:
    for iteration in range(1_000_000):
        task.report("loss", float(x), iteration)
        time.sleep(0.005)


def test_an_example_script_runs_after_changing_only_the_import_root(tmp_path: Path, store: Path) -> None:
    script = tmp_path / "bake.py"
    script.write_text(EXAMPLE.replace("clearml.", "hpo_widgets."))
    environment = {**os.environ, "HPO_WIDGETS_STORE": str(store), "PYTHONPATH": str(Path(hpo.__file__).parents[1])}
    done = subprocess.run([sys.executable, str(script)], env=environment, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[-2:] == ["top: 3 True", "ended"]
    told = [line for line in lines if line.startswith("done: ")]
    (study,) = hpo.studies()
    assert (study.name, study.record.reason) == ("Optimizing: bake", "limit: total_max_jobs")
    assert len(told) == len(study.tasks()) == 12
    assert "best so far" in told[0]
    assert {"General/temperature", "General/minutes", "General/flour"} <= set(study.tasks().columns)


class Bisect(SearchStrategy):
    """Asks for the middle of what is left, and ends jobs that are not better than the best."""

    low, high = 0, 64

    def create_job(self) -> Any:
        if self._current_jobs:
            return None
        middle = (self.low + self.high) // 2
        if middle == self.low:
            return None
        self.high = middle
        return self.helper_create_job(self._base_task_id, parameter_override={"General/x": middle})

    def monitor_job(self, job: Any) -> bool:
        value = self._objective_metric.get_objective(job)
        return value is None or value > 4


@pytest.mark.parametrize("isolation", ["thread", "fork"])
def test_a_strategy_in_clearmls_style_proposes_and_ends_jobs(isolation: str) -> None:
    def learn(x: int, task: Any) -> None:
        for iteration in range(100 if x <= 4 else 2):
            task.report("loss", float(x), iteration)
            time.sleep(0.01)

    made = optimizer(learn, optimizer_class=Bisect, isolation=isolation, total_max_jobs=20)
    made.start()
    assert made.wait(PATIENCE_MIN)
    assert [task.parameters["General/x"] for task in tasks(made)] == [32, 16, 8, 4, 2, 1]
    assert [task.state.value for task in tasks(made)] == ["completed"] * 3 + ["pruned"] * 3
    assert made.study is not None
    assert made.study.record.reason == "search space exhausted"


def test_a_search_learns_first_from_several_that_were_before_it() -> None:
    before = [optimizer(identity, total_max_jobs=3, seed=seed) for seed in (1, 2)]
    for made in before:
        made.start()
        assert made.wait(PATIENCE_MIN)
    (first, second) = (made.study for made in before)
    assert first is not None and second is not None
    third = optimizer(identity, total_max_jobs=2, warm_start=[first, second.id])
    third.start()
    assert third.wait(PATIENCE_MIN)
    assert third.study is not None
    learned = [dict(each.parameters) for each in third.study.config.warm_start]
    assert learned == [task.parameters for made in before for task in tasks(made)]
    assert len(tasks(third)) == 2


def test_a_strategy_of_ones_own_goes_on_after_it_was_stopped() -> None:
    class Numbers(SearchStrategy):
        def create_job(self) -> Any:
            return self.helper_create_job(self._base_task_id, {"General/x": self._num_jobs + 1})

    made = optimizer(identity, optimizer_class=Numbers, isolation="fork", total_max_jobs=3)
    made.start()
    assert made.wait(PATIENCE_MIN)
    assert made.id is not None
    again = hpo.attach(made.id).resume(max_jobs=5)
    assert again.wait(PATIENCE_S)
    assert list(again.tasks()["General/x"]) == [1, 2, 3, 4, 5]


def test_a_strategy_that_raises_fails_the_search_with_its_traceback() -> None:
    class Broken(SearchStrategy):
        def create_job(self) -> Any:
            raise RuntimeError("out of ideas")

    made = optimizer(identity, optimizer_class=Broken)
    made.start()
    with pytest.raises(StudyFailed, match="out of ideas"):
        made.wait(PATIENCE_MIN)
    assert not made.is_running()
    made.stop(timeout=PATIENCE_MIN)


def test_stop_aborts_running_jobs_and_their_values_count() -> None:
    told: list[Any] = []
    made = optimizer(endless, total_max_jobs=10)
    made.start(lambda *said: told.append(said))
    assert made.start() is True
    assert made.study is not None
    store, id = made.study.store, made.study.id
    wait_for(lambda: len(store.summaries(id)) == 2, "two reporting jobs")
    assert made.is_running() and made.get_num_active_experiments() == 2
    running = made.get_optimizer().get_running_jobs()
    assert all(isinstance(job, ClearmlJob) and job.is_running() for job in running)
    made.stop()
    assert made.study.state == "stopped"
    assert [said[3]["status"] for said in told] == ["stopped", "stopped"]
    assert {task.id for task in made.get_top_experiments(5)} == {job.task_id() for job in running}
    assert made.get_top_experiments_details(5, only_completed=True) == []


def test_jobs_are_named_as_asked() -> None:
    def name(base: str, parameters: dict[str, Any]) -> str:
        return f"{base} with {parameters['General/x']}"

    for scheme, expected in ((name, "identity with 1"), (False, "identity"), (None, "identity: General/x=1")):
        made = optimizer(identity, optimizer_class=GridSearch, total_max_jobs=2)
        made.get_optimizer().set_job_naming_scheme(scheme)
        made.start_locally()
        assert made.wait(PATIENCE_MIN)
        assert tasks(made)[0].name == expected
        assert made.get_optimizer().get_created_jobs_ids() == {task.id: task.parameters for task in tasks(made)}


def test_the_global_seed_makes_a_search_again() -> None:
    runs = []
    for _ in range(2):
        RandomSeed.set_random_seed(7)
        pair = []
        for _ in range(2):
            made = optimizer(identity, max_number_of_concurrent_tasks=1, total_max_jobs=5)
            made.start()
            assert made.wait(PATIENCE_MIN)
            pair.append([task.parameters["General/x"] for task in tasks(made)])
        runs.append(pair)
    assert runs[0] == runs[1]
    assert runs[0][0] != runs[0][1]


def test_optuna_goes_on_with_what_an_earlier_study_has_shown() -> None:
    def parabola(x: float) -> float:
        return (x - 3) ** 2

    space = [UniformParameterRange("General/x", -100.0, 100.0)]
    first = optimizer(parabola, hyper_parameters=space, total_max_jobs=25, optimizer_class=RandomSearch)
    first.start()
    assert first.wait(PATIENCE_MIN)
    second = optimizer(
        parabola,
        hyper_parameters=space,
        total_max_jobs=10,
        max_number_of_concurrent_tasks=1,
        optimizer_class=OptimizerOptuna,
        continue_previous_study=first.study,
    )
    second.start()
    assert second.wait(PATIENCE_MIN)
    found = [abs(task.parameters["General/x"] - 3) for task in tasks(second)]
    assert sum(distance < 50 for distance in found) >= 7


def test_a_function_that_cannot_travel_is_named_before_anything_starts() -> None:
    lock = threading.Lock()

    def locked(x: int) -> float:
        with lock:
            return x

    with pytest.raises(CannotShip, match="lock"):
        optimizer(locked, isolation="fork").start()
    assert hpo.studies() == []


def test_a_store_that_cannot_be_read_for_a_moment_loses_no_callback(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    made = optimizer(identity, optimizer_class=GridSearch, total_max_jobs=6)
    store = open_store()
    read, failures = store.task_summaries, iter(range(3))

    def flaky(task: str) -> Any:
        if threading.current_thread().name.startswith("hpo-reporter") and next(failures, None) is not None:
            raise StoreUnavailable("the disk is full")
        return read(task)

    monkeypatch.setattr(store, "task_summaries", flaky)
    made.start(lambda id, *said: told.append(id))
    assert made.wait(PATIENCE_MIN)
    assert next(failures, None) is None
    assert sorted(told) == sorted(task.id for task in tasks(made))


def test_reports_are_written_as_often_as_asked(caplog: pytest.LogCaptureFixture) -> None:
    made = optimizer(endless)
    with caplog.at_level("INFO", logger="hpo_widgets.automation.reporter"):
        made.start()
        made.set_report_period(0)
        wait_for(lambda: "report 1 of 'Optimizing: endless'" in caplog.text, "a first report while it runs")
        assert made.is_running()
        made.stop()
    assert "remaining budget: jobs 100%" in caplog.text


def wavering(low: int, high: int, task: hpo.Task) -> float:
    return high - low + (task.trial or 0) % 2


def test_sets_that_keep_the_constraints_are_repeated_and_ranked_by_their_mean() -> None:
    optimizer = HyperParameterOptimizer(
        wavering,
        [UniformIntegerParameterRange("low", 1, 3), UniformIntegerParameterRange("high", 1, 3)],
        "objective",
        "objective",
        optimizer_class=GridSearch,
        max_number_of_concurrent_tasks=1,
        repeats=2,
        constraints=["low < high", lambda member: member["high"] > 2],
    )
    optimizer.start()
    assert optimizer.wait(PATIENCE_MIN)

    assert optimizer.study is not None
    found = optimizer.study.sets()
    assert list(zip(found["low"], found["high"], found["mean"], found["counted"], strict=True)) == [
        (2, 3, 1.5, 2),
        (1, 3, 2.5, 2),
    ]
    top = optimizer.get_top_experiments_details(5)
    assert [each["hyper_parameters"] for each in top] == [{"low": 2, "high": 3}, {"low": 1, "high": 3}]
