"""The forecast of a study's end: time in which it rested is no time that its trials took."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hpo_widgets.charts.pace import Pace
from hpo_widgets.model.study import RESTED_SINCE, Request, RequestKind
from hpo_widgets.model.task import LEFT, WITH_STUDY, TaskState
from tests.unit.charts.some_tasks import task

HOUR = 3600.0


def asked(kind: RequestKind, at: float, since: float | None = None, answer: str | None = None) -> Request:
    payload = {} if since is None else {RESTED_SINCE: since}
    return Request(id=1, kind=kind, study="s", task=None, payload=payload, time=at, handled=at, answer=answer)


def with_ends(*ends: float) -> Pace:
    pace = Pace()
    for key, end in enumerate(ends):
        pace.put(replace(task(key, TaskState.COMPLETED), ended=end))
    return pace


def test_before_two_trials_have_ended_there_is_no_forecast() -> None:
    assert with_ends(1000.0).until(5, 1001.0) is None


def test_what_has_passed_since_the_last_end_is_taken_off_and_nothing_is_below_zero() -> None:
    pace = with_ends(1000.0, 1010.0, 1020.0)
    assert [pace.until(2, now) for now in (1020.0, 1025.0, 1090.0)] == [20.0, 15.0, 0.0]


def test_an_hour_of_pause_is_left_out_while_what_still_ran_in_it_counts() -> None:
    pace = with_ends(1000.0, 1010.0, 1020.0, 1020.0 + HOUR)
    pace.take(asked(RequestKind.PAUSE, 1012.0))
    pace.take(asked(RequestKind.RESUME, 1010.0 + HOUR))
    assert pace.until(3, 1020.0 + HOUR) == pytest.approx(30.0)


def test_a_pause_since_the_last_end_puts_the_forecast_off() -> None:
    pace = with_ends(1000.0, 1010.0)
    pace.take(asked(RequestKind.PAUSE, 1013.0))
    pace.take(asked(RequestKind.RESUME, 1013.0 + HOUR))
    assert pace.until(1, 1015.0 + HOUR) == pytest.approx(5.0)


@pytest.mark.parametrize(("paused", "worked"), [(None, 10 + 10 + 5), (1014.0, 10 + 4 + 5)])
def test_a_night_without_a_process_is_left_out_also_when_it_had_been_paused(
    paused: float | None, worked: float
) -> None:
    pace = with_ends(1000.0, 1010.0, 1015.0 + HOUR)
    if paused is not None:
        pace.take(asked(RequestKind.PAUSE, paused))
    pace.take(asked(RequestKind.RESUME, 1010.0 + HOUR, since=1020.0))
    assert pace.until(2, 1015.0 + HOUR) == pytest.approx(worked)


def test_a_resume_of_what_ran_and_a_pause_that_was_refused_are_no_rest() -> None:
    pace = with_ends(1000.0, 1010.0, 1020.0)
    pace.take(asked(RequestKind.PAUSE, 1001.0, answer="the study was started again after this was asked."))
    pace.take(asked(RequestKind.RESUME, 1009.0))
    assert pace.until(1, 1020.0) == pytest.approx(10.0)


def test_what_runs_again_for_no_fault_of_its_own_is_no_end() -> None:
    pace = with_ends(1000.0, 1010.0)
    pace.put(replace(task(8, TaskState.LOST), ended=1011.0, reason=LEFT))
    pace.put(replace(task(9, TaskState.ABORTED), ended=1011.0, reason=f"user ({WITH_STUDY})"))
    assert pace.until(1, 1010.0) == pytest.approx(10.0)
