"""What every strategy guarantees, built in or your own."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hpo_widgets.model.objective import Objective, Sign
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.model.space_shorthand import as_space, when
from hpo_widgets.model.stint import Stint
from hpo_widgets.strategies import (
    GridSearch,
    OptunaStrategy,
    Outcome,
    Past,
    Problem,
    RandomSearch,
    Strategy,
    create_strategy,
)
from hpo_widgets.strategies.registry import OPTUNA_NAMES
from tests.unit.model.some_spaces import spaces

LOSS = Objective("loss", "loss", Sign.MIN)
ACCURACY = Objective("accuracy", "accuracy", Sign.MAX)
SMALL = as_space({"a": [1, True, "x"], "b": (0, 3), "c": 0.5})
WIDE = as_space({"x": (0.0, 1.0), "k": (1, 1000), "act": ["relu", "tanh"]})


class Countdown(Strategy):
    """Is the smallest strategy a person may write: it defines `ask` only."""

    def __init__(self) -> None:
        self.index = -1

    def ask(self, trial: int) -> dict[str, Any] | None:
        space = self.problem.space
        while self.index + 1 < space.grid_size:
            self.index += 1
            member = space.grid_at(self.index)
            if space.key(member) not in self.seen:
                self.adopt(trial, member)
                return member
        return None


MAKERS: dict[str, Callable[[], Strategy]] = {
    "grid": GridSearch,
    "random": RandomSearch,
    "auto": create_strategy,
    "optuna-tpe": OptunaStrategy,
    "optuna-random": lambda: OptunaStrategy(sampler="random"),
    "bohb": lambda: create_strategy("bohb", min_budget=1, max_budget=9),
    "hyperband": lambda: create_strategy("hyperband", min_budget=1, max_budget=9),
    "asha": lambda: create_strategy("asha", min_budget=1, max_budget=9),
    "custom": Countdown,
}
SEEDED = ["auto", "grid", "random", "optuna-tpe", "optuna-random", "bohb", "hyperband", "asha"]


def set_up(make: Callable[[], Strategy], space: SearchSpace = WIDE, **told: Any) -> Strategy:
    strategy = make()
    strategy.setup(Problem(**{"space": space, "objectives": (LOSS,), "seed": 1, **told}))
    return strategy


def run(strategy: Strategy, trials: range, score: Callable[[dict[str, Any]], float] = lambda _: 0.5) -> list[Past]:
    past: list[Past] = []
    for trial in trials:
        parameters = strategy.ask(trial)
        if parameters is None:
            break
        value = score(parameters)
        strategy.report(trial, 1, value)
        strategy.tell(trial, Outcome.COMPLETE, (value,))
        memo = strategy.drain_memos().trials.get(trial)
        past.append(
            Past(
                trial=trial,
                parameters=parameters,
                outcome=Outcome.COMPLETE,
                values=(value,),
                reports=((1, value),),
                memo=memo,
            )
        )
    return past


def key(space: SearchSpace, parameters: dict[str, Any], memo: dict[str, Any] | None) -> str:
    """Gives what must not be proposed twice; a trial that goes on with another has its parameters, on a higher rung."""
    stint = Stint.of(memo)
    return space.key(parameters) + ("" if stint is None or stint.follows is None else f"@{stint.first}")


def keys(space: SearchSpace, past: list[Past]) -> list[str]:
    return [key(space, dict(each.parameters), dict(each.memo or {})) for each in past]


def new(found: list[str]) -> list[str]:
    return [each for each in found if "@" not in each]


@pytest.fixture(params=MAKERS)
def make(request: pytest.FixtureRequest) -> Callable[[], Strategy]:
    return MAKERS[request.param]


class TestEveryStrategy:
    def test_it_proposes_every_member_of_a_small_space_once_and_is_then_exhausted(
        self, make: Callable[[], Strategy]
    ) -> None:
        strategy = set_up(make, SMALL)
        past = run(strategy, range(40))
        found = keys(SMALL, past)
        assert len(found) == len(set(found))
        if make is RandomSearch:
            assert len(found) >= 10  # It gives up after 42 draws without a new one.
        else:
            assert len(new(found)) == SMALL.size == 12
        assert strategy.exhausted
        assert strategy.ask(40) is None

    def test_it_never_proposes_what_was_adopted(self, make: Callable[[], Strategy]) -> None:
        strategy = set_up(make, SMALL)
        adopted = {"a": True, "b": 2, "c": 0.5}
        strategy.adopt(0, adopted)
        strategy.tell(0, Outcome.COMPLETE, (0.1,))
        past = run(strategy, range(1, 40))
        assert SMALL.key(adopted) not in keys(SMALL, past)

    def test_parameters_outside_the_space_may_be_adopted(self, make: Callable[[], Strategy]) -> None:
        strategy = set_up(make)
        for trial, outside in enumerate([{"x": 7.0, "k": 1, "act": "relu"}, {"other": [1, 2]}, {}, {"x": print}]):
            strategy.adopt(trial, outside)
            strategy.report(trial, 1, 0.3)
            assert not strategy.should_stop(trial)
            strategy.tell(trial, Outcome.COMPLETE, (0.1,))
        assert WIDE.contains(strategy.ask(4) or {})

    def test_after_a_restart_it_goes_on_and_repeats_nothing(self, make: Callable[[], Strategy]) -> None:
        first = run(set_up(make, SMALL), range(6))
        revived = set_up(make, SMALL)
        revived.restore(first, None)
        rest = run(revived, range(6, 40))
        found = keys(SMALL, first + rest)
        assert len(found) == len(set(found))
        assert len(new(found)) == 12 or (make is RandomSearch and len(found) >= 10)

    def test_what_ran_at_the_restart_still_reports_and_is_told(self, make: Callable[[], Strategy]) -> None:
        first = run(set_up(make), range(3))
        lost = Past(trial=3, parameters={"x": 0.25, "k": 7, "act": "relu"}, reports=((0, 1.0), (1, math.nan)))
        revived = set_up(make)
        revived.restore([*first, lost], None)
        revived.report(3, 2, 0.4)
        assert revived.should_stop(3) in (True, False)
        revived.tell(3, Outcome.COMPLETE, (0.4,))
        assert WIDE.contains(revived.ask(4) or {})

    @pytest.mark.parametrize("outcome", Outcome)
    @pytest.mark.parametrize("values", [(math.nan,), (math.inf,), (-math.inf,), None, ()])
    def test_a_result_that_is_no_number_teaches_nothing_and_breaks_nothing(
        self, make: Callable[[], Strategy], outcome: Outcome, values: tuple[float, ...] | None
    ) -> None:
        strategy = set_up(make)
        for trial in range(15):
            assert strategy.ask(trial) is not None
            strategy.report(trial, trial, math.nan)
            strategy.report(trial, -(2**31), 1.0)
            strategy.should_stop(trial)
            strategy.tell(trial, outcome, values)
        assert WIDE.contains(strategy.ask(15) or {})

    def test_several_trials_may_run_at_once(self, make: Callable[[], Strategy]) -> None:
        strategy = set_up(make, concurrency=4)
        source = random.Random(5)
        running: dict[int, dict[str, Any]] = {}
        found: list[str] = []
        for trial in range(40):
            parameters = strategy.ask(trial)
            assert parameters is not None
            running[trial] = parameters
            found.append(key(WIDE, parameters, strategy.drain_memos().trials.get(trial)))
            if len(running) == 4:
                done = source.choice(list(running))
                del running[done]
                strategy.tell(done, Outcome.COMPLETE, (source.random(),))
        assert len(set(found)) == 40

    def test_several_objectives(self, make: Callable[[], Strategy]) -> None:
        strategy = set_up(make, objectives=(LOSS, ACCURACY))
        for trial in range(15):
            parameters = strategy.ask(trial)
            assert parameters is not None
            strategy.report(trial, 1, 0.5)
            assert not strategy.should_stop(trial)
            strategy.tell(trial, Outcome.COMPLETE, (0.1 * trial, 1.0 - trial))

    def test_memos_are_json_and_come_once(self, make: Callable[[], Strategy]) -> None:
        strategy = set_up(make)
        run(strategy, range(15))
        memos = strategy.drain_memos()
        json.dumps([memos.study, memos.trials], allow_nan=False)
        again = strategy.drain_memos()
        assert (again.study, again.trials) == (None, {})

    def test_it_explains_itself_in_one_line(self, make: Callable[[], Strategy]) -> None:
        text = set_up(make).explain()
        assert text
        assert "\n" not in text

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(space=spaces(), seed=st.integers(0, 1000))
    def test_it_only_ever_proposes_members(self, make: Callable[[], Strategy], space: SearchSpace, seed: int) -> None:
        strategy = set_up(make, space, seed=seed)
        past = run(strategy, range(14), score=lambda parameters: len(repr(parameters)) % 7 / 7)
        assert past
        assert all(space.contains(each.parameters) for each in past)
        assert len(set(keys(space, past))) == len(past)


NET = as_space(
    {
        "optimizer": ["sgd", "adam"],
        "lr": (0.0, 1.0),
        **when("optimizer", "sgd", {"momentum": (0.0, 0.9), "nesterov": [True, False]}),
        **when("nesterov", True, {"k": (1, 9)}),
    }
)  # fmt: skip


@pytest.mark.parametrize("name", ["random", "grid", *OPTUNA_NAMES])
def test_every_strategy_serves_conditions_nested_in_conditions(name: str) -> None:
    if name == "gp":
        pytest.importorskip("torch")
    space = NET if name != "brute_force" else as_space({"a": [1, 2], **when("a", 1, {"b": [3, 4]})})
    strategy = set_up(lambda: create_strategy(name), space)

    past = run(strategy, range(30), score=lambda parameters: len(parameters) / 10)

    assert all(space.contains(each.parameters) for each in past)
    assert len({tuple(each.parameters) for each in past}) > (0 if name == "grid" else 1)


@pytest.mark.parametrize("name", ["random", "grid", *OPTUNA_NAMES])
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(total=st.integers(3, 15), seed=st.integers(0, 1000))
def test_no_strategy_ever_proposes_what_a_constraint_forbids(name: str, total: int, seed: int) -> None:
    if name == "gp":
        pytest.importorskip("torch")
    given_space = {"a": (0, 9), "b": (0, 9), "c": [1, 2], **when("c", 1, {"d": (0, 5)})}
    rules = [f"a + b <= {total}", "d <= a", lambda p: p["a"] != p["b"]]
    space = as_space(given_space).with_constraints(rules)
    strategy = set_up(lambda: create_strategy(name), space, seed=seed)

    past = run(strategy, range(14), score=lambda p: -float(p["a"] + p["b"]))

    assert len(past) >= 5
    for each in past:
        p = each.parameters
        assert p["a"] + p["b"] <= total
        assert p["a"] != p["b"]
        assert p.get("d", 0) <= p["a"]


def test_a_constrained_grid_is_the_grid_without_what_is_forbidden() -> None:
    space = as_space({"a": (0, 3), "b": (0, 3)}).with_constraints("a < b")

    past = run(set_up(GridSearch, space), range(30))

    assert [tuple(each.parameters.values()) for each in past] == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]


@pytest.mark.parametrize("name", SEEDED)
def test_a_seed_makes_a_run_with_one_slot_reproducible(name: str) -> None:
    def score(parameters: dict[str, Any]) -> float:
        return float(parameters["x"]) + float(parameters["k"]) / 1000

    runs = [run(set_up(MAKERS[name], seed=seed), range(25), score) for seed in (3, 3, 4)]
    assert [each.parameters for each in runs[0]] == [each.parameters for each in runs[1]]
    if name != "grid":
        assert runs[0] != runs[2]


@pytest.fixture
def untouched_global_random() -> Iterator[None]:
    before = random.getstate()
    yield
    assert random.getstate() == before


@pytest.mark.usefixtures("untouched_global_random")
@pytest.mark.parametrize("name", MAKERS)
def test_the_users_random_state_is_left_alone(name: str) -> None:
    run(set_up(MAKERS[name]), range(15))
