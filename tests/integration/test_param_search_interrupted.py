"""A Ctrl-C in any moment of `hpo-widgets param-search`: the study is stopped in order, or there is none."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hpo_widgets.store.sqlite import SqliteStore
from hpo_widgets.study import Study
from tests.integration.command_line import PATIENCE_S

SCRIPT = """
import argparse, time
parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float, default=0.5)
args = parser.parse_args()
for epoch in range(100_000):
    print(f"epoch={epoch} loss={args.x}", flush=True)
    time.sleep(0.02)
"""
INTERRUPTED_AFTER = """
import importlib, os, signal, sys
from hpo_widgets.cli.main import run as main

where, *names = sys.argv.pop(1).split(":")
owner = importlib.import_module(where)
for name in names[:-1]:
    owner = getattr(owner, name)
original = getattr(owner, names[-1])

def interrupted(*args, **kwargs):
    found = original(*args, **kwargs)
    setattr(owner, names[-1], original)
    os.kill(os.getpid(), signal.SIGINT)
    return found

setattr(owner, names[-1], interrupted)
raise SystemExit(main())
"""
X = {"type": "UniformParameterRange", "name": "x", "min_value": 0.0, "max_value": 1.0}


def interrupted(folder: Path, after: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs `param-search`, which gets a Ctrl-C when a function returns for the first time."""
    given = [sys.executable, "-c", INTERRUPTED_AFTER, after, "param-search", "--store", str(folder / ".hpo"), *words]
    return subprocess.run(given, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


def search(folder: Path) -> list[str]:
    (folder / "slow.py").write_text(SCRIPT)
    metric = [
        f"--objective-metric-{part}={word}" for part, word in (("title", "loss"), ("series", "loss"), ("sign", "min"))
    ]
    return ["--script", "slow.py", "--metrics", "stdout", "--params-search", json.dumps(X), *metric]


@pytest.mark.parametrize(
    "after",
    [
        "hpo_widgets.store.sqlite:SqliteStore:create_study",
        "hpo_widgets.store.sqlite:SqliteStore:own_study",
        "hpo_widgets.study.study:Study:start",
        "hpo_widgets.sdk.tune:capture_in_background",
        "hpo_widgets.cli.follow:Progress",
        "hpo_widgets.study.study:Study:wait",
    ],
)
def test_what_is_recorded_is_stopped_in_order(tmp_path: Path, after: str) -> None:
    done = interrupted(tmp_path, after, *search(tmp_path))
    assert done.returncode == 130, done.stdout + done.stderr
    assert "Traceback" not in done.stderr and "--resume slow.py" in done.stdout
    store = SqliteStore(tmp_path / ".hpo")
    (record,) = store.studies()
    assert (Study(store, record.id).state, record.reason, record.owner) == ("stopped", "user", None)
    assert {task.state.value for task in store.tasks(record.id)} <= {"aborted"}


def test_a_search_that_is_resumed_is_stopped_as_well(tmp_path: Path) -> None:
    first = interrupted(tmp_path, "hpo_widgets.study.study:Study:start", *search(tmp_path))
    assert first.returncode == 130
    again = interrupted(tmp_path, "hpo_widgets.study.study:Study:resume", "--resume", "slow.py")
    assert again.returncode == 130, again.stdout + again.stderr
    store = SqliteStore(tmp_path / ".hpo")
    assert [Study(store, record.id).state for record in store.studies()] == ["stopped"]


@pytest.mark.parametrize("after", ["hpo_widgets.cli.main:_parser", "hpo_widgets.cli.param_search:read_base"])
def test_before_anything_is_recorded_it_just_ends(tmp_path: Path, after: str) -> None:
    done = interrupted(tmp_path, after, *search(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
    assert not (tmp_path / ".hpo").exists() or SqliteStore(tmp_path / ".hpo").studies() == []
