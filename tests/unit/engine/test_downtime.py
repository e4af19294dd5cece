"""What is dead costs nothing: neither the study's time nor its computing time grows while no process runs it."""

from __future__ import annotations

import pytest

from hpo_widgets.engine.last_signs import study_sign
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.study import RESTED_SINCE, RequestKind, StudyState
from hpo_widgets.model.task import Reason, TaskState
from hpo_widgets.study.results import Results
from tests.unit.engine.hands import Hands

A_NIGHT = 40_000.0


def die(hands: Hands) -> None:
    hands.now += A_NIGHT
    hands.crash()


def test_a_lost_task_ended_with_the_last_sign_of_life_of_its_agent() -> None:
    hands = Hands(limits=Limits(max_number_of_concurrent_tasks=2))
    hands.step()
    silent, telling = hands.claim(2)
    hands.now += 7.0
    hands.report(telling, 0.5)
    die(hands)
    lost = {task.id: task for task in hands.tasks(TaskState.LOST)}
    assert lost.keys() == {silent.id, telling.id}
    assert {task.ended for task in lost.values()} == {1007.0}
    assert hands.engine.picture.usage(hands.now).compute_time == 14.0


def test_a_lost_task_that_never_gave_a_sign_took_no_time() -> None:
    hands = Hands(limits=Limits(max_number_of_concurrent_tasks=1))
    hands.step()
    (task,) = hands.claim()
    die(hands)
    assert hands.store.task(task.id).ended == task.started


@pytest.mark.parametrize("name", ["optimization_time_limit", "compute_time_limit"])
def test_downtime_is_not_charged_to_a_limit_and_running_again_is(name: str) -> None:
    hands = Hands(limits=Limits(max_number_of_concurrent_tasks=1, **{name: 25.0}))
    hands.step()
    (task,) = hands.claim()
    hands.now += 10.0
    hands.report(task, 0.5)
    die(hands)
    hands.step()
    assert not hands.engine.finished
    (again,) = hands.claim()
    hands.now += 14.0
    hands.step()
    assert not hands.obey()
    hands.now += 1.0
    hands.step()
    assert hands.obey() == [(again.id, f"limit: {name}")]


def test_what_was_spent_adds_up_over_many_deaths_even_when_one_comes_before_any_task() -> None:
    hands = Hands(limits=Limits(max_number_of_concurrent_tasks=1))
    for _ in range(3):
        hands.step()
        (task,) = hands.claim()
        hands.now += 10.0
        hands.report(task, 0.5)
        die(hands)
        die(hands)
    assert hands.engine.picture.usage(hands.now).time == 30.0
    assert hands.engine.picture.usage(hands.now).compute_time == 30.0


def test_time_between_an_end_and_going_on_does_not_count() -> None:
    hands = Hands(limits=Limits(total_max_jobs=1, max_number_of_concurrent_tasks=1))
    hands.step()
    (task,) = hands.claim()
    hands.now += 10.0
    hands.end(task)
    hands.step()
    assert hands.engine.finished
    hands.now += A_NIGHT
    hands.open()
    assert hands.engine.picture.usage(hands.now).time == 10.0


def test_going_on_is_recorded_with_the_last_sign_of_life_before_it() -> None:
    hands = Hands(limits=Limits(max_number_of_concurrent_tasks=1))
    hands.step()
    (task,) = hands.claim()
    hands.now += 10.0
    hands.report(task, 0.5)
    die(hands)
    (again,) = hands.store.requests(hands.study)
    assert (again.kind, again.payload, again.handled) == (RequestKind.RESUME, {RESTED_SINCE: 1010.0}, hands.now)


def test_an_interrupted_study_spends_nothing_more_and_stop_ends_it_where_it_died(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hands = Hands(limits=Limits(max_number_of_concurrent_tasks=1))
    hands.step()
    (task,) = hands.claim()
    hands.now += 10.0
    hands.report(task, 0.5)
    monkeypatch.setattr("hpo_widgets.study.stored.is_alive", lambda _: False)
    usage = Results(hands.store, hands.study).usage
    assert (usage.time, usage.compute_time) == (10.0, 10.0)
    assert study_sign(hands.store, hands.store.study(hands.study)) == 1010.0
    hands.store.update_study(hands.study, state=StudyState.STOPPED, reason=Reason.USER.value, ended=1004.0)
    assert Results(hands.store, hands.study).usage.time == 4.0
