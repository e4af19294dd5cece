"""The arithmetic of rungs and brackets, against HpBandSter's formulas and the examples of the reference."""

from __future__ import annotations

import itertools
import math

from hypothesis import given
from hypothesis import strategies as st

from hpo_widgets.strategies.rungs import bracket, least_budget, rung_budgets


def shapes(rungs: int, eta: float, budgets: tuple[int, ...]) -> list[list[str]]:
    found = [bracket(index, rungs, eta) for index in range(rungs)]
    return [[f"{n}@{budgets[each.first + i]}" for i, n in enumerate(each.sizes)] for each in found]


def test_the_examples_of_the_reference() -> None:
    assert rung_budgets(10, 30, 3) == (10, 30)
    assert shapes(2, 3, (10, 30)) == [["3@10", "1@30"], ["2@30"]]
    assert rung_budgets(15000, 150000, 3) == (16667, 50000, 150000)
    assert rung_budgets(1, 27, 3) == (1, 3, 9, 27)
    assert shapes(4, 3, (1, 3, 9, 27)) == [
        ["27@1", "9@3", "3@9", "1@27"],
        ["9@3", "3@9", "1@27"],
        ["6@9", "2@27"],
        ["4@27"],
    ]


def test_the_brackets_come_again_and_again() -> None:
    assert [bracket(index, 4, 3) for index in range(4, 8)] == [bracket(index, 4, 3) for index in range(4)]


def test_a_power_that_a_logarithm_just_misses_is_a_rung() -> None:
    assert math.log(1000) / math.log(10) < 3
    assert rung_budgets(1, 1000, 10) == (1, 10, 100, 1000)
    assert rung_budgets(1, 243, 3) == (1, 3, 9, 27, 81, 243)


def test_nobody_says_where_the_lowest_rung_is() -> None:
    assert rung_budgets(least_budget(27, 3), 27, 3) == (1, 3, 9, 27)
    assert rung_budgets(least_budget(100, 3), 100, 3) == (4, 12, 34, 100)
    assert rung_budgets(least_budget(2, 3), 2, 3) == (2,)


LEAST, FACTOR = st.integers(1, 5000), st.floats(1, 5000)
ETA = st.one_of(st.integers(2, 6), st.floats(2, 6))


@given(least=LEAST, factor=FACTOR, eta=ETA)
def test_rungs_are_eta_apart_and_within_the_limits(least: int, factor: float, eta: float) -> None:
    most = int(least * factor)
    budgets = rung_budgets(least, most, eta)
    assert budgets[-1] == most
    assert budgets[0] >= least
    assert most / eta ** len(budgets) < least
    assert all(low < high for low, high in itertools.pairwise(budgets))
    for steps, budget in enumerate(reversed(budgets)):
        assert most / eta**steps <= budget + 1e-6
        assert budget - most / eta**steps < 1 + 1e-6


@given(index=st.integers(0, 50), rungs=st.integers(1, 7), eta=st.integers(2, 5))
def test_brackets_are_those_of_hpbandster(index: int, rungs: int, eta: int) -> None:
    shape = bracket(index, rungs, eta)
    s = rungs - 1 - index % rungs
    assert shape.first == rungs - 1 - s
    assert shape.sizes == tuple(max(1, rungs // (s + 1) * eta**s // eta**step) for step in range(s + 1))


@given(index=st.integers(0, 50), rungs=st.integers(1, 7), eta=st.integers(2, 5))
def test_no_more_than_one_in_eta_goes_up(index: int, rungs: int, eta: int) -> None:
    sizes = bracket(index, rungs, eta).sizes
    assert all(high * eta <= low for low, high in itertools.pairwise(sizes))
