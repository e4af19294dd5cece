"""Every steering panel still reads well on studies at the edge, and names and values stay text."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.ui.notebook_page import NotebookPage

pytestmark = pytest.mark.ui
SECONDS = 60

PREPARE = """
import math
import time
import hpo_widgets as hpo
from hpo_widgets.model.config import StudyConfig
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.objective import parse_objectives
from hpo_widgets.model.scalar import Metric
from hpo_widgets.model.space_shorthand import as_space
from hpo_widgets.model.study import StudyState
from hpo_widgets.model.task import TaskState
from hpo_widgets.store.base import NewTask
from hpo_widgets.store.memory import MemoryStore
from hpo_widgets.study import Study
from hpo_widgets.widgets.dashboard import Dashboard

HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>🦜 \\u202eabc " + "x" * 300
PANELS = ["control", "summary", "budget", "resources", "failures", "task"]
store = MemoryStore()

def made(name, space, trials, objective="loss"):
    config = StudyConfig(name=name, space=as_space(space), objectives=parse_objectives(objective),
                         limits=Limits(total_max_jobs=10, optimization_time_limit=60))
    id = store.create_study(name, "", config.to_json(), 1000.0).id
    new = [NewTask(study=id, trial=i, name=name, parameters=t[0], queue="q", code=None) for i, t in enumerate(trials)]
    tasks = store.create_tasks(new, 1000.0)
    metrics = [Metric(o.title, o.series) for o in config.objectives]
    for task, (_, state, error, *values) in zip(tasks, trials):
        store.move_task(task.id, TaskState.RUNNING, expect=[TaskState.QUEUED], started=1000.0)
        store.record_scalars(task.key, [(m, 0, 1000.0, v) for m, v in zip(metrics, values)])
        store.move_task(task.id, state, expect=[TaskState.RUNNING], ended=1001.0, error=error)
    store.update_study(id, state=StudyState.STOPPED, reason="user", started=1000.0, ended=1010.0)
    return Dashboard(Study(store, id), panels=PANELS)

DONE, FAILED = TaskState.COMPLETED, TaskState.FAILED
"""
STUDIES = {
    "zero trials": 'made("none", {"x": (0.0, 1.0)}, [])',
    "one trial": 'made("one", {"x": (0.0, 1.0)}, [({"x": 0.5}, DONE, None, 0.25)])',
    "all failed": 'made("failed", {"x": (0.0, 1.0)}, [({"x": i / 9}, FAILED, "ValueError: no") for i in range(9)])',
    "NaN": """values = [math.nan, math.inf, 1.0]
made("nan", {"x": (0.0, 1.0)}, [({"x": i / 9}, DONE, None, values[i % 3]) for i in range(9)])""",
    "constant": 'made("constant", {"x": [3]}, [({"x": 3}, DONE, None, 1.0) for i in range(9)])',
    "500 choices": """choices = [f"choice {i}" for i in range(500)]
made("many", {"c": choices}, [({"c": c}, DONE, None, 1.0 * i) for i, c in enumerate(choices)])""",
    "hostile": """trials = [({HOSTILE: HOSTILE}, FAILED, HOSTILE), ({HOSTILE: 1}, DONE, None, 1.0)]
made(HOSTILE, {HOSTILE: [HOSTILE, 1]}, trials, HOSTILE)""",
    "two objectives": """trials = [({"x": i / 9}, DONE, None, float(i), float(9 - i)) for i in range(9)]
made("pareto", {"x": (0.0, 1.0)}, [*trials, ({"x": 1.0}, DONE, None, 9.0, 9.0)], ["a", "b"])""",
    "10,000 trials": """trials = [({"x": i / 1e4, "y": i % 10}, DONE, None, float(i)) for i in range(10_000)]
made("big", {"x": (0.0, 1.0), "y": (0, 9)}, trials)""",
}

OpenNotebook = Callable[..., NotebookPage]


def test_panels_read_well_at_the_edges(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([PREPARE, *STUDIES.values()])
    notebook.run_all(seconds=200)
    places = {name: at for at, name in enumerate(STUDIES, start=1)}

    def panel(name: str, which: str) -> Locator:
        found = notebook.cell(places[name]).locator(f"[data-panel={which}]")
        found.scroll_into_view_if_needed()
        return found

    for name in STUDIES:
        expect(panel(name, "control")).to_contain_text("stopped (by hand)")
        expect(panel(name, "summary")).to_contain_text("trial")
        expect(panel(name, "budget").get_by_role("meter", name="Jobs remaining")).to_be_visible()
        expect(panel(name, "failures")).to_contain_text("ailed" if name != "zero trials" else "No trial yet.")
        expect(panel(name, "resources")).to_contain_text("0 running")

    expect(panel("zero trials", "summary")).to_contain_text("No trial yet.")
    expect(panel("zero trials", "control")).to_contain_text("no result yet")
    expect(panel("all failed", "failures")).to_contain_text("9 trials failed, in 1 way.")
    nan = panel("NaN", "summary").locator(".hpo-summary-row > :nth-child(2)").all_inner_texts()
    assert nan[:3] == ["1", "1", "1"]
    assert {text.lower() for text in nan[3:]} == {"nan", "inf"}
    for order in ("loss", "loss ▲"):
        panel("NaN", "summary").get_by_role("button", name=order, exact=True).click()
        assert panel("NaN", "summary").locator(".hpo-summary-row > :nth-child(2)").last.inner_text() == "nan"
    pareto = panel("two objectives", "summary").locator(".hpo-summary-row > :nth-child(2)").all_inner_texts()
    # The last is dominated by all others; of the front, its two ends come first, then all are as crowded.
    assert pareto == ["0", "8", "1", "2", "3", "4", "5", "6", "7", "9"]
    expect(panel("500 choices", "summary")).to_contain_text("500 trials")
    expect(panel("10,000 trials", "summary")).to_contain_text("10000 trials")
    assert panel("10,000 trials", "summary").locator(".hpo-summary-row").count() < 60

    # A long table is reached by its end key, and what is typed finds one in ten thousand.
    grid = panel("10,000 trials", "summary").get_by_role("grid", name="Trials")
    grid.focus()
    notebook.page.keyboard.press("End")
    expect(grid.locator(".hpo-active > :nth-child(1)")).to_have_text("9999")
    panel("10,000 trials", "summary").get_by_label("Filter trials").fill("trial=4711")
    expect(panel("10,000 trials", "summary")).to_contain_text("1 of 10000 trials")

    hostile = panel("hostile", "failures")
    hostile.locator("summary").click()
    expect(hostile.get_by_label("Traceback")).to_contain_text("<img src=x onerror=alert(1)>")
    hostile.locator(".hpo-trials button").first.click()
    expect(notebook.cell(places["hostile"]).locator("[data-panel=task]")).to_contain_text("onerror=alert(1)")
    panel("hostile", "control").get_by_role("button", name="Ranges…").click()
    expect(panel("hostile", "control").locator("select option").first).to_contain_text("<img src=x")
    panel("500 choices", "control").get_by_role("button", name="Ranges…").click()
    expect(panel("500 choices", "control").locator("select option")).to_have_count(500)
    assert notebook.cell(places["hostile"]).locator(".hpo-dash :is(img, script)").count() == 0
    assert notebook.errors_of_cells() == []
    assert notebook.complaints() == []
    assert notebook.outside == []
