"""Conditions: what is there only when another parameter has some value."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings

import hpo_widgets as hpo
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameters import ConditionalParameter, ParameterSet
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.model.space_change import changed_space
from hpo_widgets.model.space_shorthand import as_space
from tests.unit.model.some_spaces import conditionals, few

NET = {
    "optimizer": ["sgd", "adam", "rmsprop"],
    "lr": hpo.loguniform(1e-4, 1e-1),
    **hpo.when("optimizer", ["sgd", "rmsprop"], {"momentum": (0.0, 0.9), "nesterov": [True, False]}),
    **hpo.when("nesterov", True, {"lookahead": (1, 3)}),
}


def members(space, count=60):
    source = random.Random(7)
    return [space.draw(lambda _, latent: latent.draw(source)) for _ in range(count)]


def test_what_a_condition_names_is_there_only_with_its_values():
    for member in members(as_space(NET)):
        nested = member["optimizer"] != "adam" and member["nesterov"]

        assert ("momentum" in member) == (member["optimizer"] != "adam")
        assert ("lookahead" in member) == nested


def test_the_values_of_the_deciding_parameter_stay_equally_likely():
    drawn = [member["optimizer"] for member in members(as_space(NET), 3000)]

    assert all(900 < drawn.count(value) < 1100 for value in ("sgd", "adam", "rmsprop"))


def test_the_values_of_a_case_share_what_a_sampler_learns():
    space = as_space(NET)
    keys = {
        key
        for member in members(space)
        if "momentum" in member
        for key in space.locate(member)
        if key.endswith("/momentum")
    }

    assert len(keys) == 1


def test_the_grid_has_each_value_with_what_belongs_to_it():
    space = as_space({"a": ["x", "y"], "b": [1, 2], **hpo.when("a", "y", {"c": [3, 4]})})

    assert list(space.grid()) == [
        {"a": "x", "b": 1}, {"a": "x", "b": 2},
        {"a": "y", "c": 3, "b": 1}, {"a": "y", "c": 3, "b": 2},
        {"a": "y", "c": 4, "b": 1}, {"a": "y", "c": 4, "b": 2},
    ]  # fmt: skip
    assert space.size == space.grid_size == 6


def test_two_ways_to_nest_mean_the_same():
    inside = {"b": [1, 2], **hpo.when("b", 1, {"c": (0.0, 1.0)})}
    nested = as_space({"a": ["x", "y"], **hpo.when("a", "x", inside)})
    flat = as_space([hpo.when("b", 1, {"c": (0.0, 1.0)}), {"a": ["x", "y"]}, hpo.when("a", "x", {"b": [1, 2]})])

    assert nested == flat


def test_a_name_may_mean_another_range_with_another_value():
    rbf, poly = hpo.when("kernel", "rbf", {"c": (0.0, 1.0)}), hpo.when("kernel", "poly", {"c": (5, 9)})
    space = as_space([{"kernel": ["rbf", "poly"]}, rbf, poly])

    assert all(isinstance(each["c"], float) == (each["kernel"] == "rbf") for each in members(space))
    assert space.contains({"kernel": "poly", "c": 7})
    assert not space.contains({"kernel": "rbf", "c": 7})


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"opt": ["a"], **hpo.when("op", "a", {"x": (0, 1)})}, "did you mean 'opt'?"),
        ({"opt": ["a"], **hpo.when("opt", "b", {"x": (0, 1)})}, "never has all of these values"),
        ({"opt": ["a"], "x": 2, **hpo.when("opt", "a", {"x": (0, 1)})}, "the name 'x' is given"),
        ({"a": ["a"], **hpo.when("a", "a", {"x": 1}), **hpo.when("a", ["a"], {"x": 2})}, "there twice when 'a' is 'a'"),
        ({"o": (0.0, 1.0), **hpo.when("o", 0.5, {"x": 1})}, "give choices"),
        ({"o": (1, 2000), **hpo.when("o", 5, {"x": 1})}, "give at most 1,000"),
        ({"o": [1], **hpo.when("o", 1, {})}, "give what is there then"),
        ({"a": [1], **hpo.when("b", 1, {"b": [1]})}, "there is no parameter 'b'"),
    ],
)
def test_a_condition_that_cannot_hold_is_named(given, told):
    with pytest.raises(InvalidInput, match=told.replace("?", r"\?")):
        as_space(given)


def test_a_value_that_is_not_there_is_refused_with_the_reason():
    with pytest.raises(InvalidInput, match="'momentum' is not there when 'optimizer' is 'adam'"):
        as_space(NET).locate({"optimizer": "adam", "lr": 0.01, "momentum": 0.5})


def test_ranges_under_conditions_and_deciding_values_can_be_changed():
    space = as_space(NET)

    wider = changed_space(space, as_space({"momentum": (0.0, 0.99), "optimizer": ["sgd", "adam", "lion"]}))

    assert wider.contains({"optimizer": "lion", "lr": 0.01})
    assert wider.contains({"optimizer": "sgd", "lr": 0.01, "momentum": 0.95, "nesterov": False})
    assert wider.names == space.names


def test_clearml_gets_a_set_with_the_same_members():
    (parameter, _) = as_space(NET)
    assert isinstance(parameter, ConditionalParameter)
    as_set = ParameterSet.from_dict(parameter.to_dict())

    assert SearchSpace([as_set]).names == SearchSpace([parameter]).names
    assert SearchSpace([as_set]).grid_size == SearchSpace([parameter]).grid_size


@given(conditionals())
@settings(deadline=None, max_examples=60)
def test_draw_and_locate_and_the_stored_form_are_inverses(space):
    for member in members(space, 5):
        located = space.locate(member)

        again = space.draw(lambda key, _: located[key])  # noqa: B023

        assert list(again) == list(member)
        assert space.locate(again) == pytest.approx(located, nan_ok=True)
        assert list(space.nodes(located)) == list(located)
    assert SearchSpace.from_json(space.to_json()) == space


@given(conditionals(few))
@settings(deadline=None, max_examples=60)
def test_the_grid_holds_each_member_of_a_finite_space(space):
    grid = {space.key(each) for each in space.grid()}

    assert len(grid) == space.size <= space.grid_size
    assert {space.key(each) for each in members(space, 20)} <= grid
