"""What each kind of base task fills the form of a search space with; scripts are read in processes of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import hpo_widgets as hpo
from hpo_widgets import SearchSpaceForm, Task
from hpo_widgets.errors import InvalidInput
from hpo_widgets.sdk.magics import Options, define
from hpo_widgets.sdk.script import script_base_task
from hpo_widgets.store.location import open_store

ARGPARSE = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=1e-3, help="1 .. 2")
parser.add_argument("--optimizer", choices=["sgd", "adam"], default="sgd")
parser.add_argument("--epochs", type=int, default=3)
parser.add_argument("--data", required=True)
args = parser.parse_args()
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Iterator[Path]:
    hpo.configure(store=tmp_path / "store")
    yield tmp_path
    open_store().close()
    hpo.configure()


def rows(form: SearchSpaceForm) -> dict[str, tuple[Any, ...]]:
    return {row["name"]: (row["kind"], row["on"], row.get("values", "")) for row in form.draft["rows"]}


def test_an_objective_cell_fills_it_with_the_ranges_in_its_comments() -> None:
    cell = "lr = 0.1  # 1e-4 .. 1\nepochs = 3\nlr * epochs"
    task = define(Options(name="train"), cell, {}).task

    form = SearchSpaceForm.from_base(task)

    assert rows(form) == {"lr": ("log", True, ""), "epochs": ("fixed", False, "3")}
    assert form.value == task.space


def test_a_recorded_task_fills_it_with_its_own_parameters() -> None:
    task = Task.create("examples", "base")
    task.set_parameters({"Args/batch_size": 64, "Args/name": "x", "model/units": 128})

    form = SearchSpaceForm.from_base(task)

    assert rows(form) == {
        "Args/batch_size": ("discrete", True, "16, 32, 64, 128, 256"),
        "Args/name": ("fixed", False, "x"),
        "model/units": ("discrete", True, "32, 64, 128, 256, 512"),
    }


def test_a_script_with_a_command_line_and_its_base_task_fill_it_alike(folder: Path) -> None:
    script = folder / "train.py"
    script.write_text(ARGPARSE)
    args = ["--data", "x"]

    form = SearchSpaceForm.from_base(script_base_task(script, args=args))

    kinds = {name: row[:2] for name, row in rows(form).items()}
    assert kinds["Args/lr"] == ("log", True)
    assert kinds["Args/optimizer"] == ("discrete", True)
    assert kinds["Args/epochs"] == ("fixed", False)
    assert form.value is not None
    again = SearchSpaceForm()
    again.fill_from_base(script_base_task(script, args=args))
    assert again.value == form.value


def test_a_recorded_function_says_that_its_parameters_are_not_known() -> None:
    from hpo_widgets.model.base_task import BaseTask

    with pytest.raises(InvalidInput, match="known only when it runs"):
        SearchSpaceForm.from_base(BaseTask(name="train", kind="function", code="0"))
