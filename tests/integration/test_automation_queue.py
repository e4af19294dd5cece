"""ClearML's `execution_queue`: a served queue is used, `default` may have no agent, any other needs one."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import hpo_widgets as hpo
from hpo_widgets import Agent
from hpo_widgets.automation import DiscreteParameterRange, HyperParameterOptimizer, UniformIntegerParameterRange
from hpo_widgets.errors import InvalidInput
from hpo_widgets.store.location import open_store

PATIENCE_S = 60.0
PATIENCE_MIN = PATIENCE_S / 60


@pytest.fixture(autouse=True)
def store(tmp_path: Path) -> Iterator[None]:
    hpo.configure(store=tmp_path / "store")
    yield
    hpo.configure(store=None)


def wait_for(condition: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)


def quick(x: int, gate: str = "", task: Any = None) -> float:
    return float(x)


def gated(x: int, gate: str = "", task: Any = None) -> float:
    task.get_logger().report_scalar("began", "began", 1, 0)
    while not os.path.exists(gate):
        time.sleep(0.01)
    return float(x)


def optimizer(function: Any, gate: Path | str = "", **changes: Any) -> HyperParameterOptimizer:
    given: dict[str, Any] = {
        "hyper_parameters": [UniformIntegerParameterRange("x", 1, 100), DiscreteParameterRange("gate", [str(gate)])],
        "objective_metric_title": "objective",
        "objective_metric_series": "objective",
        "max_number_of_concurrent_tasks": 1,
        "total_max_jobs": 2,
    }
    return HyperParameterOptimizer(function, **{**given, **changes})


def tasks(made: HyperParameterOptimizer) -> list[Any]:
    assert made.study is not None
    return made.study.store.tasks(made.study.id)


def test_a_queue_that_an_agent_serves_is_used_and_what_ends_leaves_the_tasks_of_others_alone(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    with Agent("ovens", slots=2) as agent:
        slow, stopped = (optimizer(gated, gate, execution_queue="ovens", name=each) for each in ("slow", "stopped"))
        slow.start()
        stopped.start()
        wait_for(lambda: len(agent.running) == 2, "a task of each")
        ours = tasks(slow)[0].id

        stopped.stop(timeout=PATIENCE_MIN)
        assert {task.state.value for task in tasks(stopped)} == {"aborted"}
        quickly = optimizer(quick, execution_queue="ovens", name="quick")
        quickly.start()
        assert quickly.wait(PATIENCE_MIN)
        assert [task.state.value for task in tasks(quickly)] == ["completed"] * 2

        assert agent.running == [ours] and agent.is_alive, "the ends of two other searches"
        gate.touch()
        assert slow.wait(PATIENCE_MIN)
        for made in (slow, quickly):
            assert {(task.state.value, task.queue, task.agent) for task in tasks(made)} == {
                ("completed", "ovens", agent.id)
            }


def test_default_is_used_where_an_agent_serves_it() -> None:
    with Agent() as agent:
        made = optimizer(quick)
        made.start()
        assert made.wait(PATIENCE_MIN)
        assert {task.agent for task in tasks(made)} == {agent.id}
        here = optimizer(quick, execution_queue="default")
        here.start_locally()
        assert here.wait(PATIENCE_MIN)
        assert {task.state.value for task in tasks(here)} == {"completed"}
        assert agent.id not in {task.agent for task in tasks(here)}, "start_locally uses no queue"


def test_default_without_an_agent_runs_here_and_says_so_to_those_who_named_it() -> None:
    made = optimizer(quick, execution_queue="default")
    with pytest.warns(UserWarning, match="no agent serves the queue 'default'; the tasks run here") as caught:
        made.start()
    assert caught[0].filename == __file__
    assert made.wait(PATIENCE_MIN) and {task.state.value for task in tasks(made)} == {"completed"}
    unsaid = optimizer(quick)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        unsaid.start()
    assert unsaid.wait(PATIENCE_MIN)


def test_another_queue_without_a_living_agent_is_an_error_that_says_what_to_do_and_nothing_is_recorded() -> None:
    with Agent("ovens"):
        pass
    made = optimizer(quick, execution_queue="ovens")
    with pytest.raises(InvalidInput) as caught:
        made.start()
    for said in ("no agent serves the queue 'ovens'", "hpo-widgets agent --queue ovens", "start_locally()"):
        assert said in str(caught.value)
    assert hpo.studies() == [] and made.study is None
    made.start_locally()
    assert made.wait(PATIENCE_MIN)
    with Agent("ovens"), pytest.raises(InvalidInput, match="isolation 'thread' runs tasks in this process"):
        optimizer(quick, execution_queue="ovens", isolation="thread").start()
    assert open_store().waiting("ovens") == 0
