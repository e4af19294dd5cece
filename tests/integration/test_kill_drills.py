"""Kill drills: kernel, task or fork server killed with -9 at random points, fifty times; nothing kept is lost."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from hpo_widgets.model.task import TaskState
from hpo_widgets.store.sqlite import SqliteStore

KERNEL = Path(__file__).with_name("drill_kernel.py")
KILLS = 50
JOBS = 250
PATIENCE_S = 60.0


def wait_for(condition: Callable[[], bool], what: str) -> float:
    """Waits for a condition; gives how long it took, seconds."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < PATIENCE_S, f"waited in vain for {what}"
        time.sleep(0.002)
    return time.monotonic() - began


def processes_of(marker: str) -> list[psutil.Process]:
    """Lists living processes that carry the drill's environment variable, or descend from one that does."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and process.environ().get("DRILL_ACKNOWLEDGED") == marker:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


class Drill:
    """Is one store and the kernels that run its study, one after another."""

    def __init__(self, folder: Path) -> None:
        self.store_folder = folder / "store"
        self.acknowledged = folder / "acknowledged"
        self.acknowledged.mkdir()
        self.store = SqliteStore(self.store_folder)
        self.kernel: subprocess.Popen[str] | None = None

    def start(self) -> subprocess.Popen[str]:
        environment = {**os.environ, "DRILL_ACKNOWLEDGED": str(self.acknowledged)}
        command = [sys.executable, str(KERNEL), str(self.store_folder), str(JOBS)]
        self.kernel = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert self.kernel.stdout is not None
        assert self.kernel.stdout.readline() == "started\n"
        return self.kernel

    def running(self) -> list[int]:
        """Lists process ids of running tasks."""
        studies = self.store.studies()
        tasks = self.store.tasks(studies[0].id, {TaskState.RUNNING}) if studies else []
        return [t.pid for t in tasks if t.pid is not None]

    def done(self) -> int:
        return len(self.store.tasks(self.store.studies()[0].id, {TaskState.COMPLETED}))


@pytest.mark.timeout(600)
def test_fifty_kills_lose_nothing_acknowledged_and_leave_no_orphan(tmp_path: Path) -> None:
    drill, dice, marker = Drill(tmp_path), random.Random(2026), str(tmp_path / "acknowledged")
    kernel = drill.start()
    killed: Counter[str] = Counter()
    while sum(killed.values()) < KILLS:
        if kernel.poll() is not None:
            break
        wait_for(lambda kernel=kernel: bool(drill.running()) or kernel.poll() is not None, "a running task")
        time.sleep(dice.uniform(0.0, 0.12))  # the random point
        target = dice.choice(["kernel", "task", "task", "fork server"])
        if target == "kernel":
            kernel.send_signal(signal.SIGKILL)
            kernel.wait()
            wait_for(lambda: not processes_of(marker), "the kernel's processes to be gone")
            kernel = drill.start()
        else:
            victims = drill.running()
            if target == "fork server":
                victims = [p.pid for p in psutil.Process(kernel.pid).children()]
            if not victims:
                continue
            try:
                os.kill(dice.choice(victims), signal.SIGKILL)
            except ProcessLookupError:
                continue
        killed[target] += 1
    assert sum(killed.values()) >= KILLS, f"the study ended after {killed} kills; give it more jobs"
    assert kernel.wait(300) == 0
    assert kernel.stdout is not None and kernel.stdout.read() == "completed\n"
    wait_for(lambda: not processes_of(marker), "the last processes to be gone")

    study = drill.store.studies()[0]
    lost = {}
    for file in drill.acknowledged.iterdir():
        told = [int(line) for line in file.read_text().split()]
        kept = [s.iteration for s in drill.store.scalars(file.name)]
        missing = Counter(told) - Counter(kept)
        if missing:
            lost[file.name] = missing
    assert not lost
    tasks = drill.store.tasks(study.id)
    completed = [t.trial for t in tasks if t.state is TaskState.COMPLETED]
    assert sorted(t for t in completed if t is not None) == list(range(JOBS))
    assert all(t.state.is_final for t in tasks)
    assert {t.trial for t in tasks} == set(range(JOBS))
    by_trial = {t.trial: t.parameters for t in tasks}
    assert all(t.parameters == by_trial[t.trial] for t in tasks)
    with sqlite3.connect(drill.store_folder / "store.sqlite") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
