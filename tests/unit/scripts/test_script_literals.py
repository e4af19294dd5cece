"""Literals at the top of a script: which are parameters, and how they are replaced."""

from __future__ import annotations

import ast
import math
from typing import Any

import pytest

from hpo_widgets.agents.script_literals import literals, replace

SCRIPT = '''
"""Trains."""
from __future__ import annotations
import os as system
__version__ = "1"
lr = 1e-3
layers: int = 2
offset = -1.5
name, other = "a", "b"
sizes = (32, 64)
best = 0.0
unset: int
for step in range(3):
    best = max(best, step * lr)
counter = 0
counter += 1
total = 5
def train(rate=lr):
    global total
    total = 6
    local = 7
if True:
    hidden = 1
if __name__ == "__main__":
    epochs = 10
    result = (lr, layers, offset, epochs, sizes)
'''


def run(tree: ast.Module) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(tree, "script.py", "exec", dont_inherit=True), names)
    return names


def test_names_bound_once_to_a_literal_are_parameters_and_nothing_else() -> None:
    assert literals(ast.parse(SCRIPT)) == {"lr": 1e-3, "layers": 2, "offset": -1.5, "sizes": (32, 64), "epochs": 10}


@pytest.mark.parametrize(
    "text",
    [
        "x = 1\nx = 2",
        "x = 1\nfor x in []: pass",
        "x = 1\nimport x",
        "x = 1\ndef x(): pass",
        "x = 1\nwith a as x: pass",
        "x = 1\ndel x",
        "x = 1\ntry: pass\nexcept ValueError as x: pass",
        "x = 1\nmatch f():\n    case [1, x]: pass",
        "x = 1\nx += 1",
        "x = 1\n(x := 2)",
        "x = f()",
        "x = {'a': 1}",
        "x = y = 1",
        "x = b'1'",
    ],
)
def test_a_name_that_is_bound_otherwise_too_is_no_parameter(text: str) -> None:
    assert literals(ast.parse(text)) == {}


def test_a_comprehension_of_the_same_name_does_not_bind_it() -> None:
    assert literals(ast.parse("x = 1\ny = [x for x in []]")) == {"x": 1}


def test_values_are_put_where_the_literals_stand() -> None:
    tree = ast.parse(SCRIPT)

    replaced = replace(tree, {"lr": 0.5, "epochs": 3, "sizes": (1,), "absent": 1})

    assert replaced == {"lr", "epochs", "sizes"}
    assert run(tree)["result"] == (0.5, 2, -1.5, 3, (1,))


@pytest.mark.parametrize("value", [math.inf, -0.0, 10**30, 'it\'s "so"\n', None, True, [1, [2.5, "x"]], ()])
def test_any_value_survives_exactly(value: Any) -> None:
    tree = ast.parse("x = 1\n")

    replace(tree, {"x": value})

    found = run(tree)["x"]
    assert repr(found) == repr(value)


def test_not_a_number_survives() -> None:
    tree = ast.parse("x = 1\n")

    replace(tree, {"x": math.nan})

    assert math.isnan(run(tree)["x"])


def test_a_traceback_still_names_the_line() -> None:
    tree = ast.parse("x = 1\n\ny = 1 / x\n")
    replace(tree, {"x": 0})

    with pytest.raises(ZeroDivisionError) as caught:
        run(tree)

    assert caught.traceback[-1].lineno + 1 == 3
