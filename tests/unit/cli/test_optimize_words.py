from __future__ import annotations

import argparse
from itertools import permutations

import pytest

from hpo_widgets.cli.main import run as main
from hpo_widgets.cli.optimize import add_arguments


def read(*words: str) -> dict[str, object]:
    parser = argparse.ArgumentParser()
    below = parser.add_subparsers()
    add_arguments(below.add_parser("optimize"))
    return vars(parser.parse_args(["optimize", *words]))


@pytest.mark.parametrize("order", list(permutations([("-j", "2"), ("train.py",), ("search.config",), ("-t", "3")])))
def test_options_stand_before_between_and_after_the_script_and_its_search(order: tuple[tuple[str, ...], ...]) -> None:
    words = [word for part in order for word in part]
    script, optimizer = [word for word in words if "." in word]
    found = read(*words, "--", "-j", "9", "more")
    assert (found["parallel"], found["trials"], found["extra"]) == (2, 3, ["-j", "9", "more"])
    assert (found["script"], found["optimizer"]) == (script, optimizer)


def test_a_search_without_a_script_is_begun_with_options_on_either_side() -> None:
    for words in (("-t", "3", "search.config"), ("search.config", "-t", "3")):
        found = read(*words)
        assert (found["script"], found["optimizer"], found["trials"]) == (None, "search.config", 3)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["a.py", "-j", "2"], "a.py is a script"),
        (["a.py", "-x", "b.config"], "unrecognized arguments: -x"),
        (["a.py", "-j", "many", "b.config"], "invalid int value: 'many'"),
        (["-j", "2"], "required: OPTIMIZER"),
        (["a.py", "b.config", "c"], "unrecognized arguments: c"),
    ],
)
def test_what_cannot_be_meant_is_refused(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code = main(["optimize", *words])
    except SystemExit as end:
        code = end.code
    assert code == 2
    assert said in capsys.readouterr().err
