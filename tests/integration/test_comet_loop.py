"""A user's own loop over `get_experiments`: what it logs, how it scores, what the store and `hpo.attach` see of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import hpo_widgets as hpo
from hpo_widgets.comet import Experiment, Optimizer
from hpo_widgets.errors import InvalidInput, NotFound

CONFIG: dict[str, Any] = {
    "algorithm": "bayes",
    "spec": {"metric": "train_loss", "objective": "minimize", "maxCombo": 5, "seed": 3},
    "parameters": {
        "lr": {"type": "float", "scalingType": "loguniform", "min": 1e-4, "max": 1.0},
        "layers": {"type": "integer", "scalingType": "uniform", "min": 1, "max": 3},
        "act": {"type": "categorical", "values": ["relu", "tanh"]},
    },
}


@pytest.fixture(autouse=True)
def store(tmp_path: Path) -> Iterator[None]:
    hpo.configure(store=tmp_path / "store")
    yield
    hpo.configure(store=None)


def test_a_loop_tries_every_set_once_and_its_score_is_the_best_value_ever_logged() -> None:
    optimizer = Optimizer(CONFIG)
    study = hpo.attach(optimizer.get_id())
    seen = []
    for experiment in optimizer.get_experiments():
        assert study.state == "running"  # it is seen while the loop runs
        lr = experiment.get_parameter("lr")
        seen.append((lr, experiment.get_parameter("layers"), experiment.get_parameter("act")))
        with experiment.train():
            for step, value in enumerate((lr + 2, lr, lr + 1)):
                experiment.log_metric("loss", value, step=step)
    assert len(set(seen)) == 5
    assert study.state == "completed" and optimizer.status()["status"] == "completed"
    assert sorted(study.tasks()["train_loss"]) == pytest.approx(sorted(lr for lr, _, _ in seen))
    assert study.best.objective == min(lr for lr, _, _ in seen)


def test_repeats_run_each_set_so_often() -> None:
    optimizer = Optimizer({**CONFIG, "trials": 2})
    for experiment in optimizer.get_experiments():
        experiment.log_metric("train_loss", 1.0)
    tasks = hpo.attach(optimizer.get_id()).tasks()
    assert len(tasks) == 10 and (tasks.groupby(["lr", "layers", "act"]).size() == 2).all()
    assert optimizer.status()["comboCount"] == 5


def test_a_metric_that_was_never_logged_fails_the_experiment_and_names_what_was() -> None:
    optimizer = Optimizer({**CONFIG, "spec": {**CONFIG["spec"], "maxCombo": 1}})
    experiments = optimizer.get_experiments()
    next(experiments).log_metric("loss", 1.0)
    with pytest.warns(UserWarning, match="'train_loss' was never logged; logged were: loss"):
        assert next(experiments, None) is None
    (task,) = hpo.attach(optimizer.get_id()).store.tasks(optimizer.get_id())
    assert task.state.value == "failed" and "never logged" in (task.error or "")


def test_another_optimizer_goes_on_by_the_id_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    first = Optimizer(CONFIG)
    begun = first.next()
    assert isinstance(begun, Experiment)
    begun.log_metric("train_loss", 0.5)
    begun.end()
    monkeypatch.setenv("COMET_OPTIMIZER_ID", first.get_id())
    second = Optimizer()
    for experiment in second.get_experiments():
        experiment.log_metric("train_loss", 1.0)
    assert second.get_id() == first.get_id() and len(hpo.attach(first.get_id()).tasks()) == 5


