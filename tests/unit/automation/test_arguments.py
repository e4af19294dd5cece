from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import hpo_widgets as hpo
from hpo_widgets.automation import (
    DiscreteParameterRange,
    GridSearch,
    HyperParameterOptimizer,
    Objective,
    RandomSearch,
    SearchStrategy,
    UniformParameterRange,
)
from hpo_widgets.automation.job import ProposedJob
from hpo_widgets.automation.minutes import seconds_of
from hpo_widgets.automation.optuna import OptimizerOptuna
from hpo_widgets.automation.search_strategy import ReadyStrategy
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.found import Found
from hpo_widgets.store.memory import MemoryStore
from hpo_widgets.strategies.grid import GridSearch as GridStrategy

SPACE = [UniformParameterRange("General/lr", 0.0, 1.0)]


def train(lr: float, layers: int = 1) -> float:
    return lr * layers


class Judging(RandomSearch):
    def monitor_job(self, job: ProposedJob) -> bool:
        return False


def optimizer(**changes: Any) -> HyperParameterOptimizer:
    given: dict[str, Any] = {
        "base_task_id": train,
        "hyper_parameters": SPACE,
        "objective_metric_title": "validation",
        "objective_metric_series": "loss",
        "objective_metric_sign": "min",
        "store": MemoryStore(),
    }
    return HyperParameterOptimizer(**{**given, **changes})


def test_importing_the_door_and_making_an_optimizer_loads_no_optuna() -> None:
    code = """
import sys
from hpo_widgets.automation import *
from hpo_widgets.automation import HyperParameterOptimizer, UniformParameterRange
from hpo_widgets.automation.optuna import OptimizerOptuna
from hpo_widgets.automation.optimization import SearchStrategy
HyperParameterOptimizer(lambda x: x, [UniformParameterRange("x", 0, 1)], "a", "b")
print(sorted({"optuna", "pandas"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_everything_wrong_is_said_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        optimizer(
            hyper_parameters=[UniformParameterRange("lrr", 0, 1), DiscreteParameterRange("layers", [1])],
            objective_metric_sign="mim",
            max_number_of_concurrent_tasks=0,
            compute_time_limit=-1,
            isolation="box",
        )
    text = str(caught.value)
    for word in (
        "'lrr'",
        "needs the argument 'lr'",
        "'mim'",
        "max_number_of_concurrent_tasks",
        "compute_time_limit",
        "box",
    ):
        assert word in text


@pytest.mark.parametrize(
    ("kwargs", "said"),
    [
        ({"total_max_job": 5}, "did you mean 'total_max_jobs'"),
        ({"optimizer_kwargs": {"total_max_jobs": 5}}, r"give what is in it \(total_max_jobs\) directly"),
        ({"optuna_sampler": "tpe"}, "RandomSearch has no argument 'optuna_sampler'"),
        ({"repeats": 0}, "repeats is 0; give a whole number of 1 or more"),
        ({"repeats": 2, "save_top_k_tasks_only": 3}, "save_top_k_tasks_only ranks single runs"),
        ({"repeats": 2, "optimizer_class": Judging}, r"Judging judges single jobs in monitor_job\(\)"),
        ({"repeats": 2, "optimizer_class": "asha", "max_iteration_per_job": 9}, "repeats need trainings of one length"),
        ({"constraints": "lr < 1"}, "no parameter 'lr'; did you mean `General/lr`"),
        ({"constraints": ["lr <", 3]}, "the constraint 'lr <' cannot be read"),
        ({"constraints": "`General/lr` > 2"}, "keeps"),
        ({"pool_period_min": -1}, "pool_period_min"),
        ({"execution_queue": 3}, "execution_queue is 3; give the name of a queue"),
        ({"execution_queue": " "}, "or None to run the jobs here"),
        ({"optimizer_class": "OptimizerBOHB"}, "OptimizerBOHB needs max_iteration_per_job"),
        ({"optimizer_class": "OptimiserOptuna"}, "Did you mean 'OptimizerOptuna'"),
        ({"optimizer_class": int}, "optimizer_class is <class 'int'>"),
        ({"optimizer_class": SearchStrategy}, "SearchStrategy proposes nothing"),
        ({"optimizer_class": OptimizerOptuna, "storage": "sqlite://"}, "does not take 'storage'; the study is kept"),
        ({"optimizer_class": OptimizerOptuna, "gamma": 1}, "go into sampler_options"),
        ({"optimizer_class": OptimizerOptuna, "optuna_sampler": "tpee"}, "Did you mean 'tpe'"),
        ({"optimizer_class": OptimizerOptuna, "continue_previous_study": 3}, "continue_previous_study is 3"),
    ],
)
def test_an_argument_that_nobody_would_read_is_an_error(kwargs: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        optimizer(**kwargs)


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (RandomSearch, RandomSearch),
        ("RandomSearch", RandomSearch),
        ("GridSearch", GridSearch),
        ("OptimizerOptuna", OptimizerOptuna),
        ("tpe", ReadyStrategy),
        (GridStrategy, ReadyStrategy),
        (hpo.OptunaStrategy(sampler="random"), ReadyStrategy),
    ],
)
def test_a_strategy_is_given_by_class_instance_or_name(given: Any, kind: type) -> None:
    made = optimizer(optimizer_class=given, total_max_jobs=3).get_optimizer()
    assert type(made) is kind
    assert made.total_max_jobs == 3


def test_random_search_is_the_default_with_clearmls_defaults() -> None:
    made = optimizer()
    assert type(made.get_optimizer()) is RandomSearch
    assert made.max_number_of_concurrent_tasks == 10
    assert made.execution_queue == "default"


def test_an_instance_is_used_as_it_is_and_contradictions_are_errors() -> None:
    instance = GridSearch(train, SPACE, Objective.of_signs("validation", "loss", "min"), "q", 3, total_max_jobs=7)
    made = optimizer(optimizer_class=instance)
    assert made.get_optimizer() is instance
    assert made.max_number_of_concurrent_tasks == 3
    with pytest.raises(InvalidInput, match="objective_metric differs"):
        optimizer(optimizer_class=instance, objective_metric_sign="max")
    assert made.execution_queue == "q"
    with pytest.raises(InvalidInput, match="execution_queue differs"):
        optimizer(optimizer_class=instance, execution_queue="other")
    with pytest.raises(InvalidInput, match="total_max_jobs differs"):
        optimizer(optimizer_class=instance, total_max_jobs=3)


def test_minutes_become_seconds_and_nothing_is_no_limit() -> None:
    assert seconds_of(0.5, "x") == 30.0
    assert seconds_of(None, "x") is None
    assert seconds_of(0, "x") is None
    for wrong in ("5", True, -1, float("nan"), float("inf")):
        with pytest.raises(InvalidInput, match="x is"):
            seconds_of(wrong, "x")


def test_trap_17_no_limit_is_no_trap() -> None:
    made = optimizer()
    assert made.get_time_limit() is None
    assert made.reached_time_limit() is False
    assert made.elapsed() == -1.0
    assert optimizer(optimization_time_limit=5).get_time_limit() is None  # counts from a start to come


def test_a_time_limit_said_before_the_start_is_the_moment_that_was_said() -> None:
    made = optimizer()
    moment = datetime.now() + timedelta(hours=1)  # noqa: DTZ005 - ClearML's scripts give local time
    made.set_time_limit(specific_time=moment)
    assert made.get_time_limit() == moment
    made.set_time_limit()
    assert made.get_time_limit() is None
    made.set_time_limit(specific_time=datetime.now(UTC) - timedelta(seconds=1))
    with pytest.raises(InvalidInput, match="has passed"):
        made.start()


def test_before_the_start_it_waits_for_nothing_and_has_found_nothing() -> None:
    made = optimizer()
    assert made.is_active() and not made.is_running()
    assert made.wait() is True
    made.stop()
    assert made.get_top_experiments(5) == []
    assert made.get_top_experiments_details(5) == []
    assert made.get_active_experiments() == []
    assert made.get_num_active_experiments() == 0
    assert (made.study, made.id) == (None, None)
    assert made.objective_metric.get_objective_metric() == ("validation", "loss")
    with pytest.raises(InvalidInput, match="start"):
        _ = made.get_optimizer().budget


def test_job_classes_and_naming_schemes_are_checked() -> None:
    made = optimizer()
    with pytest.raises(InvalidInput, match="no job class"):
        made.set_default_job_class(int)
    with pytest.raises(InvalidInput, match="naming scheme"):
        made.get_optimizer().set_job_naming_scheme("name")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="report_period"):
        made.set_report_period(-1)


def test_results_of_several_searches_are_learned_from_and_what_lies_outside_is_listed() -> None:
    found = [Found(parameters={"General/lr": lr}, values=(lr,)) for lr in (0.25, 0.5, 7.0)]
    with pytest.warns(UserWarning, match=r"1 earlier result is not learned from \(2 are\)"):
        made = optimizer(warm_start=found)
    assert [each.parameters for each in made._arguments.learned] == [{"General/lr": 0.25}, {"General/lr": 0.5}]


def test_an_earlier_search_that_is_not_there_is_named_with_the_other_problems() -> None:
    with pytest.raises(InvalidInput) as refused:
        optimizer(warm_start=["nowhere", 7], retries=-1)
    said = str(refused.value)
    assert "warm_start: no study 'nowhere'" in said and "warm_start: 7 holds no results" in said and "retries" in said
