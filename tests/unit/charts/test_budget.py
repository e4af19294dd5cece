from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hpo_widgets.charts.budget import BudgetLine, Spending, end_of
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.result import Result
from hpo_widgets.model.study import Request, RequestKind, StudyRecord, StudyState
from hpo_widgets.model.task import TaskState
from tests.unit.charts.some_tasks import task


def study(ended: float | None = None, **limits: Any) -> StudyRecord:
    return StudyRecord(
        id="s",
        name="s",
        project="",
        state=StudyState.RUNNING,
        reason=None,
        error=None,
        config={},
        limits=Limits(**limits).to_json(),
        owner=None,
        created=1000.0,
        started=1000.0,
        ended=ended,
    )


def lines(spending: Spending, now: float, *, moving: bool = True, **limits: Any) -> dict[str, BudgetLine]:
    return {line.name: line for line in spending.lines(study(**limits), now, live=True, moving=moving)}


def ended(count: int, iterations: int = 5) -> Spending:
    spending = Spending()
    for key in range(count):
        spending.put(task(key), None)
        spending.put(task(key, TaskState.COMPLETED), Result(values=(0.1,), iteration=iterations))
    return spending


def test_without_a_trial_nothing_is_used_and_nothing_is_forecast() -> None:
    found = lines(Spending(), 1000.0, total_max_jobs=10, compute_time_limit=60.0)

    assert [(line.used, line.remaining) for line in found.values()] == [(0, 100), (0, 100), (0, 100), (0, 100)]
    assert end_of(list(found.values())) is None


def test_each_limit_says_what_is_used_and_left() -> None:
    found = lines(
        ended(4),
        1010.0,
        total_max_jobs=10,
        max_iteration_per_job=10,
        compute_time_limit=8.0,
        optimization_time_limit=40.0,
    )

    said = {name: (line.used, line.limit, line.remaining) for name, line in found.items()}
    assert said == {
        "jobs": (4, 10, 60.0),
        "iterations": (20, 100, 80.0),
        "compute_time": (4.0, 8.0, 50.0),
        "time": (10.0, 40.0, 75.0),
    }


def test_more_than_the_limit_leaves_nothing_and_never_less() -> None:
    found = lines(ended(11), 2000.0, total_max_jobs=10, compute_time_limit=5.0, optimization_time_limit=1.0)

    assert [found[name].remaining for name in ("jobs", "compute_time", "time")] == [0.0, 0.0, 0.0]
    assert [found[name].spent_in for name in ("jobs", "time")] == [0.0, 0.0]


def test_the_pace_of_the_last_ends_forecasts_the_end() -> None:
    found = lines(ended(4), 1004.0, total_max_jobs=10, max_iteration_per_job=10, optimization_time_limit=1000.0)

    # One trial of 5 iterations a second: 6 more trials, 80 more iterations.
    assert found["jobs"].spent_in == pytest.approx(6.0)
    assert found["iterations"].spent_in == pytest.approx(16.0)
    assert found["time"].spent_in == pytest.approx(996.0)
    assert end_of(list(found.values())) == pytest.approx(6.0)


def test_a_paused_study_has_no_forecast_but_the_clock() -> None:
    found = lines(ended(4), 1004.0, moving=False, total_max_jobs=10, optimization_time_limit=100.0)

    assert found["jobs"].spent_in is None
    assert found["time"].spent_in == pytest.approx(96.0)


def test_running_tasks_spend_computing_time_side_by_side() -> None:
    spending = Spending()
    spending.put(task(0), None)
    spending.put(task(1), None)

    line = lines(spending, 1011.0, compute_time_limit=31.0)["compute_time"]

    assert line.used == pytest.approx(21.0)
    assert line.spent_in == pytest.approx(5.0)


def test_a_retry_is_not_another_job_and_an_end_told_twice_counts_once() -> None:
    spending = ended(2)
    again = task(1, TaskState.COMPLETED)
    spending.put(again, Result(values=(0.1,), iteration=5))

    usage = spending.usage(study(), 1010.0, live=True)

    assert (usage.jobs, usage.iterations, usage.compute_time) == (2, 10, 2.0)


def test_an_ended_study_spends_no_more_time() -> None:
    assert ended(2).usage(study(ended=1005.0), 9000.0, live=False).time == 5.0
    assert ended(2).usage(study(), 9000.0, live=False).time == 2.0


def test_an_hour_of_pause_is_no_part_of_the_pace_and_a_trial_that_runs_again_is_not_done() -> None:
    spending = ended(2)
    for id, kind, at in ((1, RequestKind.PAUSE, 1002.0), (2, RequestKind.RESUME, 4600.0)):
        spending.take(Request(id=id, kind=kind, study="s", task=None, payload={}, time=at, handled=at, answer=None))
    spending.put(replace(task(2, TaskState.COMPLETED), started=4600.0, ended=4601.0), None)
    assert lines(spending, 4601.0, total_max_jobs=6)["jobs"].spent_in == pytest.approx(3.0)

    spending.put(replace(task(3), trial=2), None)
    assert lines(spending, 4601.0, total_max_jobs=6)["jobs"].spent_in == pytest.approx(4.0)
