"""A search under conditions, constraints, patience and a warm start, whose process is killed: all of it holds after."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

import hpo_widgets as hpo
from hpo_widgets.errors import NotFound

PATIENCE_S = 90
PROGRAM = """
import sys, time
import pandas as pd
import hpo_widgets as hpo

def train(opt, a, b, m=0.0):
    time.sleep(0.05)
    return 1.0

if __name__ == "__main__":
    hpo.configure(store=sys.argv[1])
    hpo.tune(
        train,
        {"opt": ["x", "y"], "a": (0, 9), "b": (0, 9), **hpo.when("opt", "y", {"m": (0.0, 1.0)})},
        constraints=[lambda p: p["a"] < p["b"], "m <= 0.5"],
        warm_start=pd.DataFrame({"opt": ["x"], "a": [1], "b": [2], "objective": [0.5]}),
        name="killed", strategy="random", patience=14, max_jobs=90, concurrency=1, seed=4,
    ).wait()
"""


def test_constraints_patience_and_what_was_known_outlive_a_kill(tmp_path: Path) -> None:
    program, store = tmp_path / "program.py", tmp_path / "store"
    program.write_text(PROGRAM)
    process = subprocess.Popen([sys.executable, str(program), str(store)])
    hpo.configure(store=store)
    try:
        until(lambda: len(finished()) >= 4)
        process.kill()
        process.wait()
        before = len(finished())

        study = hpo.attach("killed")
        until(lambda: study.state == "interrupted")
        study.resume()
        study.wait(timeout=PATIENCE_S)
        table = study.tasks()
    finally:
        process.kill()
        process.wait()
        hpo.configure(store=None)

    counted = table[table["state"] == "completed"]
    assert 4 <= before < len(counted)
    assert study.record.reason == "limit: patience"
    assert len(counted) == 15, "the first counts as better, 14 do not, whichever process ran them"
    assert (table["a"] < table["b"]).all()
    assert (table["m"].dropna() <= 0.5).all()
    assert table["m"].isna().equals(table["opt"] == "x")
    assert len(study.config.warm_start) == 1
    assert not ((table["opt"] == "x") & (table["a"] == 1) & (table["b"] == 2)).any()


def finished() -> list[str]:
    try:
        table = hpo.attach("killed").tasks()
    except NotFound:
        return []
    return list(table["id"][table["state"] == "completed"])


def until(condition: object) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():  # type: ignore[operator]
        if time.monotonic() > deadline:
            pytest.fail("waited in vain")
        time.sleep(0.01)
