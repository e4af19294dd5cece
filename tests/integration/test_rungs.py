"""BOHB over real trainings in real processes: checkpoints, records, gauges, limits, and a kernel that dies."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import hpo_widgets as hpo
from hpo_widgets.automation import DiscreteParameterRange, HyperParameterOptimizer, UniformParameterRange
from hpo_widgets.automation.hpbandster import OptimizerBOHB
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.scalar import Metric
from hpo_widgets.model.stint import Handover, Stint
from hpo_widgets.model.task import TaskRecord, TaskState
from hpo_widgets.study import Study
from tests.integration.rungs_kernel import EPOCHS, JOBS, NAME

PATIENCE_S = 120.0
KERNEL = Path(__file__).with_name("rungs_kernel.py")
LOSS = Metric("loss", "loss")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Path]:
    hpo.configure(store=tmp_path / "store")
    yield tmp_path / "store"
    for study in hpo.studies():
        study.stop()
        wait_for(lambda study=study: study.state not in ("running", "paused", "draining"), "the study's end")
    hpo.configure(store=None)


def wait_for(condition: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)


def start_kernel(store: Path) -> subprocess.Popen[str]:
    kernel = subprocess.Popen([sys.executable, str(KERNEL), str(store)], stdout=subprocess.PIPE, text=True)
    assert kernel.stdout is not None
    assert kernel.stdout.readline() == "started\n"
    return kernel


def iterations(study: Study, task: TaskRecord) -> list[int]:
    return [each.iteration for each in study.store.scalars(task.id, LOSS)]


def stints(study: Study) -> list[tuple[TaskRecord, Stint]]:
    found = [(task, Stint.of(task.memo)) for task in study.store.tasks(study.id)]
    return [(task, stint) for task, stint in found if stint is not None]


def followers(study: Study) -> list[tuple[TaskRecord, Stint]]:
    """Lists the tasks that go on with another and were not broken off."""
    return [(t, s) for t, s in stints(study) if s.follows is not None and t.state is TaskState.COMPLETED]


def test_a_kernel_that_is_killed_loses_no_rung_and_promoted_trainings_go_on(store: Path) -> None:
    pytest.importorskip("sklearn")
    # Given a kernel that dies in the middle of a search
    kernel = start_kernel(store)
    study = hpo.attach(NAME)
    wait_for(lambda: len(study.store.tasks(study.id, {TaskState.COMPLETED})) >= JOBS // 2, "half of the jobs")
    os.kill(kernel.pid, signal.SIGKILL)
    kernel.wait()
    before = {task.id: task.reason for task in study.store.tasks(study.id) if task.state is TaskState.COMPLETED}
    # When another one goes on with it
    kernel = start_kernel(store)
    assert kernel.stdout is not None
    assert kernel.stdout.read() == "completed\n"
    # Then all jobs were run, as many as were allowed, and nothing was run twice at a budget
    record = study.record
    assert record.reason == "limit: total_max_jobs"
    found = stints(study)
    assert len({task.trial for task, _ in found}) == JOBS
    assert len(found) == len(study.store.tasks(study.id))
    began = Counter((str(t.parameters), s.first) for t, s in found if t.attempt == 0)
    assert set(began.values()) == {1}
    assert set(before) <= {task.id for task, _ in found}
    # And who was promoted went on from the checkpoint, in the folder of the first of its line, and says so
    promoted = followers(study)
    assert promoted
    for task, stint in promoted:
        handover = Handover.of(task.memo)
        assert handover is not None
        assert (store / "tasks" / handover.checkpoint / "checkpoint" / "model.pickle").exists()
        assert min(iterations(study, task)) == (handover.since or 0) + 1 > 1
        told = rf"trial {stint.follows} went on from iteration {handover.since}|limit: max_iteration_per_job"
        assert re.search(told, task.reason or "")
    sources = {task.trial: task for task, _ in found}
    assert all(f"promoted: trial {t.trial}" in (sources[s.follows].reason or "") for t, s in promoted)
    # And the iterations that were paid for are those that were done, once each, but for what the kill cut off
    done = sum(len(iterations(study, task)) for task, _ in found)
    assert study.usage.iterations == done
    lines: Counter[tuple[str, int]] = Counter()
    for task, _ in found:
        if task.state is not TaskState.LOST:
            lines.update((str(task.parameters), iteration) for iteration in iterations(study, task))
    twice = {line for line, count in lines.items() if count > 1}
    assert len(twice) <= 2 * EPOCHS
    # And the table shows the rungs
    table = study.tasks()
    assert {"rung", "budget", "follows"} <= set(table.columns)
    assert set(table["budget"]) <= {1, 3, 9}
    assert table["reason"].str.contains("stopped at rung").any()


def slow(x: float, task: Any) -> None:
    for iteration in range(1, 1000):
        time.sleep(0.01)
        task.report("loss", abs(x - 0.3) + 1 / iteration, iteration)


def climb(**limits: Any) -> Study:
    return hpo.tune(
        slow, {"x": (0.0, 1.0)}, strategy="asha", objective="loss", concurrency=2, max_iteration_per_job=27, **limits
    )


def test_without_a_checkpoint_a_promoted_training_begins_anew_and_the_record_says_so(store: Path) -> None:
    study = climb(max_jobs=16, seed=4)
    study.wait(PATIENCE_S)
    promoted = followers(study)
    assert promoted
    for task, stint in promoted:
        assert iterations(study, task)[0] == 1
        assert f"trial {stint.follows} begun anew" in (task.reason or "")
    assert study.usage.iterations == sum(len(iterations(study, task)) for task, _ in stints(study))


def test_it_is_paused_gone_on_with_and_stopped_like_any_other(store: Path) -> None:
    study = climb()
    wait_for(lambda: len(stints(study)) >= 6, "six tasks")
    study.pause()
    wait_for(lambda: study.state == "paused" and not study.store.tasks(study.id, {TaskState.RUNNING}), "the pause")
    paused_at = len(stints(study))
    study.resume()
    wait_for(lambda: len(stints(study)) > paused_at, "new tasks")
    study.stop()
    wait_for(lambda: study.state == "stopped", "the end")
    study.resume()
    again = len(stints(study))
    wait_for(lambda: len(stints(study)) > again, "tasks after the stop")


@pytest.mark.parametrize("limit", ["compute_time_limit", "time_limit"])
def test_limits_of_time_end_it(store: Path, limit: str) -> None:
    study = climb(**{limit: 3.0})
    study.wait(PATIENCE_S)
    assert study.record.reason in ("limit: compute_time_limit", "limit: optimization_time_limit")
    assert study.best.iteration


SCRIPT = """
import argparse
from clearml import Task
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier

task = Task.init(project_name="p", task_name="sgd")
parser = argparse.ArgumentParser()
parser.add_argument("--alpha", type=float, default=1e-3)
parser.add_argument("--penalty", default="l2")
words = parser.parse_args()
x, y = load_digits(return_X_y=True)
model = SGDClassifier(alpha=words.alpha, penalty=words.penalty, random_state=0)
for epoch in range(1, 1000):
    model.partial_fit(x[:500], y[:500], classes=range(10))
    task.get_logger().report_scalar("accuracy", "valid", model.score(x[500:700], y[500:700]), epoch)
"""


def test_an_unmodified_script_is_searched_by_optimizer_bohb(store: Path, tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    # Given a script that knows nothing of budgets, after its import root was changed
    path = tmp_path / "sgd.py"
    path.write_text(SCRIPT.replace("clearml", "hpo_widgets"))
    optimizer = HyperParameterOptimizer(
        base_task_id=str(path),
        hyper_parameters=[
            UniformParameterRange("Args/alpha", 1e-5, 1e-1),
            DiscreteParameterRange("Args/penalty", ["l2", "l1"]),
        ],
        objective_metric_title="accuracy",
        objective_metric_series="valid",
        objective_metric_sign="max",
        max_number_of_concurrent_tasks=2,
        optimizer_class=OptimizerBOHB,
        min_iteration_per_job=10,
        max_iteration_per_job=30,
        total_max_jobs=8,
        seed=1,
    )
    # When it is searched
    assert optimizer.start()
    optimizer.wait(timeout=PATIENCE_S / 60)
    # Then its jobs ended at the budgets of ClearML, and no more than were allowed
    study = hpo.studies()[0]
    found = stints(study)
    assert len(found) == 8
    assert {stint.budget for _, stint in found} == {10, 30}
    assert all(task.state is TaskState.COMPLETED for task, _ in found)
    reached = {t.id: max(each.iteration for each in study.store.scalars(t.id)) for t, _ in found}
    assert all(reached[task.id] >= stint.budget for task, stint in found)
    assert optimizer.get_top_experiments(1)
    used = optimizer.get_optimizer().budget.iterations.used
    assert used is not None
    assert used == pytest.approx(study.usage.iterations / (8 * 30))


def test_without_a_largest_iteration_nothing_starts(store: Path) -> None:
    with pytest.raises(InvalidInput, match="needs max_iteration_per_job"):
        hpo.tune(slow, {"x": (0.0, 1.0)}, strategy="bohb", objective="loss")
    assert hpo.studies() == []
