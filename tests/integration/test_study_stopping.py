"""Searches that end by themselves: nothing becomes better, or the target is reached."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import hpo_widgets as hpo
from hpo_widgets.errors import InvalidInput

PATIENCE_S = 60


@pytest.fixture(autouse=True)
def store(tmp_path: Path) -> Iterator[None]:
    hpo.configure(store=tmp_path / "store")
    yield
    hpo.configure(store=None)


def same(x: float) -> float:
    return 1.0


def falling(x: int) -> float:
    return 10.0 - x


def test_a_search_that_finds_nothing_better_ends_says_so_and_can_go_on() -> None:
    study = hpo.tune(same, {"x": (0.0, 1.0)}, strategy="random", patience=4, max_jobs=100, concurrency=1)
    study.wait(timeout=PATIENCE_S)

    assert (study.state, study.record.reason) == ("completed", "limit: patience")
    assert len(study.tasks()) == 5

    again = hpo.attach(study.name)
    again.resume()
    again.wait(timeout=PATIENCE_S)
    assert (again.record.reason, len(again.tasks())) == ("limit: patience", 9)


def test_a_search_ends_at_its_target_and_a_higher_one_lets_it_go_on() -> None:
    study = hpo.tune(falling, {"x": (0, 50)}, strategy="grid", target=4.0, max_jobs=100, concurrency=1)
    study.wait(timeout=PATIENCE_S)

    assert (study.state, study.record.reason) == ("completed", "limit: target")
    assert study.best.objective == 4.0

    study.resume(target=2.0)
    study.wait(timeout=PATIENCE_S)
    assert (study.record.reason, study.best.objective) == ("limit: target", 2.0)


def test_patience_with_several_objectives_is_refused() -> None:
    with pytest.raises(InvalidInput, match="judge one objective"):
        hpo.tune(same, {"x": (0.0, 1.0)}, objective=["a", "b"], patience=3)
