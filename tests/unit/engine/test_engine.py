"""The engine's steps: what it writes for what happened, with the test as its agent and its clock."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from hands import Hands

from hpo_widgets.engine.picture import Start
from hpo_widgets.errors import StoreUnavailable
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.objective import Objective, Sign
from hpo_widgets.model.parameter_ranges import UniformIntegerParameterRange, UniformParameterRange
from hpo_widgets.model.scalar import CONSTRAINT_TITLE, Metric
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.model.study import RequestKind, StudyState
from hpo_widgets.model.task import LEFT, RUN_AGAIN, Reason, TaskState
from hpo_widgets.store.memory import MemoryStore
from hpo_widgets.strategies.base import Outcome, Strategy


class Recorder(Strategy):
    """Proposes counted members and remembers what it was told."""

    made: list[Recorder] = []

    def __init__(self) -> None:
        self.told: dict[int, tuple[Outcome, tuple[float, ...] | None]] = {}
        self.reports: list[tuple[int, int, float]] = []
        self.hopeless: set[int] = set()
        self.asked: list[int] = []
        self.ran: dict[int, float] = {}
        self.bound: dict[int, Sequence[tuple[str, float]]] = {}
        Recorder.made.append(self)

    def ask(self, trial: int) -> dict[str, Any] | None:
        return {"x": 0.5, "n": trial}

    def tell(self, trial: int, outcome: Outcome, values: tuple[float, ...] | None = None) -> None:
        assert trial not in self.told
        self.told[trial] = (outcome, values)

    def timed(self, trial: int, *, asked: float | None = None, ran: float | None = None) -> None:
        if asked is not None and asked >= 0:
            self.asked.append(trial)
        if ran is not None:
            self.ran[trial] = ran

    def constrained(self, trial: int, constraints: Sequence[tuple[str, float]]) -> None:
        assert trial not in self.told
        self.bound[trial] = constraints

    def report(self, trial: int, iteration: int, value: float) -> None:
        self.reports.append((trial, iteration, value))

    def should_stop(self, trial: int) -> bool:
        return any(t == trial and value > 100 for t, _, value in self.reports)


def recorded(**limits: Any) -> tuple[Hands, Recorder]:
    hands = Hands(limits=Limits(**limits), strategy=Recorder)
    hands.step()
    return hands, Recorder.made[-1]


def test_the_strategy_learns_how_long_asking_took_and_how_long_tasks_ran() -> None:
    hands, recorder = recorded(max_number_of_concurrent_tasks=2)
    first, second = hands.claim(2)
    hands.now += 7.0
    hands.end(first)
    hands.now += 2.0
    hands.end(second, TaskState.FAILED)
    hands.step()
    assert recorder.ran == {0: 7.0, 1: 9.0}
    assert recorder.asked == [0, 1, 2, 3]


def test_after_a_crash_the_strategy_is_told_how_long_tasks_ran() -> None:
    hands, before = recorded(max_number_of_concurrent_tasks=1)
    (first,) = hands.claim(1)
    hands.now += 7.0
    hands.end(first)
    hands.step()
    hands.crash()
    (second,) = hands.claim(1)
    hands.now += 2.0
    hands.end(second)
    hands.step()
    assert Recorder.made[-1] is not before
    assert Recorder.made[-1].ran == {0: 7.0, 1: 2.0}


def test_slots_are_filled_at_once_and_refilled_when_a_task_ends() -> None:
    hands, _ = recorded(max_number_of_concurrent_tasks=3, total_max_jobs=5)
    assert len(hands.tasks(TaskState.QUEUED)) == 3
    first = hands.claim(1)[0]
    hands.end(first)
    hands.step()
    assert len(hands.tasks(TaskState.QUEUED)) == 3
    hands.run_out()
    assert [t.trial for t in hands.tasks()] == [0, 1, 2, 3, 4]
    record = hands.store.study(hands.study)
    assert (record.state, record.reason, record.owner) == (StudyState.COMPLETED, Reason.TOTAL_MAX_JOBS.value, None)


def test_the_last_value_is_the_one_with_the_largest_iteration_not_the_newest() -> None:
    hands, strategy = recorded(total_max_jobs=1)
    task = hands.claim()[0]
    for iteration, value in ((1, 5.0), (3, 2.0), (2, 9.0)):
        hands.report(task, value, iteration)
    hands.end(task)
    hands.step()
    assert strategy.told == {0: (Outcome.COMPLETE, (2.0,))}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_never_wins(value: float) -> None:
    hands, strategy = recorded(total_max_jobs=1)
    task = hands.claim()[0]
    hands.report(task, value)
    hands.end(task)
    hands.step()
    assert strategy.told == {0: (Outcome.FAILED, None)}


def test_a_global_sign_takes_the_extreme_over_all_points() -> None:
    Recorder.made.clear()
    hands = Hands(objectives=(Objective("acc", "val", Sign.MAX_GLOBAL),), strategy=Recorder)
    hands.step()
    task = hands.claim()[0]
    for iteration, value in enumerate((0.2, 0.9, math.inf, 0.4)):
        hands.report(task, value, iteration, Metric("acc", "val"))
    hands.end(task)
    hands.step()
    assert Recorder.made[-1].told == {0: (Outcome.COMPLETE, (0.9,))}


def test_a_task_without_the_metric_is_told_as_failed_and_stays_completed() -> None:
    hands, strategy = recorded(total_max_jobs=1)
    task = hands.claim()[0]
    hands.report(task, 1.0, metric=Metric("other", "other"))
    hands.end(task)
    hands.step()
    assert strategy.told == {0: (Outcome.FAILED, None)}
    assert hands.tasks()[0].state is TaskState.COMPLETED


def test_a_hopeless_trial_is_pruned_at_its_report_and_its_slot_filled() -> None:
    hands, strategy = recorded(total_max_jobs=2)
    task = hands.claim()[0]
    hands.report(task, 101.0, iteration=1)
    hands.step()
    assert hands.obey() == [(task.id, Reason.PRUNED.value)]
    hands.step()
    assert strategy.told == {0: (Outcome.PRUNED, None)}
    assert hands.store.task(task.id).state is TaskState.PRUNED
    assert len(hands.tasks(TaskState.QUEUED)) == 1


def test_no_task_is_pruned_before_its_first_iterations() -> None:
    hands, _ = recorded(min_iteration_per_job=5)
    task = hands.claim()[0]
    hands.report(task, 101.0, iteration=4)
    hands.step()
    assert hands.obey() == []
    hands.report(task, 101.0, iteration=5)
    hands.step()
    assert hands.obey() == [(task.id, Reason.PRUNED.value)]


def test_reaching_the_last_iteration_completes_a_task() -> None:
    hands, strategy = recorded(max_iteration_per_job=3, total_max_jobs=1)
    task = hands.claim()[0]
    hands.report(task, 0.5, iteration=3)
    hands.step()
    assert hands.obey() == [(task.id, Reason.MAX_ITERATION_PER_JOB.value)]
    hands.step()
    assert hands.store.task(task.id).state is TaskState.COMPLETED
    assert strategy.told == {0: (Outcome.COMPLETE, (0.5,))}


def test_a_failed_task_is_run_again_with_the_same_parameters_as_often_as_asked() -> None:
    hands, strategy = recorded(retries=2, total_max_jobs=1)
    for attempt in range(3):
        task = hands.claim()[0]
        assert (task.attempt, task.trial, task.parameters) == (attempt, 0, {"x": 0.5, "n": 0})
        hands.end(task, TaskState.FAILED)
        hands.step()
    assert strategy.told == {0: (Outcome.FAILED, None)}
    assert hands.store.study(hands.study).state is StudyState.COMPLETED


def test_a_lost_task_is_run_again_once_even_without_retries() -> None:
    hands, strategy = recorded(total_max_jobs=1)
    hands.end(hands.claim()[0], TaskState.LOST)
    hands.step()
    again = hands.claim()[0]
    assert (again.attempt, again.trial) == (1, 0)
    hands.end(again, TaskState.LOST)
    hands.step()
    assert strategy.told == {0: (Outcome.FAILED, None)}


def test_a_trial_made_by_hand_goes_first_and_counts_as_a_job() -> None:
    hands, _ = recorded(total_max_jobs=3)
    request = hands.ask(RequestKind.ENQUEUE, parameters={"x": 0.25, "n": 7})
    hands.run_out()
    assert [t.parameters for t in hands.tasks()][1] == {"x": 0.25, "n": 7}
    assert len(hands.tasks()) == 3
    answered = next(r for r in hands.store.requests(hands.study) if r.id == request.id)
    assert (answered.handled, answered.answer) == (hands.now, None)


def test_what_could_not_run_any_more_is_answered_with_the_reason() -> None:
    hands, _ = recorded(total_max_jobs=1)
    request = hands.ask(RequestKind.ENQUEUE, parameters={"x": 0.25, "n": 7})
    hands.run_out()
    answered = next(r for r in hands.store.requests(hands.study) if r.id == request.id)
    assert answered.answer is not None and "total_max_jobs" in answered.answer


def test_stop_aborts_all_tasks_and_says_that_a_person_did() -> None:
    hands, _ = recorded(max_number_of_concurrent_tasks=2)
    hands.claim(1)
    hands.ask(RequestKind.STOP)
    hands.step()
    assert [reason for _, reason in hands.obey()] == [Reason.USER.value] * 2
    hands.step()
    assert {t.state for t in hands.tasks()} == {TaskState.ABORTED}
    assert hands.store.study(hands.study).state is StudyState.STOPPED


def test_limits_change_while_the_study_runs_and_wrong_ones_are_refused() -> None:
    hands, _ = recorded(total_max_jobs=4)
    hands.ask(RequestKind.SET_LIMITS, max_number_of_concurrent_tasks=3)
    hands.step()
    assert len(hands.tasks(TaskState.QUEUED)) == 3
    refused = hands.ask(RequestKind.SET_LIMITS, total_max_jobs=-1)
    hands.step()
    answered = next(r for r in hands.store.requests(hands.study) if r.id == refused.id)
    assert answered.answer is not None and "total_max_jobs is -1" in answered.answer
    assert hands.store.study(hands.study).limits == {"max_number_of_concurrent_tasks": 3, "total_max_jobs": 4}


def test_only_the_best_stay_in_sight_and_an_archived_one_rises_with_the_limit() -> None:
    hands, _ = recorded(save_top_k_tasks_only=2, total_max_jobs=4)
    for value in (3.0, 1.0, 2.0):
        task = hands.claim()[0]
        hands.report(task, value)
        hands.end(task)
        hands.step()
    assert [t.archived for t in hands.tasks()] == [True, False, False, False]
    hands.ask(RequestKind.SET_LIMITS, save_top_k_tasks_only=3)
    hands.step()
    assert [t.archived for t in hands.tasks()] == [False, False, False, False]


def test_what_breaks_a_constraint_does_not_stay_in_sight_and_the_strategy_hears_of_it_even_after_a_crash() -> None:
    hands, strategy = recorded(save_top_k_tasks_only=1, total_max_jobs=3)
    size = Metric(CONSTRAINT_TITLE, "size")
    for value, bound in ((1.0, 2.0), (5.0, -1.0)):
        task = hands.claim()[0]
        hands.report(task, value)
        hands.report(task, 9.0, metric=size)
        hands.report(task, bound, iteration=1, metric=size)
        hands.end(task)
        hands.step()
    assert [t.archived for t in hands.tasks()][:2] == [True, False]
    assert strategy.bound == {0: (("size", 2.0),), 1: (("size", -1.0),)}
    assert hands.engine.picture.progress.best == 5.0

    hands.crash()
    hands.step()
    assert hands.engine.picture.progress.best == 5.0


def test_a_strategy_that_raises_fails_the_study_after_its_running_tasks() -> None:
    class Broken(Recorder):
        def ask(self, trial: int) -> dict[str, Any] | None:
            if trial == 2:
                raise ZeroDivisionError("no more ideas")
            return super().ask(trial)

    hands = Hands(limits=Limits(max_number_of_concurrent_tasks=3), strategy=Broken)
    hands.run_out()
    record = hands.store.study(hands.study)
    assert (record.state, len(hands.tasks(TaskState.COMPLETED))) == (StudyState.FAILED, 2)
    assert record.error is not None and "no more ideas" in record.error


class Flaky(MemoryStore):
    """Is a store whose disk is full while `full` is set."""

    full = False

    def create_tasks(self, *args: Any, **kwargs: Any) -> Any:
        if self.full:
            raise StoreUnavailable("no space left")
        return super().create_tasks(*args, **kwargs)


def test_nothing_is_lost_while_the_store_cannot_be_written() -> None:
    store = Flaky()
    hands = Hands(limits=Limits(total_max_jobs=3, max_number_of_concurrent_tasks=1), store=store, strategy=Recorder)
    hands.step()
    task = hands.claim()[0]
    hands.report(task, 1.0)
    hands.end(task)
    store.full = True
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            hands.step()
    store.full = False
    hands.run_out()
    assert [t.parameters["n"] for t in hands.tasks()] == [0, 1, 2]
    assert [c.task.trial for c in hands.conclusions] == [0, 1, 2]


def test_after_a_crash_running_tasks_are_lost_and_run_again_and_no_job_counts_twice() -> None:
    hands = Hands(limits=Limits(total_max_jobs=4, max_number_of_concurrent_tasks=2), strategy=Recorder)
    hands.step()
    done, _lost = hands.claim(2)
    hands.report(done, 0.5)
    hands.end(done)
    hands.step()
    hands.crash()
    hands.step()
    assert [(t.trial, t.attempt, t.state.value) for t in hands.tasks()][:2] == [(0, 0, "completed"), (1, 0, "lost")]
    hands.run_out()
    assert Recorder.made[-1].told[0] == (Outcome.COMPLETE, (0.5,))
    completed = [t.trial for t in hands.tasks(TaskState.COMPLETED)]
    assert sorted(completed) == [0, 1, 2, 3]


def stopped_and_gone_on(hands: Hands) -> None:
    hands.ask(RequestKind.STOP)
    hands.step()
    hands.obey()
    hands.step()
    assert hands.store.study(hands.study).state is StudyState.STOPPED
    hands.open()
    hands.step()


def test_what_was_stopped_with_its_study_runs_again_and_what_a_person_stopped_does_not() -> None:
    hands, _ = recorded(total_max_jobs=4, max_number_of_concurrent_tasks=3)
    by_hand, running, waiting = hands.tasks()
    hands.claim(2)
    for task in (by_hand, running):
        hands.report(task, 0.5)
    payload = {"reason": Reason.USER.value}
    hands.store.request(RequestKind.STOP_TASK, study=hands.study, task=by_hand.id, payload=payload, now=hands.now)
    stopped_and_gone_on(hands)

    assert [(t.trial, t.attempt, t.reason) for t in hands.tasks()] == [
        (0, 0, "user"),
        (1, 0, RUN_AGAIN),
        (2, 0, RUN_AGAIN),
        (1, 1, None),
        (2, 1, None),
        (3, 0, None),
    ]
    assert [t.parameters for t in hands.tasks()][3:5] == [running.parameters, waiting.parameters]
    hands.run_out(value=2.0)
    assert [t.trial for t in hands.tasks(TaskState.COMPLETED)] == [1, 2, 3]
    assert hands.store.best_value(hands.study, hands.objectives[0]) == 0.5
    told = Recorder.made[-1].told
    assert (told[0], told.keys()) == ((Outcome.COMPLETE, (0.5,)), {0, 1, 2, 3})


def test_what_was_reported_before_a_stop_counts_until_the_study_goes_on() -> None:
    hands, _ = recorded(total_max_jobs=1)
    (task,) = hands.claim(1)
    hands.report(task, 0.5)
    hands.ask(RequestKind.STOP)
    hands.step()
    hands.obey()
    hands.step()
    assert hands.store.best_value(hands.study, hands.objectives[0]) == 0.5
    hands.open()
    assert hands.store.best_value(hands.study, hands.objectives[0]) is None


def test_stops_of_the_study_cost_a_trial_none_of_its_chances() -> None:
    hands, strategy = recorded(total_max_jobs=1, retries=1)
    for _ in range(3):
        hands.claim(1)
        stopped_and_gone_on(hands)
    (fourth,) = hands.claim(1)
    assert (fourth.trial, fourth.attempt) == (0, 3)
    hands.end(fourth, TaskState.FAILED)
    hands.step()
    (last,) = hands.claim(1)
    hands.end(last, TaskState.FAILED)
    hands.step()
    assert Recorder.made[-1].told == {0: (Outcome.FAILED, None)} and strategy.told == {}
    assert hands.store.study(hands.study).state is StudyState.COMPLETED


def test_what_ended_in_order_with_its_process_is_run_again_however_often_that_happens() -> None:
    hands, _ = recorded(total_max_jobs=2)
    for attempt in range(3):
        (task,) = hands.claim(1)
        assert (task.trial, task.attempt) == (0, attempt)
        hands.end(task, TaskState.LOST, reason=LEFT)
        hands.crash()
        hands.step()
    hands.run_out()
    assert [t.trial for t in hands.tasks(TaskState.COMPLETED)] == [0, 1]


def halved(hands: Hands) -> None:
    half = SearchSpace([UniformParameterRange("x", 0.0, 0.5), UniformIntegerParameterRange("n", 0, 1)])
    hands.ask(RequestKind.SET_SPACE, space=half.to_json())


def test_other_ranges_go_to_a_new_strategy_with_all_that_was_found_each_end_told_once() -> None:
    hands, before = recorded(max_number_of_concurrent_tasks=3)
    done, going, _ = hands.claim(3)
    hands.report(done, 1.0, 1)
    hands.report(going, 7.0, 1)
    hands.end(done)
    hands.step()
    halved(hands)
    hands.end(going)  # the engine hears of this end and of the other ranges in one step
    hands.step()
    after = Recorder.made[-1]
    assert after is not before
    assert after.problem.moved and after.problem.space[0] == UniformParameterRange("x", 0.0, 0.5)
    assert after.told[0] == (Outcome.COMPLETE, (1.0,)) and (0, 1, 1.0) in after.reports
    assert {**before.told, **after.told}[1] == (Outcome.COMPLETE, (7.0,))
    config = hands.store.study(hands.study).config
    assert SearchSpace.from_json(config["space"])[1] == UniformIntegerParameterRange("n", 0, 1)
    hands.crash()
    hands.step()
    assert hands.engine.thinker is not None and Recorder.made[-1] is not after and Recorder.made[-1].problem.moved


def test_a_proposal_that_waits_and_lies_outside_is_taken_back_and_its_number_given_again() -> None:
    hands, _ = recorded(max_number_of_concurrent_tasks=1)
    hands.engine.picture.retries.append(Start(parameters={"x": 0.9, "n": 5}, trial=1))
    hands.engine.picture.jobs = 2
    halved(hands)
    hands.step()
    assert not hands.engine.picture.retries
    hands.end(hands.claim()[0])
    hands.step()
    assert [(t.trial, t.parameters["x"]) for t in hands.tasks()] == [(0, 0.5), (1, 0.5)]


def test_ranges_of_a_name_that_is_not_searched_are_refused_and_change_nothing() -> None:
    hands, strategy = recorded()
    request = hands.ask(RequestKind.SET_SPACE, space=SearchSpace([UniformParameterRange("nn", 0.0, 1.0)]).to_json())
    hands.step()
    answers = {each.id: each.answer for each in hands.store.requests(hands.study)}
    assert "did you mean" in str(answers[request.id]) and Recorder.made[-1] is strategy
