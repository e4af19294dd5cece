"""How a task ended, from what was seen of it."""

from __future__ import annotations

import pytest

from hpo_widgets.agents.endings import STOP_GRACE_S, Stop, judge
from hpo_widgets.agents.launcher import Exit
from hpo_widgets.model.task import Outcome, Reason, TaskState


def seen(**fields: object) -> Exit:
    return Exit(task="t", time=0.0, **fields)  # type: ignore[arg-type]


def never() -> str:
    raise AssertionError("nobody should look at the console")


def test_a_stop_is_read_from_its_request() -> None:
    assert Stop.from_payload({}) == Stop(reason="user", grace=STOP_GRACE_S)
    assert Stop.from_payload({"reason": "pruned", "grace": 0, "detail": "rung 2"}) == Stop(
        reason="pruned (rung 2)", grace=0.0
    )
    assert Stop.from_payload({"reason": Reason.USER}).reason == "user"


@pytest.mark.parametrize("reason", [r for r in Reason if r not in (Reason.PRUNED, Reason.LOST)])
def test_limits_and_people_abort_except_where_the_iterations_are_done(reason: Reason) -> None:
    done = (Reason.MAX_ITERATION_PER_JOB, Reason.RUNG)
    wanted = TaskState.COMPLETED if reason in done else TaskState.ABORTED

    assert judge(seen(signal=15, stopped=True), None, Stop(reason=reason.value), never).state is wanted


def test_a_stop_that_came_too_late_changes_nothing() -> None:
    ending = judge(seen(code=0, stopped=False), Outcome(ok=True), Stop(reason="user"), never)

    assert (ending.state, ending.reason) == (TaskState.COMPLETED, None)


def test_what_the_code_said_counts_more_than_how_its_process_ended() -> None:
    assert judge(seen(signal=11), Outcome(ok=True), None, never).state is TaskState.COMPLETED
    assert judge(seen(lost=True), Outcome(ok=True), None, never).state is TaskState.COMPLETED
    assert judge(seen(signal=11), Outcome(ok=False, error="trace"), None, never).error == "trace"


def test_a_task_of_a_dead_server_is_lost_unless_it_was_to_be_stopped() -> None:
    assert judge(seen(lost=True, error="it died"), None, None, never).state is TaskState.LOST
    assert judge(seen(lost=True), None, Stop(reason="pruned"), never).state is TaskState.PRUNED


def test_an_exit_code_comes_with_the_last_words() -> None:
    assert judge(seen(code=3), None, None, lambda: "bye").error == "exited with code 3\nIts last words:\nbye"
    assert judge(seen(code=3), None, None, lambda: "").error == "exited with code 3"
    assert judge(seen(signal=99), None, None, lambda: "").error == "killed by signal 99"


def test_a_task_that_could_not_be_started_says_why() -> None:
    ending = judge(seen(error="no memory to fork"), None, None, never)

    assert (ending.state, ending.error) == (TaskState.FAILED, "no memory to fork")
