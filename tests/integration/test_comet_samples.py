"""Every config and program of Comet's introduction to its Optimizer runs as it is, but for the import root."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import hpo_widgets as hpo
from hpo_widgets.comet import Optimizer
from hpo_widgets.comet.begin import VARIABLES
from hpo_widgets.study import Study

SAMPLES = Path(__file__).parent / "comet_style"
PARAMETERS = '{"x": {"type": "integer", "min": 1, "max": 5}}'
"""What stands where the samples write `{...}` for parameters."""

COMPLETE = """{"algorithm": "bayes",
 "spec": {
   "maxCombo": 0,
   "objective": "minimize",
   "metric": "loss",
   "minSampleSize": 100,
   "retryLimit": 20,
   "retryAssignLimit": 0,
 },
 "parameters": {
   "hidden-layer-size": {"type": "integer", "min": 5, "max": 100},
   "hidden2-layer-size": {"type": "discrete", "values": [16, 32, 64]},
 },
 "name": "My Bayesian Search",
 "trials": 1,
}"""
BAYES = """{"algorithm": "bayes",
 "spec": {
   "maxCombo": 0,
   "objective": "minimize",
   "metric": "loss",
   "minSampleSize": 100,
   "retryLimit": 20,
   "retryAssignLimit": 0,
 },
 "trials": 1,
 "parameters": {...},
 "name": "My Optimizer Name",
}"""
GRID = """{"algorithm": "grid",
 "spec": {
   "randomize": True,
   "maxCombo": 0,
   "metric": "loss",
   "gridSize": 10,
   "minSampleSize": 100,
   "retryLimit": 20,
   "retryAssignLimit": 0,
 },
 "trials": 1,
 "parameters": {...},
 "name": "My Optimizer Name",
}"""
RANDOM = """{"algorithm": "random",
 "spec": {
   "maxCombo": 100,
   "metric": "loss",
   "gridSize": 10,
   "minSampleSize": 100,
   "retryLimit": 20,
   "retryAssignLimit": 0,
 },
 "trials": 1,
 "parameters": {...},
 "name": "My Optimizer Name",
}"""
INTEGERS = """{"algorithm": "bayes",
 "spec": {...},
 "parameters": {
   "hidden-layer-size": {"type": "integer", "min": 5, "max": 100},
   "hidden2-layer-size": {"type": "discrete", "values": [16, 32, 64]},
 },
 "trials": 1,
 "name": "My Optimizer Name",
}"""
DOUBLES = """{"algorithm": "bayes",
 "spec": {...},
 "parameters": {
   "momentum": {"type": "double", "min": 0.0, "max": 0.9},
   "learning-rate": {"type": "discrete", "values": [0.01, 0.1, 0.8]},
 },
 "trials": 1,
 "name": "My Optimizer Name",
}"""
SCALES = """{"algorithm": "bayes",
 "spec": {...},
 "parameters": {
   "momentum": {"type": "float", "min": 0.0, "max": 0.9, "scalingType": "uniform"},
   "learning-rate": {"type": "float", "min": 0.001, "max": 1.0, "scalingType": "loguniform"},
   "dropout": {"type": "float", "mu": 0.5, "sigma": 0.1, "scalingType": "normal"},
 },
 "trials": 1,
 "name": "My Optimizer Name",
}"""
CATEGORICAL = """{"algorithm": "bayes",
 "spec": {...},
 "parameters": {
   "activation": {"type": "categorical", "values": ["sigmoid", "relu", "leaky-relu"]},
 },
 "trials": 1,
 "name": "My Optimizer Name",
}"""
GRID_SIZE = """{"algorithm": "grid", "parameters":
{"x": {"type": "double",
       "scalingType": "uniform",
       "min": 0.0,
       "max": 100.0,
       "gridSize": 25,
      },
}}"""
AGAIN = """{"algorithm": "bayes",
 "spec": {
    "retryAssignLimit": 1,
 },
 "parameters": {...},
 "name": "My Bayesian Search",
 "trials": 1,
}"""
CONFIGS = {
    "complete": (COMPLETE, 20),
    "bayes": (BAYES, 5),
    "grid": (GRID, 5),
    "random": (RANDOM, 5),
    "integers": (INTEGERS, 20),
    "doubles": (DOUBLES, 20),
    "scales": (SCALES, 30),
    "categorical": (CATEGORICAL, 3),
    "grid size": (GRID_SIZE, 25),
    "again": (AGAIN, 5),
}
"""Text, and how many sets it tries: ten a parameter, or as many as there are."""


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    hpo.configure(store=tmp_path / "store")
    monkeypatch.syspath_prepend(SAMPLES)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    yield
    hpo.configure(store=None)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    def run(name: str, *arguments: str) -> dict[str, Any]:
        monkeypatch.setattr(sys, "argv", [name, *arguments])
        return runpy.run_path(str(SAMPLES / name), run_name="__main__")

    return run


def best_depth(study: Study) -> int:
    table = study.tasks()
    assert (table["state"] == "completed").all() and sorted(table["x"]) == [1, 2, 3, 4, 5]
    return int(study.best.parameters["x"])


@pytest.mark.parametrize("name", CONFIGS)
def test_a_config_of_the_introduction_is_searched_to_its_end(name: str, tmp_path: Path) -> None:
    text, sets = CONFIGS[name]
    file = tmp_path / "sample.config"
    file.write_text(text.replace('"spec": {...}', '"spec": {}').replace("{...}", PARAMETERS))
    optimizer = Optimizer(file)
    for experiment in optimizer.get_experiments():
        numbers = [value for value in experiment.params.values() if isinstance(value, int | float)]
        experiment.log_metric("loss", sum(numbers))
    assert len(optimizer.results()) == sets and optimizer.status()["status"] == "completed"


def test_the_first_example_finds_the_best_depth(run: Callable[..., dict[str, Any]]) -> None:
    study = run("example_1.py")["opt"].study
    assert best_depth(study) == 5  # deeper trees err less on these digits
    assert study.store.card(study.best.id).project == "optimizer-search-01"


def test_the_second_example_reads_its_config_and_goes_on_by_id_and_by_environment(
    run: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = Optimizer(str(SAMPLES / "example_2.config"))
    experiment = begun.next()
    assert experiment is not None
    experiment.log_metric("loss", 1.0)
    experiment.end()
    assert run("example_2.py", begun.get_id())["opt"].get_id() == begun.get_id()
    assert best_depth(begun.study) in range(1, 6)
    for name in VARIABLES:
        monkeypatch.setenv(name, begun.get_id())
        same = run("example_2.py", str(SAMPLES / "example_2.config"))["opt"]
        monkeypatch.delenv(name)
        assert same.get_id() == begun.get_id()
    assert len(begun.study.tasks()) == 5 and len(hpo.studies()) == 1
    assert best_depth(run("example_2.py", str(SAMPLES / "example_2.config"))["opt"].study) == 5


def test_the_third_example_takes_arguments_and_repeats(
    run: Callable[..., dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    config = str(SAMPLES / "example_2.config")
    found = run("example_3.py", "--project-name", "my-project-01", config, "--trials", "2")
    assert found["count"] == 10 and "Completed 10 experiments." in capsys.readouterr().out
    assert list(found["opt"].results()["counted"]) == [2] * 5


def test_the_end_to_end_example_trains_a_network_ten_times(run: Callable[..., dict[str, Any]]) -> None:
    study = run("end_to_end.py")["opt"].study
    table = study.tasks()
    assert study.name == "Optimize MNIST Network" and (table["state"] == "completed").all() and len(table) == 10
    assert table["first_layer_units"].between(300, 700).all() and set(table["batch_size"]) <= {64, 128, 256}
    assert (table["iteration"] == 9).all() and table["loss"].min() < 1.0
    assert study.optuna_study().trials[0].user_attrs["epochs"] == 10
