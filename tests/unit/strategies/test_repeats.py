"""Sets that are run several times: the strategy inside learns their mean."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hpo_widgets.model.gathering import Gathering
from hpo_widgets.model.objective import Objective
from hpo_widgets.model.space_shorthand import as_space
from hpo_widgets.strategies import Outcome, Past, Problem, Strategy, create_strategy
from hpo_widgets.strategies.repeats import Repeats

LOSS = Objective("loss", "loss")
SPACE = as_space({"x": (0, 9)})


class Counting(Strategy):
    """Proposes 0, 1, 2, ... and remembers what it was told."""

    def __init__(self) -> None:
        self.next = 0
        self.told: dict[int, tuple[Outcome, tuple[float, ...] | None]] = {}
        self.bound: dict[int, dict[str, float]] = {}
        self.seconds: dict[int, float] = {}

    def ask(self, trial: int) -> dict[str, Any] | None:
        self.next += 1
        return {"x": self.next - 1} if self.next <= 10 else None

    def adopt(self, trial: int, parameters: Any) -> None:
        super().adopt(trial, parameters)
        self.next = max(self.next, parameters["x"] + 1)

    def tell(self, trial: int, outcome: Outcome, values: tuple[float, ...] | None = None) -> None:
        assert trial not in self.told
        self.told[trial] = (outcome, values)

    def constrained(self, trial: int, constraints: Any) -> None:
        assert trial not in self.told
        self.bound[trial] = dict(constraints)

    def timed(self, trial: int, *, asked: float | None = None, ran: float | None = None) -> None:
        self.seconds[trial] = self.seconds.get(trial, 0.0) + (ran or 0.0)


def test_that_nothing_is_pruned_is_said_once_and_no_pruner_is_named() -> None:
    for objectives in ((LOSS,), (LOSS, Objective("cost", "cost"))):
        strategy = Repeats(create_strategy("auto"), 2)
        strategy.setup(Problem(space=SPACE, objectives=objectives))
        said = strategy.explain()
        assert said.count("pruned") == 1 and "Pruner" not in said
        assert said.endswith("Each set is run 2 times, and its mean counts; nothing is pruned.")


def ready(repeats: int = 3, **told: Any) -> tuple[Repeats, Counting]:
    inner = Counting()
    strategy = Repeats(inner, repeats)
    strategy.setup(Problem(space=SPACE, objectives=(LOSS,), **told))
    return strategy, inner


def test_each_set_is_proposed_so_often_and_its_mean_is_told_once() -> None:
    strategy, inner = ready()
    assert [strategy.ask(trial) for trial in range(7)] == [{"x": x} for x in (0, 0, 0, 1, 1, 1, 2)]
    for trial, value in ((1, 2.0), (0, 1.0), (3, 9.0)):
        strategy.timed(trial, ran=1.5)
        strategy.tell(trial, Outcome.COMPLETE, (value,))
    assert inner.told == {}
    strategy.tell(2, Outcome.COMPLETE, (6.0,))
    assert inner.told == {0: (Outcome.COMPLETE, (3.0,))}
    assert inner.seconds == {0: 3.0, 3: 1.5}


def test_a_run_that_failed_is_left_out_of_the_mean_and_a_set_fails_with_all_its_runs() -> None:
    strategy, inner = ready(2)
    for trial in range(4):
        strategy.ask(trial)
    strategy.tell(0, Outcome.FAILED)
    strategy.tell(1, Outcome.COMPLETE, (5.0,))
    strategy.tell(2, Outcome.FAILED)
    strategy.tell(3, Outcome.FAILED)
    assert inner.told == {0: (Outcome.COMPLETE, (5.0,)), 2: (Outcome.FAILED, None)}


def test_the_worst_constraint_of_all_runs_is_the_sets() -> None:
    strategy, inner = ready()
    for trial, bound in enumerate((-1.0, 2.0, math.nan)):
        strategy.ask(trial)
        strategy.constrained(trial, [("size", bound), ("time", -1.0)])
        strategy.tell(trial, Outcome.COMPLETE, (1.0,))
    assert math.isnan(inner.bound[0]["size"]) and inner.bound[0]["time"] == -1.0


def test_a_trial_made_by_hand_is_repeated_too() -> None:
    strategy, _ = ready(2)
    strategy.adopt(0, {"x": 7})
    assert [strategy.ask(1), strategy.ask(2)] == [{"x": 7}, {"x": 8}]


@given(st.integers(0, 10), st.integers(1, 3))
def test_after_a_restart_anywhere_it_goes_on_as_if_there_had_been_none(cut: int, repeats: int) -> None:
    def past(strategy: Repeats, trials: range, ended: int) -> list[Past]:
        found = []
        for trial in trials:
            parameters = strategy.ask(trial)
            assert parameters is not None
            if trial < ended:
                strategy.tell(trial, Outcome.COMPLETE, (float(trial),))
            done = {"outcome": Outcome.COMPLETE, "values": (float(trial),)} if trial < ended else {}
            found.append(Past(trial=trial, parameters=parameters, **done))
        return found

    through, whole = ready(repeats)
    past(through, range(cut), cut // 2)
    broken, _ = ready(repeats)
    known = past(broken, range(cut), cut // 2)
    again, inner = ready(repeats)
    again.restore(known)
    assert inner.told == whole.told
    for trial in range(cut // 2, cut):
        for each in (through, again):
            each.tell(trial, Outcome.COMPLETE, (1.0,))
    assert inner.told == whole.told
    if cut < 9:
        assert again.ask(cut) == through.ask(cut)


def test_rungs_refuse_repeats_and_the_jobs_are_shared_out_among_sets() -> None:
    problem = Problem(space=SPACE, objectives=(LOSS,), max_jobs=10, max_iteration_per_job=9)
    assert "repeats need trainings of one length" in Repeats(create_strategy("asha"), 3).objections(problem)[0]
    assert Repeats(create_strategy("tpe"), 3).objections(problem) == []
    _, inner = ready(3, max_jobs=10)
    assert inner.problem.max_jobs == 4


def test_gathering_gives_a_set_with_its_last_run_and_forgets_it() -> None:
    gathering = Gathering(2)
    assert gathering.add("a", (1.0,)) is None
    assert gathering.add("b", None) is None
    found = gathering.add("a", (3.0,), feasible=False)
    assert found is not None and (found.values, found.feasible) == ((2.0,), False)
    failed = gathering.add("b", None)
    assert failed is not None and failed.values is None
    assert gathering.add("a", (1.0,)) is None
