"""Ranges proposed from names, defaults and comments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import hpo_widgets as hpo
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.base_task import BaseParameter
from hpo_widgets.sdk.ranges import propose_range, propose_space


def proposed(name: str, default: Any, comment: str = "") -> Any:
    return propose_range(BaseParameter(name=name, default=default), comment)


@pytest.mark.parametrize(
    ("name", "default", "expected"),
    [
        ("lr", 1e-3, hpo.loguniform(1e-5, 1e-1)),
        ("learningRate", 3e-4, hpo.loguniform(1e-6, 1e-1)),
        ("optimizer/weight_decay", 1e-4, hpo.loguniform(1e-6, 1e-2)),
        ("tiny", 1e-6, hpo.loguniform(1e-8, 1e-4)),
        ("dropout", 0.2, hpo.uniform(0.0, 0.9)),
        ("momentum", 0.9, hpo.uniform(0.0, 0.95)),
        ("mixing", 0.5, hpo.uniform(0.0, 1.0)),
        ("scale", 2.5, hpo.uniform(0.0, 5.0)),
        ("shift", -1.5, hpo.uniform(-3.0, 0.0)),
        ("layers", 2, hpo.integer(1, 4)),
        ("n_estimators", 100, hpo.integer(25, 400)),
        ("batch_size", 32, hpo.choice(8, 16, 32, 64, 128)),
        ("steps", 64, hpo.choice(16, 32, 64, 128, 256)),
        ("use_bias", True, hpo.choice(True, False)),
    ],
)
def test_a_range_follows_the_name_and_the_magnitude(name: str, default: Any, expected: Any) -> None:
    found = proposed(name, default)

    assert found == expected.named(name)
    assert found.contains(default)


@pytest.mark.parametrize(
    ("name", "default"),
    [("seed", 0), ("random_state", 42), ("verbose", True), ("epochs", 10), ("optimizer", "adam"), ("n", 0),
     ("sizes", (1, 2)), ("x", None), ("x", float("inf")), ("pause", 1.5), ("log_every", 100), ("timeout", 30.0),
     ("Args/test_size", 0.2), ("n_samples", 1000), ("x", 10**30), ("x", 5e-324), ("x", 1e308)],
)  # fmt: skip
def test_what_is_not_searched_stays_fixed(name: str, default: Any) -> None:
    assert proposed(name, default) is None


@pytest.mark.parametrize(
    ("default", "comment", "expected"),
    [
        (1.0, "1e-5 .. 1e-1", hpo.loguniform(1e-5, 1e-1)),
        (1.0, "1e-5 .. 1e-1 linear", hpo.uniform(1e-5, 1e-1)),
        (1.0, "0.1 .. 0.9", hpo.uniform(0.1, 0.9)),
        (1.0, "1 .. 9", hpo.uniform(1.0, 9.0)),
        (1.0, "0 .. 1 step 0.25", hpo.uniform(0.0, 1.0, 0.25)),
        (1.0, "-1 .. 1", hpo.uniform(-1.0, 1.0)),
        (1, "1..9", hpo.integer(1, 9)),
        (1, "16 .. 256 step 16", hpo.integer(16, 256, 16)),
        (1, "1 .. 4 log", hpo.choice(1, 2, 3, 4)),
        ("relu", '["relu", "tanh"]', hpo.choice("relu", "tanh")),
        (0, "[0, 1, 7]", hpo.choice(0, 1, 7)),
    ],
)
def test_a_range_in_a_comment_is_used(default: Any, comment: str, expected: Any) -> None:
    assert proposed("seed", default, comment) == expected.named("seed")


def test_other_comments_are_comments() -> None:
    assert proposed("layers", 2, "see [1]..., chosen by hand") == proposed("layers", 2)
    assert proposed("layers", 2, "Fixed") is None


@pytest.mark.parametrize(
    "comment", ["[relu, tanh]", "[]", "[[1], [2]]", "1 .. x", "a .. 3", "5 .. 1", "1 .. 9 steps 2"]
)
def test_a_range_that_cannot_be_read_is_an_error_that_names_it(comment: str) -> None:
    with pytest.raises(InvalidInput, match="'act'"):
        proposed("act", 1, comment)


def test_numbers_of_numpy_are_numbers() -> None:
    assert proposed("n_estimators", np.int64(100)) == hpo.integer(25, 400).named("n_estimators")
    assert proposed("scale", np.float64(2.5)) == hpo.uniform(0.0, 5.0).named("scale")


def test_choices_that_the_code_declares_are_used() -> None:
    parameter = BaseParameter(name="act", default="a", choices=("a", "b"))

    assert propose_range(parameter) == hpo.choice("a", "b").named("act")


def test_a_space_takes_what_has_a_range_and_names_all_bad_comments() -> None:
    parameters = [BaseParameter(name="lr", default=0.1), BaseParameter(name="seed", default=1)]

    assert propose_space(parameters).names == ("lr",)
    with pytest.raises(InvalidInput, match="'seed'"):
        propose_space(parameters[1:])
    with pytest.raises(InvalidInput) as caught:
        propose_space(parameters, {"lr": "[a]", "seed": "1 .. z"})
    assert len(caught.value.problems) == 2
