"""Limits are checked when they are written; what is left never goes below nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

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
    with pytest.raises(InvalidInput, match="time_limit is 1000"):
        as_seconds(10**400, "time_limit")


def test_a_number_beyond_floats_is_no_limit() -> None:
    with pytest.raises(InvalidInput, match="target is 1000"):
        Limits(target=10**400)


def test_what_is_left_never_goes_below_nothing() -> None:
    limits = Limits(total_max_jobs=10, max_iteration_per_job=5, compute_time_limit=100.0)
    left = remaining(limits, Usage(jobs=11, iterations=25, compute_time=30.0, time=9.0))
    assert left == {"jobs": 0.0, "iterations": 0.5, "compute_time": pytest.approx(0.7), "time": 1.0}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"terminator": "regrets"}, "terminator is 'regrets'; give one of regret, emmr, stagnation, or None"),
        ({"terminator": True}, "terminator is True; give one of"),
        ({"terminator": "regret"}, "without expected_gain"),
        ({"terminator": "stagnation", "expected_gain": 0.1}, "stagnation only counts results"),
        ({"expected_gain": 0}, "expected_gain is 0; give a number above 0, or None"),
        ({"expected_gain": float("nan")}, "expected_gain is nan"),
        ({"min_gain": -1.0, "patience": 3}, "min_gain is -1.0; give a number of 0 or more"),
    ],
)
def test_what_ends_a_search_early_is_checked(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Limits(**given)
    assert said in caught.value.problems[0]


@pytest.mark.parametrize(
    ("limits", "rule"),
    [
        (Limits(), None),
        (Limits(expected_gain=0.01), "regret"),
        (Limits(terminator="emmr", expected_gain=0.01), "emmr"),
        (Limits(terminator="stagnation"), "stagnation"),
    ],
)
def test_a_least_gain_brings_its_terminator_and_both_survive_json(limits: Limits, rule: str | None) -> None:
    assert limits.rule == rule
    assert Limits.from_json(limits.to_json()) == limits
