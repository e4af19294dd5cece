"""How long it takes until a task and its grandchildren are gone: after a stop, and after kill -9 of the kernel."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
from harness import Row, folder, percentile

import hpo_widgets as hpo
from hpo_widgets.study import Study

NAME = "stop"
GOALS = {"f": "stop of a task with grandchildren", "kill": "kill -9 of the kernel"}
STOPS = 100
KILLS = 10
PATIENCE_S = 30.0


def family(x: float, task: Any) -> None:
    """Starts two processes, one of them in a session of its own, tells their ids and waits for ever."""
    command = [sys.executable, "-c", "import time; time.sleep(1000)"]
    children = [subprocess.Popen(command), subprocess.Popen(command, start_new_session=True)]
    for iteration, pid in enumerate([os.getpid(), *(child.pid for child in children)]):
        task.report("pid", pid, iteration)
    time.sleep(1000)


def gone(pid: int) -> bool:
    """Tells whether a process has ended; one that waits to be collected has."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def next_family(study: Study, seen: set[str]) -> tuple[str, list[int]]:
    """Waits for a running task that has told its processes."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        for task in study.store.tasks(study.id):
            pids = [int(s.value) for s in study.store.scalars(task.id)] if task.id not in seen else []
            if len(pids) == 3:
                seen.add(task.id)
                return task.id, pids
        time.sleep(0.005)
    raise TimeoutError("no task started")


def stops() -> list[float]:
    """Gives milliseconds from the request to the end of the last process."""
    found: list[float] = []
    with folder() as place:
        hpo.configure(store=place)
        study = hpo.tune(family, {"x": (0.0, 1.0)}, objective="pid", strategy="random", max_jobs=STOPS, concurrency=1)
        seen: set[str] = set()
        for _ in range(STOPS):
            task, pids = next_family(study, seen)
            began = time.perf_counter()
            study.stop_task(task)
            while not all(gone(pid) for pid in pids):
                time.sleep(0.0002)
            found.append((time.perf_counter() - began) * 1000)
        study.wait()
    return found


def kills() -> list[float]:
    """Gives milliseconds from kill -9 of the kernel to the end of the last process below it."""
    found = []
    for _ in range(KILLS):
        with folder() as place:
            code = (
                "import sys; sys.path.insert(0, sys.argv[1]); import bench_stop, hpo_widgets as hpo\n"
                "hpo.configure(store=sys.argv[2])\n"
                "hpo.tune(bench_stop.family, {'x': (0.0, 1.0)}, objective='pid', name='k', concurrency=1).wait()\n"
            )
            here = str(Path(__file__).parent)
            kernel = subprocess.Popen([sys.executable, "-c", code, here, str(place)])
            hpo.configure(store=place)
            deadline = time.monotonic() + PATIENCE_S
            while not hpo.studies() and time.monotonic() < deadline:
                time.sleep(0.01)
            _, pids = next_family(hpo.attach("k"), set())
            began = time.perf_counter()
            kernel.send_signal(signal.SIGKILL)
            while not all(gone(pid) for pid in pids):
                time.sleep(0.0002)
            found.append((time.perf_counter() - began) * 1000)
            kernel.wait()
    return found


def run(rounds: int) -> list[Row]:
    """Measures goal f, and the promise on kill -9."""
    slow = percentile(stops(), 0.99)
    worst = max(kills())
    return [
        Row(goal="f", what="stop with grandchildren, p99", ours=slow, unit="ms", target="<= 50 ms", ok=slow <= 50),
        Row(goal="f", what="kernel kill -9, worst of 10", ours=worst, unit="ms", target="<= 100 ms", ok=worst <= 100),
    ]
