"""Scripts that call `Task.init`: run by hand they are templates, run by an agent they take their clone's values."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hpo_widgets import Agent, Task
from hpo_widgets.automation import DiscreteParameterRange, HyperParameterOptimizer, RandomSearch
from hpo_widgets.engine.give_back import give_back
from hpo_widgets.errors import HpoError
from hpo_widgets.store.location import open_store

PATIENCE_S = 30
BASE = """
    import argparse

    import helper
    from hpo_widgets import Logger, Task

    task = Task.init(project_name="examples", task_name="base")
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--act", choices=["relu", "tanh"], default="relu")
    args = parser.parse_args()
    config = {"batch_size": 64, "layers": {"first": 32}}
    task.connect(config)
    print(args.epochs, args.act, config["batch_size"], config["layers"]["first"], Task.running_locally())
    for epoch in range(args.epochs):
        value = helper.score(config["batch_size"], epoch)
        Logger.current_logger().report_scalar("accuracy", "test", value, iteration=epoch)
"""
SEARCH = """
    import random

    from hpo_widgets import Task

    task = Task.init("examples", "Random Hyper-Parameter Search Example", task_type=Task.TaskTypes.optimizer)
    params = {
        "batch_size": [64, 96, 128, 160, 192],
        "layers/first": [128, 512, 32],
        "total_number_of_experiments": 3,
        "execution_queue_name": "default",
        "experiment_template_name": "base",
    }
    params = task.connect(params)
    template = Task.get_task(project_name="examples", task_name=params["experiment_template_name"])
    for i in range(params["total_number_of_experiments"]):
        clone = Task.clone(source_task=template, name=f"{template.name} {i}", parent=template.id)
        values = clone.get_parameters()
        values["batch_size"] = random.choice(params["batch_size"])
        values["layers/first"] = random.choice(range(*params["layers/first"]))
        clone.set_parameters(values)
        Task.enqueue(clone.id, queue_name=params["execution_queue_name"])
"""


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HPO_WIDGETS_STORE", str(tmp_path / "store"))
    yield
    open_store().close()


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    (tmp_path / "helper.py").write_text("def score(batch, epoch):\n    return epoch / batch\n")

    def run_script(text: str, *words: str, name: str = "base.py") -> subprocess.CompletedProcess[str]:
        (tmp_path / name).write_text(textwrap.dedent(text))
        command = [sys.executable, name, *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=PATIENCE_S)

    return run_script


Run = Callable[..., subprocess.CompletedProcess[str]]


def newest(name: str = "base") -> Task:
    return Task.get_task(project_name="examples", task_name=name)


def test_a_script_run_by_hand_is_a_completed_task_with_its_parameters(run: Run) -> None:
    said = run(BASE, "--epochs", "3")
    assert said.stdout == "3 relu 64 32 True\n", said.stderr
    task = newest()
    assert task.status == "completed" and task.get_last_iteration() == 2
    assert task.get_parameters() == {
        "Args/epochs": 3,
        "Args/act": "relu",
        "General/batch_size": 64,
        "General/layers/first": 32,
    }


def test_a_clone_runs_with_its_own_values_although_the_script_has_changed(run: Run, tmp_path: Path) -> None:
    run(BASE, "--epochs", "3")
    (tmp_path / "base.py").write_text("raise SystemExit('edited')")
    clone = Task.clone(newest())
    clone.update_parameters({"epochs": "1", "act": "tanh", "Hydra/batch_size": 96.0, "General/layers/first": 8})
    Task.enqueue(clone, queue_name="default")
    with Agent():
        assert clone.wait_for_status(timeout=PATIENCE_S)
    assert clone.get_reported_console_output() == ["1 tanh 96 8 False"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("Args/epochs", 2.5, r"'Args/epochs' is 2.5.*int.*default 2"),
        ("Args/act", "gelu", "the script allows 'relu', 'tanh'"),
        ("batch_size", "many", r"'General/batch_size' is 'many'.*int.*default 64"),
    ],
)
def test_a_value_that_the_script_cannot_take_fails_the_task(run: Run, name: str, value: object, said: str) -> None:
    run(BASE)
    clone = Task.clone(newest())
    clone.set_parameter(name, value)
    Task.enqueue(clone, queue_name="default")
    with Agent(), pytest.raises(HpoError, match=said):
        clone.wait_for_status(timeout=PATIENCE_S)


def test_a_command_line_that_is_parsed_before_the_task_begins_is_connected_too(run: Run) -> None:
    text = """
        import argparse
        from hpo_widgets import Task

        def main():
            parser = argparse.ArgumentParser()
            parser.add_argument("--epochs", type=int, default=2)
            args = parser.parse_args()
            task = Task.init("examples", "base")
            print("epochs", args.epochs)

        main()
    """
    run(text, "--epochs", "3")
    clone = Task.clone(newest())
    assert clone.get_parameters() == {"Args/epochs": 3}
    clone.set_parameter("epochs", 5)
    Task.enqueue(clone, queue_name="default")
    with Agent():
        assert clone.wait_for_status(timeout=PATIENCE_S)
    assert clone.get_reported_console_output() == ["epochs 5"]


def test_a_search_by_hand_in_a_script_is_run_by_an_agent(run: Run) -> None:
    run(BASE)
    searched = run(SEARCH, name="search.py")
    assert searched.returncode == 0, searched.stderr
    clones = Task.get_tasks(project_name="examples", task_name="^base [0-2]$")
    assert [clone.status for clone in clones] == ["queued"] * 3
    with Agent(slots=2):
        for clone in clones:
            assert clone.wait_for_status(timeout=PATIENCE_S)
            batch, first = clone.get_parameter("batch_size"), clone.get_parameter("layers/first")
            assert batch in [64, 96, 128, 160, 192] and first in range(128, 512, 32)
            assert clone.get_reported_console_output() == [f"2 relu {batch} {first} False"]
    assert newest("Random Hyper-Parameter Search Example").task_type == "optimizer"


def test_an_optimizer_takes_a_script_that_was_run_as_its_template(run: Run) -> None:
    run(BASE)
    optimizer = HyperParameterOptimizer(
        base_task_id=newest().id,
        hyper_parameters=[
            DiscreteParameterRange("General/batch_size", [8, 4]),
            DiscreteParameterRange("Args/epochs", [3]),
        ],
        objective_metric_title="accuracy",
        objective_metric_series="test",
        objective_metric_sign="max",
        optimizer_class=RandomSearch,
        max_number_of_concurrent_tasks=2,
        total_max_jobs=2,
    )
    optimizer.start()
    optimizer.wait(timeout=1)
    best = optimizer.get_top_experiments(1)[0]
    assert best.get_last_scalar_metrics()["accuracy"]["test"]["last"] == 2 / int(
        best.get_parameter("General/batch_size")
    )


def test_a_script_that_raises_is_a_failed_task_with_its_traceback(run: Run) -> None:
    said = run("from hpo_widgets import Task\nTask.init('examples', 'base')\nraise ValueError('no data')\n")
    assert said.returncode == 1 and "no data" in said.stderr
    assert newest().status == "failed" and "ValueError: no data" in str(newest().error)


def test_a_script_that_was_killed_is_a_lost_task(run: Run) -> None:
    said = run("import os\nfrom hpo_widgets import Task\nTask.init('examples', 'base')\nos.kill(os.getpid(), 9)\n")
    assert said.returncode == -signal.SIGKILL and newest().status == "in_progress"
    give_back(open_store())
    assert newest().status == "failed" and len(Task.get_tasks()) == 1


def test_a_script_hands_itself_over_and_goes_on_in_the_run_that_an_agent_starts(run: Run) -> None:
    text = """
        import os
        from hpo_widgets import Task
        task = Task.init("examples", "base")
        config = task.connect({"lr": 0.1})
        task.execute_remotely(queue_name="default")
        print("ran", config["lr"], Task.running_locally(), os.path.basename(os.getcwd()))
        task.close()
    """
    said = run(text)
    assert (said.returncode, said.stdout) == (0, "")
    task = newest()
    assert task.status == "queued" and task.get_parameters() == {"General/lr": 0.1}
    with Agent():
        assert task.wait_for_status(timeout=PATIENCE_S)
    folder = os.path.basename(os.environ["HPO_WIDGETS_STORE"].rpartition("/")[0])
    assert task.get_reported_console_output() == [f"ran 0.1 False {folder}"]
    assert len(Task.get_tasks()) == 1


def test_a_script_that_exits_with_3_fails_with_that_code(tmp_path: Path) -> None:
    (tmp_path / "exits.py").write_text("import sys\nprint('going')\nsys.exit(3)\n")
    task = Task.enqueue(Task.create("examples", script=tmp_path / "exits.py"), queue_name="default")
    with Agent(), pytest.raises(HpoError, match=r"(?s)exited with code 3.*going"):
        task.wait_for_status(timeout=PATIENCE_S)
