from __future__ import annotations

import pickle
from typing import Any

import pytest

from hpo_widgets.automation.job import ClearmlJob
from hpo_widgets.automation.job_strategy import JobStrategy, engine_strategy
from hpo_widgets.automation.objective import Objective
from hpo_widgets.automation.search_strategy import GridSearch, RandomSearch, SearchStrategy
from hpo_widgets.errors import HpoError, InvalidInput
from hpo_widgets.model.parameters import DiscreteParameterRange, UniformIntegerParameterRange
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.strategies.base import Outcome, Past, Problem
from hpo_widgets.strategies.grid import GridSearch as GridStrategy

SPACE = [UniformIntegerParameterRange("x", 1, 4), DiscreteParameterRange("kept", ["template"])]
OBJECTIVE = Objective.of_signs("loss", "loss", "min")


class Countdown(SearchStrategy):
    """Goes from 4 down to 1, ends jobs above 3."""

    left = 4

    def create_job(self) -> Any:
        if self.left == 0:
            return None
        self.left -= 1
        return self.helper_create_job(self._base_task_id, parameter_override={"x": self.left + 1})

    def monitor_job(self, job: Any) -> bool:
        point = self._objective_metric.get_current_raw_objective(job)
        return point is None or point[1] <= 3


class Batches(SearchStrategy):
    """Creates two jobs a step as ClearML's own loop does, while none runs."""

    steps = 0

    def process_step(self) -> bool:
        if self._current_jobs:
            return True
        self.steps += 1
        if self.steps > 2:
            return False
        for x in (1, 2):
            job = self.helper_create_job(self._base_task_id, parameter_override={"x": x + 2 * (self.steps - 1)})
            assert job.launch(self._execution_queue)
            self._current_jobs.append(job)
        return True


def search(kind: type[SearchStrategy]) -> Any:
    return kind("base", SPACE, OBJECTIVE)


def ready(kind: type[SearchStrategy]) -> Any:
    strategy = engine_strategy(search(kind))
    strategy.setup(Problem(space=SearchSpace(SPACE), objectives=OBJECTIVE.objectives))
    return strategy


def test_ready_made_strategies_need_no_jobs() -> None:
    assert type(engine_strategy(search(GridSearch))) is GridStrategy


def test_jobs_that_break_a_constraint_are_left_out() -> None:
    strategy = engine_strategy(search(Countdown))
    strategy.setup(Problem(space=SearchSpace(SPACE, "x != 4 and x != 2"), objectives=OBJECTIVE.objectives))
    assert strategy.ask(0) == {"x": 3, "kept": "template"}
    assert strategy.ask(1) == {"x": 1, "kept": "template"}
    assert [each.trial for each in strategy._search._current_jobs] == [0, 1]  # type: ignore[attr-defined]
    assert strategy.ask(2) is None


def test_a_strategy_that_proposes_nothing_but_the_forbidden_ends_with_the_reason() -> None:
    class Stubborn(SearchStrategy):
        def create_job(self) -> Any:
            return self.helper_create_job(parameter_override={"x": 2})

    strategy = engine_strategy(search(Stubborn))
    strategy.setup(Problem(space=SearchSpace(SPACE, "x > 2"), objectives=OBJECTIVE.objectives))
    with pytest.raises(InvalidInput, match=r"Stubborn has proposed what is forbidden.*'x > 2' does not hold for x = 2"):
        strategy.ask(0)


def test_ask_takes_what_create_job_proposes_and_keeps_the_template() -> None:
    strategy = ready(Countdown)
    assert [strategy.ask(trial) for trial in range(2)] == [{"kept": "template", "x": 4}, {"kept": "template", "x": 3}]
    for trial in range(2, 4):
        strategy.ask(trial)
    assert strategy.ask(4) is None
    assert not strategy.exhausted  # jobs run: it may know better when one has ended
    for trial in range(4):
        strategy.tell(trial, Outcome.COMPLETE, (1.0,))
    assert strategy.ask(4) is None
    assert strategy.exhausted


def test_monitor_job_judges_each_report() -> None:
    strategy = ready(Countdown)
    strategy.ask(0)
    strategy.report(0, 0, 2.0)
    assert not strategy.should_stop(0)
    strategy.report(0, 1, 5.0)
    assert strategy.should_stop(0)


def test_a_step_may_launch_several_jobs_and_they_run_one_trial_each() -> None:
    strategy = ready(Batches)
    assert [strategy.ask(trial)["x"] for trial in range(2)] == [1, 2]
    assert strategy.ask(2) is None and not strategy.exhausted
    strategy.tell(0, Outcome.COMPLETE, (1.0,))
    strategy.tell(1, Outcome.FAILED)
    assert [strategy.ask(trial)["x"] for trial in (2, 3)] == [3, 4]
    for trial in (2, 3):
        strategy.tell(trial, Outcome.COMPLETE, (1.0,))
    assert strategy.ask(4) is None and strategy.exhausted


def test_a_job_tells_what_becomes_of_it() -> None:
    strategy = ready(Countdown)
    strategy.ask(0)
    (job,) = strategy._search.get_running_jobs()
    assert (job.status(), job.is_pending(), job.iterations(), job.trial) == ("queued", True, -1, 0)
    strategy.report(0, 3, 0.5)
    strategy.report(0, 2, 0.1)
    assert (job.status(), job.is_running(), job.iterations()) == ("in_progress", True, 3)
    assert OBJECTIVE.get_objective(job) == 0.5
    assert OBJECTIVE.get_current_raw_objective(job) == (3, 0.5)
    strategy.tell(0, Outcome.PRUNED)
    assert (job.status(), job.is_stopped(), job.is_aborted()) == ("stopped", True, True)
    assert strategy._search.get_running_jobs() == []


def test_the_best_value_of_a_run_counts_where_the_sign_says_so() -> None:
    objective = Objective.of_signs("loss", "loss", "min_global")
    strategy = JobStrategy(Countdown("base", SPACE, objective))
    strategy.setup(Problem(space=SearchSpace(SPACE), objectives=objective.objectives))
    strategy.ask(0)
    for iteration, value in enumerate((0.5, 0.1, float("nan"))):
        strategy.report(0, iteration, value)
    (job,) = strategy._search.get_running_jobs()
    assert objective.get_objective(job) == 0.1


def test_what_a_strategy_cannot_know_raises_and_says_what_to_use() -> None:
    strategy = ready(Countdown)
    strategy.ask(0)
    (job,) = strategy._search.get_running_jobs()
    with pytest.raises(HpoError, match="time_limit_per_job"):
        job.elapsed()
    with pytest.raises(HpoError, match="get_active_experiments"):
        _ = job.task


def test_what_cannot_be_mapped_is_refused() -> None:
    class Loop(Countdown):
        def start(self) -> None: ...

    with pytest.raises(InvalidInput, match=r"override process_step\(\)"):
        engine_strategy(search(Loop))
    with pytest.raises(InvalidInput, match="proposes nothing"):
        engine_strategy(search(SearchStrategy))
    countdown = search(Countdown)
    with pytest.raises(InvalidInput, match="one base task"):
        countdown.helper_create_job("another", {"x": 1})
    with pytest.raises(InvalidInput, match="task_overrides"):
        countdown.helper_create_job("base", {"x": 1}, task_overrides={"script.branch": "main"})


@pytest.mark.parametrize("kind", [GridSearch, RandomSearch])
def test_a_subclass_of_a_ready_made_strategy_keeps_its_proposals(kind: type[SearchStrategy]) -> None:
    class Impatient(kind):  # type: ignore[misc, valid-type]
        def monitor_job(self, job: ClearmlJob) -> bool:
            return False

    strategy = ready(Impatient)
    found = {strategy.ask(trial)["x"] for trial in range(4)}
    assert found == {1, 2, 3, 4}
    assert strategy.ask(4) is None and strategy.exhausted
    strategy.report(0, 0, 1.0)
    assert strategy.should_stop(0)


def test_it_travels_with_its_jobs_but_without_what_belongs_to_the_kernel() -> None:
    strategy = ready(Countdown)
    strategy._search.set_job_naming_scheme(lambda base, parameters: base)
    strategy.ask(0)
    copy = pickle.loads(pickle.dumps(strategy))
    copy.report(0, 0, 9.0)
    assert copy.should_stop(0)
    assert copy.ask(1)["x"] == 3
    assert strategy._search.left == 3


def test_it_goes_on_after_a_restart() -> None:
    class Patient(GridSearch):
        def monitor_job(self, job: ClearmlJob) -> bool:
            return True

    strategy = ready(Patient)
    past = [
        Past(trial=-1, parameters={"x": 4, "kept": "template"}, outcome=Outcome.COMPLETE, values=(4.0,)),  # another's
        Past(trial=0, parameters={"x": 1, "kept": "template"}, outcome=Outcome.COMPLETE, values=(1.0,)),
        Past(trial=1, parameters={"x": 2, "kept": "template"}, reports=((0, 0.5),)),
    ]
    strategy.restore(past)
    (running,) = strategy._search.get_running_jobs()
    assert (running.trial, running.values) == (1, (0.5,))
    assert strategy._search._num_jobs == 2
    assert strategy.ask(2)["x"] == 3
