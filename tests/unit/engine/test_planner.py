"""The planner decides from a picture and the time; every limit acts exactly when it is due."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo_widgets.engine.picture import Live, Picture, Start
from hpo_widgets.engine.planner import plan
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.study import StudyState
from hpo_widgets.model.task import Reason, TaskRecord, TaskState

NOW = 1000.0


def task(key: int, *, started: float | None = NOW, state: TaskState = TaskState.RUNNING) -> TaskRecord:
    return TaskRecord(
        id=f"{key:032x}",
        key=key,
        study="s",
        trial=key,
        attempt=0,
        name="t",
        state=state if started is not None else TaskState.QUEUED,
        reason=None,
        parameters={"x": key},
        queue="q",
        agent="a",
        code=None,
        pid=None,
        created=0.0,
        started=started,
        ended=None,
        archived=False,
        error=None,
    )


def picture(*live: Live, **changes: Any) -> Picture:
    limits = changes.pop("limits", Limits(max_number_of_concurrent_tasks=2))
    found = Picture(state=StudyState.RUNNING, limits=limits, started=0.0, **changes)
    found.live = {each.task.id: each for each in live}
    return found


def test_an_empty_study_asks_for_one_proposal_at_a_time() -> None:
    assert plan(picture(), NOW).asks == 1
    assert plan(picture(asking=1), NOW).asks == 0


def test_queued_and_running_tasks_fill_the_slots() -> None:
    full = picture(Live(task=task(1)), Live(task=task(2, started=None)))
    assert plan(full, NOW).asks == 0


def test_a_decision_not_yet_recorded_takes_a_slot() -> None:
    assert plan(picture(Live(task=task(1)), unsaved=1), NOW).asks == 0


def test_total_max_jobs_is_never_exceeded_not_by_one() -> None:
    limits = Limits(max_number_of_concurrent_tasks=4, total_max_jobs=3)
    two_enqueued = [Start(parameters={"x": 1}), Start(parameters={"x": 2})]
    todo = plan(picture(limits=limits, jobs=2), NOW)
    assert todo.asks == 1
    assert plan(picture(limits=limits, jobs=3), NOW).asks == 0
    nearly = picture(limits=limits, jobs=2)
    nearly.enqueued.extend(two_enqueued)
    todo = plan(nearly, NOW)
    assert (todo.enqueued, todo.asks) == (1, 0)


def test_a_retry_is_no_new_job() -> None:
    done = picture(limits=Limits(total_max_jobs=3), jobs=3)
    done.retries.append(Start(parameters={"x": 1}, trial=1, attempt=1))
    todo = plan(done, NOW)
    assert (todo.retries, todo.finish) == (1, None)


def test_the_time_limit_counts_from_the_start_and_ends_all_tasks() -> None:
    limits = Limits(optimization_time_limit=1000.0)
    before = plan(picture(Live(task=task(1)), limits=limits), NOW - 1)
    assert (before.stops, before.wake_at) == ((), 1000.0)
    due = plan(picture(Live(task=task(1)), limits=limits), NOW)
    assert due.stops == ((task(1).id, Reason.OPTIMIZATION_TIME_LIMIT),)
    assert due.finish is None
    assert plan(picture(limits=limits), NOW).finish == (StudyState.COMPLETED, Reason.OPTIMIZATION_TIME_LIMIT)


def test_compute_time_is_summed_over_all_tasks_and_its_deadline_depends_on_how_many_run() -> None:
    limits = Limits(compute_time_limit=100.0, max_number_of_concurrent_tasks=2)
    going = picture(Live(task=task(1, started=NOW - 10)), Live(task=task(2, started=NOW - 20)), limits=limits)
    going.compute_time = 40.0
    assert plan(going, NOW).wake_at == pytest.approx(NOW + (100 - 70) / 2)
    assert plan(going, NOW + 15).stops == tuple(
        (live.task.id, Reason.COMPUTE_TIME_LIMIT) for live in going.live.values()
    )


def test_time_in_the_queue_does_not_count_for_one_job() -> None:
    limits = Limits(time_limit_per_job=5.0)
    assert plan(picture(Live(task=task(1, started=None)), limits=limits), NOW + 100).stops == ()
    running = picture(Live(task=task(1, started=NOW)), limits=limits)
    assert plan(running, NOW + 4.9).wake_at == NOW + 5
    assert plan(running, NOW + 5).stops == ((task(1).id, Reason.TIME_LIMIT_PER_JOB),)


def test_reaching_the_last_iteration_ends_a_task_also_at_iteration_zero() -> None:
    limits = Limits(max_iteration_per_job=10)
    assert plan(picture(Live(task=task(1), iteration=9), limits=limits), NOW).stops == ()
    assert plan(picture(Live(task=task(1), iteration=10), limits=limits), NOW).stops == (
        (task(1).id, Reason.MAX_ITERATION_PER_JOB),
    )


def test_a_task_is_asked_to_stop_once() -> None:
    limits = Limits(max_iteration_per_job=10)
    assert plan(picture(Live(task=task(1), iteration=10, stopping="user"), limits=limits), NOW).stops == ()


def test_a_paused_study_starts_nothing_and_does_not_end() -> None:
    todo = plan(picture(), NOW)
    paused = picture()
    paused.state = StudyState.PAUSED
    assert todo.asks == 1
    assert (plan(paused, NOW).asks, plan(paused, NOW).finish) == (0, None)


def test_a_draining_study_stops_after_its_last_task() -> None:
    draining = picture(Live(task=task(1)))
    draining.state = StudyState.DRAINING
    assert (plan(draining, NOW).stops, plan(draining, NOW).finish) == ((), None)
    draining.live.clear()
    assert plan(draining, NOW).finish == (StudyState.STOPPED, Reason.USER)


def test_a_strategy_with_nothing_left_ends_the_study_once_its_tasks_have() -> None:
    assert plan(picture(Live(task=task(1)), exhausted=True), NOW).finish is None
    assert plan(picture(exhausted=True), NOW).finish == (StudyState.COMPLETED, Reason.EXHAUSTED)


def test_a_strategy_that_raised_lets_running_tasks_end_and_fails_the_study() -> None:
    broken = picture(Live(task=task(1)), error="Traceback ...")
    assert (plan(broken, NOW).stops, plan(broken, NOW).finish) == ((), None)
    assert plan(picture(error="Traceback ..."), NOW).finish == (StudyState.FAILED, Reason.FAILED)


@given(
    running=st.integers(0, 6),
    jobs=st.integers(0, 12),
    concurrency=st.integers(1, 5),
    most=st.one_of(st.none(), st.integers(1, 12)),
    retries=st.integers(0, 3),
    enqueued=st.integers(0, 3),
    asking=st.integers(0, 1),
    unsaved=st.integers(0, 2),
    state=st.sampled_from([StudyState.RUNNING, StudyState.PAUSED, StudyState.DRAINING]),
)
def test_no_plan_ever_overfills_the_slots_or_the_jobs(
    running: int,
    jobs: int,
    concurrency: int,
    most: int | None,
    retries: int,
    enqueued: int,
    asking: int,
    unsaved: int,
    state: StudyState,
) -> None:
    limits = Limits(max_number_of_concurrent_tasks=concurrency, total_max_jobs=most)
    found = picture(*(Live(task=task(i)) for i in range(running)), limits=limits, jobs=jobs, asking=asking)
    found.unsaved, found.state = unsaved, state
    found.retries.extend(Start(parameters={}, trial=i, attempt=1) for i in range(retries))
    found.enqueued.extend(Start(parameters={}) for _ in range(enqueued))
    todo = plan(found, NOW)
    started = todo.retries + todo.enqueued + todo.asks
    assert started == 0 or running + unsaved + asking + started <= concurrency
    assert most is None or todo.enqueued + todo.asks == 0 or jobs + asking + todo.enqueued + todo.asks <= most
    if todo.finish is not None:
        assert running == unsaved == started == 0
        assert not asking or state is StudyState.DRAINING  # what winds up does not wait for a proposal
