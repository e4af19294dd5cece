"""Comet's configs: what is read, what is refused, and with which words."""

from __future__ import annotations

import re
import sys
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
        (
            {"algorithm": "grid", "parameters": X, "spec": {"minSampleSize": 10**9}},
            "1 and at most 100,000.",
        ),
        ({"algorithm": "grid", "parameters": {"x": {**X["x"], "gridSize": 10**9}}}, "gridSize is 1000000000; give a"),
        ({"algorithm": "grid", "parameters": {"x": {**X["x"], "max": float("inf")}}}, "max is inf; give a finite"),
        ('{"algorithm": "grid", "parameters": {"x": {"type": "integer", "min": 1, "max": 1e999}}}', "max is inf;"),
        ({"algorithm": "grid", "parameters": {"x": {**X["x"], "min": float("nan")}}}, "min is nan; give a finite"),
        ({"algorithm": "grid", "parameters": X, "spec": {"objective": "min"}}, "use minimize or maximize."),
        ("__import__('os').getcwd()", "no Python literal"),
        ([1], "[1] is no config; give a dict with algorithm, spec and parameters."),
        ({"algorithm": "grid"}, "parameters is None; give a dict with at least one parameter."),
        ({"algorithm": ["grid"], "parameters": X}, "algorithm ['grid'] is unknown; use one of random, grid, bayes."),
        ({"algorithm": "grid", "parameters": X, "trials": 0}, "trials is 0; give a whole number of at least 1."),
        ({"algorithm": "grid", "parameters": X, "name": 7}, "name is 7; give a text, or leave it out."),
        ({"algorithm": "grid", "parameters": X, "verbose": "no"}, "verbose is 'no'; give 0 to say nothing, or 1."),
        ({"algorithm": "grid", "parameters": X, "spec": [1]}, "spec is [1]; give a dict."),
        ({"algorithm": "grid", "parameters": X, "spec": {"metric": ""}}, "give the name of the metric that you log."),
        ({"algorithm": "grid", "parameters": X, "spec": {"randomize": 1}}, "randomize is 1; give True or False."),
        ({"algorithm": "grid", "parameters": X, "spec": {"seed": 0.5}}, "seed is 0.5; give a whole number"),
        ({"algorithm": "grid", "parameters": X, "spec": {"gridSize": 0}}, "gridSize is 0"),
        ({"algorithm": "grid", "parameters": X, "spec": {"retryAssignLimit": -1}}, "retryAssignLimit is -1"),
        ({"algorithm": "grid", "parameters": {"x": {"type": "integr", "min": 1, "max": 2}}}, "Did you mean 'integer'?"),
        ({"algorithm": "grid", "parameters": {"x": {"type": "integer", "min": 1}}}, "max is missing; uniform needs"),
        (
            {"algorithm": "grid", "parameters": {"x": {"type": "float", "min": "a", "max": 2}}},
            "min is 'a'; give a number.",
        ),
        ({"algorithm": "grid", "parameters": {"x": {"type": "float", "min": float("nan"), "max": 2}}}, "parameter 'x'"),
        (
            {"algorithm": "grid", "parameters": {"x": {"type": "float", "min": 0, "max": 1, "scalingType": "log"}}},
            "scalingType 'log' is unknown",
        ),
        (
            {
                "algorithm": "bayes",
                "parameters": {"x": {"type": "float", "scalingType": "normal", "mu": 0, "sigma": 0}},
            },
            "sigma",
        ),
        (
            {"algorithm": "grid", "parameters": {"x": {"type": "integer", "min": 1, "max": 2, "gridSize": 0}}},
            "gridSize",
        ),
        ({"algorithm": "grid", "parameters": {"x": {"type": "discrete", "values": []}}}, "at least one value."),
        ({"algorithm": "grid", "parameters": {"x": {"type": "discrete", "values": ["a"]}}}, "use type categorical."),
        ({"algorithm": "grid", "parameters": {"x": None}}, "None is no parameter"),
        ({"algorithm": "grid", "parameters": {"": [1, 2]}}, "a text that is not empty"),
        ({"algorithm": "grid", "parameters": {3: [1, 2]}}, "a text that is not empty"),
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


def test_all_problems_are_told_at_once() -> None:
    config = {
        "algorithm": "gird",
        "trials": 0,
        "spec": {"maxCombo": "x"},
        "parameters": {"x": [], "y": {"type": "int"}},
    }
    with pytest.raises(InvalidInput) as caught:
        read_config(config)
    assert len(caught.value.problems) == 5


YAML = """
algorithm: bayes  # a comment
spec:
  randomize: true
  seed: null
parameters:
  x: [1, 2]
"""


def test_yaml_says_the_same_as_json() -> None:
    assert read_config(YAML) == read_config(JSON)


def test_without_pyyaml_a_yaml_text_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(InvalidInput, match=re.escape("pip install 'hpo_widgets[yaml]'")):
        read_config(YAML)
    assert read_config(JSON).algorithm == "bayes"


def test_a_yaml_text_with_a_mistake_says_where() -> None:
    with pytest.raises(InvalidInput, match=r"no YAML mapping .*line 2"):
        read_config("algorithm: bayes\n  spec: [1")


@pytest.mark.parametrize("text", ["!!python/object/apply:os.getcwd []", "{'algorithm': open('x')}", "[" * 5000])
def test_nothing_in_a_text_is_executed(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_config(text)


def test_a_word_of_ours_beside_the_config_is_not_what_is_searched() -> None:
    quiet = read_config({"algorithm": "grid", "parameters": X, "verbose": 0})
    assert quiet.verbose == 0 and "verbose" not in quiet.to_json()
