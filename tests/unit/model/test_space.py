"""The search space as a whole: checks, drawing and locating, grid, JSON, shorthand."""

from __future__ import annotations

import json
import math
import pickle
import random
from itertools import islice
from typing import Any

import numpy as np
import pytest

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.latent import CategoricalLatent, FloatLatent, IntLatent
from hpo_widgets.model.parameters import (
    DiscreteParameterRange,
    LogUniformParameterRange,
    ParameterSet,
    UniformIntegerParameterRange,
    UniformParameterRange,
)
from hpo_widgets.model.space import SearchSpace, parameters_key
from hpo_widgets.model.space_shorthand import (
    as_space,
    choice,
    integer,
    lognormal,
    loguniform,
    normal,
    uniform,
)

HOSTILE = ["<script>alert(1)</script>", "😀", "a\nb", "x" * 300, "set 1", "'; DROP TABLE task; --", "\ud800"]

TREE = as_space(
    {
        "lr": loguniform(1e-5, 1e-1),
        "model": ParameterSet(
            [
                {"kind": "svm", "C": loguniform(1e-3, 1e3)},
                {
                    "kind": "forest",
                    "trees": integer(1, 5),
                    "depth": ParameterSet([{"deep": 1}, {"deep": uniform(0, 1, 0.5), "e": True}]),
                },
            ]
        ),
    }
)


def draw(space: SearchSpace, seed: int = 0) -> dict[str, Any]:
    source = random.Random(seed)
    return space.draw(lambda _key, latent: latent.draw(source))


def test_one_error_names_all_problems() -> None:
    with pytest.raises(InvalidInput) as caught:
        SearchSpace(
            [
                UniformParameterRange("a", 3, 1),
                UniformParameterRange("a", 0, 1),
                DiscreteParameterRange("b", []),
                LogUniformParameterRange("c", 0, 1, base=0),
                ParameterSet([{"b": 1}]),
                "lr",  # type: ignore[list-item]
            ]
        )
    text = str(caught.value)
    assert len(caught.value.problems) == 6
    for part in (
        "'a': min_value 3.0",
        "the name 'a'",
        "'b': values is empty",
        "base is 0.0",
        "the name 'b'",
        "'lr' is",
    ):
        assert part in text


def test_an_empty_space_is_refused() -> None:
    with pytest.raises(InvalidInput, match="give at least one parameter"):
        SearchSpace([])


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_any_text_is_a_name(name: str) -> None:
    space = as_space({name: (0.0, 1.0), "s": ParameterSet([{name + "'": integer(1, 3)}])})
    member = draw(space)
    assert space.contains(member)
    assert SearchSpace.from_json(json.loads(json.dumps(space.to_json()))) == space
    assert len(space.key(member)) == 32


def test_keys_are_unique_even_where_names_try_to_collide() -> None:
    space = SearchSpace(
        [
            ParameterSet([{"x": UniformParameterRange("x", 0, 1)}]),
            DiscreteParameterRange("set 1", [1, 2]),
            DiscreteParameterRange("set 1.0/x", [1, 2]),
        ]
    )
    located = space.locate(draw(space))
    assert len(located) == 4
    assert located.keys() >= {"set 1", "set 1.0/x"}
    assert space.nodes(located)["set 1.0/x"] == CategoricalLatent(2)


def test_only_live_nodes_are_asked_for() -> None:
    asked: list[str] = []

    def first(key: str, latent: Any) -> float:
        asked.append(key)
        return 0 if isinstance(latent, CategoricalLatent) else latent.low

    assert TREE.draw(first) == {"lr": 1e-5, "kind": "svm", "C": 0.001}
    assert asked == ["lr", "set 1", "set 1.0/C"]
    assert TREE.names == ("lr", "kind", "C", "trees", "deep", "e")
    assert TREE.is_conditional


def test_locate_names_every_unknown_missing_and_impossible_value() -> None:
    space = as_space({"lr": (0.0, 1.0), "layers": (1, 4), "act": ["relu", "tanh"]})
    with pytest.raises(InvalidInput) as caught:
        space.locate({"lrr": 0.1, "layers": 9})
    text = "\n".join(caught.value.problems)
    assert "did you mean 'lr'" in text
    assert "'lr' is missing" in text
    assert "'layers' is 9; allowed is a whole number from 1 to 4" in text
    assert "'act' is missing" in text


def test_a_member_of_another_branch_is_no_member() -> None:
    base = {"lr": 0.001}
    assert TREE.contains({**base, "kind": "svm", "C": 1.0})
    assert TREE.contains({**base, "kind": "forest", "trees": 2, "deep": 0.5, "e": True})
    assert TREE.contains({**base, "kind": "forest", "trees": 2, "deep": 1})
    assert not TREE.contains({**base, "kind": "forest", "C": 1.0})
    assert not TREE.contains({**base, "kind": "forest", "trees": 2, "deep": 0.25, "e": True})
    assert not TREE.contains({**base, "kind": "forest", "trees": 2, "deep": 0.5})
    assert not TREE.contains({**base, "kind": "svm", "C": 1.0, "trees": 2})
    assert not TREE.contains(base)


def test_an_empty_combination_means_none_of_these() -> None:
    space = SearchSpace([ParameterSet([{}, {"momentum": UniformParameterRange("m", 0, 1, 0.5)}])])
    assert list(space.grid()) == [{}, {"momentum": 0.0}, {"momentum": 0.5}, {"momentum": 1.0}]
    assert space.contains({})
    assert space.size == 4


def test_the_grid_is_lazy_in_order_and_its_size_needs_no_enumeration() -> None:
    space = as_space({f"p{index}": (0.0, 1.0) for index in range(30)})
    assert space.grid_size == 101**30
    second = next(islice(space.grid(), 1, None))
    assert second == {f"p{index}": 0.0 for index in range(29)} | {"p29": 0.01}
    assert space.grid_at(101**30 - 1) == {f"p{index}": 1.0 for index in range(30)}
    with pytest.raises(IndexError):
        space.grid_at(101**30)


def test_size_counts_different_members_also_where_branches_overlap() -> None:
    assert as_space({"a": [1, 1, 2], "b": (1, 3)}).size == 6
    overlap = SearchSpace([ParameterSet([{"a": UniformIntegerParameterRange("a", 1, 3)}, {"a": 3}, {"b": 1}])])
    assert overlap.size == 4
    assert TREE.size == math.inf


def test_latent_domains_by_kind() -> None:
    space = as_space({"u": (0.0, 1.0), "s": uniform(0, 1, 0.5), "i": (2, 5), "c": ["a", "b"], "l": loguniform(0.01, 1)})
    assert [each.latent for each in space] == [
        FloatLatent(0.0, 1.0),
        IntLatent(0, 2),
        IntLatent(0, 3),
        CategoricalLatent(2),
        FloatLatent(-2.0, 0.0),
    ]


def test_json_is_lossless_where_json_is_not() -> None:
    values = [1, 1.0, True, None, "1", (1, [2.0, (3,)]), {"a": (1,), 2: None}, math.inf, -math.inf, 2**80, -0.0]
    space = SearchSpace([DiscreteParameterRange("p", values), TREE[1]])
    again = SearchSpace.from_json(json.loads(json.dumps(space.to_json(), allow_nan=False)))
    assert again == space
    assert repr(again) == repr(space)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"format": "hpo_widgets.space", "version": 3, "parameters": []}, "version 3, this hpo_widgets reads up to 2"),
        ({"format": "other"}, "is not a stored search space"),
        ([], "is not a stored search space"),
        ({"format": "hpo_widgets.space", "version": "1", "parameters": []}, "version '1'"),
        ({"format": "hpo_widgets.space", "version": 1, "parameters": {}}, "must be a list"),
        (
            {"format": "hpo_widgets.space", "version": 1, "parameters": [{"kind": "os.system"}]},
            "not a stored parameter",
        ),
        (
            {"format": "hpo_widgets.space", "version": 1, "parameters": [{"kind": "ParameterSet"}]},
            "not a stored parameter",
        ),
        (
            {"format": "hpo_widgets.space", "version": 1}
            | {"parameters": [{"kind": "DiscreteParameterRange", "name": "p", "values": {"pickle": "gASV"}}]},
            "known tags are",
        ),
    ],
    ids=lambda each: repr(each)[:40],
)
def test_a_stored_form_that_cannot_be_read_is_a_clear_error(data: Any, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        SearchSpace.from_json(data)


def test_keys_tell_different_parameters_apart_and_no_others() -> None:
    assert parameters_key({"a": 1, "b": 2}) == parameters_key({"b": 2, "a": 1})
    different = [{"a": 1}, {"a": 1.0}, {"a": True}, {"a": "1"}, {"a": [1]}, {"a": (1,)}, {"b": 1}, {}, {"a,b": 1}]
    assert len({parameters_key(each) for each in different}) == len(different)
    assert parameters_key({"a": print}) == parameters_key({"a": print})


def test_a_space_compares_by_value_and_survives_pickle() -> None:
    twin = pickle.loads(pickle.dumps(TREE))
    assert twin == TREE
    assert hash(twin) == hash(TREE)
    assert draw(twin, 3) == draw(TREE, 3)
    assert as_space({"lr": (0.0, 1.0)}) != TREE
    assert len(TREE) == 2
    assert TREE[0].name == "lr"


def test_shorthand_means_what_a_person_writes() -> None:
    space = as_space(
        {
            "lr": loguniform(1e-5, 1e-1),
            "layers": integer(1, 4),
            "act": ["relu", "tanh"],
            "dropout": (0.0, 0.5),
            "units": (16, 64),
            "mixed": (0, 0.5),
            "fixed": "adam",
            "opt": choice("a", "b"),
            "word": choice("abc"),
            "n": normal(0, 1),
            "ln": lognormal(0, 1),
            "np": np.float64(0.5),
            "stored": {"type": "UniformIntegerParameterRange", "min_value": 1, "max_value": 2},
        }
    )
    kinds = [type(each).__name__ for each in space]
    assert kinds == [
        "LogUniformParameterRange",
        "UniformIntegerParameterRange",
        "DiscreteParameterRange",
        "UniformParameterRange",
        "UniformIntegerParameterRange",
        "UniformParameterRange",
        "DiscreteParameterRange",
        "DiscreteParameterRange",
        "DiscreteParameterRange",
        "NormalParameterRange",
        "LogNormalParameterRange",
        "DiscreteParameterRange",
        "UniformIntegerParameterRange",
    ]
    assert space[8] == DiscreteParameterRange("word", ["abc"])
    assert as_space(list(space)) == as_space(space) == space


@pytest.mark.parametrize("bounds", [(3e-4, 0.07), (1e-3, 1e3), (5, 5), (1e-300, 1e300), (0.1, 1000)])
def test_loguniform_takes_real_bounds(bounds: tuple[float, float]) -> None:
    space = as_space({"p": loguniform(*bounds)})
    grid = [each["p"] for each in space.grid()]
    assert grid[0] == pytest.approx(bounds[0], rel=1e-12)
    assert grid[-1] == pytest.approx(bounds[1], rel=1e-12)
    assert all(space.contains({"p": bound}) for bound in bounds)


def test_loguniform_steps_reach_both_bounds() -> None:
    assert [each["p"] for each in as_space({"p": loguniform(1e-3, 1e3, step=1)}).grid()] == [
        0.001,
        0.01,
        0.1,
        1.0,
        10.0,
        100.0,
        1000.0,
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"lr": loguniform(0, 1)}, "low is 0.0; a log range needs a number above 0"),
        ({"lr": loguniform(1, 0.1)}, "low 1.0 is above high 0.1; swap them"),
        ({"lr": loguniform("a", 1)}, "low is 'a'"),
        ({"lr": loguniform(0.1, 1, base=1)}, "base is 1.0"),
        ({"lr": (0, 1, 2)}, "a tuple is"),
        ({"lr": (True, False)}, "a tuple is"),
        ({"lr": {"min": 0}}, "give a range such as"),
        ({"lr": print}, "give a range such as"),
        ({"": 1}, "not empty"),
        ({}, "give at least one parameter"),
        ("lr", "is not a search space"),
        ({"lr": print, "b": (2, 1)}, "2 problems"),
    ],
    ids=lambda each: repr(each)[:40],
)
def test_shorthand_that_makes_no_sense_is_named(given: Any, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        as_space(given)
