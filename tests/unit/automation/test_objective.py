from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pytest

from hpo_widgets.automation.objective import Objective
from hpo_widgets.errors import InvalidInput


@dataclass
class Measured:
    values: tuple[float | None, ...] = ()
    raw: tuple[tuple[int, float] | None, ...] = ()


@pytest.mark.parametrize("sign", ["mim", "maximum", "MIN", "max_globl", "", None, 1])
def test_trap_7_a_sign_that_is_mistyped_is_an_error_that_lists_the_signs(sign: Any) -> None:
    with pytest.raises(InvalidInput, match="min, max, min_global, max_global"):
        Objective.of_signs("validation", "loss", sign)


def test_an_order_that_is_mistyped_is_an_error() -> None:
    with pytest.raises(InvalidInput, match="'min' or 'max'"):
        Objective("validation", "loss", order="mim")


@pytest.mark.parametrize(
    ("title", "series", "sign", "said"),
    [
        (["a", "b"], "c", "min", "series is a str"),
        ("a", "b", ["min"], "sign is a list"),
        (["a", "b"], ["c", "d"], ["min"], "2 titles, 2 series and 1 signs"),
        (["a", "a"], ["c", "c"], ["min", "max"], "given twice"),
        ("", "b", "min", "not empty"),
    ],
)
def test_lists_must_be_lists_of_one_length(title: Any, series: Any, sign: Any, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        Objective.of_signs(title, series, sign)


def test_all_problems_of_several_objectives_are_named() -> None:
    with pytest.raises(InvalidInput) as caught:
        Objective.of_signs(["a", ""], ["b", "c"], ["mim", "mxa"])
    assert len(caught.value.problems) == 3


def test_order_and_extremum_are_the_same_as_a_sign() -> None:
    assert Objective("a", "b", order="min", extremum=True) == Objective.of_signs("a", "b", "min_global")
    assert Objective(["a", "c"], ["b", "d"], ["max", "min"]) == Objective.of_signs(
        ["a", "c"], ["b", "d"], ["max", "min"]
    )


def test_one_objective_is_plain_and_several_are_lists() -> None:
    one = Objective.of_signs("a", "b", "min")
    assert one.get_objective_metric() == ("a", "b")
    assert one.get_objective_sign() == -1.0
    assert one.get_objective(Measured((0.5,), ((3, 0.5),))) == 0.5
    assert one.get_normalized_objective(Measured((0.5,))) == -0.5
    assert one.get_current_raw_objective(Measured((0.5,), ((3, 0.5),))) == (3, 0.5)
    two = Objective.of_signs(["a", "c"], ["b", "d"], ["min", "max"])
    assert two.get_objective_metric() == [("a", "b"), ("c", "d")]
    assert two.get_normalized_objective(Measured((0.5, 2.0))) == [-0.5, 2.0]


def test_a_missing_metric_is_none_and_nan_is_itself() -> None:
    two = Objective.of_signs(["a", "c"], ["b", "d"], ["min", "max"])
    assert two.get_objective(Measured((0.5, None))) is None
    assert two.get_normalized_objective(Measured()) is None
    assert two.get_current_raw_objective(Measured((0.5,), ((1, 0.5), None))) is None
    assert math.isnan(Objective("a", "b").get_objective(Measured((math.nan,))))
