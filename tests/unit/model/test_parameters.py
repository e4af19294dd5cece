"""Each kind of parameter: the values it has, ClearML's methods, both maps, and what it refuses."""

from __future__ import annotations

import math
import pickle
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hpo_widgets.automation import parameters as door
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameters import (
    DiscreteParameterRange,
    LogNormalParameterRange,
    LogUniformParameterRange,
    NormalParameterRange,
    Parameter,
    ParameterSet,
    RandomSeed,
    UniformIntegerParameterRange,
    UniformParameterRange,
)
from hpo_widgets.model.space_shorthand import loguniform

U, I, L, D = UniformParameterRange, UniformIntegerParameterRange, LogUniformParameterRange, DiscreteParameterRange  # noqa: E741

GOLDEN = [
    (I("p", 1, 10, 4), [1, 5, 9]),
    (I("p", 1, 10, 4, False), [1, 5, 9]),
    (I("p", 1, 9, 4, False), [1, 5]),
    (I("p", 128, 512, 128), [128, 256, 384, 512]),
    (I("p", 128, 512, 128, False), [128, 256, 384]),
    (I("p", 0, 10, 3), [0, 3, 6, 9]),
    (I("p", 4, 4), [4]),
    (I("p", -2, 2, None), [-2, -1, 0, 1, 2]),
    (U("p", 0, 1, 0.25), [0.0, 0.25, 0.5, 0.75, 1.0]),
    (U("p", 0, 1, 0.25, False), [0.0, 0.25, 0.5, 0.75]),
    (U("p", 0, 0.3, 0.1), [0.0, 0.1, 0.2, 0.3]),
    (U("p", 0, 1, 0.3), [0.0, 0.3, 0.6, 0.9]),
    (U("p", 0, 1, 5), [0.0]),
    (U("p", 0.1, 0.7, 0.1), [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]),
    (L("p", -5, -1, step_size=1), [1e-5, 1e-4, 1e-3, 1e-2, 1e-1]),
    (L("p", -5, -1, step_size=1, include_max_value=False), [1e-5, 1e-4, 1e-3, 1e-2]),
    (L("p", 0, 3, base=2, step_size=1), [1.0, 2.0, 4.0, 8.0]),
    (D("p", ["b", "a", None]), ["b", "a", None]),
]


def grid(parameter: Parameter) -> list[Any]:
    return [next(iter(each.values())) for each in parameter.to_list()]


@pytest.mark.parametrize(("parameter", "values"), GOLDEN, ids=repr)
def test_grid_random_and_latent_values_are_the_same_exact_ones(parameter: Parameter, values: list[Any]) -> None:
    assert grid(parameter) == values
    drawn = Counter(repr(parameter.get_value()["p"]) for _ in range(60 * len(values)))
    assert set(drawn) == set(map(repr, values))
    assert parameter.size == len(values)
    assert [parameter.to_value(parameter.to_latent(value)) for value in values] == values


def test_a_range_without_step_has_101_grid_points_or_100_without_the_max() -> None:
    assert grid(U("p", 0, 1)) == [k / 100 for k in range(101)]
    assert grid(U("p", 0, 1, None, False)) == [k / 100 for k in range(100)]
    log = grid(L("p", -2, 2))
    assert (len(log), log[0], log[50], log[-1]) == (101, 0.01, 1.0, 100.0)


@pytest.mark.parametrize("parameter", [U("p", 0, 1, None, False), L("p", -5, -1, 10, None, False)], ids=repr)
def test_an_excluded_max_is_never_reached_and_is_no_member(parameter: Parameter) -> None:
    end = 1.0 if type(parameter) is U else 0.1
    top = parameter.to_value(parameter.latent.high)
    assert top < end
    assert not parameter.contains(end)
    assert parameter.contains(math.nextafter(end, 0.0))


def test_get_value_follows_the_process_wide_seed() -> None:
    draws = []
    for seed in (7, 7, 8):
        RandomSeed.set_random_seed(seed)
        assert RandomSeed.get_random_seed() == seed
        draws.append([U("p", 0, 1).get_value(), I("q", 0, 99).get_value(), D("r", range(50)).get_value()])
    RandomSeed.set_random_seed()
    assert RandomSeed.get_random_seed() == 1337
    assert draws[0] == draws[1] != draws[2]


def test_a_normal_parameter_draws_its_distribution_within_its_bounds() -> None:
    RandomSeed.set_random_seed(3)
    values = [NormalParameterRange("p", 10, 2).get_value()["p"] for _ in range(3000)]
    assert np.mean(values) == pytest.approx(10, abs=0.2)
    assert np.std(values) == pytest.approx(2, abs=0.2)
    cut = [NormalParameterRange("p", 0, 1, -0.5, 2).get_value()["p"] for _ in range(500)]
    assert -0.5 <= min(cut) < max(cut) <= 2
    logs = [math.log(LogNormalParameterRange("p", 1, 0.5).get_value()["p"]) for _ in range(3000)]
    assert np.mean(logs) == pytest.approx(1, abs=0.1)


def test_a_stepped_normal_parameter_starts_at_its_min_or_at_the_multiples_of_the_step() -> None:
    assert grid(NormalParameterRange("p", 0, 1, -1, 1.2, 0.5)) == [-1.0, -0.5, 0.0, 0.5, 1.0]
    assert all(value % 8 == 0 for value in grid(NormalParameterRange("p", 33, 2, None, None, 8)))
    assert grid(LogNormalParameterRange("p", 0, 0.1, None, None, 1)) == [1.0]


def test_choices_tell_true_one_and_one_point_zero_apart() -> None:
    parameter = D("p", [1, True, 1.0, "1", [1], (1,)])
    assert parameter.size == 6
    assert [parameter.to_latent(value) for value in parameter.values] == list(range(6))
    assert D("p", [1]) != D("p", [True])
    assert not D("p", [1]).contains(1.0)


def test_numpy_scalars_become_python_values() -> None:
    parameter = D("p", [np.int64(3), np.float64(0.5), np.bool_(True), np.str_("a"), (np.int64(1),)])
    assert [type(value) for value in parameter.values] == [int, float, bool, str, tuple]
    assert D("p", np.arange(3)) == D("p", [0, 1, 2])
    assert U("p", np.float32(0.5), np.int64(1)).min_value == 0.5


def test_a_choice_that_is_a_list_can_be_changed_by_who_got_it() -> None:
    parameter = D("p", [[1, 2]])
    parameter.get_value()["p"].append(3)
    assert parameter.values == ([1, 2],)


def test_parameters_are_immutable_compare_by_value_and_survive_pickle() -> None:
    for parameter, _ in GOLDEN:
        twin = pickle.loads(pickle.dumps(parameter))
        assert twin == parameter
        assert hash(twin) == hash(parameter)
        assert eval(repr(parameter)) == parameter
        with pytest.raises(AttributeError, match="immutable"):
            parameter.name = "other"
    assert U("p", 0, 1) != L("p", 0, 1)
    assert U("p", 0, 1) != U("p", 0, 1, include_max_value=False)


@pytest.mark.parametrize("parameter", [each for each, _ in GOLDEN], ids=repr)
def test_clearmls_stored_form_reads_back(parameter: Parameter) -> None:
    data = parameter.to_dict()
    assert "include_max_value" not in data
    assert Parameter.from_dict(data) == parameter
    assert type(parameter).from_dict({key: value for key, value in data.items() if key != "type"}) == parameter


def test_from_dict_takes_both_spellings_and_missing_optional_keys() -> None:
    bare = {"name": "p", "type": "UniformParameterRange", "min_value": 0, "max_value": 1}
    assert Parameter.from_dict(bare) == U("p", 0, 1)
    for spelling in ("include_max", "include_max_value"):
        assert Parameter.from_dict({**bare, spelling: False}) == U("p", 0, 1, None, False)
    assert Parameter.from_dict({"name": "p", "type": "DiscreteParameterRange"}) == D("p")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"type": "Uniform", "name": "p"}, "use one of DiscreteParameterRange"),
        ({"type": "UniformParameterRange", "name": "p", "min": 0, "max_value": 1}, "'min' is not known"),
        ({"type": "UniformParameterRange", "name": "p", "min_value": 0}, "max_value"),
        (
            {"type": "UniformParameterRange", "name": "p", "min_value": 0, "max_value": 1}
            | {"include_max": True, "include_max_value": False},
            "one thing",
        ),
        ({"type": "ParameterSet", "name": None, "combos": []}, "one key 'values'"),
    ],
)
def test_from_dict_says_what_it_cannot_read(data: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        Parameter.from_dict(data)


def test_a_parameter_set_emits_the_dicts_keys_and_reads_back_from_its_stored_form() -> None:
    nested = ParameterSet([{"model": "svm", "C": L("other", 0, 1, step_size=1)}, {"model": "rf", "n": I("n", 1, 2)}])
    assert nested.to_list() == [
        {"model": "svm", "C": 1.0},
        {"model": "svm", "C": 10.0},
        {"model": "rf", "n": 1},
        {"model": "rf", "n": 2},
    ]
    assert all(nested.get_value() in nested.to_list() for _ in range(20))
    assert Parameter.from_dict(nested.to_dict()) == nested


BAD = [
    (U("p", 2, 1), "min_value 2.0 is above max_value 1.0; swap them"),
    (U("p", math.nan, 1), "min_value is nan; give a finite number"),
    (U("p", 0, math.inf), "max_value is inf"),
    (U("p", 0, "1"), "max_value is '1'"),
    (U("p", True, 2), "min_value is True"),
    (U("p", 0, 1, 0), "step_size is 0.0; give a number above 0"),
    (U("p", 0, 1, -1), "step_size is -1.0"),
    (U("p", 0, 1, math.inf), "step_size is inf"),
    (U("p", 0, 1, 1e-300), "more than 2"),
    (U("p", 1, 1, None, False), "no value is left"),
    (U("p", -1e308, 1e308), "wider than a float"),
    (U("p", 0, 1, None, "no"), "include_max_value is 'no'; give True or False"),
    (U("", 0, 1), "give a text that is not empty"),
    (U(3, 0, 1), "a parameter has the name 3"),
    (I("p", 0.5, 3), "min_value is 0.5; give a whole number"),
    (I("p", 0, 3, 0), "step_size is 0"),
    (L("p", -1, 400), r"10.0\*\*400.0 is not a number"),
    (L("p", 0, 1, base=1), "base is 1.0; give a number above 0 that is not 1"),
    (L("p", 0, 1, base=-2), "base is -2.0"),
    (D("p", []), "values is empty"),
    (D("p", "abc"), "values is 'abc'; give a list"),
    (D("p", {1, 2}), "give a list"),
    (D("p", 5), "give a list"),
    (D("p", [math.nan]), "NaN is not a value"),
    (D("p", [int]), "Use a name and look the object up inside your function"),
    (D("p", [{"f": print}]), "Use a name"),
    (D("p", [np.arange(3)]), "is a ndarray"),
    (NormalParameterRange("p", 0, 0), "sigma is 0.0; give a number above 0"),
    (NormalParameterRange("p", 0, 1, 50, 51), "move the bounds nearer to mu"),
    (NormalParameterRange("p", 0, 1, 1, -1), "swap them"),
    (NormalParameterRange("p", 0, 1, 0.1, 0.2, None).named(None), "a parameter has the name None"),
    (LogNormalParameterRange("p", 0, 1, -1), "the logarithm needs a number above 0"),
    (LogNormalParameterRange("p", 0, 200), "beyond what a float can hold"),
    (LogNormalParameterRange("p", 0, 0.001, None, None, 5), "leaves no value"),
    (ParameterSet([]), "parameter_combinations is empty"),
    (ParameterSet([3]), "combination 0 is 3; give a dict"),
    (ParameterSet([{"a": 1}, {"b": U("b", 1, 0)}]), "combination 1, 'b': min_value 1.0 is above"),
    (ParameterSet([{"a": 1, "x": ParameterSet([{"a": 2}])}]), "'a' is given twice"),
    (ParameterSet({"a": [1]}), "give a list of dicts"),
]


@pytest.mark.parametrize(("parameter", "said"), BAD, ids=lambda each: repr(each)[:60])
def test_what_makes_no_sense_is_named_at_use_and_not_in_the_constructor(parameter: Parameter, said: str) -> None:
    assert parameter.problems()
    for use in (parameter.get_value, parameter.to_list):
        with pytest.raises(InvalidInput, match=said):
            use()


def test_wrong_arguments_are_type_errors() -> None:
    with pytest.raises(TypeError):
        U("p", 0)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        D("p", vals=[1])  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        (U("p", 0, 1, 0.1), 0.1 + 0.2),
        (U("p", 0, 1), 1 + 1e-12),
        (I("p", 1, 9), 3.0),
        (L("p", -5, -1), 10**-2.5),
        (D("p", [0.3, 1]), 0.1 + 0.2),
    ],
    ids=repr,
)
def test_a_value_may_differ_by_float_rounding(parameter: Parameter, value: float) -> None:
    assert parameter.to_value(parameter.to_latent(value)) == pytest.approx(value)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        (U("p", 0, 1, 0.1), 0.15),
        (U("p", 0, 1), 1.001),
        (U("p", 0, 1), True),
        (U("p", 0, 1), None),
        (U("p", 0, 1), math.nan),
        (I("p", 1, 9), 3.5),
        (I("p", 1, 9, 2), 4),
        (I("p", 1, 9), "3"),
        (L("p", -5, -1), 0),
        (L("p", -5, -1), 1.0),
        (D("p", [1, 2]), "1"),
        (D("p", [1, 2]), print),
        (NormalParameterRange("p", 0, 1, step_size=0.5), 0.3),
        (LogNormalParameterRange("p", 0, 1), -1),
    ],
    ids=repr,
)
def test_what_is_no_member_is_refused_with_what_is_allowed(parameter: Parameter, value: Any) -> None:
    assert not parameter.contains(value)
    with pytest.raises(InvalidInput, match="allowed is"):
        parameter.to_latent(value)


def test_the_automation_door_has_the_same_classes() -> None:
    assert {getattr(door, name) for name in door.__all__} >= {U, I, L, D, ParameterSet, RandomSeed, Parameter}


def test_a_last_step_that_rounds_to_the_excluded_maximum_is_excluded():
    ends = -1.2317598077544272, -0.23175980775442717  # half a step short of a float below two steps
    found = LogUniformParameterRange("lr", *ends, base=2.0, step_size=0.5, include_max_value=False)
    values = [each["lr"] for each in found.to_list()]
    assert len(values) == 2
    assert all(found.contains(value) for value in values)


@pytest.mark.parametrize(
    "make",
    [
        lambda: UniformIntegerParameterRange("n", 0, 10**400),
        lambda: UniformIntegerParameterRange("n", 0, 10**5000),
        lambda: loguniform(10**399, 10**400, base=3),
        lambda: loguniform(1, 10**400),
    ],
)
def test_a_bound_beyond_floats_is_a_problem_with_a_sentence(make: Callable[[], Parameter]) -> None:
    assert any("float can hold" in problem for problem in make().problems())
