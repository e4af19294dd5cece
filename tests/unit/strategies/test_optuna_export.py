"""The Optuna study a user gets: own names and values, for Optuna's own plots."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState

from hpo_widgets.model.objective import Objective, Sign
from hpo_widgets.model.parameters import ParameterSet
from hpo_widgets.model.space_shorthand import as_space, integer, lognormal, loguniform, normal, uniform
from hpo_widgets.strategies import Outcome, PastTask, optuna_study

LOSS = Objective("validation", "loss", Sign.MIN)
ACCURACY = Objective("accuracy", "accuracy", Sign.MAX)
SPACE = as_space(
    {
        "lr": loguniform(1e-5, 1e-1),
        "drop": uniform(0, 0.5, 0.25),
        "layers": integer(1, 9, 2),
        "act": ["relu", None, True],
        "shape": [(1, 2), [3]],
        "fixed": 3,
        "m": ParameterSet([{"kind": "svm", "C": loguniform(1, 100)}, {"kind": "rf", "C": uniform(0, 5)}]),
        "n": normal(0, 1),
        "ln": lognormal(0, 1),
        "mixed": [1, True, 1.0],
    }
)
START = datetime(2026, 1, 1, tzinfo=UTC)


def member(index: int = 0) -> dict[str, Any]:
    return SPACE.grid_at(index * 7919 % SPACE.grid_size)


def task(trial: int, **more: Any) -> PastTask:
    told: dict[str, Any] = {
        "parameters": member(trial),
        "outcome": Outcome.COMPLETE,
        "values": (trial / 10,),
        "datetime_start": START + timedelta(seconds=trial),
        "datetime_complete": START + timedelta(seconds=trial + 5),
        "state": "completed",
        "task": f"{trial:032x}",
    }
    return PastTask(trial=trial, **{**told, **more})


def test_trials_have_their_own_names_values_and_natural_distributions() -> None:
    study = optuna_study(SPACE, [LOSS], [task(trial) for trial in range(40)], name="mine")
    trial = study.trials[0]
    assert trial.params["lr"] == 1e-5
    assert trial.params["fixed"] == 3
    assert trial.params["shape"] == "(1,2)"
    assert {each.params["mixed"] for each in study.trials} <= {"1", "True", "1.0"}
    by_name = trial.distributions
    assert by_name["lr"] == FloatDistribution(1e-5, 1e-1, log=True)
    assert by_name["layers"] == IntDistribution(1, 9, step=2)
    assert by_name["act"] == CategoricalDistribution(("relu", None, True))
    assert by_name["kind"] == CategoricalDistribution(("svm", "rf"))
    assert by_name["C"] == FloatDistribution(0.0, 100.0)
    assert isinstance(by_name["ln"], FloatDistribution)
    assert by_name["ln"].log
    for each in study.trials:
        each._validate()
    assert study.best_trial.user_attrs == {"trial": 0, "task": "0" * 32, "state": "completed"}
    assert study.study_name == "mine"
    assert study.metric_names == ["validation/loss"]


def test_states_reports_and_times() -> None:
    past = [
        task(0, reports=((0, 3.0), (7, 2.0))),
        task(1, outcome=Outcome.PRUNED, values=None, reports=((1, 2.0), (2, 1.5))),
        task(2, outcome=Outcome.FAILED, values=None),
        task(3, values=(math.nan,)),
        task(4, outcome=None, values=None, datetime_complete=None),
        task(5, outcome=None, values=None, datetime_start=None, datetime_complete=None),
        task(6, outcome=Outcome.FAILED, values=None, datetime_start=None),
    ]
    study = optuna_study(SPACE, [LOSS], past)
    assert [each.state.name for each in study.trials] == [
        "COMPLETE",
        "PRUNED",
        "FAIL",
        "FAIL",
        "RUNNING",
        "WAITING",
        "FAIL",
    ]
    assert study.trials[0].intermediate_values == {0: 3.0, 7: 2.0}
    assert study.trials[1].value == 1.5
    assert study.trials[0].duration == timedelta(seconds=5)


@pytest.mark.parametrize(
    ("outside", "name", "value"),
    [
        ({"lr": 0.5}, "lr", 0.5),
        ({"lr": -1.0}, "lr", -1.0),
        ({"layers": 2}, "layers", 2),
        ({"layers": 2.5}, "layers", 2.5),
        ({"layers": "many"}, "layers", "many"),
        ({"act": "gelu"}, "act", "gelu"),
        ({"extra": 7}, "extra", 7),
        ({"extra": [7]}, "extra", "[7]"),
    ],
    ids=repr,
)
def test_a_trial_outside_the_space_widens_the_distribution(outside: dict[str, Any], name: str, value: Any) -> None:
    study = optuna_study(SPACE, [LOSS], [task(0), task(1, parameters={**member(1), **outside})])
    for each in study.trials:
        each._validate()
    assert study.trials[1].params[name] == value


def test_optunas_plots_and_importances_work_on_it() -> None:
    study = optuna_study(SPACE, [LOSS], [task(trial, values=(math.sin(trial),)) for trial in range(30)])
    plots = optuna.visualization
    for draw in (
        plots.plot_optimization_history,
        plots.plot_parallel_coordinate,
        plots.plot_slice,
        plots.plot_timeline,
        plots.plot_edf,
        plots.plot_intermediate_values,
    ):
        assert draw(study).to_dict()["data"] is not None
    assert set(optuna.importance.get_param_importances(study)) >= {"lr", "drop"}


def test_several_objectives_make_a_pareto_front() -> None:
    past = [task(trial, values=(trial, trial)) for trial in range(3)]
    study = optuna_study(SPACE, [LOSS, ACCURACY], past)
    assert len(study.best_trials) == 3
    assert len(optuna.visualization.plot_pareto_front(study).data) == 2


def test_nothing_is_announced_and_the_verbosity_stays(capfd: pytest.CaptureFixture[str]) -> None:
    before = optuna.logging.get_verbosity()
    optuna_study(SPACE, [LOSS], [])
    assert optuna.logging.get_verbosity() == before
    assert capfd.readouterr().err == ""


def test_the_exported_study_can_go_on_by_itself() -> None:
    study = optuna_study(as_space({"x": (0.0, 1.0)}), [LOSS], [task(0, parameters={"x": 0.5})])
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    assert [each.state for each in study.trials] == [TrialState.COMPLETE] * 3
