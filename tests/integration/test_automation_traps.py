"""The traps of ClearML's optimizer (reference section d, by number) on real searches: none of them is here."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest

import hpo_widgets as hpo
from hpo_widgets.agents.agent import Agent
from hpo_widgets.automation import (
    DiscreteParameterRange,
    GridSearch,
    HyperParameterOptimizer,
    LogUniformParameterRange,
    ParameterSet,
    RandomSearch,
    UniformIntegerParameterRange,
    UniformParameterRange,
)
from hpo_widgets.automation.optuna import OptimizerOptuna
from hpo_widgets.engine.engine import Engine
from hpo_widgets.errors import InvalidInput

PATIENCE_S = 60.0
PATIENCE_MIN = PATIENCE_S / 60
ENGINES = [RandomSearch, GridSearch, OptimizerOptuna]
X = [UniformParameterRange("General/x", 0.0, 1.0)]


@pytest.fixture(autouse=True)
def store(tmp_path: Path) -> Iterator[None]:
    hpo.configure(store=tmp_path / "store")
    yield
    for study in hpo.studies():
        study.stop()
        study.wait(PATIENCE_S)
    hpo.configure(store=None)


def optimizer(function: Any, space: Any = X, **changes: Any) -> HyperParameterOptimizer:
    given: dict[str, Any] = {
        "objective_metric_title": "validation",
        "objective_metric_series": "loss",
        "objective_metric_sign": "min",
        "max_number_of_concurrent_tasks": 4,
        "isolation": "thread",
    }
    return HyperParameterOptimizer(function, space, **{**given, **changes})


def finish(made: HyperParameterOptimizer, callback: Any = None) -> HyperParameterOptimizer:
    assert made.start(callback) is True
    assert made.wait(PATIENCE_MIN)
    assert not made.is_running() and not made.is_active()
    return made


def wait_for(condition: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.005)


def tasks(made: HyperParameterOptimizer) -> list[Any]:
    assert made.study is not None
    return made.study.store.tasks(made.study.id)


def values(made: HyperParameterOptimizer, name: str) -> list[Any]:
    return [task.parameters[name] for task in tasks(made)]


def identity(x: float) -> float:
    return x


def endless(x: float, task: Any) -> None:
    for iteration in range(1_000_000):
        task.get_logger().report_scalar("validation", "loss", value=x, iteration=iteration)
        time.sleep(0.005)


def test_1_compute_time_limit_ends_the_search_and_all_its_jobs() -> None:
    made = finish(optimizer(endless, compute_time_limit=0.6 / 60, max_number_of_concurrent_tasks=2))
    assert made.study is not None
    assert made.study.record.reason == "limit: compute_time_limit"
    assert {(task.state.value, task.reason) for task in tasks(made)} == {("aborted", "limit: compute_time_limit")}
    used = made.get_optimizer().budget.compute_time.used
    assert used is not None and used >= 1.0
    assert len(made.get_top_experiments(5)) == 2


@pytest.mark.parametrize("engine", ENGINES)
def test_2_total_max_jobs_is_never_exceeded(engine: Any) -> None:
    made = finish(optimizer(identity, optimizer_class=engine, total_max_jobs=7))
    assert len(tasks(made)) == 7
    assert made.get_optimizer().budget.jobs.used == 1.0


def test_3_nan_and_infinity_never_win() -> None:
    def diverges(x: int) -> float:
        return [math.nan, -math.inf, 3.0, 2.0][x]

    space = [UniformIntegerParameterRange("x", 0, 3)]
    told: list[Any] = []
    made = finish(optimizer(diverges, space, optimizer_class=GridSearch), lambda *said: told.append(said))
    assert [task.get_parameters(cast=True) for task in made.get_top_experiments(10)] == [
        {"General/x": 3},
        {"General/x": 2},
    ]
    assert made.study is not None
    assert made.study.best.objective == 2.0
    tops = {top for _, value, _, parameters, top in told if parameters["x"] < 2 or value == 2.0}
    finite = {task.id for task in tasks(made) if task.parameters["x"] >= 2}
    assert tops <= finite | {None}


RANGES = [
    (UniformIntegerParameterRange("x", 1, 10, 4), [1, 5, 9]),
    (UniformIntegerParameterRange("x", 1, 10, 4, include_max_value=False), [1, 5, 9]),
    (UniformIntegerParameterRange("x", 128, 512, 128, include_max_value=False), [128, 256, 384]),
    (UniformParameterRange("x", 0.0, 0.3, 0.1), [0.0, 0.1, 0.2, 0.3]),
    (UniformParameterRange("x", 0.0, 1.0, 0.25), [0.0, 0.25, 0.5, 0.75, 1.0]),
    (UniformParameterRange("x", 0.0, 1.0, 0.25, include_max_value=False), [0.0, 0.25, 0.5, 0.75]),
    (LogUniformParameterRange("x", -3, -1, step_size=1), [1e-3, 1e-2, 1e-1]),
]


@pytest.mark.parametrize("engine", ENGINES)
def test_4_5_and_6_a_range_means_the_same_under_every_engine(engine: Any) -> None:
    for parameter, expected in RANGES:
        made = finish(optimizer(identity, [parameter], optimizer_class=engine, total_max_jobs=20, seed=1))
        assert sorted(values(made, "x")) == pytest.approx(expected)
        assert made.study is not None
        assert made.study.record.reason == "search space exhausted"


def test_6_both_spellings_of_include_max_are_read() -> None:
    for key in ("include_max", "include_max_value"):
        read = UniformParameterRange.from_dict(
            {"name": "x", "type": "UniformParameterRange", "min_value": 0, "max_value": 1, "step_size": 0.5, key: False}
        )
        assert read.to_list() == [{"x": 0.0}, {"x": 0.5}]


def test_7_a_sign_that_is_mistyped_starts_nothing() -> None:
    with pytest.raises(InvalidInput, match="Did you mean 'min'"):
        optimizer(identity, objective_metric_sign="mim")
    assert hpo.studies() == []


def test_8_values_reach_the_function_as_they_are() -> None:
    space = [
        DiscreteParameterRange("Args/number", [64]),
        DiscreteParameterRange("Args/flag", [False]),
        DiscreteParameterRange("Args/text", ["64.0"]),
        DiscreteParameterRange("Args/nothing", [None]),
        DiscreteParameterRange("Args/sizes", [(1, 2)]),
    ]

    def check(number: Any, flag: Any, text: Any, nothing: Any, sizes: Any) -> float:
        wanted = (64, False, "64.0", None, (1, 2))
        given = (number, flag, text, nothing, sizes)
        return float(given == wanted and [type(v) for v in given] == [type(v) for v in wanted])

    made = finish(optimizer(check, space, isolation="fork"))
    assert [task.state.value for task in tasks(made)] == ["completed"]
    (details,) = made.get_top_experiments_details(1)
    assert details["metrics"]["validation/loss"]["value"] == 1.0
    assert details["hyper_parameters"]["Args/sizes"] == (1, 2)


@pytest.mark.parametrize("engine", ENGINES)
def test_9_a_parameter_set_works_under_every_engine(engine: Any) -> None:
    space = [
        ParameterSet(
            [
                {"General/kind": "a", "General/size": UniformIntegerParameterRange("General/size", 1, 2)},
                {"General/kind": "b"},
            ]
        )
    ]

    def build(kind: str, size: int = 0) -> float:
        return size

    made = finish(optimizer(build, space, optimizer_class=engine, total_max_jobs=10))
    found = sorted((task.parameters["General/kind"], task.parameters.get("General/size")) for task in tasks(made)[:3])
    assert len(tasks(made)) == 3
    assert found == [("a", 1), ("a", 2), ("b", None)]


def test_10_duplicates_burn_no_job_and_pruned_ones_do_not_leak() -> None:
    def learn(x: int, task: Any) -> None:
        for iteration in range(10):
            task.get_logger().report_scalar("validation", "loss", value=x, iteration=iteration)

    class Hopeless(optuna.pruners.BasePruner):
        def prune(self, study: Any, trial: Any) -> bool:
            return bool(trial.last_step is not None and trial.last_step >= 5 and trial.intermediate_values[5] >= 3)

    space = [UniformIntegerParameterRange("x", 1, 6)]
    made = optimizer(learn, space, optimizer_class=OptimizerOptuna, total_max_jobs=6, optuna_pruner=Hopeless())
    finish(made)
    assert sorted(values(made, "x")) == [1, 2, 3, 4, 5, 6]
    assert made.get_num_active_experiments() == 0
    assert made.get_optimizer().get_running_jobs() == []
    assert {task.state.value for task in tasks(made)} <= {"completed", "pruned"}
    assert [task.get_parameter("x") for task in made.get_top_experiments(2)] == [1, 2]


def test_11_a_job_that_reports_nothing_costs_no_busy_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[None] = []
    step = Engine.step

    def counted(self: Engine) -> float | None:
        steps.append(None)
        return step(self)

    monkeypatch.setattr(Engine, "step", counted)

    def silent(x: float) -> float:
        time.sleep(1.0)
        return x

    made = optimizer(silent, optimizer_class=OptimizerOptuna, total_max_jobs=1, pool_period_min=0.0)
    finish(made)
    assert 1 <= len(steps) < 50


@pytest.mark.parametrize("engine", ENGINES)
def test_13_the_callback_comes_once_a_finished_job_with_plain_numbers(engine: Any) -> None:
    told: list[tuple[Any, ...]] = []

    def callback(*said: Any) -> None:
        (state,) = [task.state for task in tasks(made) if task.id == said[0]]
        told.append((*said, state.is_final))

    def learn(x: float, task: Any) -> None:
        for iteration in range(4):
            task.get_logger().report_scalar("validation", "loss", value=x + 1 / (iteration + 1), iteration=iteration)

    made = optimizer(learn, optimizer_class=engine, total_max_jobs=9, min_iteration_per_job=4, seed=3)
    finish(made, callback)
    assert sorted(id for id, *_ in told) == sorted(task.id for task in tasks(made))
    assert all(type(value) is float and type(iteration) is int for _, value, iteration, *_ in told)
    assert {iteration for _, _, iteration, *_ in told} == {3}
    assert all(final for *_, final in told)
    assert {said[3]["status"] for said in told} == {"completed"}
    assert told[-1][4] == made.get_top_experiments(1)[0].id


def test_13_records_are_told_as_they_are_broken() -> None:
    told: list[Any] = []
    space = [DiscreteParameterRange("x", [5.0, 7.0, 3.0, 4.0])]
    made = optimizer(identity, space, optimizer_class=GridSearch, max_number_of_concurrent_tasks=1)
    finish(made, lambda id, value, iteration, parameters, top: told.append((value, id == top)))
    assert told == [(5.0, True), (7.0, False), (3.0, True), (4.0, False)]


def test_13_several_objectives_are_told_as_lists() -> None:
    def both(x: float) -> tuple[float, float]:
        return x, 1 - x

    told: list[Any] = []
    names = {"objective_metric_title": ["cost", "error"], "objective_metric_series": ["cost", "error"]}
    made = optimizer(both, **names, objective_metric_sign=["min", "min"], total_max_jobs=4)
    finish(made, lambda *said: told.append(said))
    assert len(told) == 4
    assert all(type(value) is list and len(value) == 2 and iteration == [0, 0] for _, value, iteration, *_ in told)
    assert len(made.get_top_experiments(2)) == 2


def test_14_only_finished_jobs_with_a_value_are_at_the_top() -> None:
    def mixed(x: int, task: Any) -> float | None:
        if x == 0:
            raise RuntimeError("fails")
        if x == 1:
            return None
        return float(x)

    space = [UniformIntegerParameterRange("x", 0, 3)]
    made = finish(optimizer(mixed, space, optimizer_class=GridSearch))
    assert [task.get_parameter("x") for task in made.get_top_experiments(10)] == [2, 3]
    details = made.get_top_experiments_details(1, all_metrics=True, all_hyper_parameters=True, only_completed=True)
    assert details[0]["hyper_parameters"] == {"x": 2}
    pairs = made.get_optimizer().get_top_experiments_id_metrics_pair(1, all_metrics=True)
    assert pairs == [(details[0]["task_id"], details[0]["metrics"])]
    assert made.id is not None
    for sign in ("max_global", "max"):
        found = HyperParameterOptimizer.get_optimizer_top_experiments("validation", "loss", sign, made.id, 1)
        assert found[0].get_parameter("x", cast=True) == 3


def test_16_only_finished_jobs_below_the_top_are_archived() -> None:
    release = threading.Event()

    def hold(x: int, task: Any) -> None:
        task.get_logger().report_scalar("validation", "loss", value=float(-x), iteration=0)
        if x == 0:
            release.wait(PATIENCE_S)

    space = [UniformIntegerParameterRange("x", 0, 5)]
    made = optimizer(hold, space, optimizer_class=GridSearch, save_top_k_tasks_only=2)
    made.start()
    wait_for(lambda: sum(task.archived for task in tasks(made)) == 3, "three archived tasks")
    (running,) = made.get_active_experiments()
    assert (running.get_parameter("x", cast=True), running.archived, running.status) == (0, False, "in_progress")
    release.set()
    assert made.wait(PATIENCE_MIN)
    kept = [task.parameters["x"] for task in tasks(made) if not task.archived]
    assert kept == [4, 5]
    assert [task.get_parameter("x", cast=True) for task in made.get_top_experiments(10)] == [5, 4]


def test_17_the_time_limit_counts_from_the_start_and_the_search_ends_with_it() -> None:
    made = optimizer(endless, optimization_time_limit=0.5 / 60, max_number_of_concurrent_tasks=2)
    assert made.get_time_limit() is None
    finish(made)
    assert made.study is not None
    record = made.study.record
    assert record.reason == "limit: optimization_time_limit"
    assert record.ended is not None and record.started is not None
    assert 0.5 <= record.ended - record.started < PATIENCE_S
    assert made.reached_time_limit()
    assert made.elapsed() * 60 == pytest.approx(record.ended - record.started)
    limit = made.get_time_limit()
    assert limit is not None
    assert limit.timestamp() == pytest.approx(record.started + 0.5, abs=1e-3)


def test_17_a_time_limit_is_set_while_it_runs() -> None:
    made = optimizer(endless, max_number_of_concurrent_tasks=1)
    made.start()
    assert made.get_time_limit() is None and not made.reached_time_limit()
    assert made.wait(0.001) is False
    before = time.time()
    made.set_time_limit(in_minutes=0.3 / 60)
    limit = made.get_time_limit()
    assert limit is not None
    assert before + 0.3 <= limit.timestamp() <= time.time() + 0.3
    assert made.wait(PATIENCE_MIN)
    assert made.reached_time_limit()


def test_18_optuna_needs_neither_a_number_of_jobs_nor_of_iterations() -> None:
    made = optimizer(identity, optimizer_class=OptimizerOptuna, optimization_time_limit=1.0 / 60)
    finish(made)
    assert len(tasks(made)) > 1


def test_19_one_bad_job_or_callback_ends_alone() -> None:
    def sometimes(x: int, task: Any) -> None:
        if x % 2:
            raise RuntimeError("odd")
        task.get_logger().report_single_value("score", x)

    told: list[Any] = []

    def callback(*said: Any) -> None:
        told.append(said)
        raise LookupError("callback trouble")

    space = [UniformIntegerParameterRange("x", 0, 5)]
    made = optimizer(
        sometimes, space, optimizer_class=GridSearch, objective_metric_title="Summary", objective_metric_series="score"
    )
    finish(made, callback)
    assert [task.state.value for task in sorted(tasks(made), key=lambda t: t.parameters["x"])] == [
        "completed",
        "failed",
    ] * 3
    assert sorted((value, iteration) for _, value, iteration, *_ in told) == [(0.0, None), (2.0, None), (4.0, None)]
    assert made.get_top_experiments(1)[0].get_parameter("x") == 0


def test_21_no_combination_is_lost_and_a_queued_job_that_is_aborted_is_aborted(monkeypatch: pytest.MonkeyPatch) -> None:
    claim = Agent._claim
    closed = threading.Event()
    closed.set()
    monkeypatch.setattr(Agent, "_claim", lambda self, free: [] if closed.is_set() else claim(self, free))
    space = [UniformIntegerParameterRange("a", 0, 2), UniformIntegerParameterRange("b", 0, 2)]

    def add(a: int, b: int) -> float:
        return a + b

    made = optimizer(add, space, optimizer_class=GridSearch, max_number_of_concurrent_tasks=3)
    made.start()
    wait_for(lambda: len(tasks(made)) == 3, "three queued jobs")
    first = next(iter(made.get_optimizer().get_created_jobs_tasks().values()))
    assert first.is_pending()
    first.abort()
    wait_for(lambda: tasks(made)[0].state.is_final, "the first job's end")
    assert (first.task.status, first.task.reason) == ("stopped", "user")
    closed.clear()
    assert made.study is not None
    made.study.set_limits(concurrency=2)  # the agent looks again
    assert made.wait(PATIENCE_MIN)
    assert [(t.parameters["a"], t.parameters["b"]) for t in tasks(made)] == [(a, b) for a in range(3) for b in range(3)]
    assert [task.state.value for task in tasks(made)] == ["aborted", *["completed"] * 8]


def test_22_a_recorded_task_is_run_again_with_only_what_is_searched_changed() -> None:
    def train(lr: float, layers: int, mode: str = "slow") -> float:
        return lr * layers + (mode == "slow")

    first_space = [DiscreteParameterRange("lr", [0.5]), DiscreteParameterRange("General/layers", [3])]
    first = finish(optimizer(train, first_space, isolation="fork"))
    template = first.get_top_experiments(1)[0]
    space = [DiscreteParameterRange("General/lr", [1.0, 2.0])]
    for isolation in ("fork", "thread"):
        again = finish(optimizer(template.id, space, optimizer_class=GridSearch, isolation=isolation))
        assert [task.parameters for task in tasks(again)] == [
            {"General/lr": 1.0, "General/layers": 3},
            {"General/lr": 2.0, "General/layers": 3},
        ]
        assert [d["metrics"]["validation/loss"]["value"] for d in again.get_top_experiments_details(2)] == [4.0, 7.0]
        assert again.get_top_experiments_details(1)[0]["hyper_parameters"] == {"General/lr": 1.0}
        every = again.get_top_experiments_details(1, all_hyper_parameters=True)
        assert every[0]["hyper_parameters"] == {"General/lr": 1.0, "General/layers": 3}
    by_name = finish(optimizer("train", first_space, isolation="fork"))  # the newest code that was stored
    assert [task.parameters for task in tasks(by_name)] == [{"lr": 0.5, "General/layers": 3}]


def test_24_a_long_series_is_judged_by_its_last_point() -> None:
    def long(x: float, task: Any) -> None:
        for iteration in range(7_000):
            task.get_logger().report_scalar("validation", "loss", value=7_000.0 - iteration, iteration=iteration)

    told: list[Any] = []
    made = optimizer(long, total_max_jobs=1, isolation="fork")
    finish(made, lambda *said: told.append(said[1:3]))
    assert told == [(1.0, 6_999)]
