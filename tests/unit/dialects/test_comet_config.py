"""Comet's configs: what is read, what is refused, and with which words."""

from __future__ import annotations

from typing import Any

import pytest

from hpo_widgets.dialects.comet import read_config
from hpo_widgets.errors import InvalidInput

X = {"x": {"type": "integer", "min": 1, "max": 5}}
LITERAL = """# a comment
{"algorithm": "bayes", "spec": {"randomize": True, "seed": None,}, "parameters": {"x": [1, 2,]},}
"""
JSON = '{"algorithm": "bayes", "spec": {"randomize": true, "seed": null}, "parameters": {"x": [1, 2]}}'


def test_a_python_literal_and_json_say_the_same() -> None:
    assert read_config(LITERAL) == read_config(JSON)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"parameters": X}, "algorithm is missing; give one of random, grid, bayes."),
        ({"algorithm": "baies", "parameters": X}, "Did you mean 'bayes'?"),
        ({"algorithm": "grid", "parameter": X, "parameters": X}, "Did you mean 'parameters'?"),
        ({"algorithm": "grid", "parameters": {}}, "give a dict with at least one parameter."),
        ({"algorithm": "grid", "parameters": X, "trials": True}, "trials is True"),
        ({"algorithm": "grid", "parameters": {"x": {"min": 1, "max": 2}}}, "type is missing"),
        ({"algorithm": "grid", "parameters": {"x": {"type": "float", "min": 1, "mx": 2}}}, "Did you mean 'max'?"),
        ({"algorithm": "grid", "parameters": {"x": {"type": "integer", "min": 9, "max": 2}}}, "swap them."),
        ({"algorithm": "grid", "parameters": {"x": {"type": "integer", "min": 0.5, "max": 2}}}, "whole number"),
        ({"algorithm": "grid", "parameters": {"x": []}}, "is no parameter"),
        ({"algorithm": "grid", "parameters": {"x": {"type": "categorical", "values": [1]}}}, "use type discrete."),
        (
            {"algorithm": "grid", "parameters": {"x": {"type": "double", "scalingType": "normal", "mu": 0}}},
            "sigma is missing; normal needs mu and sigma.",
        ),
        (
            {
                "algorithm": "bayes",
                "parameters": {"x": {"type": "float", "scalingType": "loguniform", "min": 0, "max": 1}},
            },
            "loguniform needs a min above 0.",
        ),
        ({"algorithm": "grid", "parameters": X, "spec": {"maxCombo": -1}}, "spec: maxCombo is -1"),
        ({"algorithm": "grid", "parameters": X, "spec": {"objective": "min"}}, "use minimize or maximize."),
        ("__import__('os').getcwd()", "no Python literal"),
    ],
)
def test_a_bad_config_is_refused_with_what_to_do(config: Any, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_config(config)
    assert message in str(caught.value)


def test_an_unknown_word_in_spec_is_a_warning_with_the_closest() -> None:
    with pytest.warns(UserWarning, match="Did you mean 'maxCombo'"):
        read_config({"algorithm": "grid", "parameters": X, "spec": {"maxcombo": 3}})


@pytest.mark.parametrize(("algorithm", "most"), [("bayes", 20), ("random", 20), ("grid", 50)])
def test_no_max_combo_means_ten_a_parameter_and_the_whole_grid(algorithm: str, most: int) -> None:
    parameters = {"x": {"type": "double", "min": 0, "max": 1, "gridSize": 25}, "y": ["a", "b"]}
    assert read_config({"algorithm": algorithm, "parameters": parameters}).most_sets == most


def test_a_grid_has_one_value_in_each_quantile_bin_and_is_the_same_for_the_same_seed() -> None:
    entry = {"type": "double", "min": 0.001, "max": 1.0, "scalingType": "loguniform"}
    spec = {"seed": 5, "gridSize": 3, "minSampleSize": 3000}
    config = {"algorithm": "grid", "parameters": {"lr": entry}, "spec": spec}
    values = [point["lr"] for point in read_config(config).space().grid()]
    assert values == [point["lr"] for point in read_config(config).space().grid()]
    assert [0.001 * 10**k < v < 0.01 * 10**k for k, v in enumerate(values)] == [True] * 3
