from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hpo_widgets.model.objective import Objective, Sign
from hpo_widgets.model.task import TaskState
from hpo_widgets.widgets.trial_chart import CAPACITY, COUNTED, TrialChart, merge

MAX = Objective("accuracy", "accuracy", Sign.MAX)


def best(points):
    return max((p[2] for p in points if p[3] in COUNTED and p[2] is not None), default=None)


def test_a_few_trials_are_a_point_each():
    chart = TrialChart(MAX)
    chart.put(0, 0, TaskState.COMPLETED, 0.5)
    chart.put(2, 0, TaskState.FAILED, None)
    change = chart.take()
    assert (change.width, change.points) == (1, [[0, 0, 0.5, "completed"], [2, 2, None, "failed"]])
    assert chart.take() is None


def test_a_change_holds_only_what_changed():
    chart = TrialChart(MAX)
    for trial in range(10):
        chart.put(trial, 0, TaskState.RUNNING, 0.1)
    chart.take()
    chart.put(4, 0, TaskState.COMPLETED, 0.7)
    change = chart.take()
    assert not change.whole
    assert change.points == [[4, 4, 0.7, "completed"]]


def test_many_trials_become_groups_that_show_their_best():
    chart = TrialChart(MAX)
    for trial in range(10_000):
        chart.put(trial, 0, TaskState.COMPLETED, (trial * 7919 % 10_007) / 10_007)
    change = chart.take()
    assert change.whole
    assert change.width == 32
    assert len(change.points) <= CAPACITY
    assert best(change.points) == max((t * 7919 % 10_007) / 10_007 for t in range(10_000))


def test_infinity_is_no_value():
    chart = TrialChart(MAX)
    chart.put(0, 0, TaskState.COMPLETED, float("inf"))
    assert chart.take().points == [[0, 0, None, "completed"]]


def test_a_finished_trial_without_a_value_does_not_hide_others_of_its_group():
    chart = TrialChart(MAX)
    for trial in range(CAPACITY * 2):
        chart.put(trial, 0, TaskState.COMPLETED if trial % 2 else TaskState.PRUNED, None if trial % 2 else 0.3)
    assert {(p[2], p[3]) for p in chart.take().points} == {(0.3, "pruned")}


def test_an_earlier_attempt_changes_nothing():
    chart = TrialChart(MAX)
    chart.put(0, 1, TaskState.RUNNING, 0.5)
    chart.put(0, 0, TaskState.FAILED, None)
    assert chart.take().points == [[0, 0, 0.5, "running"]]


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 1500), st.floats(-1, 1), st.sampled_from(list(TaskState))), max_size=30),
        max_size=12,
    )
)
def test_merged_changes_are_the_same_as_the_whole(rounds):
    chart, whole, points = TrialChart(MAX), TrialChart(MAX), []
    for changes in rounds:
        for trial, value, state in changes:
            chart.put(trial, 0, state, value)
            whole.put(trial, 0, state, value)
        if (change := chart.take()) is not None:
            merge(points, change)
    expected = whole.take()
    assert points == ([] if expected is None else expected.points)
    assert len(points) <= CAPACITY
