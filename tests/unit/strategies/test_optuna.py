"""Optuna as a strategy: the same proposals as Optuna's own, pruning, restarts, memory."""

from __future__ import annotations

import importlib.util
import json
import math
import random
import tracemalloc
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.objective import Objective, Sign
from hpo_widgets.model.parameters import ParameterSet
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.model.space_shorthand import as_space, integer, loguniform, uniform
from hpo_widgets.strategies import OptunaStrategy, Outcome, Past, Problem
from hpo_widgets.strategies.optuna_steps import STEPS, snap

LOSS = Objective("loss", "loss", Sign.MIN)
ACCURACY = Objective("accuracy", "accuracy", Sign.MAX)
SPACE = as_space({"x": (0.0, 1.0), "y": (0.0, 1.0)})
TREE = as_space(
    {"lr": loguniform(1e-4, 1), "m": ParameterSet([{"k": "a", "c": uniform(0, 1)}, {"k": "b", "n": integer(1, 9)}])}
)


def ready(strategy: OptunaStrategy, space: SearchSpace = SPACE, **told: Any) -> OptunaStrategy:
    strategy.setup(Problem(**{"space": space, "objectives": (LOSS,), "seed": 1, **told}))
    return strategy


def bowl(parameters: dict[str, Any]) -> float:
    return float((parameters["x"] - 0.3) ** 2 + (parameters["y"] - 0.7) ** 2)


def complete(strategy: OptunaStrategy, trials: range) -> list[dict[str, Any]]:
    asked = []
    for trial in trials:
        parameters = strategy.ask(trial)
        assert parameters is not None
        strategy.tell(trial, Outcome.COMPLETE, (bowl(parameters),))
        asked.append(parameters)
    return asked


def test_the_default_proposes_exactly_what_optunas_tpe_proposes() -> None:
    ours = complete(ready(OptunaStrategy(), seed=11), range(40))
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=11), direction="minimize")
    theirs = []
    for _ in range(40):
        trial = study.ask()
        theirs.append({"x": trial.suggest_float("x", 0, 1), "y": trial.suggest_float("y", 0, 1)})
        study.tell(trial, bowl(theirs[-1]))
    assert ours == theirs


def test_a_direction_is_the_objectives_sign() -> None:
    strategy = ready(OptunaStrategy(), objectives=(LOSS, ACCURACY))
    assert [each.name for each in strategy._study.directions] == ["MINIMIZE", "MAXIMIZE"]


def test_duplicates_leave_no_trace_and_burn_no_trial() -> None:
    space = as_space({"x": integer(0, 3), "y": integer(0, 3)})
    strategy = ready(OptunaStrategy(), space)
    asked = complete(strategy, range(16))
    assert len({space.key(each) for each in asked}) == 16
    trials = strategy._study.get_trials(deepcopy=False)
    assert [each.state for each in trials] == [TrialState.COMPLETE] * 16
    assert [each.number for each in trials] == list(range(16))
    assert strategy.ask(16) is None
    assert strategy.exhausted


def test_max_duplicates_0_still_proposes_every_member() -> None:
    space = as_space({"x": integer(0, 5), "y": integer(0, 5)})
    assert len(complete(ready(OptunaStrategy(max_duplicates=0), space), range(36))) == 36


@pytest.mark.parametrize("pruner", ["median", "percentile", "asha", "hyperband", "patient", "wilcoxon"])
def test_a_hopeless_trial_is_judged_so(pruner: str) -> None:
    options = {"patience": 1} if pruner == "patient" else {}
    strategy = ready(OptunaStrategy(pruner=pruner, pruner_options=options), max_iteration_per_job=30)
    for trial in range(12):
        strategy.ask(trial)
        for iteration in range(1, 30):
            strategy.report(trial, iteration, 1.0 / iteration + 1e-3 * trial * iteration)
            strategy.should_stop(trial)
        strategy.tell(trial, Outcome.COMPLETE, (0.0,))
    for trial in (12, 13, 14, 15):
        strategy.ask(trial)
        for iteration in range(1, 30):
            strategy.report(trial, iteration, 100.0 + iteration)
            if strategy.should_stop(trial):
                strategy.tell(trial, Outcome.PRUNED)
                assert strategy._study.trials[-1].state == TrialState.PRUNED
                return
    pytest.fail("it was never judged hopeless")


def test_a_pruner_named_none_never_prunes_and_keeps_no_reports() -> None:
    strategy = ready(OptunaStrategy(pruner="none"))
    for trial in range(10):
        strategy.ask(trial)
        strategy.report(trial, 1, float(trial))
        assert not strategy.should_stop(trial)
        strategy.tell(trial, Outcome.COMPLETE, (1.0,))
    assert all(not each.intermediate_values for each in strategy._study.trials)


def test_nothing_is_pruned_before_the_smallest_iteration() -> None:
    strategy = ready(OptunaStrategy(pruner="threshold", pruner_options={"upper": 1.0}), min_iteration_per_job=5)
    strategy.ask(0)
    verdicts = []
    for iteration in range(8):
        strategy.report(0, iteration, 9.0)
        verdicts.append(strategy.should_stop(0))
    assert verdicts == [False] * 5 + [True] * 3


def test_a_curve_of_nothing_but_nan_is_hopeless_and_warns_nobody(recwarn: pytest.WarningsRecorder) -> None:
    strategy = ready(OptunaStrategy())
    for trial in range(6):
        strategy.ask(trial)
        strategy.report(trial, 1, 0.5)
        strategy.should_stop(trial)
        strategy.tell(trial, Outcome.COMPLETE, (0.5,))
    strategy.ask(6)
    strategy.report(6, 1, math.inf)
    assert strategy.should_stop(6)
    assert not [each for each in recwarn if issubclass(each.category, RuntimeWarning)]


def test_reports_out_of_order_leave_the_same_curve() -> None:
    points = [(iteration, float(iteration)) for iteration in range(0, 300, 3)]
    curves = []
    for order in (points, points[::-1], random.Random(2).sample(points, len(points))):
        strategy = ready(OptunaStrategy())
        strategy.ask(0)
        for iteration, value in order:
            strategy.report(0, iteration, value)
        curves.append(strategy._study.trials[0].intermediate_values)
    assert curves[0] == curves[1] == curves[2]


def test_steps_are_every_iteration_and_then_eight_a_doubling() -> None:
    assert STEPS[:33] == tuple(range(33))
    assert {64, 128, 1024} <= set(STEPS)
    assert len([step for step in STEPS if 64 < step <= 128]) == 8
    assert [snap(each) for each in (-1, 0, 32, 33, 35, 10**6, 2**60)] == [None, 0, 32, 32, 35, snap(10**6), 2**40]


def test_the_memory_of_a_trial_does_not_grow_with_its_reports() -> None:
    strategy = ready(OptunaStrategy())
    strategy.ask(0)
    for iteration in range(20_000):
        strategy.report(0, iteration, 0.5)
    assert len(strategy._study.trials[0].intermediate_values) < 130


def remembered(count: int, space: SearchSpace, steps: int = 0) -> list[Past]:
    source = random.Random(0)
    return [
        Past(
            trial=trial,
            parameters=space.draw(lambda _key, latent: latent.draw(source)),
            outcome=Outcome.COMPLETE,
            values=(source.random(),),
            reports=tuple((step, source.random()) for step in range(steps)),
        )
        for trial in range(count)
    ]


def test_a_finished_trial_costs_less_than_6_kb() -> None:
    space = as_space({f"x{index}": (0.0, 1.0) for index in range(10)})
    past = remembered(1000, space, steps=50)
    strategy = ready(OptunaStrategy(), space)
    tracemalloc.start()
    try:
        strategy.restore(past)
        used = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert used / 1000 < 6000


@pytest.mark.parametrize("space", [SPACE, TREE], ids=["plain", "conditional"])
def test_a_restart_rebuilds_the_study_trial_by_trial(space: SearchSpace) -> None:
    past = remembered(30, space, steps=3)
    past[3] = Past(trial=3, parameters=past[3].parameters, outcome=Outcome.PRUNED, reports=((1, 0.5), (2, 0.4)))
    past[4] = Past(trial=4, parameters=past[4].parameters, outcome=Outcome.FAILED)
    past[5] = Past(trial=5, parameters=past[5].parameters, outcome=Outcome.COMPLETE, values=(math.nan,))
    past[6] = Past(trial=6, parameters=past[6].parameters, outcome=None, reports=((1, 0.5),))
    past[7] = Past(trial=7, parameters={"other": 1}, outcome=Outcome.COMPLETE, values=(0.0,))
    strategy = ready(OptunaStrategy(), space)
    strategy.restore(past[::-1])
    trials = strategy._study.trials
    states = [each.state.name for each in trials]
    assert states == ["COMPLETE"] * 3 + ["PRUNED", "FAIL", "FAIL", "RUNNING"] + ["COMPLETE"] * 22
    assert trials[3].value == 0.4
    assert [each.number for each in trials] == list(range(29))
    for each in trials:
        each._validate()
    strategy.report(6, 1, 0.25)
    strategy.tell(6, Outcome.COMPLETE, (0.125,))
    assert strategy._study.trials[6].state == TrialState.COMPLETE
    assert not [each for each in strategy._study.trials if each.state == TrialState.RUNNING]
    assert space.contains(strategy.ask(30) or {})


def test_after_a_restart_the_first_draws_are_not_made_again() -> None:
    first = complete(ready(OptunaStrategy(), seed=3), range(5))
    past = [
        Past(trial=trial, parameters=each, outcome=Outcome.COMPLETE, values=(bowl(each),))
        for trial, each in enumerate(first)
    ]
    again = []
    for _ in range(2):
        revived = ready(OptunaStrategy(), seed=3)
        revived.restore(past)
        again.append(complete(revived, range(5, 20)))
    assert again[0] == again[1]
    assert not [each for each in again[0] if each in first]


def test_rungs_survive_a_restart_through_the_memos() -> None:
    strategy = ready(OptunaStrategy(pruner="asha", pruner_options={"min_resource": 1}))
    past = []
    for trial in range(8):
        parameters = strategy.ask(trial)
        assert parameters is not None
        strategy.report(trial, 1, float(trial))
        strategy.should_stop(trial)
        strategy.tell(trial, Outcome.COMPLETE, (float(trial),))
        memo = json.loads(json.dumps(strategy.drain_memos().trials[trial]))
        assert memo == {"completed_rung_0": float(trial)}
        past.append(Past(trial=trial, parameters=parameters, outcome=Outcome.COMPLETE, values=(trial,), memo=memo))
    revived = ready(OptunaStrategy(pruner="asha", pruner_options={"min_resource": 1}))
    revived.restore(past)
    revived.ask(8)
    revived.report(8, 1, 7.5)
    assert revived.should_stop(8)


def test_the_place_in_a_qmc_sequence_survives_a_restart() -> None:
    whole = complete(ready(OptunaStrategy(sampler="qmc")), range(12))
    strategy = ready(OptunaStrategy(sampler="qmc"))
    first = complete(strategy, range(6))
    memo = json.loads(json.dumps(strategy.drain_memos().study))
    past = [
        Past(trial=trial, parameters=each, outcome=Outcome.COMPLETE, values=(bowl(each),))
        for trial, each in enumerate(first)
    ]
    revived = ready(OptunaStrategy(sampler="qmc"))
    revived.restore(past, memo)
    assert first + complete(revived, range(6, 12)) == whole


@pytest.mark.parametrize("sampler", ["tpe", "qmc", "random", "nsga2", "nsga3"])
@pytest.mark.parametrize("space", [SPACE, TREE], ids=["plain", "conditional"])
@pytest.mark.parametrize("objectives", [(LOSS,), (LOSS, ACCURACY)], ids=["one", "two"])
def test_named_samplers_serve_every_problem(
    sampler: str, space: SearchSpace, objectives: tuple[Objective, ...], caplog: pytest.LogCaptureFixture
) -> None:
    strategy = ready(OptunaStrategy(sampler=sampler), space, objectives=objectives)
    for trial in range(25):
        parameters = strategy.ask(trial)
        assert parameters is not None
        assert space.contains(parameters)
        strategy.tell(trial, Outcome.COMPLETE, tuple(float(trial % 5) for _ in objectives))
    assert len({each.number for each in strategy._study.trials}) == 25


def test_brute_force_ends_quietly_when_the_space_does() -> None:
    space = as_space({"x": integer(0, 2), "y": [0.5, 1]})
    strategy = ready(OptunaStrategy(sampler="brute_force"), space)
    for trial in range(6):
        assert strategy.ask(trial) is not None
        strategy.tell(trial, Outcome.COMPLETE, (0.0,))
    assert strategy.ask(6) is None


def test_sampler_and_pruner_objects_are_used_as_they_are() -> None:
    sampler, pruner = optuna.samplers.RandomSampler(seed=2), optuna.pruners.NopPruner()
    strategy = ready(OptunaStrategy(sampler, pruner))
    assert strategy._study.sampler is sampler
    assert strategy._study.pruner is pruner


def test_a_conditional_space_turns_on_group() -> None:
    assert "group" in ready(OptunaStrategy(), TREE).explain()
    assert "group" not in ready(OptunaStrategy()).explain()


def test_a_failing_sampler_leaves_no_running_trial() -> None:
    class Broken(optuna.samplers.RandomSampler):
        def sample_independent(self, *_args: Any) -> Any:
            raise RuntimeError("no idea")

    strategy = ready(OptunaStrategy(Broken()))
    with pytest.raises(RuntimeError, match="no idea"):
        strategy.ask(0)
    assert strategy._study.trials == []


def test_optunas_verbosity_is_left_as_the_user_set_it(capfd: pytest.CaptureFixture[str]) -> None:
    before = optuna.logging.get_verbosity()
    complete(ready(OptunaStrategy()), range(3))
    assert optuna.logging.get_verbosity() == before
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"sampler": "tpee"}, "use one of tpe, gp.*Did you mean 'tpe'"),
        ({"pruner": "mediam"}, "Did you mean 'median'"),
        ({"sampler": 3}, "give its name or an object of optuna.samplers"),
        ({"sampler": "x", "pruner": "y"}, "2 problems"),
        ({"max_duplicates": -1}, "max_duplicates is -1"),
        ({"n_startup": 3}, "has no option 'n_startup'; its options are .*n_startup_trials"),
        ({"pruner": "threshold"}, "refuses its options"),
        ({"sampler": "brute_force"}, "needs a finite space"),
    ],
)
def test_what_cannot_be_is_named(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        ready(OptunaStrategy(**arguments))


@pytest.mark.parametrize(("sampler", "package"), [("cmaes", "cmaes"), ("gp", "torch")])
def test_a_missing_package_is_named(sampler: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else real(name))
    with pytest.raises(InvalidInput, match=f"needs the package {package}.*pip install {package}"):
        OptunaStrategy(sampler=sampler)
