from __future__ import annotations

import logging
from typing import Any

import optuna
import pytest

from hpo_widgets.automation.objective import Objective
from hpo_widgets.automation.optuna import Continued, OptimizerOptuna
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameters import DiscreteParameterRange, UniformParameterRange
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.strategies.base import Outcome, Past, Problem
from hpo_widgets.strategies.optuna import OptunaStrategy
from hpo_widgets.strategies.registry import strategy_spec

SPACE = [UniformParameterRange("x", -10.0, 10.0), DiscreteParameterRange("act", ["relu", "tanh"])]
OBJECTIVE = Objective.of_signs("loss", "loss", "min")


def previous(count: int = 30, direction: str = "minimize") -> Any:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction=direction, sampler=optuna.samplers.RandomSampler(seed=1))

    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", -10, 10)
        act = trial.suggest_categorical("act", ["relu", "tanh"])
        return (x - 3) ** 2 + (act == "relu")

    study.optimize(objective, n_trials=count)
    return study


def search(**options: Any) -> OptimizerOptuna:
    return OptimizerOptuna("base", SPACE, OBJECTIVE, **options)


def problem(seed: int = 1) -> Problem:
    return Problem(space=SearchSpace(SPACE), objectives=OBJECTIVE.objectives, seed=seed)


def test_trap_12_sampler_pruner_and_their_options_are_used() -> None:
    strategy = search(
        optuna_sampler="random", optuna_pruner="percentile", pruner_options={"percentile": 10.0}
    ).proposer()
    assert isinstance(strategy, OptunaStrategy)
    strategy.setup(problem())
    assert "RandomSampler" in strategy.explain() and "PercentilePruner" in strategy.explain()
    objects = search(
        optuna_sampler=optuna.samplers.QMCSampler(seed=1), optuna_pruner=optuna.pruners.NopPruner()
    ).proposer()
    objects.setup(problem())
    assert "QMCSampler" in objects.explain() and "nothing is pruned" in objects.explain()


def test_named_parts_are_stored_by_name() -> None:
    spec = strategy_spec(search(optuna_sampler="tpe").proposer())
    assert spec == {"name": "optuna", "options": {"sampler": "tpe"}}


def test_trap_12_a_previous_study_teaches_the_sampler() -> None:
    strategy = search(continue_previous_study=previous()).proposer()
    assert isinstance(strategy, Continued)
    strategy.setup(problem())
    first = strategy.ask(0)
    assert first is not None
    fresh = search().proposer()
    fresh.setup(problem())
    assert first != fresh.ask(0)
    proposals = [strategy.ask(trial) for trial in range(1, 12)]
    near = [each for each in proposals if each is not None and abs(each["x"] - 3) < 4]
    assert len(near) >= 8, proposals
    assert strategy.drain_memos().trials.keys() <= set(range(12))


def test_a_previous_study_and_ones_own_past_are_both_known_after_a_restart() -> None:
    before = previous()
    strategy = search(continue_previous_study=before).proposer()
    strategy.setup(problem())
    own = {"x": 3.0, "act": "tanh"}
    strategy.restore([Past(trial=0, parameters=own, outcome=Outcome.COMPLETE, values=(0.0,))])
    assert isinstance(strategy, Continued)
    known = strategy._inner._memory.trials  # type: ignore[attr-defined]
    assert len(known) == len(before.trials) + 1
    assert known[-1].values == [0.0]


def test_a_previous_study_that_does_not_fit_is_refused_or_noted(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(InvalidInput, match="directions"):
        search(continue_previous_study=previous(3, "maximize"))
    elsewhere = [UniformParameterRange("y", 0.0, 1.0)]
    with pytest.raises(InvalidInput, match="none of the 3 trials"):
        OptimizerOptuna("base", elsewhere, OBJECTIVE, continue_previous_study=previous(3))
    narrow = [UniformParameterRange("x", 0.0, 10.0), SPACE[1]]
    with caplog.at_level(logging.WARNING):
        OptimizerOptuna("base", narrow, OBJECTIVE, continue_previous_study=previous(20))
    assert "of 20 trials" in caplog.text
