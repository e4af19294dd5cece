from __future__ import annotations

import base64
import gc
import math
import re
import threading
import weakref
from xml.etree import ElementTree as ET

import comm
import psutil
import pytest

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.scalar import CONSTRAINT_TITLE, Metric
from hpo_widgets.model.study import RequestKind, StudyState
from hpo_widgets.model.task import TaskState
from hpo_widgets.store.sqlite import SqliteStore
from hpo_widgets.widgets import assets, dashboard
from hpo_widgets.widgets.dashboard import Dashboard
from hpo_widgets.widgets.feed import feed_of
from hpo_widgets.widgets.page import publisher
from hpo_widgets.widgets.panels.base import BrowserPanel
from hpo_widgets.widgets.static_parallel import parallel_picture
from tests.unit.widgets.desk import Desk
from tests.unit.widgets.markup import HOSTILE, Reader
from tests.unit.widgets.page import PATIENCE_S


@pytest.fixture
def shown(store):
    opened = []

    def show(study, **more):
        opened.append(Dashboard(study, **more))
        return opened[-1]

    yield show
    for one in opened:
        one.close()
    publisher(store).join(PATIENCE_S)


def told(one):
    """Gives what a page knows that was there from the first message on: rows by key, points by curve."""
    opened = next(data["state"] for kind, data in one.comm.messages if kind == "comm_open")
    rows, points = {}, {}
    take(opened["whole"]["parts"], rows, points)
    for content, buffers in one.comm.told():
        take(content, rows, points, buffers)
    return rows, points


def take(parts, rows, points, buffers=()):
    listed = [(name, c, b) for name, (c, b) in parts.items()] if isinstance(parts, dict) else _split(parts, buffers)
    for name, content, given in listed:
        if name == "trials":
            rows.update({row[0]: row for row in content["rows"]})
            for key, at, iteration, values, feasible in content.get("moved", ()):
                rows[key][10:14] = [at, iteration, values, feasible]
        if name == "scalars":
            for key in content["gone"]:
                points.pop(key, None)
            _points(content["blocks"], given, points)


def _split(parts, buffers):
    rest = list(buffers)
    for name, content, count in parts:
        yield name, content, rest[:count]
        rest = rest[count:]


def _points(blocks, given, points):
    if not blocks:
        return
    xs, ys = (memoryview(b).cast("B").cast("d") for b in given)
    at = 0
    for key, metric, first, count in blocks:
        curve = points.setdefault(key, {}).setdefault(metric, [])
        assert first <= len(curve), "a gap"
        curve[first:] = list(zip(xs[at : at + count], ys[at : at + count], strict=True))
        at += count


def whole(one):
    rows, points = {}, {}
    take(one.snapshot()["parts"], rows, points)
    return rows, points


def test_a_page_that_comes_late_has_what_one_from_the_start_has(desk, shown):
    found = desk(total_max_jobs=40)
    found.run()
    one = shown(found.study)
    running = found.start(0)
    for i in range(50):
        found.report(running, i / 50, iteration=i)
    for trial in range(1, 30):
        found.trial(trial, trial / 40, state=TaskState.PRUNED if trial % 3 else TaskState.COMPLETED)
    found.report(running, 0.9, iteration=50)
    one.comm.wait_for(lambda: len(whole(one)[0]) == 30 and len(whole(one)[1].get(1, {}).get(0, [])) == 51)
    assert told(one) == whole(one)
    named = [
        c["metrics"] for parts, _ in one.comm.told() for name, c, _ in parts if name == "scalars" and "metrics" in c
    ]
    assert named == [[["accuracy", "accuracy"]]]
    assert [y for _, y in whole(one)[1][1][0]] == [*(i / 50 for i in range(50)), 0.9]


def test_every_point_is_there_once_when_curves_are_loaded_while_they_grow(desk, shown, monkeypatch):
    found = desk()
    found.run()
    one = shown(found.study)
    task = found.start(0)
    load = found.study.store.scalars
    during = iter(range(3, 6))

    def grows_meanwhile(task, metric=None):
        # Reported after the delta that brought the task and before the load: the next delta brings it again.
        found.report(task, 0.5, iteration=next(during))
        return load(task, metric)

    monkeypatch.setattr(found.study.store, "scalars", grows_meanwhile)
    for i in range(3):
        found.report(task, 0.5, iteration=i)
    found.report(task, 0.5, iteration=10)
    one.comm.wait_for(lambda: (10.0, 0.5) in whole(one)[1].get(1, {}).get(0, []))
    iterations = [x for x, _ in whole(one)[1][1][0]]
    assert sorted(iterations) == sorted(set(iterations))
    assert set(iterations) == {s.iteration for s in load(task)}


def test_one_end_among_ten_thousand_trials_is_one_row_and_no_scalar_is_read(desk, shown, monkeypatch):
    found = desk(total_max_jobs=20_000)
    found.run()
    for trial in range(10_000):
        found.trial(trial, trial % 997 / 997)
    loaded = []
    load = found.study.store.scalars
    monkeypatch.setattr(found.study.store, "scalars", lambda task, metric=None: loaded.append(task) or load(task))
    one = shown(found.study)
    assert len(set(loaded)) == 10
    before = len(one.comm.told())
    found.trial(10_000, -1.0)
    one.comm.wait_for(lambda: len(whole(one)[0]) == 10_001)
    rows = [
        row
        for content, _ in one.comm.told()[before:]
        for name, c, _ in content
        if name == "trials"
        for row in c["rows"]
    ]
    assert {row[1] for row in rows} == {10_000}


def test_a_page_that_missed_something_is_told_everything_again(desk, shown):
    found = desk()
    found.run()
    found.trial(0, 0.5)
    one = shown(found.study)
    one._handle_custom_msg({"op": "hello", "version": -1}, [])
    one.comm.wait_for(lambda: any(m["op"] == "whole" for m in one.comm.custom()))


def test_a_page_that_missed_nothing_is_told_nothing(desk, shown):
    found = desk()
    found.run()
    one = shown(found.study)
    with publisher(found.store).hold():
        one._callers.append(one._version)
        sent = len(one.comm.messages)
        one.refresh()
        assert len(one.comm.messages) == sent


def test_selected_tasks_are_rows_of_the_table_and_their_curves_are_followed(desk, shown):
    found = desk()
    found.run()
    for trial in range(30):
        found.trial(trial, trial / 30)
    one = shown(found.study)
    worst = 1
    assert worst not in whole(one)[1]
    one.selection = [worst]
    one.comm.wait_for(lambda: worst in whole(one)[1])
    assert list(one.selected["trial"]) == [0]
    one.selected = found.study.tasks().query("trial == 7 or trial == 8")
    assert sorted(one.selected["trial"]) == [7, 8]
    one.comm.wait_for(lambda: worst not in whole(one)[1])
    one.selected = [3]
    assert list(one.selected["trial"]) == [3]
    with pytest.raises(InvalidInput, match="no trial has the number 99"):
        one.selected = [99]


def test_edits_and_the_limit_that_ended_it_are_told(desk, shown):
    found = desk()
    found.run()
    one = shown(found.study, panels=["objective_time"])
    found.store.request(
        RequestKind.SET_LIMITS, study=found.study.id, task=None, payload={"total_max_jobs": 9}, now=1500.0
    )
    found.move(StudyState.COMPLETED, reason="limit: total_max_jobs", ended=2000.0)
    expected = [[1500.0, "limits: total_max_jobs = 9"], [2000.0, "all trials are done"]]
    one.comm.wait_for(lambda: one.snapshot()["parts"]["objective_time"][0] == {"edits": expected})


def test_values_that_are_no_numbers_are_told_as_text(desk, shown):
    found = desk()
    found.run()
    found.trial(0, math.nan, lr=math.inf)
    found.trial(1)
    rows = whole(shown(found.study))[0]
    assert rows[1][12:15] == [["nan"], None, ["inf"]]
    assert rows[2][12] == [None]


def test_whether_a_trial_keeps_to_its_constraints_is_told_and_who_does_not_is_not_the_best(desk, shown):
    found = desk()
    found.run()
    for trial, (value, bound) in enumerate([(0.9, 1.0), (0.8, -1.0), (0.7, None)]):
        task = found.start(trial)
        found.report(task, value)
        if bound is not None:
            found.study.store.record_scalars(
                found.study.store.task(task).key, [(Metric(CONSTRAINT_TITLE, "size"), 0, 1.0, bound)]
            )
        found.end(task)
    one = shown(found.study)
    assert [row[13] for _, row in sorted(whole(one)[0].items())] == [False, True, None]
    assert [task.trial for task, _ in feed_of(found.study).picture.best.top()] == [1, 2]


def test_a_refresh_without_news_sends_nothing(desk, shown):
    found = desk(optimization_time_limit=1000.0)
    found.run()
    found.trial(0, 0.5)
    one = shown(found.study)
    with publisher(found.store).hold():
        one.refresh()
        sent = len(one.comm.messages)
        one.refresh()
        assert len(one.comm.messages) == sent


def test_big_scripts_go_out_once_for_any_number_of_dashboards(desk, shown):
    found = desk()
    first, second = shown(found.study), shown(found.study)
    assert first.assets["plotly"] is second.assets["plotly"]
    assert first.assets["plotly"].comm is not None
    assert sum(len(asset.data) for asset in first.assets.values()) < 2_500_000
    assert set(shown(found.study, panels=[Plain]).assets) == {"dashboard"}


class Plain(BrowserPanel):
    name = "plain"
    title = "Plain"

    def hear(self, message):
        if message.get("wrong"):
            raise InvalidInput("it is wrong")
        return message


def test_a_view_is_answered_and_a_refusal_says_why(desk, shown):
    one = shown(desk().study, panels=[Plain])
    one._handle_custom_msg({"op": "ask", "id": "1", "panel": "plain", "message": {"a": 1}}, [])
    one._handle_custom_msg({"op": "ask", "id": "2", "panel": "plain", "message": {"wrong": True}}, [])
    one._handle_custom_msg({"op": "ask", "id": "3", "panel": "nothing"}, [])
    answers = [m for m in one.comm.custom() if m["op"] == "answer"]
    assert answers[0] == {"op": "answer", "id": "1", "value": {"a": 1}}
    assert answers[1] == {"op": "answer", "id": "2", "error": "it is wrong"}
    assert "error" in answers[2]


def test_the_end_is_told_with_the_trials_that_ended_before_it(desk, shown):
    found = desk(total_max_jobs=1)
    found.run()
    one = shown(found.study)
    with publisher(found.store).hold():
        one._feed.read()
        found.trial(0, 0.5)
        found.move(StudyState.COMPLETED, ended=2000.0)
        assert (one._feed.head()["state"], one._feed.head()["bar"]["done"]) == ("running", 0)
        one._feed.read()
        assert (one._feed.head()["state"], one._feed.head()["bar"]["done"]) == ("completed", 1)


def test_an_output_shown_by_others_is_brought_up_to_date_at_once_and_at_the_end(desk, shown):
    shown_first, shown_last = threading.Event(), threading.Event()

    class Handle:
        def update(self, bundle, raw):
            (shown_first if "0 of 1 trials" in bundle["text/html"] else shown_last).set()

    found = desk(total_max_jobs=1)
    found.run()
    one = shown(found.study)
    one.keep_display(Handle())
    assert shown_first.is_set()
    assert not shown_last.is_set()
    found.trial(0, 0.5)
    found.move(StudyState.COMPLETED, ended=2000.0)
    assert shown_last.wait(PATIENCE_S)


def test_unknown_panels_are_all_named_with_those_there_are(desk):
    with pytest.raises(
        InvalidInput, match="no panel 'curves', 'x'; there are control, objective_time, objective_trials, scalars, "
    ):
        Dashboard(desk().study, panels=["curves", "scalars", "x"])


def test_a_cell_run_again_closes_the_dashboard_it_had(desk, shown, monkeypatch):
    found = desk()
    now = ["cell", "first"]
    monkeypatch.setattr(dashboard, "running_cell", lambda: tuple(now))
    old, beside = shown(found.study), shown(found.study)
    for one in (old, beside):
        dashboard.replace_in_cell(one)
    assert old.is_open and beside.is_open
    now[:] = ["other cell", "second"]
    dashboard.replace_in_cell(beside)
    now[:] = ["cell", "third"]
    new = shown(found.study)
    dashboard.replace_in_cell(new)
    assert (old.is_open, beside.is_open, new.is_open) == (False, True, True)


def test_a_closed_dashboard_is_collected_in_any_thread_without_waiting_for_the_publisher(desk, shown):
    one = shown(desk().study)
    one.close()
    collecting = threading.Thread(target=one.__del__)
    with publisher(one.study.store).hold():
        collecting.start()
        collecting.join(PATIENCE_S)
        assert not collecting.is_alive()


def end_of_threads():
    for thread in threading.enumerate():
        if thread.name == "hpo-panels":
            thread.join(PATIENCE_S)


def open_and_close(found):
    """Gives weak references to dashboards that are closed."""
    once = [weakref.ref(Dashboard(found.study)) for _ in range(100)]
    for one in once:
        one().close()
    end_of_threads()
    return once


def test_closed_dashboards_leave_nothing_behind(tmp_path):
    store = SqliteStore(tmp_path)
    found = Desk(store, "accuracy", "max", "digits")
    found.run()
    found.trial(0, 0.5)
    open_and_close(found)
    process, manager = psutil.Process(), comm.get_comm_manager()
    comms, files = len(manager.comms), process.num_fds()
    once = open_and_close(found)
    gc.collect()
    assert not any(one() for one in once)
    assert len(manager.comms) == comms
    end_of_threads()
    assert not any(t.name == "hpo-panels" for t in threading.enumerate())
    assert process.num_fds() <= files
    store.close()


def test_the_static_pictures_are_small_and_hold_names_as_text(desk, shown):
    found = desk(objective=(HOSTILE, HOSTILE, "max"), name=HOSTILE)
    found.run()
    for trial in range(12):
        task = found.start(trial, **{HOSTILE: HOSTILE})
        for i in range(1000):
            found.report(task, math.sin(i / 10) + trial, iteration=i)
        found.end(task)
    html = shown(found.study).static_bundle()["text/html"]
    read = Reader(html)
    assert read.tags.count("img") == 2
    assert "script" not in read.tags
    assert "onerror" not in read.attributes
    assert 20_000 < len(html) < 100_000


def test_the_static_parallel_coordinates_hold_every_trial_that_counts_and_names_as_text(desk, shown):
    found = desk()
    found.run()
    for number in range(4):
        found.trial(number, 0.5 + number / 10, lr=10.0**-number, **{HOSTILE: "sgd" if number % 2 else True})
    found.trial(4, math.nan, lr=1.0)
    picture = parallel_picture([({"lr": 0.1, HOSTILE: "x"}, 1.0), ({"lr": 1.0}, 2.0)], ["lr", HOSTILE], {"lr"}, HOSTILE)
    drawn = base64.b64decode(re.search(r"base64,([^\"]+)", picture)[1]).decode()
    ET.fromstring(drawn)
    assert drawn.count("<path") == 2 + 3  # lines and axes
    assert "of 4 trials" in shown(found.study).static_bundle()["text/html"]
    assert Reader(picture).tags == ["p", "img"]


def test_the_asset_module_is_one_of_all_scripts():
    script = assets.dashboard_script()
    for name in ("dashboard", "panels/scalars", "panels/objective_time", "panels/objective_trials"):
        assert script.count(f'modules["{name}"] = (() => {{') == 1
    assert not [line for line in script.splitlines() if line.startswith("import ")]


def test_hiplot_lays_out_no_axes_that_are_gone():
    script = assets.hiplot_script()
    start = script.index("updateAxisTitlesAnglesAndFontSize=function(){")
    assert script[start:].split("{", 1)[1].startswith("if(!this.dimensions_dom?.node()?.parentElement")
