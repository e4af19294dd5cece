"""Names and values of a base task's parameters: what is meant, what is refused, and what the refusal says."""

from __future__ import annotations

from typing import Any

import pytest

from hpo_widgets.agents.script_parameters import declared, find, name_problems, values_of
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.base_task import BaseParameter

LR = BaseParameter(name="Args/learning_rate", type="float", default=0.1)
KIND = BaseParameter(name="Args/kind", type="str", choices=("a", "b"), default="a")
DATA = BaseParameter(name="Args/data", required=True)
ALL = (LR, KIND, DATA)


@pytest.mark.parametrize("name", ["learning_rate", "Args/learning_rate", "General/learning_rate", "learning-rate"])
def test_a_parameter_is_found_by_its_bare_name_and_by_any_section(name: str) -> None:
    assert find(name, ALL) is LR


@pytest.mark.parametrize("name", ["lr", "Other/learning_rate", "learning", ""])
def test_another_name_is_no_parameter(name: str) -> None:
    assert find(name, ALL) is None


def test_an_exact_name_goes_before_the_same_bare_name_in_another_section() -> None:
    general = BaseParameter(name="General/x")
    args = BaseParameter(name="Args/x")

    assert find("Args/x", [general, args]) is args
    assert find("x", [general, args]) is general


def test_unknown_names_are_told_with_the_closest_ones_and_needed_ones_are_named() -> None:
    problems = name_problems(["learnin_rate", "zzz", "kind", "Args/kind"], ALL, "train.py")

    assert problems == [
        "'train.py' has no parameter 'learnin_rate'; did you mean 'Args/learning_rate'?",
        "'train.py' has no parameter 'zzz'; it has 'Args/learning_rate', 'Args/kind', 'Args/data'.",
        "'kind' and 'Args/kind' are both the parameter 'Args/kind' of 'train.py'; keep one of them.",
        "'train.py' needs the parameter 'Args/data'; search it, fix it in the space, or give it in args=[...].",
    ]


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        ("int", 3, 3),
        ("int", 64.0, 64),
        ("int", "12", 12),
        ("float", 1, 1.0),
        ("float", "1e-3", 1e-3),
        ("bool", True, True),
        ("bool", "False", False),
        ("bool", 1, True),
        ("str", "x", "x"),
        ("str", 0.5, "0.5"),
        ("list[int]", (1, 2.0), [1, 2]),
        ("list", ["a", 1], ["a", 1]),
        ("Path", "here", "here"),
        (None, None, None),
    ],
)
def test_a_value_becomes_the_declared_type(kind: str | None, given: Any, expected: Any) -> None:
    found = declared(BaseParameter(name="Args/x", type=kind), given, "train.py")

    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("int", 0.5),
        ("int", "0.5"),
        ("int", True),
        ("int", None),
        ("int", float("inf")),
        ("float", "high"),
        ("float", False),
        ("bool", 2),
        ("bool", "maybe"),
        ("str", None),
        ("list[int]", 3),
        ("list[int]", [1, "x"]),
    ],
)
def test_a_value_that_cannot_become_the_declared_type_is_refused_naming_both(kind: str, given: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        declared(BaseParameter(name="Args/x", type=kind), given, "train.py")

    assert f"'Args/x' of 'train.py' takes {kind} and was given {given!r}" in str(caught.value)


def test_choices_are_checked_after_the_type() -> None:
    small = BaseParameter(name="Args/n", type="int", choices=(1, 2))

    assert declared(small, "2", "train.py") == 2
    with pytest.raises(InvalidInput, match="was given 3, which is none of its choices: 1, 2"):
        declared(small, 3, "train.py")


def test_all_problems_of_a_set_of_values_are_told_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        values_of({"learning_rate": "high", "kind": "c", "nope": 1}, ALL, "train.py")

    assert len(caught.value.problems) == 3


def test_values_come_back_by_the_base_tasks_own_names() -> None:
    assert values_of({"learning-rate": 1, "General/kind": "b"}, ALL, "t") == {
        "Args/learning_rate": 1.0,
        "Args/kind": "b",
    }
