"""A script that records itself with Task.init is a base task like any other, and reading it leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import hpo_widgets as hpo
from hpo_widgets.errors import InvalidInput
from hpo_widgets.sdk.script import script_base_task
from hpo_widgets.store.location import open_store

SCRIPT = """
import argparse
from hpo_widgets import Task
task = Task.init("examples", "template")
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
arguments = parser.parse_args()
task.get_logger().report_scalar("loss", "loss", arguments.lr**2, 0)
"""


def test_reading_a_script_that_calls_task_init_records_no_task_of_its_own(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    hpo.configure(store=tmp_path / "store")
    try:
        study = hpo.tune(script, {"lr": (0.0, 1.0)}, objective="loss", max_jobs=2, concurrency=1)
        assert study.wait(60)
        assert set(study.tasks()["state"]) == {"completed"}
        assert study.best.objective == study.best.parameters["lr"] ** 2
        assert hpo.Task.get_tasks(task_name="template") == []
    finally:
        hpo.configure(store=None)


CONNECTS = """
from hpo_widgets import Logger, Task
task = Task.init("examples", "connects")
model = {"lr": 0.1, "layers": 2, "net": {"width": 8, "act": "relu"}, "shuffle": True}
task.connect(model)
data = task.connect({"batch_size": 32, "mean": None}, name="Data")
open("{ran}", "a").write("trains")
loss = model["lr"] ** 2 + model["net"]["width"] + data["batch_size"]
Logger.current_logger().report_scalar("loss", "loss", loss, 0)
"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    hpo.configure(store=tmp_path / "store")
    yield tmp_path
    hpo.configure(store=None)


def connects(place: Path, text: str = CONNECTS) -> Path:
    script = place / "connects.py"
    script.write_text(text.replace("{ran}", str(place / "ran")))
    return script


def test_what_a_script_connects_is_read_with_types_and_defaults_and_nothing_is_trained(place: Path) -> None:
    base = script_base_task(connects(place), store=open_store())

    found = {each.name: (each.default, each.type) for each in base.parameters}
    assert found == {
        "General/lr": (0.1, "float"),
        "General/layers": (2, "int"),
        "General/net/width": (8, "int"),
        "General/net/act": ("relu", "str"),
        "General/shuffle": (True, "bool"),
        "Data/batch_size": (32, "int"),
        "Data/mean": (None, None),
    }
    assert not (place / "ran").exists()


def test_connected_parameters_are_searched_by_any_of_their_names(place: Path) -> None:
    space = {"lr": (0.0, 1.0), "net/width": (4, 16), "Data/batch-size": [16, 64]}

    study = hpo.tune(connects(place), space, objective="loss", max_jobs=3, concurrency=1, seed=1)

    assert study.wait(60)
    assert set(study.tasks()["state"]) == {"completed"}, study.store.tasks(study.id)[0].error
    best = study.best
    assert (
        best.objective
        == best.parameters["lr"] ** 2 + best.parameters["net/width"] + (best.parameters["Data/batch-size"])
    )


def test_names_and_values_that_a_script_does_not_connect_start_nothing(place: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        hpo.tune(connects(place), {"General/lrr": (0.0, 1.0), "layers": (0.5, 2.5), "shuffle": ["perhaps"]})

    text = str(caught.value)
    assert "'connects.py' has no parameter 'General/lrr'; did you mean 'General/lr'?" in text
    assert "'General/layers' of 'connects.py' takes int and was given 0.5" in text
    assert "'General/shuffle' of 'connects.py' takes bool and was given 'perhaps'" in text
    assert hpo.studies() == []


def test_a_parameter_that_a_run_does_not_connect_fails_its_task(place: Path) -> None:
    text = """
from hpo_widgets import Task
task = Task.init("examples", "moody")
first = task.connect({"lr": 0.1, "moody": False})
if first["lr"] < 0.5:
    task.connect({"width": 8}, name="Late")
task.get_logger().report_scalar("loss", "loss", first["lr"], 0)
"""
    space = {"lr": [0.7], "Late/width": [4]}
    study = hpo.tune(connects(place, text), space, objective="loss", max_jobs=1, concurrency=1)

    assert study.wait(60)
    error = study.store.tasks(study.id)[0].error
    assert error is not None
    assert "ended without reading the parameters Late/width: their values had no effect" in error


def test_command_line_and_connected_parameters_are_read_together(place: Path) -> None:
    text = """
import argparse
from hpo_widgets import Task
task = Task.init("examples", "both")
settings = task.connect({"lr": 0.1})
parser = argparse.ArgumentParser()
parser.add_argument("--layers", type=int, required=True)
parser.add_argument("--act", choices=["relu", "tanh"], default="relu", help="activation")
args = parser.parse_args()
more = task.connect({"decay": 0.0}, name="Optimizer")
task.get_logger().report_scalar("loss", "loss", settings["lr"] + args.layers + more["decay"], 0)
"""
    script = connects(place, text)
    base = script_base_task(script, store=open_store())
    assert {each.name for each in base.parameters} == {"General/lr", "Args/layers", "Args/act", "Optimizer/decay"}
    (act,) = (each for each in base.parameters if each.name == "Args/act")
    assert (act.choices, act.help) == (("relu", "tanh"), "activation")

    space = {"lr": [0.5], "layers": [3], "decay": [0.25]}
    with pytest.raises(InvalidInput, match="has no parameter 'decay'"):
        hpo.tune(script, space, objective="loss", max_jobs=1)
    space = {"lr": [0.5], "layers": [3], "Optimizer/decay": [0.25]}
    study = hpo.tune(script, space, objective="loss", max_jobs=1, concurrency=1)

    assert study.wait(60)
    assert study.best.objective == 3.75


def test_reading_a_script_that_raises_before_it_connects_says_what_it_said(place: Path) -> None:
    text = "from hpo_widgets import Task\ntask = Task.init()\nraise OSError('no data')\ntask.connect({'lr': 0.1})"
    with pytest.raises(InvalidInput, match=r"(?s)raised before it connected its parameters.*no data"):
        hpo.tune(connects(place, text), {"lr": (0.0, 1.0)})


def test_without_a_space_ranges_are_proposed_from_what_the_script_connects(place: Path) -> None:
    study = hpo.tune(connects(place), objective="loss", max_jobs=2, concurrency=1, seed=1)

    assert study.wait(60)
    assert set(study.config.space.names) == {
        "General/lr", "General/layers", "General/net/width", "General/shuffle", "Data/batch_size",
    }  # fmt: skip
    assert set(study.tasks()["state"]) == {"completed"}


def test_reading_a_script_ends_at_its_first_report_when_a_place_that_connects_is_not_reached(place: Path) -> None:
    text = """
from hpo_widgets import Task
task = Task.init("examples", "branches")
settings = task.connect({"lr": 0.1, "tuned": False})
if settings["tuned"]:
    task.connect({"decay": 0.5}, name="Tuned")
task.get_logger().report_scalar("loss", "loss", settings["lr"], 0)
open("{ran}", "a").write("goes on")
"""
    base = script_base_task(connects(place, text), store=open_store())

    assert [each.name for each in base.parameters] == ["General/lr", "General/tuned"]
    assert not (place / "ran").exists()


CLICKS = """
import click
from hpo_widgets import Task
task = Task.init("examples", "clicks")
outer = task.connect({"decay": 0.0}, name="Optimizer")

@click.group()
def cli():
    pass

@cli.command()
@click.option("--lr", type=float, required=True, prompt=True)
@click.option("--layers", default=2)
def train(lr, layers):
    settings = {"width": 8, "lr": lr}
    task.connect(settings)
    open("{ran}", "a").write("trains")
    loss = settings["lr"] ** 2 + settings["width"] * layers + outer["decay"]
    task.get_logger().report_scalar("loss", "loss", loss, 0)

cli()
"""


def test_what_a_click_command_connects_is_read_together_with_its_options_and_searched(place: Path) -> None:
    pytest.importorskip("click")
    script = connects(place, CLICKS)

    base = script_base_task(script, args=["train"], store=open_store())

    found = {each.name: (each.default, each.type, each.required) for each in base.parameters}
    assert found == {
        "Optimizer/decay": (0.0, "float", False),
        "Args/lr": (None, "float", True),
        "Args/layers": (2, "int", False),
        "General/width": (8, "int", False),
        "General/lr": (None, None, False),
    }
    assert not (place / "ran").exists()
    space = {"lr": [0.5], "layers": [3], "width": [4], "Optimizer/decay": [0.25]}
    study = hpo.tune(script, space, objective="loss", max_jobs=1, concurrency=1, args=["train"])
    assert study.wait(60)
    assert study.best.objective == 0.5**2 + 4 * 3 + 0.25


def test_what_a_hydra_script_connects_is_said_to_belong_into_its_configuration(place: Path) -> None:
    pytest.importorskip("hydra")
    (place / "conf").mkdir()
    (place / "conf" / "config.yaml").write_text("lr: 0.1\n")
    text = """
import hydra
from hpo_widgets import Task

@hydra.main(version_base=None, config_path="conf", config_name="config")
def main(cfg):
    task = Task.init("examples", "hydra")
    more = task.connect({"width": 8})
    task.get_logger().report_scalar("loss", "loss", cfg.lr + more["width"], 0)

main()
"""
    with pytest.raises(InvalidInput) as caught:
        hpo.tune(connects(place, text), {"lr": (0.0, 1.0), "width": [4, 8]}, objective="loss", max_jobs=1)
    assert "has no parameter 'width'; it has 'Hydra/lr'" in str(caught.value)
    assert "not read from a script that uses Hydra: put it in its configuration" in str(caught.value)
