"""Names of parameters with and without sections, and values that keep the type that a script gave them."""

from __future__ import annotations

import enum
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpo_widgets.errors import InvalidInput
from hpo_widgets.sdk.parameters import as_default, cast, find_name, full_name, is_keepable, merged, unknown_names


class Color(enum.Enum):
    RED = "r"
    BLUE = "b"


@pytest.mark.parametrize(
    ("name", "names", "found"),
    [
        ("lr", ["General/lr"], "General/lr"),
        ("General/lr", ["lr"], "lr"),
        ("lr", ["Args/lr"], "Args/lr"),
        ("Hydra/lr", ["Args/lr"], "Args/lr"),
        ("lr", ["Args/lr", "General/lr"], "General/lr"),
        ("Args/lr", ["Args/lr", "General/lr"], "Args/lr"),
        ("Hydra/lr", ["Args/lr", "General/lr"], None),
        ("lr", ["Args/LR"], None),
        ("model/lr", ["Args/lr"], None),
        ("General/model/lr", ["Args/model/lr"], "Args/model/lr"),
        ("model/lr", ["General/model/lr"], "General/model/lr"),
        ("model/lr", ["model/lr", "General/model/lr"], "model/lr"),
        ("lr", [], None),
        ("/", ["General//"], "General//"),
    ],
)
def test_a_name_finds_the_one_parameter_it_means(name: str, names: list[str], found: str | None) -> None:
    assert find_name(name, names) == found


@pytest.mark.parametrize(("name", "full"), [("lr", "General/lr"), ("Args/lr", "Args/lr"), ("/lr", "General//lr")])
def test_a_bare_name_is_in_general(name: str, full: str) -> None:
    assert full_name(name) == full


@pytest.mark.parametrize(
    ("value", "default", "expected"),
    [
        ("96", 64, 96),
        (96.0, 64, 96),
        ("64.0", 1, 64),
        (True, 3, 1),
        ("1e-3", 0.1, 0.001),
        (1, 0.5, 1.0),
        ("inf", 0.5, math.inf),
        (None, 3, None),
        ("", 3, None),
        ("", "x", ""),
        (3, None, 3),
        ("false", True, False),
        (0, True, False),
        ("1", False, True),
        (64, "a", "64"),
        ("[1, 2]", [3], [1, 2]),
        ("(1, 2)", (3,), (1, 2)),
        ([1, 2], (3,), (1, 2)),
        ('{"a": true}', {}, {"a": True}),
        ("BLUE", Color.RED, Color.BLUE),
        ("b", Color.RED, Color.BLUE),
        ("data/x", Path("y"), Path("data/x")),
        (3, np.int64(2), np.int64(3)),
    ],
)
def test_a_value_becomes_the_type_of_the_default(value: Any, default: Any, expected: Any) -> None:
    found = cast(value, default)
    assert found == expected and type(found) is type(expected)


@pytest.mark.parametrize(
    ("value", "default"),
    [
        ("abc", 64),
        (0.5, 64),
        ("0.5", 64),
        ("nan", 64),
        ("inf", 64),
        ([1], 64),
        ("abc", 0.1),
        ("maybe", True),
        (2, True),
        ("{1", [1]),
        ({"a": 1}, [1]),
        ("[1]", {"a": 1}),
        ("GREEN", Color.RED),
        (3, Path("x")),
    ],
)
def test_a_value_that_cannot_become_that_type_is_an_error_that_names_both(value: Any, default: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        as_default("General/x", value, default)
    said = str(caught.value)
    assert "General/x" in said and repr(value) in said and repr(default) in said and type(default).__name__ in said


def test_of_two_names_of_one_parameter_the_later_counts() -> None:
    template = {"General/batch_size": 64, "General/lr": 0.1}
    assert merged({}, {**template, "batch_size": 96}, template) == {"General/batch_size": 96, "General/lr": 0.1}


def test_text_that_spells_the_old_type_becomes_it_and_other_values_stay() -> None:
    template = {"General/n": 64, "General/flag": True, "General/name": "a"}
    changes = {"n": "96", "flag": "False", "name": "7", "new": "5"}
    expected = {"General/n": 96, "General/flag": False, "General/name": "7", "General/new": "5"}
    assert merged(template, changes, template) == expected
    assert merged(template, {"n": 0.5}, template)["General/n"] == 0.5


def test_what_cannot_be_kept_is_told_all_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        merged({}, {"a": object(), "b": 1, "c": lambda: 0}, {})
    assert "'a'" in str(caught.value) and "'c'" in str(caught.value) and "'b'" not in str(caught.value)
    assert is_keepable((1, {"a": None})) and not is_keepable([object()])


def test_unknown_names_are_answered_with_the_closest() -> None:
    known = ["General/batch_size", "Args/epochs"]
    assert unknown_names(["batch_size", "Hydra/epochs"], known) == []
    assert "did you mean 'General/batch_size'?" in unknown_names(["bach_size"], known)[0]
    assert "'Args/epochs'" in unknown_names(["zzz"], known)[0]
