"""Limits are checked when they are written; what is left never goes below nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.limits import Limits, Usage, as_seconds, remaining


def test_every_bad_limit_is_named_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        Limits(max_number_of_concurrent_tasks=0, total_max_jobs=True, time_limit_per_job=-1, retries=-2)
    assert [p.split()[0] for p in caught.value.problems] == [
        "max_number_of_concurrent_tasks",
        "total_max_jobs",
        "retries",
        "time_limit_per_job",
    ]


def test_iteration_limits_must_not_cross() -> None:
    with pytest.raises(InvalidInput, match="min_iteration_per_job 9 is above max_iteration_per_job 3"):
        Limits(min_iteration_per_job=9, max_iteration_per_job=3)


@pytest.mark.parametrize("value", [None, 0, -1])
def test_none_zero_and_minus_one_keep_all_tasks(value: int | None) -> None:
    assert Limits(save_top_k_tasks_only=value).keep is None


def test_the_stored_form_comes_back_equal_and_an_unknown_limit_is_an_error() -> None:
    limits = Limits(total_max_jobs=5, compute_time_limit=12.5, retries=1)
    assert Limits.from_json(limits.to_json()) == limits
    with pytest.raises(InvalidInput, match="'max_job' is not a limit"):
        Limits.from_json({"max_job": 3})


def test_a_duration_is_seconds_or_a_timedelta() -> None:
    assert as_seconds(timedelta(minutes=2), "time_limit") == 120.0
    assert as_seconds(3, "time_limit") == 3.0
    with pytest.raises(InvalidInput, match="time_limit is '3 minutes'"):
        as_seconds("3 minutes", "time_limit")  # type: ignore[arg-type]


def test_what_is_left_never_goes_below_nothing() -> None:
    limits = Limits(total_max_jobs=10, max_iteration_per_job=5, compute_time_limit=100.0)
    left = remaining(limits, Usage(jobs=11, iterations=25, compute_time=30.0, time=9.0))
    assert left == {"jobs": 0.0, "iterations": 0.5, "compute_time": pytest.approx(0.7), "time": 1.0}
