"""Parallel coordinates and insight in a real page: brushed with a mouse, steered from Python, narrowed for real."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.ui.notebook_page import NotebookPage

pytestmark = pytest.mark.ui
OpenNotebook = Callable[..., NotebookPage]

STUDY = """
import hpo_widgets as hpo
from hpo_widgets.widgets.dashboard import Dashboard

def train(task, lr, layers, optimizer, fixed):
    return abs(lr - 0.01) * 10 + 0.1 * layers + (0.2 if optimizer == "sgd" else 0)

space = {"lr": hpo.loguniform(1e-5, 1e-1), "layers": (1, 6), "optimizer": ["adam", "sgd", "rmsprop"], "fixed": [3]}
study = hpo.tune(train, space, strategy="random", max_jobs=MAX, concurrency=2, name="drawn", isolation="thread", seed=3)
study.wait()
"""
SHOW = "dash = Dashboard(study, panels=PANELS)\ndash"
TWO = ["parallel", "insight"]
HOSTILE = """
import hpo_widgets as hpo
from hpo_widgets.widgets.dashboard import Dashboard

evil = "<img src=x onerror=alert(1)><b>bold</b>" + "x" * 300
long = ["<b>good</b>" + "y" * 100 + str(i) for i in range(500)]

def train(task, **parameters):
    return float("nan") if task.trial % 3 == 0 else parameters[evil]

space = {evil: (0.0, 1.0), "choice": long, "שלום 🦜": [1, "1", None]}
limits = {"max_jobs": 12, "concurrency": 1}
study = hpo.tune(train, space, objective=evil, strategy="random", isolation="thread", seed=1, **limits)
study.wait()
"""


def cells(count: int, panels: list[str], *more: str) -> list[str]:
    return [STUDY.replace("MAX", str(count)), SHOW.replace("PANELS", repr(panels)), *more]


def panel(notebook: NotebookPage, name: str) -> Locator:
    return notebook.page.locator(f'.hpo-dash-panel[data-panel="{name}"]')


def drawn(notebook: NotebookPage, selected: int, of: int) -> None:
    """Waits until HiPlot shows that so many lines are selected."""
    expect(panel(notebook, "parallel").locator(".hpo-hip")).to_contain_text(
        re.compile(rf"Selected:\s*{selected}/{of}\b")
    )


def brush(notebook: NotebookPage, axis: int, top: float, bottom: float) -> None:
    """Drags along an axis of HiPlot, counted from the left; `top` and `bottom` are shares of its height."""
    overlays = panel(notebook, "parallel").locator(".hpo-hip rect.overlay")
    boxes = sorted((overlays.nth(i).bounding_box() or {} for i in range(overlays.count())), key=lambda box: box["x"])
    box = boxes[axis]
    low, high = (box["y"] + share * box["height"] for share in (top, bottom))
    drag(notebook, box["x"] + box["width"] / 2, low, high)


def drag(notebook: NotebookPage, x: float, y: float, to: float) -> None:
    mouse = notebook.page.mouse
    mouse.move(x, y)
    mouse.down()
    mouse.move(x, (y + to) / 2)
    mouse.move(x, to)
    mouse.up()


def clean(notebook: NotebookPage) -> None:
    assert notebook.errors_of_cells() == []
    assert notebook.complaints() == []
    assert notebook.outside == []
    assert notebook.refused == []


def selected(notebook: NotebookPage) -> int:
    found = re.match(r"(\d+) of", panel(notebook, "parallel").locator(".hpo-sel-count").inner_text())
    return int(found[1]) if found else 0


def test_brush_gives_a_frame_in_python_and_narrows_the_search(open_notebook: OpenNotebook) -> None:
    frame = "found = dash.selected\nprint(len(found), 'rows', sorted(found['trial']) == sorted(brushed()))"
    brushed = "def brushed():\n    t = study.tasks()\n    return t['trial'][t['id'].isin(dash.selected['id'])]"
    more = "study.resume(max_jobs=40); study.wait()\nnew = study.tasks().query('trial >= 20')"
    check = "print(len(new), new['lr'].between(low, high).all(), set(study.tasks()['layers']) <= set(range(1, 7)))"
    low = "low, high = dash.selected['lr'].min(), dash.selected['lr'].max()"
    notebook = open_notebook(cells(20, ["parallel"], f"{brushed}\n{frame}", low, f"{more}\n{check}"))
    for cell in (0, 1):
        notebook.run_cell(cell)
    drawn(notebook, 20, 20)

    brush(notebook, 1, 0.05, 0.5)

    notebook.wait(lambda: 0 < selected(notebook) < 20, "the brush selects", 15)

    def told() -> bool:  # what is brushed reaches Python a moment after the page has drawn it
        notebook.run_cell(2)
        return f"{selected(notebook)} rows True" in notebook.output_text(2)

    notebook.wait(told, "Python has the frame that the page has selected", 30)
    notebook.run_cell(3)
    panel(notebook, "parallel").get_by_role("button", name="Narrow space…").click()
    form = panel(notebook, "parallel").get_by_role("form", name="Narrow the space to the selection")
    expect(form.get_by_role("checkbox", name="lr")).to_be_checked()
    expect(form.get_by_role("checkbox", name="layers")).not_to_be_checked()
    expect(form.get_by_role("checkbox", name="fixed")).to_be_disabled()
    form.get_by_role("button", name="Narrow").click()
    expect(panel(notebook, "parallel").locator(".hpo-sel-said")).to_contain_text("New ranges for lr")
    notebook.run_cell(4)
    notebook.wait_text(4, "20 True True", 30)
    clean(notebook)


def test_selection_made_in_python_is_drawn_and_cleared_in_the_page(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(cells(15, ["parallel"], "dash.selected = [1, 4, 9]", "print(len(dash.selected), 'left')"))
    for cell in (0, 1):
        notebook.run_cell(cell)
    drawn(notebook, 15, 15)

    notebook.run_cell(2)

    drawn(notebook, 3, 15)
    expect(panel(notebook, "parallel").locator(".hpo-sel-count")).to_have_text("3 of 15 selected")
    panel(notebook, "parallel").get_by_role("button", name="ClearML axes").click()
    shown = panel(notebook, "parallel").locator(".hpo-dash-plot")
    expect(shown.locator(".axis-title").first).to_have_text("task")
    ranges = shown.evaluate("node => node.data[0].dimensions[0].constraintrange.length")
    assert ranges == 3
    titles = shown.locator(".axis-title").all_text_contents()
    assert titles == ["task", "iteration", "lr", "layers", "optimizer", "fixed", "objective"]
    panel(notebook, "parallel").get_by_role("button", name="Clear", exact=True).click()
    expect(panel(notebook, "parallel").locator(".hpo-sel-count")).to_contain_text("None selected")
    notebook.wait(lambda: notebook.run_cell(3) or "0 left" in notebook.output_text(3), "Python sees it cleared", 20)
    box = shown.locator(".axis-brush .background").nth(3).bounding_box() or {}  # of layers
    drag(notebook, box["x"] + box["width"] / 2, box["y"] + 0.05 * box["height"], box["y"] + 0.5 * box["height"])
    notebook.wait(lambda: 0 < selected(notebook) < 15, "the brush selects", 15)
    clean(notebook)


def test_trials_come_in_live_and_wait_behind_a_brush(open_notebook: OpenNotebook) -> None:
    more = "study.resume(max_jobs=18); study.wait()"
    last = "study.resume(max_jobs=20); study.wait()"
    notebook = open_notebook(cells(12, ["parallel"], more, last))
    for cell in (0, 1):
        notebook.run_cell(cell)
    drawn(notebook, 12, 12)
    notebook.run_cell(2)
    drawn(notebook, 18, 18)
    brush(notebook, 2, 0.05, 0.95)
    notebook.wait(lambda: selected(notebook) > 0, "the brush selects", 15)

    notebook.run_cell(3)

    waiting = panel(notebook, "parallel").get_by_role("button", name="2 new trials: clear the brush and show")
    expect(waiting).to_be_visible()
    assert selected(notebook) > 0
    waiting.click()
    drawn(notebook, 20, 20)
    expect(waiting).to_be_hidden()
    clean(notebook)


def test_near_and_archive_act_on_the_selection(open_notebook: OpenNotebook) -> None:
    held = STUDY.replace("MAX", "8").replace("    return abs", "    gate.wait()\n    return abs")
    held = f"import threading\ngate = threading.Event()\ngate.set(){held}gate.clear(); study.resume(max_jobs=30); None"
    picked = "dash.selected = study.tasks().query('layers == layers.min()')"
    look = "print([t.archived for t in study.store.tasks(study.id)].count(True), 'archived')"
    go = """
gate.set(); study.wait()
asked = [r.payload["parameters"] for r in study.store.requests(study.id) if "parameters" in r.payload]
print(len(asked), all(each in [t.parameters for t in study.store.tasks(study.id)] for each in asked))
"""
    notebook = open_notebook([held, SHOW.replace("PANELS", "['parallel']"), picked, look, go])
    for cell in (0, 1, 2):
        notebook.run_cell(cell)
    own = panel(notebook, "parallel")
    expect(own.locator(".hpo-sel-count")).to_contain_text("selected")
    own.get_by_label("How many trials to try near the selection").fill("3")

    own.get_by_role("button", name="Try near").click()
    expect(own.locator(".hpo-sel-said")).to_contain_text("3 trials near the selection queued")
    own.get_by_role("button", name="Archive").click()
    expect(own.locator(".hpo-sel-said")).to_contain_text("archived; what they found counts as before")

    notebook.run_cell(3)
    assert re.search(r"[1-9]\d* archived", notebook.output_text(3))
    notebook.run_cell(4)
    notebook.wait_text(4, "3 True", 20)
    clean(notebook)


def test_each_insight_is_drawn_or_says_why_not(open_notebook: OpenNotebook) -> None:
    few = STUDY.replace("MAX", "2").replace('name="drawn"', 'name="few"')
    notebook = open_notebook([few, SHOW.replace("PANELS", "['insight']"), "study.resume(max_jobs=24); study.wait()"])
    for cell in (0, 1):
        notebook.run_cell(cell)
    own = panel(notebook, "insight")
    why = own.locator(".hpo-ins-state")
    expect(why).to_have_text(
        "The importance of parameters needs finite results from at least 4 trials; 2 have one so far."
    )
    own.get_by_role("tab", name="Contour").click()
    expect(why).to_contain_text("A contour needs finite results")

    notebook.run_cell(2)  # the figure in sight follows the study

    expect(own.locator(".hpo-dash-plot .contourlayer, .hpo-dash-plot .contour").first).to_be_attached()
    marks = {"Importance": ".bars path", "Slice": ".scatterlayer .point", "Distribution": ".scatterlayer path.js-line"}
    for kind, mark in {**marks, "Timeline": ".bars path"}.items():
        own.get_by_role("tab", name=kind).click()
        expect(own.locator(f".hpo-dash-plot {mark}").first).to_be_attached()
        expect(own.locator(".hpo-dash-sentence")).not_to_be_empty()
        expect(why).to_be_empty()
    own.get_by_role("button", name="Table of Insight").click()
    expect(own.get_by_role("table")).to_contain_text("began (UTC)")
    assert own.get_by_role("tab", name="Pareto front").count() == 0
    clean(notebook)


def test_front_of_two_objectives_selects_by_click(open_notebook: OpenNotebook) -> None:
    two = """
import hpo_widgets as hpo
from hpo_widgets.widgets.dashboard import Dashboard
def train(x, y):
    return {"loss": x + y, "time": 1 - x}
space = {"x": (0.0, 1.0), "y": (0.0, 1.0)}
study = hpo.tune(train, space, objective=["loss", "time"], max_jobs=15, strategy="random", isolation="thread")
study.wait()
"""
    notebook = open_notebook([two, SHOW.replace("PANELS", "['parallel', 'insight']")])
    for cell in (0, 1):
        notebook.run_cell(cell)
    own = panel(notebook, "insight")
    tab = own.get_by_role("tab", name="Pareto front")
    notebook.wait_seen(own, tab)
    tab.click()
    expect(tab).to_have_attribute("aria-selected", "true")
    notebook.wait_seen(own, "beaten by no other in loss, time")

    own.locator(".hpo-dash-plot .scatterlayer .point").last.scroll_into_view_if_needed()
    box = own.locator(".hpo-dash-plot .scatterlayer .point").last.bounding_box() or {}
    notebook.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(own.locator(".hoverlayer .hovertext").first).to_be_visible()
    notebook.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    expect(panel(notebook, "parallel").locator(".hpo-sel-count")).to_have_text("1 of 15 selected")
    drawn(notebook, 1, 15)
    clean(notebook)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_names_are_data_and_missing_values_are_drawn(open_notebook: OpenNotebook, theme: str, tmp_path: Path) -> None:
    notebook = open_notebook([HOSTILE, SHOW.replace("PANELS", repr(TWO))], theme=theme)
    notebook.page.set_viewport_size({"width": 700, "height": 1600})
    dialogs: list[str] = []
    notebook.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    for cell in (0, 1):
        notebook.run_cell(cell)
    drawn(notebook, 12, 12)
    own = panel(notebook, "insight")
    for kind in ("Importance", "Slice", "Contour", "Distribution", "Timeline"):
        own.get_by_role("tab", name=kind).click()
        expect(own.locator(".hpo-ins-state")).to_be_empty()
        notebook.screenshot(tmp_path / f"{kind}.png")
    panel(notebook, "parallel").get_by_role("button", name="ClearML axes").click()
    expect(panel(notebook, "parallel").locator(".axis-title").first).to_have_text("task")
    dash = notebook.page.locator(".hpo-dash")
    assert dash.locator("img[src=x], b").count() == 0
    assert dialogs == []
    clean(notebook)
