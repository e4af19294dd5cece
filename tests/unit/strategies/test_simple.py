"""Grid, random, and strategies by name."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.objective import Objective
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.model.space_shorthand import as_space
from hpo_widgets.strategies import (
    GridSearch,
    OptunaStrategy,
    Past,
    Problem,
    RandomSearch,
    Strategy,
    create_strategy,
    strategy_names,
    strategy_spec,
)

LOSS = (Objective("loss", "loss"),)


def ready(strategy: Strategy, space: SearchSpace, seed: int | None = 1) -> Strategy:
    strategy.setup(Problem(space=space, objectives=LOSS, seed=seed))
    return strategy


def test_grid_goes_in_order_with_the_last_parameter_fastest() -> None:
    strategy = ready(GridSearch(), as_space({"a": [1, 2], "b": ["x", "y"]}))
    asked = [strategy.ask(trial) for trial in range(5)]
    pairs = [(each["a"], each["b"]) for each in asked if each]
    assert pairs == [(1, "x"), (1, "y"), (2, "x"), (2, "y")]
    assert asked[4] is None


def test_grid_of_an_astronomic_space_starts_at_once() -> None:
    strategy = ready(GridSearch(), as_space({f"p{index}": (0.0, 1.0) for index in range(40)}))
    assert strategy.ask(0) == {f"p{index}": 0.0 for index in range(40)}
    assert not strategy.exhausted


def test_random_draws_the_same_for_a_trial_whatever_came_before() -> None:
    space = as_space({"x": (0.0, 1.0)})
    one = ready(RandomSearch(), space)
    asked = [one.ask(trial) for trial in range(6)]
    revived = ready(RandomSearch(), space)
    revived.restore([Past(trial=t, parameters=p) for t, p in enumerate(asked[:3]) if p is not None])
    assert [revived.ask(trial) for trial in range(3, 6)] == asked[3:]


def test_random_without_a_seed_differs_from_run_to_run() -> None:
    space = as_space({"x": (0.0, 1.0)})
    assert ready(RandomSearch(), space, None).ask(0) != ready(RandomSearch(), space, None).ask(0)


def test_strategies_come_by_name_class_or_object() -> None:
    assert isinstance(create_strategy("grid"), GridSearch)
    assert isinstance(create_strategy("Random"), RandomSearch)
    assert isinstance(create_strategy("brute-force"), OptunaStrategy)
    assert isinstance(create_strategy(GridSearch), GridSearch)
    mine = RandomSearch()
    assert create_strategy(mine) is mine
    assert {"grid", "random", "tpe"} <= set(strategy_names())


@pytest.mark.parametrize(
    ("spec", "options", "said"),
    [
        ("tppe", {}, "use one of auto, grid, random.*Did you mean 'tpe'"),
        ("zzz", {}, "use one of"),
        (3, {}, "3 is no strategy"),
        (dict, {}, "is no strategy"),
        ("grid", {"seed": 1}, "cannot be made from the options"),
        (RandomSearch, {"n": 1}, "cannot be made from the options"),
        (RandomSearch(), {"n": 1}, "give them to the object"),
    ],
)
def test_an_unknown_strategy_or_option_is_an_error_that_lists_the_allowed(
    spec: Any, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        create_strategy(spec, **options)


def test_a_spec_makes_the_same_strategy_again() -> None:
    made = create_strategy("tpe", pruner="asha", pruner_options={"reduction_factor": 3}, n_startup_trials=5)
    spec = strategy_spec(made)
    assert spec == {
        "name": "tpe",
        "options": {"pruner": "asha", "pruner_options": {"reduction_factor": 3}, "n_startup_trials": 5},
    }
    again = create_strategy(json.loads(json.dumps(spec))["name"], **spec["options"])
    assert isinstance(again, OptunaStrategy)
    assert (again.sampler, again.pruner, again.sampler_options) == ("tpe", "asha", {"n_startup_trials": 5})
    assert strategy_spec(GridSearch()) == {"name": "grid", "options": {}}


def test_a_strategy_with_objects_in_it_has_no_spec() -> None:
    import optuna

    assert strategy_spec(OptunaStrategy(optuna.samplers.RandomSampler())) is None
    assert strategy_spec(create_strategy("tpe", pruner=optuna.pruners.NopPruner())) is None


def test_importing_strategies_does_not_import_optuna() -> None:
    code = "import sys, hpo_widgets.strategies as s; s.create_strategy('random'); assert 'optuna' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
