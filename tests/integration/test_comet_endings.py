"""What becomes of the experiment that a loop leaves: by `break`, by an error, in a notebook's cells and in scripts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PRELUDE = """
from hpo_widgets.comet import Optimizer
config = {"algorithm": "random", "spec": {"maxCombo": 4, "seed": 1},
          "parameters": {"x": {"type": "double", "min": 0.0, "max": 1.0}}}
opt = Optimizer(config)
def states():
    return [(t.state.value, t.reason, t.error) for t in opt.study.store.tasks(opt.id)]
"""
NOTEBOOK = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
found = []
for cell in json.loads(sys.argv[1]):
    error = shell.run_cell(cell).error_in_exec
    found.append([type(error).__name__, shell.user_ns["states"]()])
print("FOUND" + json.dumps(found))
"""
SHOW = """
import json, os
from hpo_widgets.store.location import open_store
store = open_store()
(study,) = store.studies()
print("FOUND" + json.dumps([(t.state.value, t.reason, t.error) for t in store.tasks(study.id)]))
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "HPO_WIDGETS_STORE": str(tmp_path / "store"), "PYTHONPATH": path, "IPYTHONDIR": str(tmp_path)}


def found_by(code: str, environment: dict[str, str], *arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=environment, timeout=100
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("FOUND")]
    assert lines, done.stdout + done.stderr
    return json.loads(lines[-1][5:])


def test_in_a_notebook_the_cell_ends_what_its_loop_has_left(environment: dict[str, str]) -> None:
    cells = [
        PRELUDE,
        "for e in opt.get_experiments():\n    e.log_metric('loss', 0.5)\n    break",
        "for e in opt.get_experiments():\n    e.log_metric('loss', 0.25)\n    raise RuntimeError('no memory')",
        "def train(e):\n    raise KeyboardInterrupt\nfor e in opt.get_experiments():\n    train(e)",
        "for e in opt.get_experiments():\n    break",
        "by_hand = opt.next()",
        "by_hand.log_metric('loss', 0.125)",
        "opt.next()",
    ]
    found = found_by(NOTEBOOK, environment, json.dumps(cells))
    errors, states = zip(*found, strict=True)
    assert list(errors) == ["NoneType"] * 2 + ["RuntimeError", "KeyboardInterrupt"] + ["NoneType"] * 4
    assert states[1] == [["completed", None, None]]
    state, reason, error = states[2][1]
    assert (state, reason) == ("failed", "failed") and "RuntimeError: no memory" in error
    assert states[3][2][:2] == ["aborted", "user (the loop was interrupted)"]
    # What was interrupted without a value is given out again, here left by `break` before it logged anything.
    assert states[4][3][:2] == ["aborted", "user (the loop was left)"] and "'loss' was never logged" in states[4][3][2]
    assert [each[0] for each in states[6]] == ["completed", "failed", "aborted", "aborted", "running"]
    assert states[7][-1][0] == "completed"


def test_what_was_taken_by_hand_stays_open_from_cell_to_cell(environment: dict[str, str]) -> None:
    cells = [PRELUDE, "e = opt.next()", "e.log_metrc('loss', 1)", "e.log_metric('loss', 1.0)", "opt.next()"]
    found = found_by(NOTEBOOK, environment, json.dumps(cells))
    assert [each[1][0][0] for each in found[1:]] == ["running", "running", "running", "completed"]
    assert found[2][0] == "AttributeError"


@pytest.mark.parametrize(
    ("body", "code", "expected"),
    [
        ("e.log_metric('loss', 1.0)\n    break", 0, ("completed", None)),
        ("break", 0, ("aborted", "user (the process ended)")),
        ("e.log_metric('loss', 1.0)\n    raise RuntimeError('boom')", 1, ("failed", "failed")),
        ("e.log_metric('loss', 1.0)\n    raise KeyboardInterrupt", 130, ("aborted", "user (the loop was interrupted)")),
    ],
)
def test_in_a_script_the_end_of_the_process_ends_what_its_loop_has_left(
    environment: dict[str, str], body: str, code: int, expected: tuple[str, str | None]
) -> None:
    script = f"{PRELUDE}\nfor e in opt.get_experiments():\n    {body}\n"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, timeout=100)
    assert done.returncode in (code, -2) and ("Traceback" in done.stderr) == bool(code)
    ((state, reason, error),) = found_by(SHOW, environment)
    assert (state, reason) == expected and ("RuntimeError: boom" in (error or "")) == (code == 1)


def test_after_a_break_the_optimizer_ends_what_was_left_at_its_next_use(environment: dict[str, str]) -> None:
    code = f"{PRELUDE}\nimport json\nfor e in opt.get_experiments():\n    e.log_metric('loss', 1.0)\n    break\n"
    code += "assert opt.status()['status'] == 'running'\nprint('FOUND' + json.dumps(states()))"
    assert found_by(code, environment) == [["completed", None, None]]
