"""Constraints in whole searches: functions travel through the store, and nothing that breaks one ever runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import hpo_widgets as hpo
from hpo_widgets.errors import InvalidInput

PATIENCE_S = 60
SPACE = {"low": (0, 9), "high": (0, 9)}


@pytest.fixture(autouse=True)
def store(tmp_path: Path) -> Iterator[None]:
    hpo.configure(store=tmp_path / "store")
    yield
    hpo.configure(store=None)


def train(low: int, high: int) -> float:
    assert low < high
    assert low + high <= 12
    return float(high - low)


def test_a_search_keeps_texts_and_functions_also_after_it_was_left_and_found_again() -> None:
    limit = 12
    study = hpo.tune(
        train, SPACE, constraints=[lambda p: p["low"] < p["high"], f"low + high <= {limit}"], max_jobs=10, seed=1
    )
    study.wait(timeout=PATIENCE_S)
    again = hpo.attach(study.name)
    again.resume(max_jobs=20)
    again.wait(timeout=PATIENCE_S)

    table = again.tasks()
    assert list(table["state"]) == ["completed"] * 20
    assert (table["low"] < table["high"]).all()
    assert (table["low"] + table["high"] <= 12).all()


def test_a_trial_made_by_hand_that_breaks_a_constraint_is_refused_with_the_reason() -> None:
    study = hpo.tune(train, SPACE, constraints=["low < high", forbids_seven], max_jobs=1)
    try:
        with pytest.raises(InvalidInput, match="'low < high' does not hold for low = 5, high = 2"):
            study.enqueue({"low": 5, "high": 2})
        with pytest.raises(InvalidInput, match="'forbids_seven' does not hold for low = 2, high = 7"):
            study.enqueue({"low": 2, "high": 7})
    finally:
        study.wait(timeout=PATIENCE_S)


def forbids_seven(p: dict[str, Any]) -> bool:
    return bool(p["high"] != 7)


def test_everything_wrong_with_constraints_is_told_before_anything_starts() -> None:
    with pytest.raises(InvalidInput) as caught:
        hpo.tune(train, SPACE, constraints=["lo < high"], objective=3)
    assert "did you mean 'low'" in str(caught.value)
    with pytest.raises(InvalidInput, match="the search space looks empty"):
        hpo.tune(train, SPACE, constraints="low + high > 30")
    assert hpo.studies() == []


def test_ranges_in_which_no_set_keeps_the_constraints_are_refused_and_the_search_goes_on() -> None:
    study = hpo.tune(train, SPACE, constraints=["low < high", lambda p: p["low"] + p["high"] <= 12], max_jobs=6)
    with pytest.raises(InvalidInput, match="the search space looks empty"):
        study.set_space({"low": (9, 9), "high": (8, 9)})
    study.wait(timeout=PATIENCE_S)

    assert list(study.tasks()["state"]) == ["completed"] * 6
