"""Objectives: how they are written, read from a summary, and ranked."""

from __future__ import annotations

import math

import pytest

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.objective import Objective, Sign, is_rankable, parse_objectives, rank

LOSS = Objective("loss", "loss", Sign.MIN)
ACCURACY = Objective("val", "accuracy", Sign.MAX)


@pytest.mark.parametrize(
    ("written", "direction", "meant"),
    [
        ("loss", None, Objective("loss", "loss", Sign.MIN)),
        ("validation/loss", "max", Objective("validation", "loss", Sign.MAX)),
        (("val", "acc", "max_global"), None, Objective("val", "acc", Sign.MAX_GLOBAL)),
        (("val", "acc"), "min_global", Objective("val", "acc", Sign.MIN_GLOBAL)),
        ("loss", "minimize", Objective("loss", "loss", Sign.MIN)),
        (ACCURACY, None, ACCURACY),
    ],
)
def test_an_objective_is_a_name_a_tuple_or_an_objective(written: object, direction: object, meant: Objective) -> None:
    assert parse_objectives(written, direction) == (meant,)


def test_several_objectives_are_a_list() -> None:
    assert parse_objectives(["loss", ("val", "accuracy", "max")], ["min", None]) == (LOSS, ACCURACY)


def test_a_sign_that_nobody_knows_is_an_error_and_never_a_direction() -> None:
    with pytest.raises(InvalidInput, match=r"'mim' is no direction .*; use one of min, max, .* mean 'min'"):
        parse_objectives("loss", "mim")


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_objectives(["loss", "loss", 3, ("a", "b", "up")])
    assert len(caught.value.problems) == 3


def test_the_sign_says_which_value_counts() -> None:
    assert LOSS.read(last=3.0, low=1.0, high=5.0) == 3.0
    assert Objective("a", "a", Sign.MIN_GLOBAL).read(last=3.0, low=1.0, high=5.0) == 1.0
    assert Objective("a", "a", Sign.MAX_GLOBAL).read(last=3.0, low=1.0, high=5.0) == 5.0


def test_a_global_sign_without_a_finite_point_has_no_winner() -> None:
    value = Objective("a", "a", Sign.MIN_GLOBAL).read(last=math.nan, low=None, high=None)
    assert not is_rankable((value,))


def test_missing_and_not_finite_come_last() -> None:
    found = rank((LOSS,), [(0, (math.nan,)), (1, (2.0,)), (2, (None,)), (3, (-math.inf,)), (4, (1.0,))])
    assert found == [4, 1, 0, 2, 3]
