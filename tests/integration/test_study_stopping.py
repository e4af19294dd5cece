"""Searches that end by themselves: nothing becomes better, little is still to be gained, or the target is reached."""

from __future__ import annotations

import importlib.util
import math
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import hpo_widgets as hpo
from hpo_widgets.engine import weighing
from hpo_widgets.engine.thinking import Helper
from hpo_widgets.errors import InvalidInput
from hpo_widgets.strategies.terminators import NEEDS

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


def bowl(x: float, y: float) -> float:
    return (x - 0.3) ** 2 + (y + 0.2) ** 2


def test_optunas_stagnation_ends_a_search_says_so_and_outlives_its_kernel() -> None:
    space = {"x": (-1.0, 1.0), "y": (-1.0, 1.0)}
    study = hpo.tune(bowl, space, strategy="random", terminator="stagnation", max_jobs=2000, concurrency=1, seed=3)
    study.wait(timeout=PATIENCE_S)

    said = "limit: terminator (stagnation: 31 results in a row without a better one)"
    assert (study.state, study.record.reason) == ("completed", said)
    values = list(study.tasks().sort_values("trial")["objective"])
    assert values.index(min(values)) == len(values) - 32

    again = hpo.attach(study.name)
    assert again.config.limits.terminator == "stagnation"
    again.resume()
    again.wait(timeout=PATIENCE_S)
    assert (again.record.reason or "").startswith("limit: terminator (stagnation: ")
    assert len(again.tasks()) >= len(values) + 20


@pytest.mark.skipif(importlib.util.find_spec("torch") is not None, reason="torch is here")
def test_a_terminator_that_needs_torch_is_refused_where_there_is_none() -> None:
    with pytest.raises(InvalidInput, match="pip install torch"):
        hpo.tune(bowl, {"x": (-1.0, 1.0), "y": (-1.0, 1.0)}, expected_gain=0.01)
    assert hpo.studies() == []

    study = hpo.tune(bowl, {"x": (-1.0, 1.0), "y": (-1.0, 1.0)}, strategy="random", max_jobs=2, concurrency=1)
    study.wait(timeout=PATIENCE_S)
    with pytest.raises(InvalidInput, match="pip install torch"):
        study.resume(terminator="emmr", max_jobs=4)


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="its model needs torch")
def test_a_search_ends_when_too_little_is_still_to_be_gained() -> None:
    def slow(x: float, y: float) -> float:
        time.sleep(0.05)  # the model is fitted beside the search, which would be over before
        return bowl(x, y)

    space = {"x": (-1.0, 1.0), "y": (-1.0, 1.0)}
    study = hpo.tune(slow, space, expected_gain=0.05, max_jobs=1000, concurrency=2, seed=3)
    study.wait(timeout=2 * PATIENCE_S)

    assert study.state == "completed"
    assert re.fullmatch(r"limit: terminator \(regret: expected gain \S+ is below 0\.05\)", study.record.reason or ""), (
        study.record.reason
    )
    assert study.best.objective < 0.05


@pytest.fixture
def helpers(monkeypatch: pytest.MonkeyPatch) -> list[Helper]:
    """Gives the processes in which terminators judge, after making the quick one as slow as those that need torch."""
    made: list[Helper] = []

    def make(*given: Any) -> Helper:
        made.append(Helper(*given))
        return made[-1]

    monkeypatch.setitem(NEEDS, "stagnation", ("json",))
    monkeypatch.setattr(weighing, "Helper", make)
    return made


@pytest.mark.parametrize(
    ("max_jobs", "reason"), [(math.inf, "limit: terminator (stagnation: "), (25, "limit: total_max_jobs")]
)
def test_a_terminator_that_takes_long_judges_in_a_process_that_ends_with_the_search(
    max_jobs: float, reason: str, helpers: list[Helper]
) -> None:
    study = hpo.tune(same, {"x": (0.0, 1.0)}, strategy="random", terminator="stagnation", max_jobs=max_jobs)
    study.wait(timeout=PATIENCE_S)

    assert (study.record.reason or "").startswith(reason)
    assert [each._process.returncode for each in helpers] == [-signal.SIGKILL]


def test_a_terminator_whose_process_dies_ends_nothing_and_is_shown(helpers: list[Helper]) -> None:
    def kill(_: object) -> None:
        for each in helpers:
            each._process.kill()

    study = hpo.tune(same, {"x": (0.0, 1.0)}, strategy="random", terminator="stagnation", max_jobs=math.inf)
    study.on_end(kill)
    deadline = time.monotonic() + PATIENCE_S
    while study.notice is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert "the search goes on without it: the terminator's own process ended with exit code -9" in (study.notice or "")
    assert study.state == "running"
    study.stop()
    study.wait(timeout=PATIENCE_S)
