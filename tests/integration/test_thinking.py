"""A strategy that thinks slowly moves to a process of its own, with all it knows, and the engine stays free."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cloudpickle
import psutil
import pytest

import hpo_widgets as hpo
from hpo_widgets.engine.desk import Ask, Desk, Proposed, Raised, Reply, Report, StopTrial, Tell
from hpo_widgets.engine.thinking import Helper, Thinker
from hpo_widgets.model.objective import Objective
from hpo_widgets.model.space_shorthand import as_space
from hpo_widgets.strategies.base import Outcome, Problem, Strategy

PATIENCE_S = 60.0
PROBLEM = Problem(space=as_space({"x": (0.0, 1000.0)}), objectives=(Objective("loss", "loss"),), seed=1)


class Slow(Strategy):
    """Proposes what it was told last, from the process it lives in, and takes its time."""

    def __init__(self, seconds: float = 0.1) -> None:
        self.seconds = seconds
        self.last = 0.5

    def ask(self, trial: int) -> dict[str, Any] | None:
        time.sleep(self.seconds)
        return {"x": self.last, "pid": os.getpid()}

    def tell(self, trial: int, outcome: Outcome, values: tuple[float, ...] | None = None) -> None:
        self.last = values[0] if values else self.last

    def should_stop(self, trial: int) -> bool:
        return trial == 13


def replies(thinker: Thinker, woken: threading.Event) -> list[Reply]:
    found = thinker.replies()
    deadline = time.monotonic() + PATIENCE_S
    while not found and time.monotonic() < deadline:
        woken.wait(1.0)
        woken.clear()
        found = thinker.replies()
    return found


def test_after_one_slow_ask_it_thinks_elsewhere_and_has_forgotten_nothing() -> None:
    woken = threading.Event()
    thinker = Thinker(Slow(), PROBLEM, woken.set)
    thinker.send(Ask(trial=0))
    (first,) = thinker.replies()
    assert isinstance(first, Proposed) and first.parameters == {"x": 0.5, "pid": os.getpid()}
    assert thinker.in_helper
    thinker.send(Tell(trial=0, outcome=Outcome.COMPLETE, values=(7.0,)))
    began = time.perf_counter()
    thinker.send(Ask(trial=1))
    assert time.perf_counter() - began < 0.05 < 0.1  # sending does not wait for the answer
    (second,) = replies(thinker, woken)
    assert isinstance(second, Proposed) and second.parameters is not None
    assert second.parameters["x"] == 7.0
    assert second.parameters["pid"] != os.getpid()
    thinker.send(Report(trial=13, iteration=1, value=1.0, judge=True))
    assert replies(thinker, woken) == [StopTrial(trial=13)]
    thinker.close()
    assert not psutil.pid_exists(second.parameters["pid"])


def test_one_that_will_be_slow_thinks_elsewhere_from_that_ask_on() -> None:
    class Heavy(Slow):
        @property
        def heavy(self) -> bool:
            return self.last == 7.0

    woken = threading.Event()
    thinker = Thinker(Heavy(0.0), PROBLEM, woken.set)
    thinker.send(Ask(trial=0))
    assert not thinker.in_helper
    thinker.send(Tell(trial=0, outcome=Outcome.COMPLETE, values=(7.0,)))
    thinker.send(Ask(trial=1))
    assert thinker.in_helper
    first, second = thinker.replies(), replies(thinker, woken)
    assert [each.parameters and each.parameters["pid"] == os.getpid() for each in first] == [True]  # type: ignore[union-attr]
    assert isinstance(second[0], Proposed) and second[0].parameters is not None
    assert second[0].parameters["x"] == 7.0 and second[0].parameters["pid"] != os.getpid()
    thinker.close()


def test_a_helper_that_was_closed_leaves_nobody_who_could_read_what_the_next_one_is_sent() -> None:
    for _ in range(20):
        helper = Helper(cloudpickle.dumps(Desk(Slow(0.0), PROBLEM)), lambda: None)
        helper.send(Ask(trial=0))
        helper.close()
        assert not [each for each in threading.enumerate() if each.name.startswith("hpo-strategy")]


def test_a_helper_that_dies_is_said_to_have() -> None:
    woken = threading.Event()
    thinker = Thinker(Slow(), PROBLEM, woken.set)
    thinker.send(Ask(trial=0))
    thinker.replies()
    thinker.send(Ask(trial=1))
    (told,) = replies(thinker, woken)
    assert isinstance(told, Proposed) and told.parameters is not None
    os.kill(told.parameters["pid"], signal.SIGKILL)
    (raised,) = replies(thinker, woken)
    assert isinstance(raised, Raised) and "-9" in raised.error
    thinker.close()


def test_one_that_cannot_travel_stays_and_says_why() -> None:
    strategy = Slow()
    strategy.lock = threading.Lock()  # type: ignore[attr-defined]
    thinker = Thinker(strategy, PROBLEM, lambda: None)
    thinker.send(Ask(trial=0))
    assert not thinker.in_helper
    assert thinker.notice is not None and "lock" in thinker.notice
    thinker.send(Ask(trial=1))
    assert len(thinker.replies()) == 2


def test_a_quick_one_stays() -> None:
    thinker = Thinker(Slow(0.0), PROBLEM, lambda: None)
    thinker.send(Ask(trial=0))
    assert not thinker.in_helper


def test_a_stop_acts_while_the_strategy_thinks(tmp_path: Path, wait_until: Callable[..., None]) -> None:
    class Sleepy(Slow):
        def ask(self, trial: int) -> dict[str, Any] | None:
            time.sleep(0.1 if trial == 0 else 3600.0)
            return {"x": 0.5}

    hpo.configure(store=tmp_path)
    try:
        study = hpo.tune(lambda x: time.sleep(1000), {"x": (0.0, 1.0)}, strategy=Sleepy(), concurrency=2)
        wait_until(lambda: [t.state.value for t in study.store.tasks(study.id)] == ["running"])
        study.stop()
        assert study.wait(PATIENCE_S)
        assert study.state == "stopped"
    finally:
        hpo.configure(store=None)


@pytest.fixture
def wait_until() -> Callable[..., None]:
    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.005)

    return wait
