"""kill -9 of the process that owns an agent: everything below it goes with it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.processes import is_alive

PROGRAM = Path(__file__).with_name("owner_program.py")
PATIENCE_S = 30.0


@pytest.mark.parametrize(("kind", "count"), [("fork", 7), ("spawn", 7), ("portable", 4)])
def test_nothing_outlives_its_killed_owner(kind: str, count: int, tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    owner = subprocess.Popen(
        [sys.executable, str(PROGRAM), str(tmp_path / "store"), kind],
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"},
        start_new_session=True,
    )
    assert owner.stdout is not None
    pids = [int(word) for word in owner.stdout.readline().split()]
    assert len(pids) == count and all(map(is_alive, pids))
    forked = psutil.Process(owner.pid).children()

    owner.kill()
    killed = time.monotonic()
    while any(map(is_alive, pids)):
        assert time.monotonic() - killed < PATIENCE_S, [p for p in pids if is_alive(p)]
    owner.stdout.close()
    owner.wait()
    for process in forked:
        if is_alive(process.pid):
            process.kill()
