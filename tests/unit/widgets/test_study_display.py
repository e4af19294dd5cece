from __future__ import annotations

import gc
import re
import threading
from html import escape

import comm
import psutil
import pytest

from hpo_widgets.errors import StoreUnavailable
from hpo_widgets.model.study import RequestKind, StudyState
from hpo_widgets.model.task import TaskState
from hpo_widgets.store.sqlite import SqliteStore
from hpo_widgets.study import Study
from hpo_widgets.widgets import study_display
from hpo_widgets.widgets.page import publisher, route_clicks
from hpo_widgets.widgets.study_display import dashboard_of, study_bundle
from tests.unit.widgets.desk import Desk
from tests.unit.widgets.markup import HOSTILE, Reader
from tests.unit.widgets.page import PATIENCE_S


@pytest.fixture
def shown(store):
    opened = []

    def show(study):
        opened.append(dashboard_of(study))
        return opened[-1]

    yield show
    for dashboard in opened:
        dashboard.close()
    publisher(store).join(PATIENCE_S)
    assert not publisher(store).is_running


def press(dashboard, op):
    """Presses a button of the control bar; gives the answer."""
    dashboard._handle_custom_msg({"op": "ask", "id": op, "panel": "control", "message": {"op": op}}, [])
    return next(m for m in dashboard.comm.custom() if m["op"] == "answer" and m["id"] == op)


def test_a_page_sees_trials_as_they_end(desk, shown):
    found = desk(total_max_jobs=3)
    found.run()
    page = shown(found.study).comm
    found.trial(0, 0.5)
    page.wait_for(lambda: page.head() and page.head()["bar"]["done"] == 1)
    found.trial(1, 0.9)
    page.wait_for(lambda: page.head()["best"]["trial"] == 1)


@pytest.mark.parametrize(
    ("op", "kind"), [("pause", RequestKind.PAUSE), ("resume", RequestKind.RESUME), ("stop", RequestKind.STOP)]
)
def test_a_click_writes_one_request(desk, store, shown, op, kind):
    found = desk()
    found.run()
    dashboard = shown(found.study)
    clicking = threading.Thread(target=press, args=(dashboard, op))
    clicking.start()
    clicking.join(PATIENCE_S)
    assert [request.kind for request in store.requests(found.study.id)] == [kind]
    assert "error" not in next(m for m in dashboard.comm.custom() if m["op"] == "answer")


def test_a_click_that_has_no_effect_says_why(desk, shown):
    found = desk()
    found.run()
    dashboard = shown(found.study)
    found.move(StudyState.COMPLETED, ended=2000.0)
    assert press(dashboard, "pause")["error"].startswith("the study 'digits' is completed")


def test_an_unknown_message_is_no_request(desk, store, shown):
    found = desk()
    found.run()
    dashboard = shown(found.study)
    dashboard._handle_custom_msg({"op": "close", "payload": 1}, [])
    assert "is nothing that can be asked here" in press(dashboard, "close")["error"]
    assert store.requests(found.study.id) == []


def test_an_error_of_the_publisher_is_shown_and_goes_away_with_its_cause(desk, store, shown, monkeypatch):
    found = desk()
    found.run()
    dashboard = shown(found.study)
    working = store.delta

    def broken(*arguments, **more):
        raise StoreUnavailable("no space left")

    monkeypatch.setattr(store, "delta", broken)
    found.trial(0, 0.5)
    dashboard.comm.wait_for(lambda: "no space left" in dashboard.fault)
    monkeypatch.setattr(store, "delta", working)
    dashboard.comm.wait_for(lambda: dashboard.fault == "" and dashboard.head["counts"] == [["completed", 1]])


def test_a_study_has_one_dashboard_in_however_many_cells_it_is_shown(desk, store, shown):
    found = desk()
    assert shown(found.study) is shown(Study(store, found.study.id))
    other = desk(name="other")
    assert shown(other.study) is not shown(found.study)


def test_closed_dashboards_leave_nothing_behind(tmp_path):
    store = SqliteStore(tmp_path)
    found = Desk(store, "accuracy", "max", "digits")
    found.run()
    dashboard_of(found.study).close()
    publisher(store).join(PATIENCE_S)
    process, manager = psutil.Process(), comm.get_comm_manager()
    threads, comms, files = set(threading.enumerate()), len(manager.comms), process.num_fds()
    for _ in range(20):
        dashboard_of(found.study).close()
    publisher(store).join(PATIENCE_S)
    assert len(manager.comms) == comms
    for thread in set(threading.enumerate()) - threads:  # one that has let go and is on its way out
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
    assert process.num_fds() <= files
    gc.collect()
    assert (id(store), found.study.id) not in study_display._dashboards()
    store.close()


def test_a_closed_dashboard_is_made_anew_and_its_publisher_starts_again(desk, store, shown):
    found = desk()
    found.run()
    dashboard_of(found.study).close()
    publisher(store).join(PATIENCE_S)
    dashboard = shown(found.study)
    found.trial(0, 0.5)
    dashboard.comm.wait_for(lambda: dashboard.head["counts"] == [["completed", 1]])


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


def test_names_and_values_are_text_in_the_static_html(desk, shown):
    found = desk(objective=(HOSTILE, HOSTILE, "max"), name=HOSTILE)
    found.run()
    found.trial(0, 0.5, **{HOSTILE: HOSTILE})
    found.end(found.start(1), TaskState.FAILED, error=f"ValueError: {HOSTILE}")
    bundle = shown(found.study).static_bundle()
    read = Reader(bundle["text/html"])
    assert "script" not in read.tags
    assert "onerror" not in read.attributes
    assert any(text.startswith("<img src=x onerror=alert(1)>&\"' 🦜 xxx") for text in read.texts)
    assert len(bundle["text/plain"]) < 500


def test_the_static_html_of_a_study_that_goes_on_says_when_it_was_made_and_how_to_see_more(desk, shown):
    found = desk(name="it's <b>")
    found.run()
    one = shown(found.study)
    html = one.static_bundle()["text/html"]
    assert "was running; " in html
    assert re.search(r"So it stood at \d{4}-\d\d-\d\d \d\d:\d\d UTC; <code>hpo.attach\(", html)
    assert escape('hpo.attach("it\'s <b>")') in html
    found.move(StudyState.COMPLETED, ended=1010.0)
    with publisher(found.store).hold():
        one.refresh()
    assert "hpo.attach" not in one.static_bundle()["text/html"]


def test_the_static_html_holds_the_state_the_best_and_a_picture(desk, shown):
    found = desk(total_max_jobs=3)
    found.run()
    for trial, value in enumerate([0.5, 0.75, 0.6]):
        found.trial(trial, value)
    found.move(StudyState.COMPLETED, reason="limit: total_max_jobs", ended=1010.0)
    html = shown(found.study).static_bundle()["text/html"]
    assert "completed (all 3 trials are done), 3 of 3 trials; 3 completed; 0:10" in html
    assert "<td>0.75</td>" in html
    assert "data:image/svg+xml;base64," in html
