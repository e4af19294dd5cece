"""When a study ends because nothing becomes better, or because it is good enough."""

from __future__ import annotations

import pytest

from hpo_widgets.engine.picture import Picture
from hpo_widgets.engine.planner import plan
from hpo_widgets.engine.progress import Progress, replayed
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.objective import Objective, Sign
from hpo_widgets.model.study import StudyState
from hpo_widgets.model.task import Reason
from hpo_widgets.strategies.base import Outcome

LOSS, ACCURACY = Objective("loss", "loss", Sign.MIN), Objective("accuracy", "accuracy", Sign.MAX)


def after(values, objective=LOSS, **limits):
    ends = [(Outcome.COMPLETE, (value,)) if isinstance(value, float) else (value, None) for value in values]
    return replayed(ends, objective, Limits(**limits))


@pytest.mark.parametrize(
    ("values", "objective", "limits", "since"),
    [
        ([], LOSS, {}, 0),
        ([3.0, 2.0, 1.0], LOSS, {}, 0),
        ([1.0, 1.0, 2.0], LOSS, {}, 2),
        ([1.0, 1.0, 2.0], ACCURACY, {}, 0),
        ([1.0, Outcome.PRUNED, Outcome.FAILED, Outcome.PRUNED], LOSS, {}, 2),
        ([1.0, 0.95, 0.93], LOSS, {"patience": 9, "min_gain": 0.1}, 2),
        ([1.0, 0.95, 0.89], LOSS, {"patience": 9, "min_gain": 0.1}, 0),
    ],
)
def test_trials_without_a_better_value_are_counted(values, objective, limits, since):
    assert after(values, objective, **limits).since == since


def test_small_gains_add_up_against_the_last_value_that_counted():
    assert after([1.0, 0.96, 0.92, 0.88], patience=2, min_gain=0.1).since == 0


@pytest.mark.parametrize(("best", "objective", "reached"), [(0.1, LOSS, True), (0.3, LOSS, False), (0.2, LOSS, True)])
def test_a_target_is_reached_by_its_own_value_or_a_better_one(best, objective, reached):
    assert Progress(best=best).reached(0.2, objective) is reached
    assert Progress(best=1 - best).reached(0.8, ACCURACY) is reached


def picture(**changes):
    limits = Limits(max_number_of_concurrent_tasks=2, **changes.pop("limits"))
    return Picture(**{"state": StudyState.RUNNING, "limits": limits, "started": 0.0, "objective": LOSS, **changes})


def test_a_study_that_stalls_asks_for_nothing_and_ends_for_that_reason():
    todo = plan(picture(limits={"patience": 3}, progress=Progress(best=1.0, mark=1.0, since=3)), 1.0)

    assert (todo.asks, todo.finish) == (0, (StudyState.COMPLETED, Reason.PATIENCE))


def test_a_study_goes_on_while_patience_lasts_or_when_several_objectives_are_there():
    for changes in ({"progress": Progress(since=2)}, {"progress": Progress(since=9), "objective": None}):
        todo = plan(picture(limits={"patience": 3}, **changes), 1.0)

        assert (todo.asks, todo.finish) == (1, None)


def test_a_target_that_is_reached_ends_the_study_for_that_reason():
    todo = plan(picture(limits={"target": 0.5}, progress=Progress(best=0.5)), 1.0)

    assert (todo.asks, todo.finish) == (0, (StudyState.COMPLETED, Reason.TARGET))
