"""Command lines take the values of their task."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

import pytest

from hpo_widgets.errors import InvalidInput
from hpo_widgets.sdk.parameters_argparse import ParserLink
from hpo_widgets.sdk.parameters_connect import Connection

PLAIN = argparse.ArgumentParser.parse_known_args


class Bench:
    def __init__(self) -> None:
        self.stored: dict[str, Any] = {}
        self.kept: dict[str, Any] = {}
        self.link = ParserLink(lambda: Connection(stored=self.stored, write=self.kept.update))


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    made.link.watch_all()
    yield made
    made.link.remove()
    assert argparse.ArgumentParser.parse_known_args is PLAIN


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser()
    made.add_argument("--epochs", type=int, default=2)
    made.add_argument("--lr", type=float)
    made.add_argument("--act", choices=["relu", "tanh"], default="relu")
    made.add_argument("--fast", action="store_true")
    made.add_argument("--slow", dest="quick", action="store_false")
    made.add_argument("--sizes", type=int, nargs="+", default=[1])
    made.add_argument("--tag", action="append")
    return made


def test_what_was_parsed_is_kept(bench: Bench) -> None:
    parser().parse_args(["--epochs", "3", "--fast", "--sizes", "4", "5"])
    assert bench.kept == {
        "Args/epochs": 3,
        "Args/lr": None,
        "Args/act": "relu",
        "Args/fast": True,
        "Args/quick": True,
        "Args/sizes": [4, 5],
        "Args/tag": None,
    }


def test_the_values_of_the_task_win_over_the_command_line(bench: Bench) -> None:
    bench.stored |= {
        "Args/epochs": "7",
        "General/lr": 1,
        "act": "tanh",
        "Args/fast": "true",
        "Args/quick": False,
        "Args/sizes": "[8, 9]",
        "Args/tag": ["a"],
    }
    found = parser().parse_args(["--epochs", "3", "--sizes", "1"])
    expected = {"epochs": 7, "lr": 1.0, "act": "tanh", "fast": True, "quick": False, "sizes": [8, 9], "tag": ["a"]}
    assert vars(found) == expected
    assert bench.kept == {}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("epochs", 2.5, r"'Args/epochs' is 2.5 \(float\).*default 2"),
        ("lr", "fast", r"'Args/lr' is 'fast' \(str\).*'float'"),
        ("act", "gelu", r"'Args/act' is 'gelu'; the script allows 'relu', 'tanh'"),
        ("fast", "maybe", r"'Args/fast' is 'maybe'.*bool"),
        ("sizes", "many", r"'Args/sizes' is 'many'.*list"),
    ],
)
def test_a_value_that_the_argument_cannot_take_is_an_error(bench: Bench, name: str, value: Any, said: str) -> None:
    bench.stored[f"Args/{name}"] = value
    with pytest.raises(InvalidInput, match=said):
        parser().parse_args([])


def test_what_the_task_gives_is_not_asked_of_the_command_line(bench: Bench) -> None:
    bench.stored |= {"Args/data": "x.csv", "Args/seed": 3}
    made = argparse.ArgumentParser()
    made.add_argument("data")
    seed = made.add_argument("--seed", type=int, required=True)
    assert vars(made.parse_args([])) == {"data": "x.csv", "seed": 3}
    assert seed.required
    bench.stored.clear()
    with pytest.raises(SystemExit):
        made.parse_args([])


def test_sub_commands_are_parsed_once_with_all_values(bench: Bench) -> None:
    made = argparse.ArgumentParser()
    below = made.add_subparsers(dest="command")
    below.add_parser("train").add_argument("--lr", type=float, default=0.1)
    assert made.parse_args(["train", "--lr", "0.2"]).lr == 0.2
    assert bench.kept == {"Args/command": "train", "Args/lr": 0.2}
    bench.stored |= bench.kept | {"Args/lr": 0.3}
    assert made.parse_args(["train", "--lr", "0.2"]).lr == 0.3


def test_only_chosen_parsers_are_connected_when_asked() -> None:
    bench = Bench()
    chosen = parser()
    bench.link.watch(chosen)
    try:
        assert bench.kept["Args/epochs"] == 2 and "Args/lr" not in bench.kept
        bench.stored["Args/epochs"] = 9
        assert chosen.parse_args([]).epochs == 9 and parser().parse_args([]).epochs == 2
    finally:
        bench.link.remove()


def test_what_others_have_put_in_place_of_argparses_own_method_goes_on_to_work() -> None:
    seen = []

    def others(self: argparse.ArgumentParser, *args: Any, **more: Any) -> Any:
        seen.append(self)
        return PLAIN(self, *args, **more)

    argparse.ArgumentParser.parse_known_args = others  # type: ignore[assignment,method-assign]
    try:
        bench, second = Bench(), Bench()
        bench.link.watch_all()
        second.link.watch_all()
        made = parser()
        assert made.parse_args(["--epochs", "3"]).epochs == 3 and seen == [made]
        assert second.kept["Args/epochs"] == 3 and bench.kept == {}
        second.link.remove()
        bench.link.remove()
        assert argparse.ArgumentParser.parse_known_args is others
    finally:
        argparse.ArgumentParser.parse_known_args = PLAIN  # type: ignore[method-assign]
