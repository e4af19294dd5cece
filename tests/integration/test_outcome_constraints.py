"""Constraints that tasks report, on real training: the most accurate tree among those that are small enough."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

import hpo_widgets as hpo
from hpo_widgets.errors import NoResult

PATIENCE_S = 60
MOST_LEAVES = 30


def tree(depth: int, leaf: int, task: Any) -> float:
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
    from sklearn.tree import DecisionTreeClassifier

    train, test, answers, wanted = train_test_split(*load_digits(return_X_y=True), random_state=0)
    made = DecisionTreeClassifier(max_depth=depth, min_samples_leaf=leaf, random_state=0).fit(train, answers)
    task.report_constraint("leaves", made.get_n_leaves() - MOST_LEAVES)
    return float(made.score(test, wanted))


def test_the_best_tree_is_the_best_of_those_that_are_small_enough() -> None:
    study = hpo.tune(
        tree,
        {"depth": (1, 12), "leaf": (1, 60)},
        objective="accuracy",
        direction="max",
        max_jobs=18,
        concurrency=2,
        strategy="tpe",
        keep_top=3,
        seed=3,
    )
    study.wait(PATIENCE_S)

    table = study.tasks()
    small = table[table["feasible"]]
    assert 0 < len(small) < len(table) == 18
    assert study.best.id == small.sort_values("accuracy", kind="stable")["id"].iloc[-1] or (
        study.best.objective == small["accuracy"].max()
    )
    assert table["accuracy"].max() > small["accuracy"].max(), "a larger tree is better: it must be out for its size"
    assert {each.id for each in study.top()} == set(small["id"])
    assert {each.id for each in study.front()} <= set(small["id"])
    seen = {task.id for task in study.store.tasks(study.id) if not task.archived}
    assert seen <= set(small["id"]) and len(seen) == 3

    exported = study.optuna_study()
    assert exported.best_value == study.best.objective
    told = {each.user_attrs["task"]: each.user_attrs["constraints"]["leaves"] <= 0 for each in exported.trials}
    assert told == dict(zip(table["id"], table["feasible"], strict=True))
    sets = study.sets()
    assert bool(sets["feasible"].iloc[0]) and len(study.top_sets()) == len(small)


def too_good(x: int, task: Any) -> float:
    task.report_constraint("x", 3.0 - x)
    return float(x)


def test_a_target_and_patience_heed_what_is_feasible_only() -> None:
    study = hpo.tune(too_good, {"x": (0, 50)}, objective="loss", strategy="grid", target=4.0, concurrency=1)
    study.wait(PATIENCE_S)
    assert (study.record.reason, study.best.objective) == ("limit: target", 3.0)

    study = hpo.tune(too_good, {"x": (0, 2)}, objective="loss", strategy="grid", patience=2, concurrency=1)
    study.wait(PATIENCE_S)
    assert (study.record.reason, len(study.tasks())) == ("limit: patience", 2)
    with pytest.raises(NoResult, match="2 of them broke a constraint"):
        _ = study.best


def dying(x: int, task: Any) -> float:
    task.report_constraint("x", 1.0)
    os.kill(os.getpid(), signal.SIGKILL)
    return 0.0


def test_what_was_reported_outlives_kill_9() -> None:
    study = hpo.tune(dying, {"x": [1]}, objective="loss", strategy="grid", max_jobs=1, concurrency=1)
    study.wait(PATIENCE_S)
    assert list(study.tasks()["feasible"]) == [False]


def test_a_task_of_the_sdk_reports_constraints_too(tmp_path: Path) -> None:
    task = hpo.Task.init("digits", "tree")
    try:
        task.report_constraint("memory", -1.5)
        with pytest.raises(TypeError, match="name must be text"):
            task.report_constraint("", 1.0)
        assert task.get_last_scalar_metrics()["Constraint ≤ 0"]["memory"]["last"] == -1.5
    finally:
        task.close()
