"""A study goes on with a parameter more: the trials before count as trials with the value that they had."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import hpo_widgets as hpo
from hpo_widgets.errors import InvalidInput

PATIENCE_S = 60.0


@pytest.fixture(autouse=True)
def store(tmp_path: Path) -> Iterator[None]:
    hpo.configure(store=tmp_path / "store")
    yield
    for study in hpo.studies():
        study.stop()
        study.wait(PATIENCE_S)
    hpo.configure(store=None)


def wait_for(condition: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)


def train(x: int, decay: int = 1, task: Any = None) -> float:
    for step in (1, 2, 3):
        task.report("loss", x + decay / step, step)
    return float(x + decay)


RUNGS = {"min_iteration_per_job": 1, "max_iteration_per_job": 3}


@pytest.mark.parametrize(
    ("strategy", "limits"),
    [("random", {}), ("grid", {}), ("tpe", {}), ("auto", {}), ("asha", RUNGS), ("bohb", RUNGS)],
)
def test_every_strategy_learns_from_the_trials_before_and_searches_the_new_parameter(
    strategy: str, limits: dict[str, int]
) -> None:
    options: dict[str, Any] = {"objective": "loss", "strategy": strategy, "concurrency": 1, "seed": 1, **limits}
    study = hpo.tune(train, {"x": list(range(4))}, isolation="thread", max_jobs=4, **options)
    assert study.wait(PATIENCE_S)
    before = {task.id for task in study.store.tasks(study.id)}

    study.set_space({"decay": [0, 1, 2]}, defaults={"decay": 1})
    study.resume(max_jobs=10)

    assert study.wait(PATIENCE_S)
    tasks = study.store.tasks(study.id)
    assert len(tasks) > len(before) and {task.state.value for task in tasks} <= {"completed", "pruned"}
    assert all(("decay" in task.parameters) == (task.id not in before) for task in tasks)
    assert all(study.config.space.contains(each.parameters) for each in study.past())
    assert [each.parameters["decay"] for each in study.past() if each.task in before] == [1] * len(before)
    known = study.optuna_study().trials
    assert len(known) == len(study.past()) and all("decay" in trial.params for trial in known)
    if strategy in ("random", "grid"):  # which propose nothing twice: what was tried before is no more than the rest
        sets = [(each.parameters["x"], each.parameters["decay"]) for each in study.past()]
        assert len(set(sets)) == len(sets)


def test_a_parameter_joins_while_the_search_runs_and_stays_after_a_resume() -> None:
    study = hpo.tune(train, {"x": (0, 9)}, objective="loss", strategy="tpe", concurrency=1, max_jobs=10_000, seed=1)
    wait_for(lambda: len(study.store.tasks(study.id)) >= 5, "some trials")
    study.set_space({"decay": (0, 5), "x": (0, 20)}, defaults={"decay": 1})
    wait_for(lambda: any("decay" in task.parameters for task in study.store.tasks(study.id)), "the new parameter")
    study.stop()
    assert study.wait(PATIENCE_S)
    count = len(study.store.tasks(study.id))
    study.resume(max_jobs=count + 3)
    assert study.wait(PATIENCE_S)
    assert all("decay" in task.parameters for task in study.store.tasks(study.id)[count:])
    assert (study.config.added, study.config.space.names) == ({"decay": 1}, ("x", "decay"))


def test_what_the_base_task_does_not_take_is_refused(tmp_path: Path) -> None:
    study = hpo.tune(train, {"x": (0, 9)}, objective="loss", max_jobs=1)
    with pytest.raises(InvalidInput, match="'train' has no argument for the parameter 'momentum'; it takes x, decay"):
        study.set_space({"momentum": (0.0, 1.0)}, defaults={"momentum": 0.0})
    script = tmp_path / "script.py"
    script.write_text("lr = 0.1\nwidth = 8\n")
    of_script = hpo.tune(script, {"lr": (0.0, 1.0)}, max_jobs=1)
    with pytest.raises(InvalidInput, match="has no parameter 'widht'; did you mean 'General/width'"):
        of_script.set_space({"widht": (1, 9)}, defaults={"widht": 8})
    of_script.set_space({"width": (1, 9)}, defaults={"width": 8})
