"""Searches that begin with what was found before, and with trials of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest

import hpo_widgets as hpo
from hpo_widgets.errors import InvalidInput
from hpo_widgets.study import Study

PATIENCE_S = 60
SPACE = {"x": (0.0, 1.0), "k": (1, 4), "opt": ["a", "b"], **hpo.when("opt", "b", {"m": (0.0, 1.0)})}


@pytest.fixture(autouse=True)
def store(tmp_path: Path) -> Iterator[None]:
    hpo.configure(store=tmp_path / "store")
    yield
    hpo.configure(store=None)


def train(x: float, k: int, opt: str, m: float = 0.0) -> float:
    return (x - 0.5) ** 2 + k / 10 + m


def done(study: Study) -> Study:
    study.wait(timeout=PATIENCE_S)
    return study


@pytest.mark.parametrize("how", ["study", "name", "table"])
def test_a_new_search_learns_from_an_earlier_one_also_after_it_was_found_again(how: str) -> None:
    first = done(hpo.tune(train, SPACE, strategy="random", max_jobs=14, seed=2))
    given = {"study": first, "name": first.name, "table": first.tasks()}[how]

    second = done(hpo.tune(train, SPACE, warm_start=given, max_jobs=3, concurrency=1, seed=2))

    assert len(second.config.warm_start) == 14
    assert len(second.tasks()) == 3
    again = hpo.attach(second.name)
    again.resume(max_jobs=5)
    assert len(done(again).tasks()) == 5


def test_what_an_optuna_study_found_is_learned_from_and_what_lies_outside_is_listed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'optuna.db'}"
    theirs = optuna.create_study(storage=url, study_name="theirs")
    theirs.optimize(lambda t: t.suggest_float("x", 0, 2), n_trials=6)
    theirs.enqueue_trial({"x": 1.5})
    theirs.optimize(lambda t: t.suggest_float("x", 0, 2), n_trials=1)

    with pytest.warns(UserWarning, match=r"earlier results are not learned from[^$]*'x' is 1\.5"):
        study = done(hpo.tune(lambda x: x, {"x": (0.0, 1.4)}, warm_start=[url, theirs], max_jobs=1))

    assert 0 < len(study.config.warm_start) < 14
    assert all(each.parameters["x"] <= 1.4 for each in study.config.warm_start)


def test_trials_of_ones_own_run_first() -> None:
    mine = [{"x": 0.25, "k": 3, "opt": "a"}, {"x": 0.75, "k": 4, "opt": "b", "m": 0.5}]

    study = done(hpo.tune(train, SPACE, enqueue=mine, max_jobs=4, concurrency=1, seed=1))

    table = study.tasks().sort_values("trial")
    assert list(table["x"])[:2] == [0.25, 0.75]
    assert len(table) == 4


def test_a_grid_does_not_run_again_what_is_known() -> None:
    space = {"k": [1, 2, 3], "x": [0.0, 1.0]}
    first = done(hpo.tune(lambda k, x: k + x, space, strategy="grid", max_jobs=4))

    second = done(hpo.tune(lambda k, x: k + x, space, strategy="grid", warm_start=first))

    assert sorted(zip(second.tasks()["k"], second.tasks()["x"], strict=True)) == [(3, 0.0), (3, 1.0)]


def test_what_holds_no_results_and_bad_trials_are_refused_together() -> None:
    with pytest.raises(InvalidInput) as caught:
        hpo.tune(train, SPACE, warm_start=[7, "no such study"], enqueue=[{"x": 9.0, "k": 1, "opt": "a"}])

    told = str(caught.value)
    assert "7 holds no results" in told
    assert "no such study" in told
    assert "'x' is 9.0" in told


@pytest.mark.parametrize("strategy", ["grid", "random", "tpe", "cmaes", "nsga2"])
def test_a_study_goes_on_in_a_larger_space_and_keeps_its_history(strategy: str) -> None:
    study = done(hpo.tune(larger, {"x": [0.0, 1.0], "k": (1, 2), "opt": ["a"]}, strategy=strategy, max_jobs=3, seed=1))
    before = study.tasks()

    study.set_space({"x": [0.0, 1.0, 2.0], "k": (1, 4), "opt": ["a", "b"]})
    study.resume(max_jobs=9)
    after = done(study).tasks()

    assert list(after["id"][:3]) == list(before["id"])
    assert list(after["state"]) == ["completed"] * 9
    assert len(set(zip(after["x"], after["k"], after["opt"], strict=True))) == 9


def larger(x: float, k: int, opt: str) -> float:
    return x + k + len(opt)
