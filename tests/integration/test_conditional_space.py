"""Conditional spaces in whole searches: what is not there is not there, in the function, the table and the export."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import hpo_widgets as hpo
from hpo_widgets.errors import InvalidInput

NET = {
    "optimizer": ["sgd", "adam"],
    "lr": (0.0, 1.0),
    **hpo.when("optimizer", "sgd", {"momentum": (0.0, 0.9), "nesterov": [True, False]}),
    **hpo.when("nesterov", True, {"lookahead": (1, 5)}),
}
PATIENCE_S = 60


@pytest.fixture(autouse=True)
def store(tmp_path: Path) -> Iterator[None]:
    hpo.configure(store=tmp_path / "store")
    yield
    hpo.configure(store=None)


def train(optimizer: str, lr: float, momentum: float = -1.0, nesterov: bool | None = None, lookahead: int = 0) -> float:
    assert (momentum >= 0) == (nesterov is not None) == (optimizer == "sgd")
    assert (lookahead > 0) == (nesterov is True)
    return (lr - 0.3) ** 2 + (0.2 if optimizer == "adam" else (momentum - 0.5) ** 2) + lookahead / 100


@pytest.mark.parametrize("strategy", ["tpe", "random"])
def test_a_search_runs_where_values_decide_what_else_there_is(strategy: str) -> None:
    study = hpo.tune(train, NET, strategy=strategy, max_jobs=24, concurrency=2, seed=3)
    study.wait(timeout=PATIENCE_S)

    table = study.tasks()
    assert list(table["state"]) == ["completed"] * 24
    adam = table["optimizer"] == "adam"
    assert table.loc[adam, ["momentum", "nesterov", "lookahead"]].isna().all(axis=None)
    assert table.loc[~adam, ["momentum", "nesterov"]].notna().all(axis=None)
    assert study.best.parameters.keys() <= set(NET) | {"momentum", "nesterov", "lookahead"}
    assert len(study.optuna_study().trials) == 24


def test_a_function_that_needs_what_is_not_always_there_is_refused_before_it_starts() -> None:
    def strict(optimizer: str, lr: float, momentum: float, nesterov: bool = False, lookahead: int = 0) -> float:
        return lr

    with pytest.raises(InvalidInput, match="'momentum', which some trials do not have; give it a default"):
        hpo.tune(strict, NET)
