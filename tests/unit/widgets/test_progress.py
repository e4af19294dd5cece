from __future__ import annotations

import json
import threading
from html.parser import HTMLParser

import comm
import psutil
import pytest

from hpo_widgets.errors import StoreUnavailable
from hpo_widgets.model.study import RequestKind, StudyState
from hpo_widgets.model.task import TaskState
from hpo_widgets.store.sqlite import SqliteStore
from hpo_widgets.widgets import progress
from hpo_widgets.widgets.progress import ProgressPanel, publisher, route_clicks, show_panel, study_bundle
from tests.unit.widgets.desk import Desk
from tests.unit.widgets.page import PATIENCE_S

HOSTILE = "<img src=x onerror=alert(1)>&\"' 🦜 " + "x" * 300


@pytest.fixture
def shown(store):
    panels = []

    def show(study):
        panel = show_panel(study)
        panels.append(panel)
        return panel

    yield show
    for panel in panels:
        panel.close()
    publisher(store).join(PATIENCE_S)
    assert not publisher(store).is_running


def drawn(panel):
    """Gives the points as a page has them that was open from the first message on."""
    points = {}
    for message in panel.comm.custom():
        if message["op"] == "points":
            points = {} if message["whole"] else points
            points.update({p[0]: p for p in message["points"]})
    return [points[group] for group in sorted(points)]


def test_a_page_sees_trials_as_they_end(desk, shown):
    found = desk(total_max_jobs=3)
    found.run()
    panel = shown(found.study)
    found.trial(0, 0.5)
    panel.comm.wait_for(lambda: panel.comm.head()["bar"]["done"] == 1)
    found.trial(1, 0.9)
    panel.comm.wait_for(lambda: panel.comm.head()["best"]["trial"] == 1)


def test_a_page_that_comes_late_has_what_one_from_the_start_has(desk, shown):
    found = desk(total_max_jobs=40)
    found.run()
    panel = shown(found.study)
    for trial in range(40):
        found.trial(trial, trial / 40, state=TaskState.PRUNED if trial % 3 else TaskState.COMPLETED)
    panel.comm.wait_for(lambda: panel.comm.head()["bar"]["done"] == 40 and len(drawn(panel)) == 40)
    assert panel.get_state()["chart"]["points"] == drawn(panel)
    assert panel.get_state()["head"] == panel.comm.head()


def test_a_page_that_missed_a_message_is_sent_the_chart_again(desk, shown):
    found = desk()
    found.trial(0, 0.5)
    panel = shown(found.study)
    panel._handle_custom_msg({"op": "resend"}, [])
    answer = panel.comm.custom()[-1]
    assert answer["whole"]
    assert answer["points"] == [[0, 0, 0.5, "completed"]]
    assert answer["version"] == panel.head["version"]


def test_ten_thousand_trials_are_sent_in_a_few_kilobytes_and_read_once(desk, store, shown, monkeypatch):
    found = desk(total_max_jobs=10_000)
    found.run()
    for trial in range(10_000):
        found.trial(trial, trial % 997 / 997)
    panel = shown(found.study)
    assert len(json.dumps(panel.get_state()["chart"])) < 25_000
    asked = []
    whole, one = store.summaries, store.task_summaries
    monkeypatch.setattr(store, "summaries", lambda *a, **k: asked.append("all") or whole(*a, **k))
    monkeypatch.setattr(store, "task_summaries", lambda task: asked.append(task) or one(task))
    last = found.trial(10_000, 2.0)
    panel.comm.wait_for(lambda: panel.comm.head()["best"]["trial"] == 10_000)
    assert set(asked) == {last}
    assert sum(len(m["points"]) for m in panel.comm.custom()[1:]) <= 2


@pytest.mark.parametrize(
    ("op", "kind"), [("pause", RequestKind.PAUSE), ("resume", RequestKind.RESUME), ("stop", RequestKind.STOP)]
)
def test_a_click_writes_one_request(desk, store, shown, op, kind):
    found = desk()
    found.run()
    panel = shown(found.study)
    clicking = threading.Thread(target=panel._handle_custom_msg, args=({"op": op}, []))
    clicking.start()
    clicking.join(PATIENCE_S)
    assert [request.kind for request in store.requests(found.study.id)] == [kind]
    assert panel.refusal == ""


def test_a_click_that_has_no_effect_says_why(desk, shown):
    found = desk()
    found.run()
    panel = shown(found.study)
    found.move(StudyState.COMPLETED, ended=2000.0)
    panel._handle_custom_msg({"op": "pause"}, [])
    assert panel.refusal.startswith("pause had no effect: the study 'digits' is completed")


def test_an_unknown_message_is_ignored(desk, store, shown):
    found = desk()
    found.run()
    shown(found.study)._handle_custom_msg({"op": "close", "payload": 1}, [])
    assert store.requests(found.study.id) == []


def test_an_error_of_the_publisher_is_shown_and_goes_away_with_its_cause(desk, store, shown, monkeypatch):
    found = desk()
    found.run()
    panel = shown(found.study)
    working = store.delta

    def broken(*arguments, **more):
        raise StoreUnavailable("no space left")

    monkeypatch.setattr(store, "delta", broken)
    found.trial(0, 0.5)
    panel.comm.wait_for(lambda: "no space left" in panel.fault)
    monkeypatch.setattr(store, "delta", working)
    panel.comm.wait_for(lambda: panel.fault == "" and panel.comm.head()["counts"] == [["completed", 1]])


def test_a_study_has_one_panel_in_however_many_cells_it_is_shown(desk, shown):
    found = desk()
    assert shown(found.study) is shown(found.study)
    other = desk(name="other")
    assert shown(other.study) is not shown(found.study)


def test_closed_panels_leave_nothing_behind(tmp_path):
    store = SqliteStore(tmp_path)
    found = Desk(store, "accuracy", "max", "digits")
    found.run()
    show_panel(found.study).close()
    for thread in threading.enumerate():
        if thread.name == "hpo-panels":
            thread.join(PATIENCE_S)
    process, manager = psutil.Process(), comm.get_comm_manager()
    threads, comms, files = set(threading.enumerate()), len(manager.comms), process.num_fds()
    for _ in range(100):
        show_panel(found.study).close()
    publisher(store).join(PATIENCE_S)
    assert len(manager.comms) == comms
    for thread in set(threading.enumerate()) - threads:  # one that has let its panels go and is on its way out
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
    assert process.num_fds() <= files
    assert (id(store), found.study.id) not in progress._panels()
    store.close()


def test_the_publisher_starts_again_for_a_new_panel(desk, store, shown):
    found = desk()
    found.run()
    show_panel(found.study).close()
    publisher(store).join(PATIENCE_S)
    panel = shown(found.study)
    found.trial(0, 0.5)
    panel.comm.wait_for(lambda: panel.comm.head()["counts"] == [["completed", 1]])


def test_a_refresh_without_news_sends_nothing(desk):
    found = desk(optimization_time_limit=1000.0)
    found.run()
    found.trial(0, 0.5)
    panel = ProgressPanel(found.study)
    panel.refresh()
    sent = len(panel.comm.messages)
    panel.refresh()
    assert len(panel.comm.messages) == sent
    panel.close()


def test_clicks_are_routed_to_the_shell_that_the_page_asked_for():
    class KernelComm:
        def _reply_subshell_for(self, data, default):
            return "the busy one"

    busy = KernelComm()
    route_clicks(busy)
    assert busy._reply_subshell_for({}, "a subshell") == "a subshell"


def test_outside_a_kernel_a_study_is_its_text(desk):
    found = desk()
    assert study_bundle(found.study) == ({"text/plain": "<study 'digits': created>"}, {})


class Reader(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.tags, self.texts, self.attributes = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_data(self, data):
        self.texts.append(data)


def test_names_and_values_are_text_in_the_static_html(desk):
    found = desk(objective=(HOSTILE, HOSTILE, "max"), name=HOSTILE)
    found.run()
    found.trial(0, 0.5, **{HOSTILE: HOSTILE})
    found.end(found.start(1), TaskState.FAILED, error=f"ValueError: {HOSTILE}")
    panel = ProgressPanel(found.study)
    panel.refresh()
    bundle = panel.static_bundle()
    read = Reader(bundle["text/html"])
    assert read.tags.count("img") == 1
    assert "script" not in read.tags
    assert "onerror" not in read.attributes
    assert any(text.startswith("<img src=x onerror=alert(1)>&\"' 🦜 xxx") for text in read.texts)
    assert len(bundle["text/plain"]) < 500
    panel.close()


def test_the_static_html_holds_the_state_the_best_and_a_picture(desk):
    found = desk(total_max_jobs=3)
    found.run()
    for trial, value in enumerate([0.5, 0.75, 0.6]):
        found.trial(trial, value)
    found.move(StudyState.COMPLETED, reason="limit: total_max_jobs", ended=1010.0)
    panel = ProgressPanel(found.study)
    panel.refresh()
    html = panel.static_bundle()["text/html"]
    assert "completed (limit: total_max_jobs), 3 of 3 trials; 3 completed; 0:10" in html
    assert "<td>0.75</td>" in html
    assert "data:image/svg+xml;base64," in html
    panel.close()
