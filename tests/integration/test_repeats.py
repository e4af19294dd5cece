"""Repeats on real training: a network that is begun by chance is trained several times, and the mean counts."""

from __future__ import annotations

from statistics import fmean, stdev

import pytest

import hpo_widgets as hpo
from hpo_widgets.errors import InvalidInput

PATIENCE_S = 60


def net(size: int, task: hpo.Task) -> float:
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
    from sklearn.tree import ExtraTreeClassifier

    train, test, answers, wanted = train_test_split(*load_digits(return_X_y=True), random_state=0)
    made = ExtraTreeClassifier(max_depth=size, random_state=task.trial).fit(train, answers)
    return float(made.score(test, wanted))


def test_the_mean_counts_and_the_spread_is_shown() -> None:
    study = hpo.tune(
        net, {"size": (1, 6)}, direction="max", strategy="tpe", repeats=3, max_jobs=12, concurrency=2, seed=1
    )
    study.wait(PATIENCE_S)

    table, sets = study.tasks(), study.sets()
    assert len(table) == 12 and list(sets["counted"]) == [3, 3, 3, 3]
    for number, runs in table.groupby("set"):
        values = list(runs["objective"])
        mine = sets[sets["set"] == number].iloc[0]
        assert runs["size"].nunique() == 1 and len(set(values)) > 1
        assert runs["mean"].unique() == pytest.approx([fmean(values)]) == [mine["mean"]]
        assert runs["spread"].unique() == pytest.approx([stdev(values)]) == [mine["spread"]]
    assert study.best.objective == sets["mean"].max() == pytest.approx(table["mean"].max())
    assert study.best.spread == (sets["spread"].iloc[0],)
    assert len(study.top()) == 4


def noisy(x: int, task: hpo.Task) -> float:
    return x + (1.0 if task.trial % 2 else -1.0)


def test_a_target_is_reached_by_a_mean_and_not_by_a_lucky_run() -> None:
    space = {"x": [5, 4, 3]}
    study = hpo.tune(noisy, space, strategy="grid", repeats=2, target=4.0, max_jobs=20, concurrency=1)
    study.wait(PATIENCE_S)
    assert (study.record.reason, len(study.tasks()), study.best.objective) == ("limit: target", 4, 4.0)


def test_what_repeats_cannot_go_with_is_said_at_once() -> None:
    with pytest.raises(InvalidInput, match="repeats is 0"):
        hpo.tune(noisy, {"x": [1]}, repeats=0)
    with pytest.raises(InvalidInput, match="keep_top ranks single runs"):
        hpo.tune(noisy, {"x": [1]}, repeats=2, keep_top=3)
    with pytest.raises(InvalidInput, match="trainings of one length"):
        hpo.tune(noisy, {"x": [1]}, repeats=2, strategy="asha", max_iteration_per_job=9)
