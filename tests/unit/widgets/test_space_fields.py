from __future__ import annotations

from typing import Any

import pytest

import hpo_widgets as hpo
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameter_choices import ParameterSet
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.model.space_shorthand import as_space
from hpo_widgets.widgets.panels.space_fields import range_fields, read_ranges, read_trial, trial_fields

HOSTILE = "<b>lr</b> 🦜 " + "x" * 300


def space() -> SearchSpace:
    return as_space(
        {
            "lr": hpo.loguniform(1e-5, 1e-1),
            "momentum": hpo.uniform(0.0, 1.0),
            "layers": hpo.integer(1, 4),
            "act": ["relu", "1", 1, None, (2, 3)],
        }
    )


def texts(fields: list[dict[str, Any]]) -> dict[str, str]:
    return {field["name"]: field["text"] for field in fields}


@pytest.mark.parametrize("value", ["relu", "1", 1, None, (2, 3)])
def test_a_trial_comes_back_from_its_fields_with_the_types_it_had(value: Any) -> None:
    trial = {"lr": 0.012345678901234567, "momentum": 1.0, "layers": 3, "act": value}

    read = read_trial(space(), texts(trial_fields(space(), trial)))

    assert read == trial
    assert type(read["act"]) is type(value)
    assert type(read["layers"]) is int


def test_fields_without_a_trial_begin_with_a_member_of_the_space() -> None:
    assert space().contains(read_trial(space(), texts(trial_fields(space()))))


def test_a_trial_outside_the_space_is_refused_with_all_problems() -> None:
    with pytest.raises(InvalidInput) as caught:
        read_trial(space(), {"lr": "5", "momentum": "much", "layers": "2", "act": "relu"})

    assert len(caught.value.problems) == 2


def test_five_hundred_choices_are_one_field() -> None:
    many = as_space({HOSTILE: [f"choice {i}" for i in range(500)], "one": [3]})

    fields = trial_fields(many)

    assert len(fields[0]["choices"]) == 500
    assert read_trial(many, texts(fields)) == {HOSTILE: "choice 0", "one": 3}


def test_parameters_of_a_conditional_space_may_be_left_empty() -> None:
    tree = SearchSpace([ParameterSet([{"kind": "svm", "c": 0.5}, {"kind": "forest", "trees": 10}])])

    fields = trial_fields(tree, {"kind": "forest", "trees": 10})

    assert texts(fields) == {"kind": "forest", "c": "", "trees": "10"}
    assert read_trial(tree, texts(fields)) == {"kind": "forest", "trees": 10}


def test_ranges_are_narrowed_to_the_trials_chosen() -> None:
    trials = [
        {"lr": 0.01, "momentum": 0.4, "layers": 2, "act": 1},
        {"lr": 0.001, "momentum": 0.6, "layers": 2, "act": 1},
    ]

    changed = read_ranges(space(), range_fields(space(), trials))

    lr, momentum, layers, act = changed
    assert lr.contains(0.01) and lr.contains(0.001) and not lr.contains(0.02) and not lr.contains(0.0005)
    assert (momentum.min_value, momentum.max_value) == (0.4, 0.6)
    assert (layers.min_value, layers.max_value) == (2, 2)
    assert act.values == (1,)


def test_only_what_was_changed_is_given() -> None:
    fields = range_fields(space())
    fields[2]["high"] = "9"
    fields[3]["more"] = "gelu, 7"

    layers, act = read_ranges(space(), fields)

    assert (layers.name, layers.max_value) == ("layers", 9)
    assert act.values == ("relu", "1", 1, None, (2, 3), "gelu", 7)


def test_ranges_as_they_are_change_nothing() -> None:
    with pytest.raises(InvalidInput, match="nothing was changed"):
        read_ranges(space(), range_fields(space()))


def test_bad_ranges_are_named_all_at_once() -> None:
    fields = range_fields(space())
    fields[0]["low"] = "-1"
    fields[1]["high"] = "wide"
    fields[2]["low"] = ""
    fields[3]["chosen"] = []

    with pytest.raises(InvalidInput) as caught:
        read_ranges(space(), fields)

    said = "\n".join(caught.value.problems)
    assert [name in said for name in ("lr", "momentum", "layers", "act")] == [True] * 4
