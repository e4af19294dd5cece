"""Why a study has ended, as people read it."""

from __future__ import annotations

from typing import Any

import pytest

from hpo_widgets.model.limits import Limits
from hpo_widgets.model.reason_words import why_ended
from hpo_widgets.model.task import Reason


@pytest.mark.parametrize(
    ("reason", "limits", "said"),
    [
        (Reason.TOTAL_MAX_JOBS, {"total_max_jobs": 50}, "all 50 trials are done"),
        (Reason.TOTAL_MAX_JOBS, {"total_max_jobs": 1}, "the one trial is done"),
        (Reason.OPTIMIZATION_TIME_LIMIT, {"optimization_time_limit": 5400.0}, "its time of 90 min is over"),
        (Reason.OPTIMIZATION_TIME_LIMIT, {"optimization_time_limit": 3600.0}, "its time of 1 h is over"),
        (Reason.COMPUTE_TIME_LIMIT, {"compute_time_limit": 90.0}, "its computing time of 90 s is spent"),
        (Reason.PATIENCE, {"patience": 10}, "no better value in 10 trials"),
        (Reason.TARGET, {"target": 0.975}, "the target 0.975 is reached"),
        (Reason.EXHAUSTED, {}, "nothing is left to try"),
        (Reason.USER, {}, "by hand"),
        (Reason.FAILED, {}, ""),
    ],
)
def test_it_is_said_with_the_numbers_of_the_limits(reason: Reason, limits: dict[str, Any], said: str) -> None:
    assert why_ended(reason.value, Limits(**limits)) == said


def test_without_the_limit_that_ended_it_the_number_is_left_out() -> None:
    said = [why_ended(reason.value, Limits()) for reason in Reason]
    assert all(
        text and "None" not in text for reason, text in zip(Reason, said, strict=True) if reason.value != "failed"
    )


def test_what_a_terminator_said_is_kept() -> None:
    assert why_ended("limit: terminator (31 results (of 40) no better)", Limits()) == (
        "going on is not worth it: 31 results (of 40) no better"
    )
    said = why_ended("limit: total_max_jobs (the terminator could not judge)", Limits(total_max_jobs=3))
    assert said == "all 3 trials are done; the terminator could not judge"


def test_no_reason_says_nothing_and_an_unknown_one_comes_as_it_is() -> None:
    assert why_ended(None, Limits()) == ""
    assert why_ended("the moon (full)", Limits()) == "the moon (full)"
