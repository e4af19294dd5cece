"""ClearML's `OptimizerBOHB`: its arguments, and what becomes of each (reference a6, d23)."""

from __future__ import annotations

import inspect
import logging
from typing import Any

import pytest

from hpo_widgets.automation.arguments import make_search
from hpo_widgets.automation.hpbandster import OptimizerBOHB
from hpo_widgets.automation.objective import Objective
from hpo_widgets.automation.parameters import DiscreteParameterRange, UniformParameterRange
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.strategies.base import Problem
from hpo_widgets.strategies.registry import strategy_spec
from hpo_widgets.strategies.rungs_named import Bohb

SPACE = [UniformParameterRange("x", -10.0, 10.0), DiscreteParameterRange("act", ["relu", "tanh"])]
OBJECTIVE = Objective.of_signs("loss", "loss", "min")
LIMITS = {"min_iteration_per_job": 15000, "max_iteration_per_job": 150000, "total_max_jobs": 10}


def search(**options: Any) -> OptimizerBOHB:
    return OptimizerBOHB("base", SPACE, OBJECTIVE, **{**LIMITS, **options})


def strategy(optimizer: OptimizerBOHB) -> Bohb:
    found = optimizer.proposer()
    assert isinstance(found, Bohb)
    found.setup(
        Problem(
            space=SearchSpace(SPACE),
            objectives=OBJECTIVE.objectives,
            max_iteration_per_job=optimizer.max_iteration_per_job,
            min_iteration_per_job=optimizer.min_iteration_per_job,
        )
    )
    return found


def test_it_takes_the_arguments_of_clearml_in_their_order_with_their_defaults() -> None:
    names = list(inspect.signature(OptimizerBOHB).parameters)
    assert names == [
        "base_task_id", "hyper_parameters", "objective_metric", "execution_queue", "num_concurrent_workers",
        "min_iteration_per_job", "max_iteration_per_job", "total_max_jobs", "pool_period_min", "time_limit_per_job",
        "compute_time_limit", "local_port", "bohb_kwargs",
    ]  # fmt: skip
    parameters = inspect.signature(OptimizerBOHB.set_optimization_args).parameters
    assert {name: each.default for name, each in parameters.items() if name != "self"} == {
        "eta": 3,
        "min_budget": None,
        "max_budget": None,
        "min_points_in_model": None,
        "top_n_percent": 15,
        "num_samples": None,
        "random_fraction": 1 / 3,
        "bandwidth_factor": 3,
        "min_bandwidth": 1e-3,
    }


def test_its_budgets_are_those_of_clearml() -> None:
    assert strategy(search()).budgets == (16667, 50000, 150000)


def test_the_three_budgets_are_needed_and_named_at_once() -> None:
    with pytest.raises(InvalidInput) as raised:
        OptimizerBOHB("base", SPACE, OBJECTIVE)
    assert len(raised.value.problems) == 3


def test_options_reach_the_strategy_from_either_place_and_are_stored_by_name() -> None:
    one = search(eta=2, top_n_percent=20)
    other = search()
    other.set_optimization_args(eta=2, top_n_percent=20, num_samples=10)
    assert strategy(one).eta == strategy(other).eta == 2
    assert strategy_spec(one.proposer()) == {"name": "bohb", "options": {"eta": 2, "top_n_percent": 20}}


def test_min_budget_is_a_fraction_and_collides_with_nothing() -> None:
    assert strategy(search(min_budget=1 / 3)).budgets == (50000, 150000)
    with pytest.raises(InvalidInput, match="below min_iteration_per_job"):
        strategy(search(min_budget=1 / 27))
    with pytest.raises(InvalidInput, match="fraction of max_iteration_per_job"):
        search(min_budget=20)


def test_what_has_no_counterpart_says_so(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        search(bandwidth_factor=5)
    assert "bandwidth_factor has no effect" in caplog.text


def test_what_nobody_reads_is_refused() -> None:
    with pytest.raises(InvalidInput, match="does not take 'nameserver'"):
        search(nameserver="127.0.0.1")
    with pytest.raises(InvalidInput, match="eta is 1"):
        search(eta=1)


def test_it_is_found_by_its_name() -> None:
    given = {"base_task_id": "base", "hyper_parameters": SPACE, "objective_metric": OBJECTIVE}
    assert isinstance(make_search("OptimizerBOHB", given, dict(LIMITS)), OptimizerBOHB)


class Watched(OptimizerBOHB):
    """Is what a person may make of it: it looks at each job."""

    def monitor_job(self, job: Any) -> bool:
        return super().monitor_job(job)


def test_a_subclass_keeps_the_rungs() -> None:
    from hpo_widgets.automation.job_strategy import engine_strategy

    found = engine_strategy(Watched("base", SPACE, OBJECTIVE, **{**LIMITS, "min_iteration_per_job": 1}))
    found.setup(Problem(space=SearchSpace(SPACE), objectives=OBJECTIVE.objectives, max_iteration_per_job=9))
    found.ask(0)
    assert found.drain_memos().trials[0]["stint"]["budget"] == 1
    found.report(0, 1, 0.5)
    assert found.should_stop(0)
    assert found.stop_detail(0) == "1 of 3, iteration 1"
