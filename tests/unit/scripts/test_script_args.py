"""Values given to argparse: what a script sees instead of its defaults."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest

from hpo_widgets.agents.script_args import Injection
from hpo_widgets.errors import InvalidInput


@pytest.fixture(autouse=True)
def original(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(argparse.ArgumentParser, "parse_known_args", argparse.ArgumentParser.parse_known_args)


def injected(**values: Any) -> Injection:
    injection = Injection(values, "train.py")
    injection.install()
    return injection


def odd(text: str) -> int:
    if int(text) % 2 == 0:
        raise argparse.ArgumentTypeError(f"{text} is even")
    return int(text)


def test_values_take_the_place_of_defaults_and_of_what_the_command_line_says() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--name", default="x")
    injection = injected(lr=0.5, epochs=7)

    args = parser.parse_args(["--epochs", "9", "--name", "y"])

    assert vars(args) == {"lr": 0.5, "epochs": 7, "name": "y"}
    assert injection.left == set()


def test_required_arguments_need_not_be_on_the_command_line() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--lr", type=float, required=True)
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--fast", action="store_true")
    group.add_argument("--slow", action="store_true")
    injected(data="here", lr=0.5, fast=True)

    args = parser.parse_args([])

    assert vars(args) == {"data": Path("here"), "lr": 0.5, "fast": True, "slow": False}


def test_other_required_arguments_are_still_missed(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, required=True)
    parser.add_argument("--data", required=True)
    injected(lr=0.5)

    with pytest.raises(SystemExit):
        parser.parse_args([])

    assert "the following arguments are required: --data" in capsys.readouterr().err


def test_the_scripts_own_types_and_choices_are_applied() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=odd, nargs="+")
    parser.add_argument("--path", type=Path)
    injected(n=[1, 3], path="a/b")

    assert vars(parser.parse_args([])) == {"n": [1, 3], "path": Path("a/b")}


def test_a_value_that_the_scripts_own_type_refuses_is_told_with_both() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=odd)
    injected(n=2)

    with pytest.raises(InvalidInput, match=r"'Args/n' of 'train.py' takes odd and was given 2: 2 is even"):
        parser.parse_args([])


def test_a_value_outside_the_choices_is_told_with_them() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=odd, choices=range(1, 6))
    injected(n=7)

    with pytest.raises(InvalidInput, match="was given 7, which is none of its choices: 1, 2, 3, 4, 5"):
        parser.parse_args([])


def test_sub_commands_are_reached() -> None:
    parser = argparse.ArgumentParser()
    train = parser.add_subparsers(dest="command").add_parser("train")
    train.add_argument("--lr", type=float, default=0.1)
    injection = injected(lr=0.5)

    assert vars(parser.parse_args(["train"])) == {"command": "train", "lr": 0.5}
    assert injection.left == set()


def test_values_that_no_parser_asked_for_are_known() -> None:
    parser = argparse.ArgumentParser()
    injection = injected(lr=0.5)

    parser.parse_known_args(["--other"])

    assert injection.left == {"lr"}
