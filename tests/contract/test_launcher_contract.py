"""What every launcher guarantees: one class, run on the same thread, threads, forked processes and new interpreters."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hpo_widgets.agents.console import LOG_CAP, read_log
from hpo_widgets.agents.forkserver import ForkLauncher
from hpo_widgets.agents.launcher import Exit, Job, Launcher
from hpo_widgets.agents.ship import ship
from hpo_widgets.agents.spawn import SpawnLauncher
from hpo_widgets.agents.threads import SameThreadLauncher, ThreadLauncher
from hpo_widgets.errors import CannotShip, HpoError, TaskAborted
from hpo_widgets.model.objective import Objective
from hpo_widgets.model.scalar import Metric
from hpo_widgets.model.task import Outcome
from hpo_widgets.store.base import NewTask
from hpo_widgets.store.sqlite import SqliteStore
from tests.processes import is_alive

PATIENCE_S = 30.0
PROCESSES = ("fork", "reuse", "spawn", "portable")
LOSS = (Objective("loss", "loss"),)


def wait_for(condition: Callable[[], Any], what: str) -> Any:
    """Returns the first true value of a condition; fails after a while."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {PATIENCE_S} s for {what}"
        time.sleep(0.002)
    return found


class Rig:
    """Has one launcher of a kind over a store, and runs functions through it."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.store = SqliteStore(folder)
        self.functions: dict[str, Callable[..., Any]] = {}
        self.launcher = self._make(kind)
        self.rung = threading.Event()
        self.launcher.start(self.rung.set)
        self.seen: dict[str, Exit] = {}

    def _make(self, kind: str) -> Launcher:
        if kind == "same-thread":
            return SameThreadLauncher(self.store, self.functions)
        if kind == "thread":
            return ThreadLauncher(self.store, self.functions)
        if kind == "portable":
            return SpawnLauncher(self.store)
        return ForkLauncher(self.store, fresh=kind == "spawn", reuse=kind == "reuse")

    def launch(self, function: Callable[..., Any], objectives: tuple[Objective, ...] = LOSS, **parameters: Any) -> str:
        """Launches a function and gives the id of its task."""
        shipment = ship(function)
        code = self.store.put_code("function", shipment.body, shipment.about)
        self.functions[code] = function
        new = NewTask(study=None, trial=3, name="t", parameters=parameters, queue="q", code=code)
        task = self.store.create_tasks([new], time.time())[0]
        self.launcher.launch(
            Job(
                task=task.id,
                key=task.key,
                name="t",
                trial=3,
                parameters=parameters,
                code=code,
                wants_task=shipment.about["wants_task"],
                objectives=objectives,
            )
        )
        return task.id

    def end_of(self, task: str) -> tuple[Exit, Outcome | None]:
        """Waits until a task has ended."""

        def ended() -> bool:
            self.seen |= {e.task: e for e in self.launcher.exits()}
            return task in self.seen

        wait_for(ended, "the exit of a task")
        return self.seen[task], self.store.outcome(task)

    def run(self, function: Callable[..., Any], **parameters: Any) -> tuple[Exit, Outcome | None]:
        """Runs a function to its end."""
        return self.end_of(self.launch(function, **parameters))

    def log(self, task: str) -> str:
        """Gives what a task printed so far."""
        return read_log(self.store.folder, task).text

    def close(self) -> None:
        self.launcher.close()
        self.store.close()


@pytest.fixture(params=["same-thread", "thread", *PROCESSES])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    made = Rig(request.param, tmp_path / "store")
    yield made
    made.close()


@pytest.fixture(params=PROCESSES)
def process_rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    made = Rig(request.param, tmp_path / "store")
    yield made
    made.close()


class TestEveryLauncher:
    def test_a_returned_number_is_a_point_of_the_objective(self, rig: Rig) -> None:
        task = rig.launch(lambda x: x * 2, x=4)

        seen, outcome = rig.end_of(task)

        assert outcome == Outcome(ok=True)
        assert (seen.code, seen.signal, seen.stopped, seen.lost) == (0, None, False, False)
        assert [(s.metric, s.iteration, s.value) for s in rig.store.scalars(task)] == [(Metric("loss", "loss"), 0, 8.0)]

    def test_reports_are_in_the_store_when_the_call_returns(self, rig: Rig) -> None:
        def train(lr: float, task: Any) -> None:
            for i in range(3):
                task.get_logger().report_scalar("loss", "train", lr * i, i)
            task.get_logger().report_single_value("accuracy", float("nan"))
            task.report("val/loss", 1, 7)

        task = rig.launch(train, lr=0.5)
        _, outcome = rig.end_of(task)

        assert outcome == Outcome(ok=True)
        assert [s.value for s in rig.store.scalars(task, Metric("loss", "train"))] == [0.0, 0.5, 1.0]
        assert rig.store.scalars(task, Metric("Summary", "accuracy"))[0].iteration == -(2**31)
        assert rig.store.scalars(task, Metric("val", "loss"))[0].iteration == 7

    def test_an_exception_ends_it_with_its_traceback(self, rig: Rig) -> None:
        def breaks(x: int) -> float:
            return x / 0

        seen, outcome = rig.run(breaks, x=1)

        assert outcome is not None and not outcome.ok and outcome.error is not None
        assert outcome.error.startswith("Traceback") and "in breaks" in outcome.error
        assert outcome.error.rstrip().endswith("ZeroDivisionError: division by zero")
        assert "agents/child.py" not in outcome.error
        assert seen.code == 1

    def test_an_exit_code_is_kept(self, rig: Rig) -> None:
        def leaves(code: int) -> None:
            sys.exit(code)

        assert rig.run(leaves, code=3)[0].code == 3
        assert rig.run(leaves, code=3)[1] is None
        assert rig.run(leaves, code=0)[1] == Outcome(ok=True)

    def test_a_result_that_is_no_number_fails_and_says_what_is_allowed(self, rig: Rig) -> None:
        _, outcome = rig.run(lambda: "0.5")

        assert outcome is not None and outcome.error is not None
        assert "'0.5'" in outcome.error and "a dict of numbers" in outcome.error

    def test_what_it_prints_is_in_its_own_log(self, rig: Rig) -> None:
        def talks(word: str, task: Any) -> None:
            print(word, "out")
            print(word, "err", file=sys.stderr)
            task.get_logger().report_text(word + " text")

        tasks = [rig.launch(talks, word=word) for word in ("alpha", "beta")]
        for task in tasks:
            rig.end_of(task)

        assert sorted(rig.log(tasks[0]).splitlines()) == ["alpha err", "alpha out", "alpha text"]
        assert sorted(rig.log(tasks[1]).splitlines()) == ["beta err", "beta out", "beta text"]

    def test_two_tasks_do_not_touch_each_other(self, rig: Rig) -> None:
        good = rig.launch(lambda: 1.0)
        bad = rig.launch(lambda: 1 / 0)
        other = rig.launch(lambda: 2.0)

        assert rig.end_of(bad)[1] != Outcome(ok=True)
        assert rig.end_of(good)[1] == rig.end_of(other)[1] == Outcome(ok=True)
        assert [s.value for s in rig.store.scalars(other)] == [2.0]

    def test_its_checkpoints_lie_in_its_own_folder(self, rig: Rig) -> None:
        def saves(task: Any) -> None:
            (task.checkpoint_dir / "weights").write_text(task.id)

        task = rig.launch(saves)
        rig.end_of(task)

        folder = rig.store.folder / "tasks" / task / "checkpoint"
        assert (folder / "weights").read_text() == task
        assert folder.stat().st_mode & 0o077 == 0

    def test_a_stop_of_a_task_that_has_ended_does_nothing(self, rig: Rig) -> None:
        task = rig.launch(lambda: 1.0)
        seen, _ = rig.end_of(task)

        rig.launcher.stop(task, 0.0)
        rig.run(lambda: 2.0)

        assert not seen.stopped
        assert rig.seen[task] is seen

    def test_a_task_whose_code_is_not_there_is_refused(self, rig: Rig) -> None:
        with pytest.raises(HpoError):
            rig.launcher.launch(Job(task="0" * 32, key=1, name="t", trial=None, parameters={}, code="nothing"))

        assert rig.run(lambda: 1.0)[1] == Outcome(ok=True)


@pytest.mark.parametrize("kind", ["thread", *PROCESSES])
def test_a_stop_ends_a_hanging_task(kind: str, tmp_path: Path) -> None:
    rig = Rig(kind, tmp_path)

    def hangs(task: Any) -> None:
        while True:
            task.report("step", 1.0)

    task = rig.launch(hangs)
    wait_for(lambda: rig.store.scalars(task), "its first report")
    rig.launcher.stop(task, 5.0)
    seen, outcome = rig.end_of(task)
    count = len(rig.store.scalars(task))
    rig.run(lambda: 1.0)

    assert seen.stopped and outcome is None
    assert len(rig.store.scalars(task)) == count
    rig.close()


def test_the_same_thread_launcher_stops_a_task_from_another_thread(tmp_path: Path) -> None:
    rig = Rig("same-thread", tmp_path)

    def hangs(task: Any) -> None:
        threading.Thread(target=rig.launcher.stop, args=(task.id, 0.0)).start()
        while True:
            task.report("step", 1.0)

    rig.functions["f"] = hangs
    new = NewTask(study=None, trial=0, name="t", parameters={}, queue="q", code=None)
    record = rig.store.create_tasks([new], 0.0)[0]
    job = Job(task=record.id, key=record.key, name="t", trial=0, parameters={}, code="f", wants_task=True)
    rig.launcher.launch(job)

    assert rig.end_of(record.id)[0].stopped
    rig.close()


def test_a_thread_that_ignores_its_stop_is_left_behind_and_its_reports_are_refused(tmp_path: Path) -> None:
    rig = Rig("thread", tmp_path)
    go, refused = threading.Event(), threading.Event()

    def ignores(task: Any) -> float:
        go.wait(PATIENCE_S)
        try:
            task.report("loss", 1.0)
        except TaskAborted:
            refused.set()
        return 5.0

    rig.functions["f"] = ignores
    new = NewTask(study=None, trial=0, name="t", parameters={}, queue="q", code=None)
    record = rig.store.create_tasks([new], 0.0)[0]
    rig.launcher.launch(
        Job(
            task=record.id,
            key=record.key,
            name="t",
            trial=0,
            parameters={},
            code="f",
            wants_task=True,
            objectives=LOSS,
        )
    )
    rig.launcher.stop(record.id, 0.0)
    seen, _ = rig.end_of(record.id)
    go.set()
    refused.wait(PATIENCE_S)
    wait_for(lambda: not [t for t in threading.enumerate() if t.name.startswith("hpo-task")], "its thread")

    assert seen.stopped and "abandoned" in (seen.error or "")
    assert rig.store.scalars(record.id) == []
    assert rig.store.outcome(record.id) is None
    assert rig.launcher.exits() == []
    rig.close()


class TestProcessLaunchers:
    def test_a_crash_is_seen_as_its_signal_and_touches_nothing_else(self, process_rig: Rig) -> None:
        def crashes() -> None:
            import ctypes

            ctypes.string_at(0)

        neighbour = process_rig.launch(lambda: 1.0)
        seen, outcome = process_rig.run(crashes)

        assert (seen.signal, seen.code, outcome) == (11, None, None)
        assert process_rig.end_of(neighbour)[1] == Outcome(ok=True)

    def test_a_flood_of_output_is_capped_with_its_beginning_and_end_kept(self, process_rig: Rig) -> None:
        def floods() -> None:
            print("the beginning")
            for i in range(60_000):
                print(f"{i:060d}")
            print("the end")

        task = process_rig.launch(floods)
        process_rig.end_of(task)
        path = process_rig.store.folder / "logs" / f"{task}.log"
        text = path.read_text()

        assert path.stat().st_size <= LOG_CAP + 200
        assert text.startswith("the beginning\n") and text.endswith("the end\n")
        assert "bytes were dropped here" in text
        assert path.stat().st_mode & 0o077 == 0

    def test_a_stop_reaches_a_task_that_ignores_the_polite_signal(self, process_rig: Rig) -> None:
        def stubborn(task: Any) -> None:
            import signal
            import time

            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            task.report("ready", 1)
            time.sleep(PATIENCE_S)

        task = process_rig.launch(stubborn)
        wait_for(lambda: process_rig.store.scalars(task), "it to be ready")
        process_rig.launcher.stop(task, 0.05)
        seen, _ = process_rig.end_of(task)

        assert seen.stopped and seen.signal == 9

    def test_nothing_that_a_task_started_outlives_it(self, process_rig: Rig) -> None:
        def leaves_processes(path: str) -> float:
            import os
            import subprocess
            import time

            pids = [subprocess.Popen(["sleep", "60"]).pid]  # same group
            pids += [subprocess.Popen(["sleep", "60"], start_new_session=True).pid]  # own session
            null = subprocess.DEVNULL
            detached = {"start_new_session": True, "stdin": null, "stdout": null, "stderr": null}
            pids += [subprocess.Popen(["env", "-i", "sleep", "60"], **detached).pid]  # nothing left to know it by
            read, write = os.pipe()
            if os.fork() == 0:  # a daemon: two forks, own session, standard streams closed
                os.setsid()
                if os.fork() == 0:
                    os.write(write, str(os.getpid()).encode())
                    for fd in (0, 1, 2):
                        os.close(fd)
                    time.sleep(60)
                os._exit(0)
            pids.append(int(os.read(read, 20)))
            with open(path, "w") as file:
                file.write(" ".join(map(str, pids)))
            return 1.0

        path = process_rig.store.folder / "pids"
        _, outcome = process_rig.run(leaves_processes, path=str(path))
        pids = [int(word) for word in path.read_text().split()]

        if process_rig.kind == "portable":  # without a server nobody can tell whose the third one is
            os.kill(pids.pop(2), 9)
        assert outcome == Outcome(ok=True) and len(pids) >= 3
        wait_for(lambda: not any(map(is_alive, pids)), f"the end of {pids}")

    def test_the_processes_of_a_task_that_runs_are_spared(self, process_rig: Rig) -> None:
        def starts_a_daemon(path: str, task: Any) -> None:
            import subprocess
            import time

            # Its parent ends at once, so it becomes an orphan while its task runs.
            shell = f"setsid sh -c 'echo $$ > {path}.part; mv {path}.part {path}; exec sleep 60' & exit 0"
            subprocess.run(["sh", "-c", shell], check=True)
            time.sleep(60)

        path = process_rig.store.folder / "pid"
        task = process_rig.launch(starts_a_daemon, path=str(path))
        wait_for(path.exists, "the daemon")
        pid = int(path.read_text())
        for _ in range(3):
            process_rig.run(lambda: 1.0)

        assert is_alive(pid)
        process_rig.launcher.stop(task, 0.0)
        process_rig.end_of(task)
        wait_for(lambda: not is_alive(pid), "the end of the daemon")

    def test_close_ends_everything(self, process_rig: Rig) -> None:
        def hangs(task: Any) -> None:
            import os
            import subprocess
            import time

            child = subprocess.Popen(["sleep", "60"], start_new_session=True)
            task.report("pid", child.pid, 0)
            task.report("pid", os.getpid(), 1)
            time.sleep(60)

        task = process_rig.launch(hangs)
        wait_for(lambda: len(process_rig.store.scalars(task)) == 2, "its reports")
        pids = [int(s.value) for s in process_rig.store.scalars(task)]
        process_rig.launcher.close()

        assert not any(map(is_alive, pids))
        assert process_rig.end_of(task)[0].stopped

    def test_it_runs_where_the_kernel_runs_with_its_gpu(self, process_rig: Rig, tmp_path: Path) -> None:
        def where(task: Any) -> None:
            import os

            print(os.getcwd(), os.environ["CUDA_VISIBLE_DEVICES"], os.environ["OMP_NUM_THREADS"])
            print(os.getsid(0) == os.getpid(), __import__("__main__").__spec__)

        shipment = ship(where)
        code = process_rig.store.put_code("function", shipment.body, shipment.about)
        new = NewTask(study=None, trial=0, name="t", parameters={}, queue="q", code=code)
        task = process_rig.store.create_tasks([new], 0.0)[0]
        job = Job(
            task=task.id,
            key=task.key,
            name="t",
            trial=0,
            parameters={},
            code=code,
            wants_task=True,
            gpu="GPU-7",
            env={"OMP_NUM_THREADS": "1"},
            cwd=str(tmp_path),
        )
        process_rig.launcher.launch(job)
        process_rig.end_of(task.id)

        assert process_rig.log(task.id).splitlines() == [f"{tmp_path} GPU-7 1", "True None"]

    def test_it_sees_no_other_tasks_file_descriptors(self, process_rig: Rig) -> None:
        # One pipe is its console; a portable one has another, by which it learns of its owner's death, and one that is
        # used again has two, for its jobs and for saying that it is free.
        pipes = {"portable": 2, "reuse": 3}.get(process_rig.kind, 1)

        def descriptors() -> None:
            import os

            links = []
            for name in os.listdir("/proc/self/fd"):
                try:
                    links.append(os.readlink(f"/proc/self/fd/{name}"))
                except OSError:
                    continue
            print(len({link for link in links if link.startswith("pipe:")}), any("socket:" in link for link in links))

        def waits() -> None:
            import time

            time.sleep(60)

        others = [process_rig.launch(waits) for _ in range(2)]
        task = process_rig.launch(descriptors)
        process_rig.end_of(task)
        for other in others:
            process_rig.launcher.stop(other, 0.0)

        assert process_rig.log(task) == f"{pipes} False\n"

    @pytest.mark.parametrize("kind", ["fork", "spawn"])
    def test_a_dead_server_loses_its_tasks_and_the_next_task_gets_a_new_one(self, kind: str, tmp_path: Path) -> None:
        process_rig = Rig(kind, tmp_path)

        def hangs(task: Any) -> None:
            import subprocess
            import time

            task.report("pid", subprocess.Popen(["sleep", "60"], start_new_session=True).pid)
            time.sleep(60)

        task = process_rig.launch(hangs)
        scalars = wait_for(lambda: process_rig.store.scalars(task), "its grandchild")
        launcher = process_rig.launcher
        assert isinstance(launcher, ForkLauncher) and launcher.server_pid is not None
        os.kill(launcher.server_pid, 9)
        seen, outcome = process_rig.end_of(task)

        assert seen.lost and not seen.stopped and outcome is None
        assert not is_alive(int(scalars[0].value))
        assert process_rig.run(lambda: 1.0)[1] == Outcome(ok=True)
        process_rig.close()

    def test_its_exit_handlers_run_and_its_threads_are_waited_for(self, process_rig: Rig) -> None:
        def late() -> None:
            import atexit
            import threading
            import time

            atexit.register(lambda: print("handler"))

            def work() -> None:
                time.sleep(0.05)
                print("thread")

            threading.Thread(target=work).start()

        task = process_rig.launch(late)
        process_rig.end_of(task)

        assert process_rig.log(task).splitlines() == ["thread", "handler"]

    def test_every_task_draws_its_own_random_numbers(self, process_rig: Rig) -> None:
        def draws(task: Any) -> None:
            import random

            import numpy as np

            task.report("random", random.random())
            task.report("numpy", np.random.random())

        tasks = [process_rig.launch(draws) for _ in range(3)]
        for task in tasks:
            process_rig.end_of(task)

        assert len({s.value for task in tasks for s in process_rig.store.scalars(task)}) == 6

    def test_its_notebook_names_can_be_pickled_by_what_it_uses(self, process_rig: Rig) -> None:
        source = """
class Item:
    pass
def train():
    import pickle
    return len(pickle.dumps(Item())) * 0.0
"""
        names: dict[str, Any] = {"__name__": "__main__"}
        exec(source, names)

        assert process_rig.run(names["train"])[1] == Outcome(ok=True)

    def test_a_process_that_a_task_forks_can_report(self, process_rig: Rig) -> None:
        def forks(task: Any) -> None:
            import os

            task.report("parent", 1.0)
            pid = os.fork()
            if pid == 0:
                task.report("child", 2.0)
                os._exit(0)
            os.waitpid(pid, 0)

        task = process_rig.launch(forks)
        _, outcome = process_rig.end_of(task)

        assert outcome == Outcome(ok=True)
        assert {s.metric.title: s.value for s in process_rig.store.scalars(task)} == {"parent": 1.0, "child": 2.0}

    def test_an_import_that_kills_the_server_fails_one_task_alone(self, tmp_path: Path, monkeypatch: Any) -> None:
        (tmp_path / "deadly_module.py").write_text("import os\nos.kill(os.getpid(), 11)\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        rig = Rig("fork", tmp_path / "store")

        def imports() -> None:
            import deadly_module  # noqa: F401

        first, _ = rig.run(imports)
        second, _ = rig.run(imports)

        assert first.lost
        assert second.signal == 11 and not second.lost
        assert rig.run(lambda: 1.0)[1] == Outcome(ok=True)
        rig.close()


def test_a_helper_of_an_imported_module_lives_as_long_as_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "helpful_module.py").write_text("import subprocess\npid = subprocess.Popen(['sleep', '60']).pid\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    rig = Rig("fork", tmp_path / "store")

    def imports() -> float:
        import helpful_module

        return float(helpful_module.pid)

    tasks = [rig.launch(imports) for _ in range(3)]
    for task in tasks:
        rig.end_of(task)
    pids = {int(rig.store.scalars(task)[0].value) for task in tasks}

    assert len(pids) == 1 and is_alive(*pids)
    rig.close()
    assert not is_alive(*pids)


def test_something_that_cannot_travel_is_named_before_anything_starts() -> None:
    lock = threading.Lock()

    def uses_lock() -> None:
        with lock:
            pass

    with pytest.raises(CannotShip, match=r"closure variable lock is of type _thread.lock .*isolation='thread'"):
        ship(uses_lock)
