"""An agent over a real store and real launchers: what it takes, how tasks end, how they are stopped."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hpo_widgets.agents.agent import Agent
from hpo_widgets.agents.forkserver import ForkLauncher
from hpo_widgets.agents.ship import ship
from hpo_widgets.agents.threads import ThreadLauncher
from hpo_widgets.errors import StoreUnavailable
from hpo_widgets.model.study import RequestKind
from hpo_widgets.model.task import Reason, TaskRecord, TaskState
from hpo_widgets.store.base import NewTask, Store
from hpo_widgets.store.memory import MemoryStore
from hpo_widgets.store.sqlite import SqliteStore
from tests.processes import is_alive

PATIENCE_S = 30.0
CONFIG = {"objectives": [{"title": "loss", "series": "loss", "sign": "min"}]}


def wait_for(condition: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {PATIENCE_S} s for {what}"
        time.sleep(0.002)
    return found


def hangs(task: Any) -> None:
    task.report("loss", os.getpid(), 0)
    time.sleep(PATIENCE_S)


class Bench:
    """Has a store, a study, and makes tasks of it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.study = store.create_study("s", "", CONFIG, time.time()).id
        self.agents: list[Agent] = []

    def serve(self, **options: Any) -> Agent:
        agent = Agent(self.store, "q", ForkLauncher(self.store), **options)
        self.agents.append(agent)
        agent.start()
        return agent

    def keep(self, function: Callable[..., Any]) -> str:
        shipment = ship(function)
        return self.store.put_code("function", shipment.body, shipment.about)

    def put(self, function: Callable[..., Any] | None, count: int = 1, **parameters: Any) -> list[str]:
        code = None if function is None else self.keep(function)
        new = NewTask(study=self.study, trial=0, name="t", parameters=parameters, queue="q", code=code)
        return [task.id for task in self.store.create_tasks([new] * count, time.time())]

    def end_of(self, task: str) -> TaskRecord:
        wait_for(lambda: self.store.task(task).state.is_final, "the end of a task")
        return self.store.task(task)

    def run(self, function: Callable[..., Any] | None, **parameters: Any) -> TaskRecord:
        return self.end_of(self.put(function, **parameters)[0])

    def ask_to_stop(self, task: str, **payload: Any) -> None:
        self.store.request(RequestKind.STOP_TASK, study=self.study, task=task, payload=payload, now=time.time())

    def begun(self, function: Callable[..., Any]) -> str:
        task = self.put(function)[0]
        wait_for(lambda: self.store.scalars(task), "its first report")
        return task


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(SqliteStore(tmp_path / "store"))
    yield made
    for agent in made.agents:
        agent.stop(abort=True)
        assert agent.join(PATIENCE_S)
    made.store.close()


class TestEndings:
    def test_a_task_that_returns_is_completed_with_its_objective(self, bench: Bench) -> None:
        bench.serve()

        task = bench.run(lambda x: {"loss": x, "extra": 1}, x=0.25)

        assert (task.state, task.reason, task.error) == (TaskState.COMPLETED, None, None)
        assert task.started is not None and task.ended is not None and task.ended >= task.started
        assert {s.metric.title: s.last for s in bench.store.task_summaries(task.id)} == {"loss": 0.25, "extra": 1.0}

    def test_a_task_that_raises_is_failed_with_its_traceback(self, bench: Bench) -> None:
        bench.serve()

        task = bench.run(lambda: {}["missing"])

        assert (task.state, task.reason) == (TaskState.FAILED, Reason.FAILED.value)
        assert "KeyError: 'missing'" in (task.error or "")

    def test_an_exit_code_is_told_with_the_last_words(self, bench: Bench) -> None:
        def leaves() -> None:
            raise SystemExit("no data there")

        bench.serve()
        task = bench.run(leaves)

        assert task.state is TaskState.FAILED
        assert task.error == "exited with code 1\nIts last words:\nno data there"

    def test_an_end_before_the_return_is_a_failure(self, bench: Bench) -> None:
        bench.serve()

        assert "exited with code 0 before" in (bench.run(lambda: os._exit(0)).error or "")

    def test_a_crash_is_told_by_its_signal(self, bench: Bench) -> None:
        bench.serve()

        error = bench.run(lambda: os.kill(os.getpid(), 11)).error or ""

        assert error.startswith("killed by signal 11 (SIGSEGV)")

    def test_a_kill_that_nobody_asked_for_is_suspected_to_be_the_memory(self, bench: Bench) -> None:
        bench.serve()
        task = bench.begun(hangs)
        os.kill(int(bench.store.scalars(task)[0].value), 9)

        record = bench.end_of(task)

        assert record.state is TaskState.FAILED
        assert (record.error or "").startswith("killed by signal 9 (SIGKILL): not by hpo_widgets; out of memory?")
        assert "GB" in (record.error or "")

    def test_a_task_without_code_fails_alone(self, bench: Bench) -> None:
        bench.serve()

        bad, good = bench.run(None), bench.run(lambda: 1.0)

        assert bad.state is TaskState.FAILED and "no code to run" in (bad.error or "")
        assert good.state is TaskState.COMPLETED

    def test_code_that_cannot_be_read_fails_alone(self, bench: Bench) -> None:
        bench.serve()
        code = bench.store.put_code(
            "function", b"no pickle", {"name": "f", "wants_task": False, "modules": ["no.such"]}
        )
        new = NewTask(study=bench.study, trial=0, name="t", parameters={}, queue="q", code=code)
        task = bench.store.create_tasks([new], time.time())[0]

        assert "UnpicklingError" in (bench.end_of(task.id).error or "")
        assert bench.run(lambda: 1.0).state is TaskState.COMPLETED

    def test_a_dead_fork_server_loses_its_tasks_only(self, bench: Bench) -> None:
        agent = bench.serve()
        task = bench.begun(hangs)
        server = agent._launcher.server_pid  # type: ignore[attr-defined]
        os.kill(server, 9)

        assert bench.end_of(task).state is TaskState.LOST
        assert bench.run(lambda: 1.0).state is TaskState.COMPLETED

    def test_the_traceback_through_a_cell_has_its_source(self, bench: Bench) -> None:
        import linecache

        cell = "def train():\n    return undefined_name + 1\n"
        name = "/nowhere/ipykernel_1/123.py"
        linecache.cache[name] = (len(cell), None, cell.splitlines(keepends=True), name)
        names: dict[str, Any] = {"__name__": "__main__"}
        exec(compile(cell, name, "exec"), names)
        bench.serve()

        assert "return undefined_name + 1" in (bench.run(names["train"]).error or "")


class TestSlots:
    def test_no_more_tasks_run_than_there_are_slots_and_slots_can_change(self, bench: Bench) -> None:
        def waits_for(go: str) -> float:
            import pathlib

            while not pathlib.Path(go).exists():
                time.sleep(0.002)
            return 1.0

        folder = bench.store.folder
        assert folder is not None
        tasks = bench.put(waits_for, 6, go=str(folder / "go"))

        def states() -> list[TaskState]:
            return [bench.store.task(task).state for task in tasks]

        agent = bench.serve(slots=2)
        wait_for(lambda: len(agent.running) == 2, "two tasks")
        assert states().count(TaskState.RUNNING) == 2
        agent.set_slots(3)
        wait_for(lambda: len(agent.running) == 3, "a third task")
        assert states().count(TaskState.RUNNING) == 3
        (folder / "go").touch()
        wait_for(lambda: all(s is TaskState.COMPLETED for s in states()), "all tasks")

    def test_each_slot_has_its_gpu_and_its_share_of_the_cores(self, bench: Bench, monkeypatch: Any) -> None:
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
        monkeypatch.setenv("MKL_NUM_THREADS", "7")

        def devices(task: Any) -> None:
            task.report("gpu", int(os.environ["CUDA_VISIBLE_DEVICES"]))
            task.report("omp", int(os.environ["OMP_NUM_THREADS"]))
            task.report("mkl", int(os.environ["MKL_NUM_THREADS"]))
            time.sleep(PATIENCE_S)

        bench.serve(slots=3, gpus=[4, 5], cores=7)
        tasks = bench.put(devices, 3)
        wait_for(lambda: all(len(bench.store.scalars(t)) == 3 for t in tasks), "their reports")
        reported = [{s.metric.title: s.last for s in bench.store.task_summaries(t)} for t in tasks]

        assert sorted(r["gpu"] for r in reported) == [4, 4, 5]
        assert {r["omp"] for r in reported} == {2}
        assert {r["mkl"] for r in reported} == {7}

    def test_two_agents_share_a_queue_and_no_task_runs_twice(self, bench: Bench) -> None:
        tasks = bench.put(lambda: 1.0, 30)
        first, second = bench.serve(slots=2), bench.serve(slots=2)
        records = [bench.end_of(task) for task in tasks]

        assert {r.state for r in records} == {TaskState.COMPLETED}
        assert {r.agent for r in records} <= {first.id, second.id}
        assert all(len(bench.store.scalars(task)) == 1 for task in tasks)


class TestStops:
    @pytest.mark.parametrize(
        ("reason", "state"),
        [
            (Reason.USER, TaskState.ABORTED),
            (Reason.TIME_LIMIT_PER_JOB, TaskState.ABORTED),
            (Reason.PRUNED, TaskState.PRUNED),
            (Reason.MAX_ITERATION_PER_JOB, TaskState.COMPLETED),
            (Reason.LOST, TaskState.LOST),
        ],
    )
    def test_a_stopped_task_ends_as_its_reason_says(self, bench: Bench, reason: Reason, state: TaskState) -> None:
        bench.serve()
        task = bench.begun(hangs)
        bench.ask_to_stop(task, reason=reason.value, detail="because")
        record = bench.end_of(task)

        assert (record.state, record.reason) == (state, f"{reason.value} (because)")
        request = bench.store.requests(bench.study)[0]
        assert request.handled is not None and request.answer is None

    def test_a_queued_task_is_aborted_at_once(self, bench: Bench) -> None:
        bench.serve(slots=1)
        bench.begun(hangs)
        waiting = bench.put(lambda: 1.0)[0]
        bench.ask_to_stop(waiting, reason=Reason.USER.value)
        record = bench.end_of(waiting)

        assert (record.state, record.reason, record.started) == (TaskState.ABORTED, "user", None)

    def test_a_task_that_has_ended_keeps_its_end(self, bench: Bench) -> None:
        bench.serve()
        task = bench.run(lambda: 1.0)
        bench.ask_to_stop(task.id, reason=Reason.PRUNED.value)
        wait_for(lambda: bench.store.requests(bench.study)[0].handled, "an answer")

        assert bench.store.task(task.id) == task
        assert bench.store.requests(bench.study)[0].answer == "the task had already ended: completed."

    def test_a_task_that_has_returned_keeps_its_end_although_it_lingers(self, bench: Bench) -> None:
        def lingers() -> float:
            threading.Thread(target=time.sleep, args=(PATIENCE_S,)).start()
            return 1.0

        bench.serve()
        task = bench.put(lingers)[0]
        wait_for(lambda: bench.store.outcome(task), "its return")
        bench.ask_to_stop(task, reason=Reason.USER.value)

        assert bench.end_of(task).state is TaskState.COMPLETED

    def test_a_task_that_leaves_politely_when_stopped_is_still_stopped(self, bench: Bench) -> None:
        def polite(task: Any) -> None:
            import signal
            import sys

            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
            task.report("loss", 1.0)
            time.sleep(PATIENCE_S)

        bench.serve()
        task = bench.begun(polite)
        bench.ask_to_stop(task, reason=Reason.PRUNED.value, grace=10)

        assert bench.end_of(task).state is TaskState.PRUNED

    def test_leaving_aborts_what_runs_and_leaves_what_waits(self, bench: Bench) -> None:
        agent = bench.serve(slots=1)
        running = bench.begun(hangs)
        waiting = bench.put(hangs)[0]
        pid = int(bench.store.scalars(running)[0].value)
        agent.stop(abort=True)

        assert agent.join(PATIENCE_S)
        assert bench.store.task(running).state is TaskState.ABORTED
        assert bench.store.task(waiting).state is TaskState.QUEUED
        assert not is_alive(pid)

    def test_draining_lets_what_runs_end(self, bench: Bench) -> None:
        def short(task: Any) -> float:
            task.report("loss", 3.0, 0)
            time.sleep(0.05)
            return 1.0

        agent = bench.serve(slots=1)
        running = bench.begun(short)
        waiting = bench.put(hangs)[0]
        agent.stop(abort=False)

        assert agent.join(PATIENCE_S)
        assert bench.store.task(running).state is TaskState.COMPLETED
        assert bench.store.task(waiting).state is TaskState.QUEUED


class Failing(SqliteStore):
    """Is a store whose disk is full now and then, as far as this process is concerned."""

    full = False
    refused = 0

    def move_task(self, *arguments: Any, **changes: Any) -> Any:
        if self.full:
            self.refused += 1
            raise StoreUnavailable("no space left")
        return super().move_task(*arguments, **changes)


def test_an_end_that_cannot_be_written_is_written_later(tmp_path: Path) -> None:
    store = Failing(tmp_path)
    bench = Bench(store)
    agent = bench.serve()
    bench.run(lambda: 0.0)
    store.full = True
    task = bench.put(lambda: 1.0)[0]
    wait_for(lambda: store.refused >= 2, "two tries")
    assert store.task(task).state is TaskState.RUNNING
    store.full = False

    assert bench.end_of(task).state is TaskState.COMPLETED
    agent.stop()
    assert agent.join(PATIENCE_S)
    store.close()


def test_threads_serve_a_store_in_memory() -> None:
    store = MemoryStore()
    study = store.create_study("s", "", CONFIG, 0.0).id
    seen: list[float] = []

    def train(x: float) -> float:
        seen.append(x)  # the kernel's own memory
        return x

    code = store.put_code("function", b"", {"name": "train", "wants_task": False})
    agent = Agent(store, "q", ThreadLauncher(store, {code: train}), slots=2)
    agent.start()
    new = [NewTask(study=study, trial=i, name="t", parameters={"x": float(i)}, queue="q", code=code) for i in range(5)]
    tasks = store.create_tasks(new, time.time())
    wait_for(lambda: all(store.task(t.id).state.is_final for t in tasks), "all tasks")
    agent.stop()

    assert agent.join(PATIENCE_S)
    assert {store.task(t.id).state for t in tasks} == {TaskState.COMPLETED}
    assert sorted(seen) == [0.0, 1.0, 2.0, 3.0, 4.0]
