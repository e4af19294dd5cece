from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hpo_widgets as hpo
from hpo_widgets.charts.narrowing import members_near, narrowings
from hpo_widgets.model.parameter_choices import ParameterSet
from hpo_widgets.model.parameter_ranges import UniformParameterRange
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.model.space_change import changed_space
from hpo_widgets.model.space_shorthand import as_space

EVERY_KIND = as_space(
    {
        "log": hpo.loguniform(1e-5, 1e-1),
        "log steps": hpo.loguniform(1e-5, 1.0, step=1),
        "whole": (1, 9),
        "eights": hpo.integer(8, 128, 8),
        "real": (0.0, 1.0),
        "quarters": hpo.uniform(0, 1, 0.25),
        "normal": hpo.normal(0, 1),
        "steps of normal": hpo.normal(0, 1, step=0.5),
        "lognormal": hpo.lognormal(0, 1),
        "choice": ["a", "b", "c", 1, 1.0, True],
        "one": [3],
    }
)


def some(space: SearchSpace, count: int, seed: int = 1) -> list[dict[str, Any]]:
    source = random.Random(seed)
    return [space.draw(lambda _key, latent: latent.draw(source)) for _ in range(count)]


def then(space: SearchSpace, members: list[dict[str, Any]]) -> dict[str, str]:
    return {each.name: each.then or each.why for each in narrowings(space, members)}


@given(count=st.integers(2, 6), seed=st.integers(0, 10_000))
def test_narrowed_space_holds_the_members_and_is_no_wider(count: int, seed: int) -> None:
    members = some(EVERY_KIND, count, seed)

    new = [each.parameter for each in narrowings(EVERY_KIND, members) if each.parameter is not None]

    narrowed = changed_space(EVERY_KIND, new)
    for member in members:
        narrowed.locate(member)
    for member in some(narrowed, 5, seed):
        EVERY_KIND.locate(member)


def test_ranges_keep_their_kind_and_choices_their_order() -> None:
    space = as_space(
        {"lr": hpo.loguniform(1e-5, 1e-1), "layers": (1, 8), "by 8": hpo.integer(8, 64, 8), "c": list("abc")}
    )

    found = then(
        space, [{"lr": 1e-3, "layers": 5, "by 8": 32, "c": "c"}, {"lr": 1e-4, "layers": 2, "by 8": 16, "c": "a"}]
    )

    assert found == {"lr": "0.0001 to 0.001, log", "layers": "2 to 5", "by 8": "16 to 32, step 8", "c": "a, c"}


def test_what_cannot_be_narrowed_says_why() -> None:
    space = SearchSpace([*as_space({"x": (0.0, 1.0), "n": (1, 3), "c": ["a"]}), ParameterSet([{"k": 1}, {"k": 2}])])

    found = then(space, [{"x": 0.5, "n": 1, "c": "a", "k": 1}, {"x": 0.5, "n": 3, "c": "a", "k": 1}])

    assert found == {
        "x": "all chosen trials have the same value",
        "n": "the chosen trials span all of it",
        "c": "the chosen trials span all of it",
        "combinations": "combinations of parameters stay as they are",
    }


def test_values_outside_the_space_do_not_widen_it() -> None:
    space = as_space({"x": (0.0, 1.0), "c": ["a", "b"]})

    assert then(space, [{"x": 5.0, "c": "z"}]) == dict.fromkeys("xc", "no chosen trial has a value inside")
    assert then(space, [{"x": 5.0, "c": "z"}, {"x": 0.2, "c": "b"}, {"x": 0.4}]) == {"x": "0.2 to 0.4", "c": "b"}


def test_range_without_its_last_value_is_closed_at_the_member() -> None:
    space = SearchSpace([UniformParameterRange("x", 0.0, 1.0, include_max_value=False)])

    (found,) = narrowings(space, [{"x": 0.25}, {"x": 0.75}])

    assert found.parameter == UniformParameterRange("x", 0.25, 0.75)


@pytest.mark.parametrize("count", [1, 4])
def test_members_near_are_new_members_within_the_extent(count: int) -> None:
    source = random.Random(3)
    members = some(EVERY_KIND, count)

    found = members_near(EVERY_KIND, members, 5, source.random, [EVERY_KIND.key(each) for each in members])

    assert len({EVERY_KIND.key(each) for each in (*members, *found)}) == count + 5
    low, high = min(m["real"] for m in members), max(m["real"] for m in members)
    margin = 0.1 * ((high - low) or 1.0)
    for each in found:
        EVERY_KIND.locate(each)
        assert low - margin <= each["real"] <= high + margin
        assert each["choice"] in [member["choice"] for member in members]


def test_small_space_gives_no_more_than_it_has() -> None:
    space = as_space({"a": ["x", "y"], "n": (1, 2)})
    known = [space.key({"a": "x", "n": 1})]

    found = members_near(space, [{"a": "x", "n": 1}], 9, random.Random(1).random, known)

    assert found == []
    assert members_near(space, [{"a": "z", "n": 1}], 9, random.Random(1).random) == []
