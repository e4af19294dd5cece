"""Processes that run one task after another: what stays, what is put back, and when a new one is taken."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import hpo_widgets as hpo
from hpo_widgets.agents.console import read_log
from hpo_widgets.errors import InvalidInput
from hpo_widgets.study import Study

PATIENCE_S = 60.0


@pytest.fixture(autouse=True)
def store(tmp_path: Path) -> Iterator[Path]:
    hpo.configure(store=tmp_path / "store")
    yield tmp_path / "store"
    hpo.configure(store=None)


def searched(function: Any, jobs: int = 4, **options: Any) -> Study:
    options = {"concurrency": 1, **options}
    study = hpo.tune(function, {"x": (0.0, 1.0)}, strategy="random", max_jobs=jobs, isolation="reuse", **options)
    assert study.wait(PATIENCE_S)
    return study


def pids(study: Study) -> list[int | None]:
    return [task.pid for task in study.store.tasks(study.id)]


def test_one_process_a_slot_runs_all_tasks_and_keeps_what_the_function_keeps() -> None:
    kept: list[float] = []

    def train(x: float) -> float:
        kept.append(x)
        return len(kept)

    study = searched(train, jobs=5)
    assert sorted(study.tasks()["objective"]) == [1, 2, 3, 4, 5]
    assert len(set(pids(study))) == 1
    assert len(set(pids(searched(train, jobs=6, concurrency=2)))) == 2


def test_each_task_has_its_own_console_environment_and_folder() -> None:
    def train(x: float, task: Any) -> float:
        import os
        import sys

        assert "LEFT" not in os.environ and sys.argv == [""]
        assert os.environ["HPO_WIDGETS_TASK"] == task.id
        os.environ["LEFT"] = "behind"
        sys.argv.append("x")
        os.chdir("/")
        print("I am", task.id)
        sys.stderr.write("and end without a newline")
        return x

    study = searched(train)
    tasks = study.store.tasks(study.id)
    assert [t.state.value for t in tasks] == ["completed"] * 4, tasks[-1].error
    for task in tasks:
        assert read_log(study.store.folder, task.id).text == f"I am {task.id}\nand end without a newline"  # type: ignore[arg-type]
    assert len(set(pids(study))) == 1


def left_thread() -> None:
    import threading

    threading.Thread(target=threading.Event().wait, daemon=True).start()


def left_process() -> None:
    import subprocess

    subprocess.Popen(["sleep", "60"])


def left_handler() -> None:
    import signal

    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def left_alarm() -> None:
    import signal

    signal.setitimer(signal.ITIMER_REAL, 60.0)


def closed_streams() -> None:
    import os
    import sys

    sys.stdout.close()
    os.close(2)


def deleted_folder() -> None:
    import os
    import tempfile

    os.chdir(tempfile.mkdtemp())
    os.rmdir(os.getcwd())


def raised() -> None:
    raise ValueError("no")


def vanished() -> None:
    import os

    os._exit(3)


@pytest.mark.parametrize(
    "leave", [left_thread, left_process, left_handler, left_alarm, closed_streams, raised, vanished]
)
def test_a_process_that_failed_or_left_something_behind_runs_nothing_more(leave: Any) -> None:
    def train(x: float) -> float:
        leave()
        return x

    study = searched(train, jobs=3)
    failed = leave in (raised, vanished)
    assert [t.state.value for t in study.store.tasks(study.id)] == ["failed" if failed else "completed"] * 3
    assert len(set(pids(study))) == 3


def test_a_folder_that_is_gone_is_left_for_the_one_before() -> None:
    def train(x: float) -> float:
        deleted_folder()
        return x

    study = searched(train, jobs=3)
    assert [t.state.value for t in study.store.tasks(study.id)] == ["completed"] * 3


def test_a_stopped_task_ends_its_process_and_the_next_gets_another() -> None:
    def train(x: float, task: Any) -> None:
        for iteration in range(1_000_000):
            task.report("loss", x, iteration)
            time.sleep(0.005)

    study = hpo.tune(
        train, {"x": (0.0, 1.0)}, objective="loss", max_jobs=3, concurrency=1, isolation="reuse", job_time_limit=0.2
    )
    assert study.wait(PATIENCE_S)
    tasks = study.store.tasks(study.id)
    assert [(t.state.value, t.reason) for t in tasks] == [("aborted", "limit: time_limit_per_job")] * 3
    assert len(set(pids(study))) == 3


def test_each_device_keeps_its_process() -> None:
    def train(x: float) -> float:
        import os
        import time

        time.sleep(0.02)
        seen.add(os.environ["CUDA_VISIBLE_DEVICES"])
        return len(seen)

    seen: set[str] = set()
    study = searched(train, jobs=8, concurrency=2, gpus=["0", "1"])
    assert set(study.tasks()["objective"]) == {1}


def test_an_agent_of_a_queue_says_what_it_can_do() -> None:
    with pytest.raises(InvalidInput, match="fork"):
        hpo.Agent("default", 1, isolation="thread")
