"""Fronts, crowding and hypervolume, against references that count one by one."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo_widgets.model.front import Costs, crowding, dominates, first_front, fronts, hypervolume
from hpo_widgets.model.objective import Objective, Sign, first_ranked, rank, ranked_fronts

SIDE = 5
"""Points lie on whole numbers below it, so a hypervolume is a number of unit cubes."""


def clouds(least: int = 1, most: int = 4) -> st.SearchStrategy[list[Costs]]:
    def cloud(axes: int) -> st.SearchStrategy[list[Costs]]:
        return st.lists(st.tuples(*[st.integers(0, SIDE).map(float)] * axes), max_size=14)

    return st.integers(least, most).flatmap(cloud)


def brute_fronts(points: list[Costs]) -> list[list[int]]:
    left, found = list(range(len(points))), []
    while left:
        front = [
            i
            for i in left
            if not any(
                all(a <= b for a, b in zip(points[j], points[i], strict=True))
                and any(a < b for a, b in zip(points[j], points[i], strict=True))
                for j in left
            )
        ]
        found.append(front)
        left = [i for i in left if i not in front]
    return found


def brute_volume(points: list[Costs], axes: int) -> float:
    cubes = itertools.product(range(SIDE), repeat=axes)
    return float(sum(any(all(p <= c for p, c in zip(point, cube, strict=True)) for point in points) for cube in cubes))


@given(clouds())
def test_fronts_are_those_of_the_definition(points: list[Costs]) -> None:
    assert fronts(points) == brute_fronts(points)


@given(clouds(least=1, most=4).filter(bool))
def test_hypervolume_counts_the_unit_cubes_that_are_dominated(points: list[Costs]) -> None:
    axes = len(points[0])
    assert hypervolume(points, (float(SIDE),) * axes) == pytest.approx(brute_volume(points, axes))


@given(clouds(least=2, most=3).filter(bool))
def test_a_dominated_point_adds_no_hypervolume(points: list[Costs]) -> None:
    reference = (SIDE + 1.0,) * len(points[0])
    front = [points[i] for i in fronts(points)[0]]
    assert hypervolume(points, reference) == pytest.approx(hypervolume(front, reference))


def test_nothing_better_than_the_reference_has_no_hypervolume() -> None:
    assert hypervolume([(1.0, 0.0), (0.0, 1.0)], (1.0, 1.0)) == 0.0
    assert hypervolume([], (1.0, 1.0)) == 0.0


def test_equal_points_are_on_one_front() -> None:
    assert fronts([(1.0, 2.0), (1.0, 2.0), (2.0, 2.0)]) == [[0, 1], [2]]
    assert not dominates((1.0, 2.0), (1.0, 2.0))


def test_ends_are_infinitely_far_apart_and_the_rest_by_their_neighbours() -> None:
    found = crowding([(0.0, 4.0), (1.0, 2.0), (3.0, 1.0), (4.0, 0.0)])
    assert found == [math.inf, 3 / 4 + 3 / 4, 3 / 4 + 2 / 4, math.inf]


def test_within_a_front_those_come_first_that_are_apart_from_others() -> None:
    objectives = (Objective("a", "a", Sign.MIN), Objective("b", "b", Sign.MAX))
    points = [(4.0, 0.0), (0.0, -4.0), (3.0, -1.0), (1.0, -2.0), (math.nan, 9.0), (5.0, -5.0)]
    assert ranked_fronts(objectives, enumerate(points)) == [[0, 1, 3, 2], [5]]
    assert rank(objectives, enumerate(points)) == [0, 1, 3, 2, 5, 4]


def test_with_one_objective_a_front_is_a_value() -> None:
    assert ranked_fronts((Objective("a", "a", Sign.MAX),), enumerate([(1.0,), (2.0,), (2.0,)])) == [[1, 2], [0]]


@given(clouds())
def test_the_first_front_alone_is_the_first_of_all(points: list[Costs]) -> None:
    assert first_front(points) == next(iter(fronts(points)), [])


@given(clouds())
def test_what_is_ranked_first_is_found_without_ordering_the_rest(points: list[Costs]) -> None:
    objectives = [Objective(str(axis), "s", Sign.MAX if axis else Sign.MIN) for axis in range(len((points or [()])[0]))]
    candidates = [*points, *[(math.nan,) * len(objectives)] * bool(points)]
    ranked = rank(objectives, enumerate(candidates))
    assert first_ranked(objectives, candidates) == (candidates[ranked[0]] if points else ())
