"""A plan is started the way `tune` starts one, and the shown cell starts the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import hpo_widgets as hpo
from hpo_widgets.dialects.python_cell import python_cell
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.config import Isolation
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.objective import Objective, Sign
from hpo_widgets.model.plan import BaseKind, BaseReference, StudyPlan
from hpo_widgets.model.space_shorthand import as_space, integer, loguniform
from hpo_widgets.sdk.planning import check_strategy, methods, queues, start_plan
from hpo_widgets.sdk.searchable import Surroundings
from hpo_widgets.store.memory import MemoryStore
from hpo_widgets.strategies import strategy_names

PLAN = StudyPlan(
    base=BaseReference(kind=BaseKind.FUNCTION, name="train"),
    space=as_space({"lr": loguniform(1e-4, 1e-1), "layers": integer(1, 4), "act": ["relu", "tanh"]}),
    objectives=(Objective("quality", "valid", Sign.MAX),),
    limits=Limits(max_number_of_concurrent_tasks=1, total_max_jobs=3, time_limit_per_job=60.0, retries=1),
    strategy={"name": "tpe", "options": {"pruner": "hyperband", "n_startup_trials": 2}},
    seed=7,
    name="planned",
    project="people",
    isolation=Isolation.THREAD,
)


def train(lr: float, layers: int, act: str) -> float:
    return lr * layers + len(act)


@pytest.mark.parametrize(
    "plan",
    [PLAN, replace(PLAN, limits=Limits(), strategy={"name": "grid", "options": {}}, repeats=2)],
    ids=["full", "bare"],
)
def test_the_form_and_its_cell_make_the_same_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plan: StudyPlan
) -> None:
    monkeypatch.setenv("HPO_WIDGETS_STORE", str(tmp_path / "cell"))
    namespace = {"train": train}
    formed = start_plan(plan, Surroundings(namespace, tmp_path, MemoryStore()))
    formed.stop()
    exec(python_cell(plan), namespace)
    shown = namespace["study"]
    shown.stop()  # type: ignore[attr-defined]

    assert shown.config == formed.config  # type: ignore[attr-defined]
    assert formed.config.strategy == plan.strategy
    assert formed.config.limits == plan.limits
    for each in (formed, shown):
        assert each.wait(60)  # type: ignore[attr-defined]


def test_what_cannot_be_started_is_refused_before_anything_starts(tmp_path: Path) -> None:
    store = MemoryStore()
    around = Surroundings({}, tmp_path, store)

    with pytest.raises(InvalidInput, match="the notebook has no function 'train' now; run the cell"):
        start_plan(PLAN, around)
    assert store.studies() == []


def test_a_queue_that_nobody_serves_is_refused(tmp_path: Path) -> None:
    around = Surroundings({"train": train}, tmp_path, MemoryStore())

    with pytest.raises(InvalidInput, match="no agent serves the queue 'fast'"):
        start_plan(replace(PLAN, queue="fast", isolation=None), around)
    assert queues(around) == {}


def test_every_strategy_is_offered_and_takes_the_options_it_offers() -> None:
    offered = methods()

    assert {each.name for each in offered} == set(strategy_names())
    for method in offered:
        options = {each.name: each.default for each in method.options if each.default is not None}
        refused = check_strategy({"name": method.name, "options": options})
        assert [each for each in refused if "which is not installed" not in each] == []
        assert method.sentence


def test_what_an_option_allows_is_offered_as_a_choice() -> None:
    options = {(method.name, each.name): each for method in methods() for each in method.options}

    assert options["asha", "sampler"].choices == ("tpe", "random")
    assert options["asha", "eta"].choices == ()
    assert options["asha", "eta"].note == "One in how many goes up."
    assert options["bohb", "min_budget"].note == "Iteration of the lowest rung; min_iteration_per_job when absent."


def test_a_strategy_can_be_given_as_a_dict_and_is_checked() -> None:
    assert check_strategy({"name": "tpe", "options": {"pruner": "medain"}}) == [
        "the pruner 'medain' is unknown; use one of median, percentile, asha, successive_halving, hyperband, patient, "
        "threshold, wilcoxon, none. Did you mean 'median'?"
    ]
    with pytest.raises(InvalidInput, match="is no strategy; give"):
        hpo.tune(train, {"lr": (0.0, 1.0)}, strategy={"nam": "tpe"})
