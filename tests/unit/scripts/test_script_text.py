"""What a script's text tells without running it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.base_task import BaseParameter
from hpo_widgets.sdk.script_text import declared_statically, installed_modules, parser_calls, parser_of, read_script


def written(folder: Path, text: str, name: str = "train.py") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_missing_script_is_told_with_the_closest_names(tmp_path: Path) -> None:
    written(tmp_path, "")

    with pytest.raises(InvalidInput, match=r"there is no script .*trian.py'; did you mean 'train.py'\?"):
        read_script(tmp_path / "trian.py")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"x = 1\ndef f(:\n", "train.py, line 2: invalid syntax: def f(:"),
        (b"x = 1\0", "train.py"),
        (b"x = '\xff'", "train.py"),
    ],
)
def test_what_is_no_python_is_told_with_the_line(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "train.py"
    path.write_bytes(content)

    with pytest.raises(InvalidInput) as caught:
        read_script(path)

    assert said in str(caught.value)


def test_a_folder_is_no_script(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="is a folder"):
        read_script(tmp_path)


def test_installed_modules_are_found_and_the_scripts_own_are_not(tmp_path: Path) -> None:
    written(tmp_path, "import xml.sax", "mine.py")
    text = """
import json, mine, absent_module, hpo_widgets
from os import path, getcwd
from sklearn import datasets
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import decimal
def later():
    import colorsys
"""

    found = installed_modules(read_script(written(tmp_path, text)))

    assert found == ["colorsys", "json", "os", "sklearn", "sklearn.datasets", "typing"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from argparse import ArgumentParser\nArgumentParser().parse_args()", "argparse"),
        ("from click import command", "click"),
        ("import typer, argparse\ntyper.run(f)", "typer"),
        ("import hydra\n@hydra.main()\ndef f(): ...", "hydra"),
        ("import argparse, click, typer\nclick.echo()", None),
        ("from transformers import HfArgumentParser", "argparse"),
        ("import options", "argparse"),
        ("import json", None),
    ],
)
def test_the_parser_is_found_also_in_modules_beside_the_script(tmp_path: Path, text: str, expected: str | None) -> None:
    written(tmp_path, "import argparse\nargparse.ArgumentParser().parse_args()\nimport train", "options.py")

    script = read_script(written(tmp_path, text))

    assert parser_of(script) == expected
    assert parser_calls(script) == text.count("parse_args") + ("options" in text)


def test_argparse_is_read_without_running_it(tmp_path: Path) -> None:
    text = """
p.add_argument("-l", "--learning-rate", type=float, default=1e-3, help="rate")
p.add_argument("--kind", choices=["a", "b"], default="a")
p.add_argument("--fast", action="store_true")
p.add_argument("--sizes", type=int, nargs="+")
p.add_argument("data")
p.add_argument("--version", action="version")
"""

    assert declared_statically(read_script(written(tmp_path, text))) == (
        BaseParameter(name="Args/learning_rate", default=1e-3, type="float", help="rate"),
        BaseParameter(name="Args/kind", default="a", type="str", choices=("a", "b")),
        BaseParameter(name="Args/fast", default=False, type="bool"),
        BaseParameter(name="Args/sizes", type="list[int]"),
        BaseParameter(name="Args/data", required=True),
    )
