from __future__ import annotations

import time

import pytest

from hpo_widgets.model.study import RequestKind, StudyState
from hpo_widgets.model.task import TaskState
from hpo_widgets.widgets.reader import StudyReader
from hpo_widgets.widgets.static import static_html


def read(desk, now=None):
    reader = StudyReader(desk.study)
    reader.read()
    return reader


def test_the_best_is_the_finished_task_with_the_best_value_and_its_parameters(desk):
    found = desk()
    found.trial(0, 0.7)
    found.trial(1, 0.9, lr=0.25)
    found.trial(2, 0.95, state=TaskState.PRUNED)
    found.trial(3, float("nan"))
    head = read(found).head()
    assert head["best"] == {"values": ["0.9"], "trial": 1, "parameters": [["lr", "0.25"]]}
    assert [row[0] for row in head["top"]["rows"]] == ["1", "0"]


def test_a_smaller_value_is_better_when_the_study_minimizes(desk):
    found = desk(objective="loss", direction="min")
    for trial, loss in enumerate([0.5, 0.2, 0.9]):
        found.trial(trial, loss)
    assert read(found).head()["best"]["trial"] == 1


def test_the_table_agrees_with_the_study(desk):
    found = desk()
    for trial, value in enumerate([0.3, 0.9, 0.1, 0.9, 0.5, 0.8, 0.2]):
        found.trial(trial, value)
    rows = read(found).head()["top"]["rows"]
    assert [int(row[0]) for row in rows] == [task.trial for task in found.study.top(5)]


def test_several_objectives_show_tasks_that_nobody_dominates(desk):
    found = desk(objective=["accuracy", "size"], direction=["max", "min"])
    for trial, values in enumerate([(0.9, 10.0), (0.8, 5.0), (0.7, 9.0)]):
        found.trial(trial, *values)
    head = read(found).head()
    assert {row[0] for row in head["top"]["rows"]} == {"0", "1"}
    assert head["top"]["columns"][:3] == ["trial", "accuracy", "size"]


def test_counts_follow_each_task_from_state_to_state(desk):
    found = desk()
    task = found.start(0)
    reader = read(found)
    assert reader.head()["counts"] == [["running", 1]]
    found.end(task)
    reader.read()
    assert reader.head()["counts"] == [["completed", 1]]


def test_a_running_task_shows_on_the_chart_what_it_reported_last(desk):
    found = desk()
    reader = StudyReader(found.study)
    task = found.start(0)
    reader.read()
    found.report(task, 0.4, iteration=1)
    assert reader.read()
    assert reader.picture.chart.take().points == [[0, 0, 0.4, "running"]]


def test_a_retry_is_the_same_trial(desk):
    found = desk(total_max_jobs=4)
    found.end(found.start(0, attempt=0), TaskState.FAILED, error="boom")
    again = found.start(0, attempt=1)
    reader = read(found)
    assert reader.head()["bar"]["done"] == 0
    found.report(again, 0.5)
    found.end(again)
    reader.read()
    assert reader.head()["bar"] == {"unit": "trials", "done": 1, "limit": 4}
    assert reader.picture.chart.take().points == [[0, 0, 0.5, "completed"]]


def test_the_time_left_follows_the_pace_of_the_last_trials(desk):
    found = desk(total_max_jobs=10)
    found.run()
    for trial in range(5):
        found.trial(trial, 0.5)
    picture = read(found).picture
    record = found.study.record
    # A trial a second: the fifth ended at 1005, two seconds ago, so of five more seconds three are left.
    assert picture.head(record, "running", None, 1007.0)["left"] == pytest.approx(3.0)


def test_an_hour_of_pause_does_not_move_the_forecast(desk):
    found = desk(total_max_jobs=10)
    found.run()
    for trial in range(4):
        found.trial(trial, 0.5)
    for kind, at in ((RequestKind.PAUSE, 1004.0), (RequestKind.RESUME, 4604.0)):
        asked = found.store.request(kind, study=found.study.id, task=None, payload={}, now=at)
        found.store.answer(asked.id, at)
    found.trial(3604, 0.5)  # begins as many seconds after the start
    picture = read(found).picture
    assert picture.head(found.study.record, "running", None, 4605.0)["left"] == pytest.approx(5.0)


def test_a_name_that_was_taken_is_said_while_the_study_runs(desk):
    found = desk(name="digits-2")
    found.run()
    store, id = found.store, found.study.id
    store.update_study(id, config={**found.study.record.config, "asked_name": "digits"})
    said = "The name 'digits' was taken by an earlier study; this one is 'digits-2'."
    assert (read(found).head()["advice"], read(found).head()["notices"]) == (said, [])
    found.move(StudyState.PAUSED)
    assert read(found).head()["advice"] == f"{said} No new trials start; running ones go on to their end."
    found.move(StudyState.COMPLETED, ended=2000.0)
    assert read(found).head()["advice"] == ""


def test_the_time_left_never_exceeds_the_time_limit(desk):
    found = desk(total_max_jobs=1000, optimization_time_limit=20.0)
    found.run()
    for trial in range(5):
        found.trial(trial, 0.5)
    head = read(found).picture.head(found.study.record, "running", None, 1007.0)
    assert head["left"] == pytest.approx(13.0)
    assert head["clock"] == {"elapsed": 7.0, "limit": 20.0, "ticks": True}


def test_without_a_number_of_trials_the_bar_shows_the_time(desk):
    found = desk(optimization_time_limit=20.0)
    found.run()
    bar = read(found).picture.head(found.study.record, "running", None, 1005.0)["bar"]
    assert bar == {"unit": "time", "done": 5.0, "limit": 20.0, "trials": 0}


def test_without_any_other_limit_the_bar_shows_the_computing_time(desk):
    found = desk(compute_time_limit=60.0)
    found.run()
    found.trial(0, 0.5)
    found.start(3)
    bar = read(found).picture.head(found.study.record, "running", None, 1005.0)["bar"]
    assert bar == {"unit": "compute", "done": 3.0, "limit": 60.0, "trials": 1}


def test_the_notice_of_a_failure_is_the_last_line_of_the_last_error(desk):
    found = desk()
    found.end(found.start(0), TaskState.FAILED, error="Traceback\n  ...\nKeyError: 'first'")
    found.end(found.start(7), TaskState.FAILED, error="Traceback\n  ...\nValueError: lr is too large\n")
    assert read(found).head()["notices"] == ["Failed: 2 tasks, the last one (trial 7): ValueError: lr is too large"]


def test_an_abandoned_study_is_interrupted_and_can_be_resumed(desk):
    found = desk()
    found.move(StudyState.RUNNING, started=1000.0)
    found.trial(0, 0.5)
    head = read(found).head()
    assert head["state"] == "interrupted"
    assert "study.resume()" in head["advice"]
    assert head["buttons"] == {"pause": False, "resume": True, "stop": True}
    assert head["clock"] == {"elapsed": 1.0, "limit": None, "ticks": False}


@pytest.mark.parametrize(
    ("state", "buttons"),
    [
        (StudyState.RUNNING, {"pause": True, "resume": False, "stop": True}),
        (StudyState.PAUSED, {"pause": False, "resume": True, "stop": True}),
        (StudyState.DRAINING, {"pause": False, "resume": False, "stop": True}),
        (StudyState.STOPPED, {"pause": False, "resume": True, "stop": False}),
        (StudyState.COMPLETED, {"pause": False, "resume": False, "stop": False}),
    ],
)
def test_only_buttons_that_have_an_effect_are_offered(desk, state, buttons):
    found = desk()
    found.run()
    found.move(state, ended=time.time())
    assert read(found).head()["buttons"] == buttons


def test_a_failed_study_says_why(desk):
    found = desk()
    found.run()
    found.move(StudyState.FAILED, reason="failed", error="Traceback\nZeroDivisionError: division by zero")
    assert read(found).head()["notices"] == ["The study failed: ZeroDivisionError: division by zero"]


def test_what_the_strategy_has_chosen_is_said_and_escaped_where_it_is_html(desk):
    found = desk()
    found.run()
    assert read(found).head()["remark"] == ""
    found.store.update_study(found.study.id, memo={"remark": "auto: <b>TPE</b> proposes."})
    head = read(found).head()
    assert head["remark"] == "auto: <b>TPE</b> proposes."
    assert "auto: &lt;b&gt;TPE&lt;/b&gt; proposes." in static_html(head, {"points": [], "width": 1})


def test_nothing_new_is_told_apart_from_something_new(desk):
    found = desk()
    reader = read(found)
    assert not reader.read()
    found.trial(0, 0.5)
    assert reader.read()
    assert not reader.read()


def test_a_reader_that_comes_late_sees_what_one_from_the_start_sees(desk):
    found = desk(total_max_jobs=50)
    found.run()
    early = StudyReader(found.study)
    for trial in range(20):
        state = TaskState.PRUNED if trial % 3 == 0 else TaskState.COMPLETED
        found.trial(trial, trial % 7 / 10, state=state)
        early.read()
    late = read(found)
    record = found.study.record
    for name, value in early.picture.head(record, "running", None, 2000.0).items():
        assert late.picture.head(record, "running", None, 2000.0)[name] == value, name
    assert late.picture.chart.take().points == early.picture.chart.take().points
