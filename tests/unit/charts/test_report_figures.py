"""Figures of reports: what broke a constraint looks different and says so."""

from __future__ import annotations

from hpo_widgets.charts.report_figures import history_figure, parallel_figure
from hpo_widgets.model.objective import Objective
from hpo_widgets.model.result import Result
from hpo_widgets.model.task import TaskState
from tests.unit.charts.some_tasks import task

LOSS = (Objective("loss", "loss"),)
TASKS = [task(key, TaskState.COMPLETED) for key in range(3)]
RESULTS = {
    TASKS[0].id: Result(values=(3.0,), iteration=1),
    TASKS[1].id: Result(values=(1.0,), iteration=1, constraints=(("size", 0.5),)),
    TASKS[2].id: Result(values=(2.0,), iteration=1, constraints=(("size", -0.5),)),
}


def test_infeasible_trials_have_a_mark_of_their_own_and_are_never_the_best() -> None:
    figure = history_figure(TASKS, RESULTS, LOSS, 0)

    assert figure is not None
    drawn = {trace["name"]: trace for trace in figure["data"]}
    assert drawn["completed"]["y"] == [3.0, 2.0]
    assert drawn["infeasible"]["y"] == [1.0]
    assert drawn["infeasible"]["marker"]["symbol"] != drawn["completed"]["marker"]["symbol"]
    assert drawn["best so far"]["y"] == [3.0, 2.0, 2.0]


def test_parallel_coordinates_have_an_axis_of_constraints_where_trials_report_them() -> None:
    figure = parallel_figure(TASKS, RESULTS, LOSS, ["lr"])
    without = parallel_figure(TASKS, {t.id: Result(values=(1.0,), iteration=1) for t in TASKS}, LOSS, ["lr"])

    assert figure is not None and without is not None
    axis = figure["data"][0]["dimensions"][-2]
    assert (axis["label"], axis["ticktext"]) == ("constraints", ["–", "infeasible", "feasible"])
    assert [each["label"] for each in without["data"][0]["dimensions"]] == ["iteration", "lr", "loss"]
