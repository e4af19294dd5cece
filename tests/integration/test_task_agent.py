"""Agents outside of studies: they run what waits, end in order, and what a killed one held is given back."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import hpo_widgets as hpo
from hpo_widgets import Agent, Task
from hpo_widgets.errors import HpoError, InvalidInput
from hpo_widgets.store.location import open_store
from tests.processes import is_alive

PATIENCE_S = 30
COMMAND = [sys.executable, "-m", "hpo_widgets.cli", "agent"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("HPO_WIDGETS_STORE", str(tmp_path / "store"))
    yield tmp_path / "store"
    open_store().close()


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def start(*words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*COMMAND, *words], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=PATIENCE_S)


def until(fact: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while not (found := fact()):
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)
    return found


def train(lr: float = 0.1, layers: int = 2, task: Any = None) -> None:
    given = Task.current_task()
    assert given is not None and given.id == task.id and Task.init("x", "y") == given
    found = given.connect({"batch": 64, "inner": {"deep": True}})
    hpo.Logger.current_logger().report_scalar("loss", "test", lr * layers, iteration=0)
    given.upload_artifact("found", dict(found) | {"gpu": os.environ.get("CUDA_VISIBLE_DEVICES")})
    print("batch", found["batch"])


def hang(gate: str = "", task: Any = None) -> None:
    task.get_logger().report_scalar("began", "began", 1, 0)
    while not os.path.exists(gate):
        time.sleep(0.02)


def began(task: Task) -> bool:
    return bool(task.get_last_scalar_metrics())


def queued(template: Task, queue: str = "default", **values: Any) -> Task:
    clone = Task.clone(template)
    clone.update_parameters(values)
    return Task.enqueue(clone, queue_name=queue, force=True)


class TestInACell:
    def test_clones_run_with_their_own_values(self) -> None:
        template = Task.create("examples", "base", function=train)
        clones = [queued(template, lr=lr, layers="3") for lr in (1, 0.5)]
        with Agent(slots=2, gpus=[7]) as agent:
            for clone, lr in zip(clones, (1.0, 0.5), strict=True):
                assert clone.wait_for_status(timeout=PATIENCE_S)
                assert clone.get_last_scalar_metrics()["loss"]["test"]["last"] == pytest.approx(lr * 3)
                assert clone.artifacts["found"].get() == {"batch": 64, "inner": {"deep": True}, "gpu": "7"}
                assert clone.get_reported_console_output() == ["batch 64"]
                assert clone.get_parameters() == {
                    "General/lr": lr,
                    "General/layers": 3,
                    "General/batch": 64,
                    "General/inner/deep": True,
                }
            assert agent.is_alive and [each.id for each in open_store().agents(serving=True)] == [agent.id]
        assert not agent.is_alive and open_store().agents(serving=True) == []

    @pytest.mark.parametrize(
        ("name", "value", "said"),
        [
            ("layers", "many", r"'General/layers' is 'many' \(str\).*int.*default 2"),
            ("batch", 0.5, r"'General/batch' is 0.5 \(float\).*int.*default 64"),
        ],
    )
    def test_a_value_of_the_wrong_type_fails_the_task_and_names_both(self, name: str, value: Any, said: str) -> None:
        task = queued(Task.create("examples", "base", function=train), **{name: value})
        with Agent(), pytest.raises(HpoError, match=said):
            task.wait_for_status(timeout=PATIENCE_S)
        assert task.status == "failed" and not task.get_last_scalar_metrics()

    def test_a_running_task_can_be_stopped(self) -> None:
        task = queued(Task.create("examples", "base", function=hang))
        with Agent():
            until(lambda: began(task))
            task.mark_stopped()
            assert task.wait_for_status(timeout=PATIENCE_S)
        assert (task.status, task.reason) == ("stopped", "user")

    def test_an_agent_makes_its_queue_and_leaves_others_alone(self) -> None:
        template = Task.create("examples", "base", function=train)
        other = queued(template)
        with Agent("gpu"):
            mine = queued(template, queue="gpu")
            assert mine.wait_for_status(timeout=PATIENCE_S)
        assert other.status == "queued" and open_store().queues() == ["default", "gpu"]

    def test_what_cannot_be_an_agent_is_told_all_at_once(self) -> None:
        with pytest.raises(InvalidInput) as caught:
            Agent("", slots=0, isolation="thread", retries=-1)
        assert len(caught.value.problems) == 4


class TestInATerminal:
    def test_it_serves_until_nothing_waits(self, terminal: Callable[..., subprocess.Popen[str]]) -> None:
        template = Task.create("examples", "base", function=train)
        good, bad = queued(template), queued(template, layers="many")
        process = terminal("--slots", "2", "--until-empty")
        said, _ = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0
        assert (good.status, bad.status) == ("completed", "failed")
        assert re.search(rf"completed +{good.id[:8]} .* after \d+\.\d s", said)
        assert re.search(rf"failed +{bad.id[:8]} ", said)
        assert "agent ended: 1 completed, 1 failed; 0 wait in the queue" in said

    def test_ctrl_c_lets_running_tasks_end_and_takes_no_more(
        self, terminal: Callable[..., subprocess.Popen[str]], tmp_path: Path
    ) -> None:
        template = Task.create("examples", "base", function=hang, parameters={"gate": str(tmp_path / "gate")})
        first, second = queued(template), queued(template)
        process = terminal()
        until(lambda: began(first))
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        until(lambda: "takes no more tasks; 1 run to their end" in process.stdout.readline())
        (tmp_path / "gate").touch()
        assert process.wait(PATIENCE_S) == 0
        assert (first.status, second.status) == ("completed", "queued")

    def test_a_second_ctrl_c_aborts(self, terminal: Callable[..., subprocess.Popen[str]]) -> None:
        task = queued(Task.create("examples", "base", function=hang))
        process = terminal()
        until(lambda: began(task))
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        until(lambda: "takes no more" in process.stdout.readline())
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 130
        assert (task.status, task.reason) == ("stopped", "user")

    def test_what_a_killed_agent_held_is_given_back(
        self, terminal: Callable[..., subprocess.Popen[str]], tmp_path: Path
    ) -> None:
        gate = tmp_path / "gate"
        template = Task.create("examples", "base", function=hang, parameters={"gate": str(gate)})
        held, waiting = queued(template), queued(template)
        process = terminal()
        until(lambda: began(held))
        pid = until(lambda: open_store().task(held.id).pid)
        process.kill()
        process.wait(PATIENCE_S)
        until(lambda: not is_alive(pid))
        assert (held.status, waiting.status) == ("in_progress", "queued")

        gate.touch()
        said, _ = terminal("--until-empty").communicate(timeout=PATIENCE_S)

        again = Task.get_tasks(task_filter={"parent": template.id})[0]
        assert (held.status, waiting.status, again.status) == ("failed", "completed", "completed")
        assert str(held.reason).startswith("lost") and again not in (held, waiting)
        assert open_store().task(again.id).attempt == 1 and again.get_parameters() == held.get_parameters()
        assert f"given back  {held.id[:8]}" in said and f"given back  {again.id[:8]}" in said

    def test_retries_are_as_many_as_asked(self, terminal: Callable[..., subprocess.Popen[str]]) -> None:
        held = queued(Task.create("examples", "base", function=hang))
        process = terminal()
        until(lambda: began(held))
        process.kill()
        process.wait(PATIENCE_S)
        assert terminal("--until-empty", "--retries", "0").wait(PATIENCE_S) == 0
        assert held.status == "failed" and len(Task.get_tasks()) == 2

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["--slots", "0"], "slots is 0"),
            (["--gpus", "0,,1"], "--gpus is '0,,1'"),
            (["--queue", " "], "queue is ' '"),
            (["--slots", "x"], "invalid int value"),
        ],
    )
    def test_bad_input_starts_nothing(
        self, terminal: Callable[..., subprocess.Popen[str]], words: list[str], said: str, folder: Path
    ) -> None:
        process = terminal(*words)
        told, _ = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 2 and said in told and "Traceback" not in told
        assert open_store().agents() == []

    def test_help_names_every_sub_command(self) -> None:
        told = subprocess.run([*COMMAND[:-1], "--help"], capture_output=True, text=True, check=True, timeout=60).stdout
        assert "agent" in told and "serve a queue" in told
        told = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=True, timeout=60).stdout
        assert {"--queue", "--slots", "--gpus", "--store", "--retries"} <= set(re.findall(r"--[a-z-]+", told))
        nothing = subprocess.run(COMMAND[:-1], capture_output=True, text=True, check=False, timeout=60)
        assert nothing.returncode == 2


def plain(lr: float, layers: int = 2) -> float:
    return lr * layers


def connected(lr: float) -> float:
    task = Task.current_task()
    assert task is not None
    found = task.connect({"lr": 5.0, "extra": 1})
    return float(found["lr"])


class TestTrialsOfStudies:
    def test_a_trial_can_be_cloned_edited_and_run_again_by_hand(self) -> None:
        study = hpo.tune(plain, {"lr": [0.5]}, objective="loss", max_jobs=1, project="examples", name="s")
        assert study.wait(PATIENCE_S)
        trial = Task.get_task(study.best.id)
        assert (trial.project, trial.status, trial.get_parameters()) == ("examples", "completed", {"General/lr": 0.5})
        assert Task.get_tasks(project_name="examples") == [trial]
        clone = Task.clone(trial)
        clone.set_parameters({**clone.get_parameters(), "lr": "2"})
        assert Task.enqueue(clone, queue_name="default").get_parameters() == {"General/lr": 2.0}
        with Agent():
            assert clone.wait_for_status(timeout=PATIENCE_S)
        assert clone.get_last_scalar_metrics()["result"]["result"]["last"] == 4.0
        assert len(study.tasks()) == 1
        wrong = Task.clone(trial)
        wrong.set_parameter("layer", 1)
        with pytest.raises(InvalidInput, match="there is no parameter 'General/layer'"):
            Task.enqueue(wrong, queue_name="default")

    def test_what_a_trial_connects_takes_its_values_and_leaves_the_record_of_the_search_alone(self) -> None:
        study = hpo.tune(connected, {"lr": [0.5]}, objective="loss", max_jobs=1)
        assert study.wait(PATIENCE_S)
        assert study.best.objective == 0.5 and study.best.parameters == {"lr": 0.5}

    def test_what_stayed_in_its_process_cannot_be_enqueued(self) -> None:
        study = hpo.tune(plain, {"lr": [0.5]}, objective="loss", max_jobs=1, isolation="thread")
        assert study.wait(PATIENCE_S)
        with pytest.raises(InvalidInput, match="stayed in the process that ran it"):
            Task.enqueue(Task.clone(study.best.id), queue_name="default")
