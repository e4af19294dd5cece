"""Several processes share one optimizer by its id, and some of them are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from hpo_widgets.comet import Optimizer
from hpo_widgets.model.task import TaskState
from hpo_widgets.store.location import configure

CONFIG = {
    "algorithm": "random",
    "name": "shared",
    "trials": 2,
    "spec": {"maxCombo": 8, "seed": 3},
    "parameters": {"x": {"type": "double", "min": 0.0, "max": 1.0}},
}
LOOP = """
import sys
from hpo_widgets.comet import Optimizer
for experiment in Optimizer(sys.argv[1]).get_experiments():
    print(experiment.id, flush=True)
    if sys.argv[2] == "hang":
        sys.stdin.read()
    experiment.log_metric("loss", experiment.get_parameter("x"))
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HPO_WIDGETS_STORE", str(tmp_path / "store"))
    configure(store=None)
    return tmp_path / "store"


def _loop(id: str, how: str) -> subprocess.Popen[str]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    return subprocess.Popen([sys.executable, "-c", LOOP, id, how], text=True, env=dict(os.environ), **pipes)


def _completed_sets(optimizer: Optimizer) -> Counter[float]:
    tasks = optimizer._store.tasks(optimizer.id, {TaskState.COMPLETED})
    assert len({task.trial for task in tasks}) == len(tasks)  # no trial twice
    return Counter(task.parameters["x"] for task in tasks)


def test_four_processes_complete_exactly_all_sets_and_repeats(store: Path) -> None:
    optimizer = Optimizer(CONFIG)
    loops = [_loop(optimizer.get_id(), "run") for _ in range(4)]
    outputs = [each.communicate(timeout=120)[0].split() for each in loops]
    assert [each.returncode for each in loops] == [0] * 4
    assert sum(map(len, outputs)) == 16
    assert sorted(_completed_sets(optimizer).values()) == [2] * 8
    assert optimizer.status()["status"] == "completed"


def test_what_killed_processes_held_is_lost_before_anybody_has_said_so(store: Path) -> None:
    optimizer = Optimizer(CONFIG)
    doomed = _loop(optimizer.get_id(), "hang")
    doomed.stdout.readline()
    study = optimizer.study
    assert study.count_states(study.store.tasks(study.id)) == {"running": 1}

    doomed.kill()
    doomed.wait(timeout=60)

    assert study.count_states(study.store.tasks(study.id)) == {"lost": 1}


def test_what_killed_processes_held_is_run_by_the_others(store: Path) -> None:
    optimizer = Optimizer(CONFIG)
    doomed = [_loop(optimizer.get_id(), "hang") for _ in range(2)]
    held = [each.stdout.readline().strip() for each in doomed]
    living = [_loop(optimizer.get_id(), "run") for _ in range(2)]
    for each in doomed:
        each.send_signal(signal.SIGKILL)
        each.communicate(timeout=60)
    for each in living:
        each.communicate(timeout=120)
    assert [each.returncode for each in living] == [0, 0]
    assert {optimizer._store.task(id).state for id in held} == {TaskState.LOST}
    assert sorted(_completed_sets(optimizer).values()) == [2] * 8
    assert optimizer.status()["retryCount"] == 2
