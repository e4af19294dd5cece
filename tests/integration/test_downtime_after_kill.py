"""A search whose process is killed and that lies dead for a night: the night is charged to no limit."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import hpo_widgets as hpo
from hpo_widgets.cli.main import run as command
from hpo_widgets.errors import NotFound
from hpo_widgets.model.task import TaskState
from hpo_widgets.widgets.picture import StudyPicture

PATIENCE_S = 90
A_NIGHT = 40_000.0
LIMIT = 3600.0
PROGRAM = """
import sys, time
from pathlib import Path
import hpo_widgets as hpo

GO = Path(sys.argv[2])

def train(x, go=str(GO)):
    while not Path(go).exists():
        time.sleep(0.02)
    return x

if __name__ == "__main__":
    hpo.configure(store=sys.argv[1])
    limits = {"time_limit": float(sys.argv[3]), "compute_time_limit": float(sys.argv[3]), "max_jobs": 4}
    hpo.tune(train, {"x": (0.0, 1.0)}, name="killed", strategy="random", concurrency=2, seed=4, **limits).wait()
"""


def test_a_night_between_kill_and_resume_is_charged_to_no_limit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program, store, go = tmp_path / "program.py", tmp_path / "store", tmp_path / "go"
    program.write_text(PROGRAM)
    process = subprocess.Popen([sys.executable, str(program), str(store), str(go), str(LIMIT)])
    hpo.configure(store=store)
    try:
        until(lambda: running() == 2)
        process.kill()
        process.wait()
        study = hpo.attach("killed")
        until(lambda: study.state == "interrupted")
        lies_dead(store, A_NIGHT)

        assert study.usage.time < LIMIT
        assert study.usage.compute_time < LIMIT
        assert study.tasks()["duration"].max() < LIMIT
        picture = StudyPicture(study.config.objectives)
        for task in study.store.tasks(study.id):
            picture.put(task, None)
        head = picture.head(study.record, study.state, None, time.time())
        assert head["clock"]["elapsed"] < LIMIT
        assert head["counts"] == [["lost", 2]]
        command(["show", "killed"])
        assert "running" not in capsys.readouterr().out

        go.touch()
        study.resume()
        assert study.wait(timeout=PATIENCE_S)
        assert study.record.reason == "limit: total_max_jobs"
        assert len(study.store.tasks(study.id, {TaskState.COMPLETED})) == 4
        assert study.usage.time < LIMIT
        assert study.usage.compute_time < LIMIT
    finally:
        process.kill()
        process.wait()
        hpo.configure(store=None)


def lies_dead(store: Path, seconds: float) -> None:
    """Moves all that has happened into the past."""
    file = store / "store.sqlite"
    with sqlite3.connect(file) as connection:
        for table in ("study", "task"):
            connection.execute(f"UPDATE {table} SET created = created - ?, started = started - ?", (seconds, seconds))
        connection.execute("UPDATE scalar SET time = time - ?", (seconds,))
    connection.close()


def running() -> int:
    try:
        study = hpo.attach("killed")
    except NotFound:
        return 0
    return len(study.store.tasks(study.id, {TaskState.RUNNING}))


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail("waited in vain")
        time.sleep(0.01)
