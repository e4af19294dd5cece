"""Strategies that learn which trials have broken a constraint."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo_widgets.model.objective import Objective
from hpo_widgets.model.space_shorthand import as_space
from hpo_widgets.strategies import OptunaStrategy, Outcome, Past, PastTask, Problem, create_strategy, optuna_study
from hpo_widgets.strategies.auto import Facts, candidates, remark
from hpo_widgets.strategies.base import Strategy
from hpo_widgets.strategies.optuna_constraints import VIOLATION, violation

LOSS, COST = Objective("loss", "loss"), Objective("cost", "cost")
SPACE = as_space({"x": (0.0, 1.0), "y": (0.0, 1.0)})
TRIALS = 60


def feasible_share(make: Callable[[], Strategy], *, told: bool, objectives: int = 1) -> float:
    """Gives how many of the later proposals keep to x >= 0.7, where the loss pulls towards x = 0."""
    strategy = make()
    strategy.setup(Problem(space=SPACE, objectives=(LOSS, COST)[:objectives], seed=4))
    kept = []
    for trial in range(TRIALS):
        found = strategy.ask(trial)
        assert found is not None
        kept.append(found["x"] >= 0.7)
        if told:
            strategy.constrained(trial, [("x", 0.7 - found["x"])])
        strategy.tell(trial, Outcome.COMPLETE, (found["x"], found["x"] + found["y"])[:objectives])
    return sum(kept[TRIALS // 2 :]) / (TRIALS // 2)


@pytest.mark.parametrize(
    ("make", "objectives"),
    [
        (lambda: OptunaStrategy("tpe"), 1),
        (lambda: OptunaStrategy("nsga2", sampler_options={"population_size": 10}), 2),
        (lambda: create_strategy("auto"), 2),
    ],
)
def test_proposals_move_to_where_the_constraint_holds(make: Callable[[], Strategy], objectives: int) -> None:
    assert feasible_share(make, told=True, objectives=objectives) > 0.5
    assert feasible_share(make, told=False, objectives=objectives) < 0.4


def test_trials_that_report_none_count_as_feasible_and_every_trial_says_one_number() -> None:
    strategy = OptunaStrategy("tpe")
    strategy.setup(Problem(space=SPACE, objectives=(LOSS,), seed=1))
    for trial, constraints in enumerate([(), (("a", 1.0), ("b", 2.0)), (("b", -1.0),), (), (("b", math.nan),)]):
        strategy.ask(trial)
        if constraints:
            strategy.constrained(trial, constraints)
        strategy.tell(trial, Outcome.COMPLETE, (0.5,))
    trials = strategy._memory.trials
    assert [each.system_attrs[VIOLATION] for each in trials[:4]] == [0.0, 3.0, -1.0, 0.0]
    assert trials[4].state.name == "FAIL", "what is not a number teaches nothing"
    assert strategy._study.best_trial.number in (0, 2, 3)


def test_constraints_are_learned_again_after_a_restart() -> None:
    problem = Problem(space=SPACE, objectives=(LOSS,), seed=1)
    source = random.Random(1)
    drawn = [SPACE.draw(lambda _, latent: source.uniform(latent.low, latent.high)) for _ in range(30)]
    past = [
        Past(trial=i, parameters=p, outcome=Outcome.COMPLETE, values=(p["x"],), constraints=(("x", 0.7 - p["x"]),))
        for i, p in enumerate(drawn)
    ]

    def next_ones(known: list[Past]) -> list[dict[str, Any] | None]:
        strategy = OptunaStrategy("tpe")
        strategy.setup(problem)
        strategy.restore(known)
        return [strategy.ask(100 + i) for i in range(20)]

    heeding = [found["x"] for found in next_ones(past) if found]
    heedless = [found["x"] for found in next_ones([replace(each, constraints=()) for each in past]) if found]
    assert sum(x >= 0.6 for x in heeding) > 10 > 5 > sum(x >= 0.6 for x in heedless)


def test_a_trial_that_breaks_a_constraint_does_not_go_up_a_rung() -> None:
    def next_rung(value: float) -> bool:
        strategy = create_strategy("asha", min_budget=1, max_budget=9)
        strategy.setup(Problem(space=SPACE, objectives=(LOSS,), seed=1))
        first = [strategy.ask(trial) for trial in range(3)]
        for trial in range(3):
            strategy.report(trial, 1, float(trial))
            if trial == 0:
                strategy.constrained(trial, [("x", value)])
            strategy.tell(trial, Outcome.COMPLETE, (float(trial),))
        return strategy.ask(3) == first[0]

    assert next_rung(-1.0) and not next_rung(1.0)


def test_auto_leaves_out_what_does_not_heed_constraints_and_says_so() -> None:
    facts = Facts(objectives=1, conditional=False, numbers=6, choices=0, long=True)
    assert candidates(facts, 400) == ("cmaes", "random")
    assert "cmaes" not in candidates(replace(facts, constrained=True), 400)
    assert "with constraints that trials report" in remark(replace(facts, constrained=True), 5)


@given(st.lists(st.floats(allow_infinity=False, width=32), min_size=1, max_size=4))
def test_a_violation_is_0_or_less_exactly_when_all_constraints_hold(values: list[float]) -> None:
    assert (violation([(str(i), v) for i, v in enumerate(values)]) <= 0) is all(v <= 0 for v in values)


def test_an_exported_study_has_the_constraints_and_optunas_best_is_feasible() -> None:
    past = [
        PastTask(
            trial=i,
            parameters={"x": x, "y": 0.5},
            outcome=Outcome.COMPLETE,
            values=(x,),
            constraints=(("size", 0.5 - x),),
            task=str(i),
            state="completed",
        )
        for i, x in enumerate((0.1, 0.6, 0.9))
    ]
    study = optuna_study(SPACE, (LOSS,), past)
    assert study.best_trial.number == 1
    assert study.trials[0].constraints == {"size": 0.4}
    assert study.trials[0].user_attrs["constraints"] == {"size": 0.4}
