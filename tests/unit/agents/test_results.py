"""What a returned value means."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from hpo_widgets.agents.results import RESULT, metric_named, points_of, to_iteration, to_number
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.objective import Objective
from hpo_widgets.model.scalar import Metric

LOSS = Objective("loss", "loss")
ACCURACY = Objective("validation", "accuracy")


def test_a_number_is_a_point_of_the_only_objective() -> None:
    assert points_of(0.5, [LOSS], {}) == [(Metric("loss", "loss"), 0, 0.5)]
    assert points_of(np.float32(0.5), [ACCURACY], {}) == [(Metric("validation", "accuracy"), 0, 0.5)]
    assert points_of(2, [], {}) == [(RESULT, 0, 2.0)]


def test_what_was_reported_as_the_objective_stands_whatever_number_is_returned() -> None:
    last = {Metric("loss", "loss"): (9, 0.7)}

    assert points_of(0.5, [LOSS], last) == [(RESULT, 9, 0.5)]
    assert points_of((0.5, 1), [LOSS, ACCURACY], last) == [
        (Metric("result", "loss"), 9, 0.5),
        (Metric("validation", "accuracy"), 0, 1.0),
    ]


def test_a_dict_that_names_the_objective_goes_on_with_what_was_reported() -> None:
    last = {Metric("loss", "loss"): (9, 0.7)}

    assert points_of({"loss": 0.5}, [LOSS], last) == [(Metric("loss", "loss"), 9, 0.5)]


@pytest.mark.parametrize("value", [0.7, math.nan, math.inf])
def test_what_was_reported_last_is_not_reported_again(value: float) -> None:
    assert points_of(value, [LOSS], {Metric("loss", "loss"): (9, value)}) == []


def test_a_dict_names_objectives_and_other_metrics() -> None:
    result = {"loss": 1, "validation/accuracy": 0.9, "size": np.int64(3), "time/train": 2.5}

    assert points_of(result, [LOSS, ACCURACY], {}) == [
        (Metric("loss", "loss"), 0, 1.0),
        (Metric("validation", "accuracy"), 0, 0.9),
        (Metric("size", "size"), 0, 3.0),
        (Metric("time", "train"), 0, 2.5),
    ]


def test_a_tuple_has_one_number_an_objective_in_order() -> None:
    assert [p[2] for p in points_of((1, 2.5), [LOSS, ACCURACY], {})] == [1.0, 2.5]
    assert [p[2] for p in points_of([7], [LOSS], {})] == [7.0]


def test_nothing_returned_is_nothing_reported() -> None:
    assert points_of(None, [LOSS], {}) == []


@pytest.mark.parametrize(
    ("result", "says"),
    [
        ("0.5", "one value was returned"),
        ((1, 2, 3), "3 items and there are 2 objectives"),
        (0.5, "one value was returned and there are 2 objectives"),
        ({"loss": "low"}, "the value of 'loss' must be a number"),
        ({3: 0.5}, "a metric's name must be text"),
        (object(), "a dict of numbers by metric name"),
        ((1, None), "item 1 must be a number"),
    ],
)
def test_anything_else_says_what_was_returned_and_what_is_allowed(result: Any, says: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        points_of(result, [LOSS, ACCURACY], {})

    assert says in str(caught.value) and "the function returned" in str(caught.value)


@pytest.mark.parametrize("value", [1, True, 1.0, np.float64(1), np.array(1), np.array([1.0]), Decimal(1), Fraction(1)])
def test_numbers_of_every_library_are_numbers(value: Any) -> None:
    assert to_number(value) == 1.0


@pytest.mark.parametrize("value", ["1", b"1", None, 1j, np.array([1, 2]), [1.0], 10**400])
def test_what_is_no_number_is_named(value: Any) -> None:
    with pytest.raises(TypeError, match=type(value).__name__):
        to_number(value)


def test_an_iteration_is_an_integer_of_any_library() -> None:
    assert to_iteration(np.int32(4)) == 4
    with pytest.raises(TypeError, match=r"3\.0 is of type float"):
        to_iteration(3.0)


def test_a_metric_is_a_title_and_a_series_or_one_word_for_both() -> None:
    assert metric_named("val/loss/total") == Metric("val", "loss/total")
    assert metric_named("loss") == Metric("loss", "loss")
    assert metric_named("loss/") == Metric("loss/", "loss/")
