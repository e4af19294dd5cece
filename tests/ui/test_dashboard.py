"""Looks at the dashboard and its first three panels the way a person does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.ui.notebook_page import NotebookPage

pytestmark = pytest.mark.ui
SECONDS = 60

STUDY = """
import pathlib
import time
import hpo_widgets as hpo

def train(task, lr, kind):
    for epoch in range(EPOCHS):
        while HOLD and epoch == 20 and not pathlib.Path("go").exists():
            time.sleep(0.05)
        task.get_logger().report_scalar("loss", "validation", lr + 1 / (1 + epoch), epoch)
        task.get_logger().report_scalar("loss", "train", lr + 0.5 / (1 + epoch), epoch)
    if kind == "bad":
        raise ValueError("no good")

study = hpo.tune(train, {"lr": [0.1, 0.2, 0.3], "kind": ["good", "bad"]}, objective="loss/validation",
    strategy="grid", concurrency=6, name="curves")
dash = hpo.Dashboard(study)
dash
"""
AXIS = "node => node.querySelector('.js-plotly-plot')._fullLayout.xaxis"

OpenNotebook = Callable[..., NotebookPage]


def study(*, epochs: int = 40, hold: bool = False) -> str:
    return STUDY.replace("EPOCHS", str(epochs)).replace("HOLD", str(hold))


def panel(notebook: NotebookPage, title: str, cell: int = 0) -> Locator:
    return notebook.cell(cell).get_by_role("region", name=title, exact=True)


def drawn(notebook: NotebookPage, title: str) -> int:
    """Gives the points that a chart draws, once it is in sight."""
    panel(notebook, title).scroll_into_view_if_needed()
    plot = panel(notebook, title).locator(".js-plotly-plot")
    if not plot.count():
        return 0
    found: int = plot.first.evaluate(
        "node => (node.data ?? []).reduce((sum, t) => sum + t.y.filter(v => v !== null).length, 0)"
    )
    return found


def numbers(notebook: NotebookPage, title: str) -> list[list[str]]:
    """Gives the rows of the table behind a chart."""
    panel(notebook, title).scroll_into_view_if_needed()  # what was never in sight has no tools yet
    button = panel(notebook, title).get_by_role("button", name=f"Table of {title}")
    if button.get_attribute("aria-pressed") == "false":
        button.click()
    rows = panel(notebook, title).locator("tbody tr")
    return [cells for row in rows.all_inner_texts() if len(cells := row.split("\t")) > 1]  # not half a row


def clean(notebook: NotebookPage) -> None:
    assert notebook.complaints() == []
    assert notebook.outside == []
    assert notebook.errors_of_cells() == []


def test_three_panels_show_a_study_and_follow_one_selection(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(
        [study(), "study.wait()", "print(dash.selected['trial'].tolist())", "dash.selected = [2, 4]"]
    )
    notebook.run_cell(0)
    notebook.run_cell(1)
    for title in ("Objective over time", "Objective per trial", "Scalars"):
        notebook.wait(lambda title=title: drawn(notebook, title) >= 6, f"{title} is drawn", SECONDS)
    expect(panel(notebook, "Objective per trial")).to_contain_text("the best so far is 0.125 in trial")
    expect(panel(notebook, "Objective over time")).to_contain_text("loss/validation: best so far 0.125")
    assert len(numbers(notebook, "Objective per trial")) == 6
    # Six trials, three of which failed; with the keyboard alone.
    chart = panel(notebook, "Objective per trial").get_by_role("group").first
    chart.focus()
    for key in ("ArrowRight", "ArrowRight", "Enter"):
        chart.press(key)
    notebook.wait_seen(panel(notebook, "Scalars"), "1 selected")  # what is out of sight is not drawn
    notebook.run_cell(2)
    notebook.wait_text(2, "[1]", SECONDS)
    notebook.run_cell(3)
    notebook.wait_seen(panel(notebook, "Scalars"), "2 selected")
    expect(panel(notebook, "Scalars").get_by_label("Only selected")).to_be_visible()
    clean(notebook)


def test_a_click_on_a_point_selects_its_trial(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([study(), "study.wait()", "print('chosen', len(dash.selected))"])
    notebook.run_cell(0)
    notebook.run_cell(1)
    notebook.wait(lambda: drawn(notebook, "Objective per trial") >= 6, "drawn", SECONDS)
    point = panel(notebook, "Objective per trial").locator(".scatterlayer .point").first
    point.scroll_into_view_if_needed()
    label = panel(notebook, "Objective per trial").locator(".hoverlayer .hovertext")

    def pointed() -> bool:  # once more when the panels moved in between, as a person would
        box = point.bounding_box()
        assert box is not None
        notebook.page.mouse.move(box["x"] + 60, box["y"] - 60)
        notebook.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
        notebook.page.wait_for_timeout(200)
        return label.count() > 0 and "lr = 0." in (label.first.text_content() or "") and point.bounding_box() == box

    notebook.wait(pointed, "the label of the point", SECONDS)
    notebook.page.mouse.down()
    notebook.page.mouse.up()
    notebook.wait_seen(panel(notebook, "Scalars"), "1 selected")
    notebook.run_cell(2)
    notebook.wait_text(2, "chosen 1", SECONDS)
    clean(notebook)


def test_zoom_and_hidden_traces_stay_while_curves_grow(open_notebook: OpenNotebook, notebook_folder: Path) -> None:
    notebook = open_notebook([study(epochs=400, hold=True)])
    notebook.run_cell(0)
    scalars = panel(notebook, "Scalars")
    notebook.wait(lambda: drawn(notebook, "Scalars") >= 6 * 20, "the curves stand", SECONDS)
    plot = scalars.locator(".js-plotly-plot")
    area = plot.locator(".nsewdrag").first.bounding_box()
    assert area is not None
    plot.scroll_into_view_if_needed()
    area = plot.locator(".nsewdrag").first.bounding_box()
    assert area is not None
    notebook.page.mouse.move(area["x"] + area["width"] * 0.3, area["y"] + area["height"] * 0.2)
    notebook.page.mouse.down()
    notebook.page.mouse.move(area["x"] + area["width"] * 0.6, area["y"] + area["height"] * 0.8, steps=5)
    notebook.page.mouse.up()
    notebook.wait(lambda: scalars.evaluate(f"node => ({AXIS})(node).autorange === false"), "zoomed", SECONDS)
    zoomed = scalars.evaluate(f"node => ({AXIS})(node).range")
    (notebook_folder / "go").touch()
    notebook.wait(lambda: {row[3] for row in numbers(notebook, "Scalars")} == {"400"}, "400 points a curve", SECONDS)
    assert scalars.evaluate(f"node => ({AXIS})(node).range") == zoomed
    # All 400 points of a curve, none of them twice, although at most 300 are drawn of it.
    assert sorted({row[5] for row in numbers(notebook, "Scalars")}) == ["0.1025", "0.2025", "0.3025"]
    clean(notebook)


def test_reload_and_second_tab_in_the_middle_have_every_point_once(
    open_notebook: OpenNotebook, notebook_folder: Path
) -> None:
    notebook = open_notebook([study(epochs=60, hold=True), "study.wait()"])
    notebook.run_cell(0)
    notebook.wait(lambda: drawn(notebook, "Scalars") >= 6 * 20, "the curves stand", SECONDS)
    notebook.save()
    notebook.reload()
    notebook.wait(lambda: drawn(notebook, "Scalars") >= 6 * 20, "the curves are back", SECONDS)
    second = open_notebook(notebook)
    second.wait(lambda: drawn(second, "Scalars") >= 6 * 20, "the second tab has them", SECONDS)
    (notebook_folder / "go").touch()
    for tab in (notebook, second):
        tab.page.bring_to_front()
        tab.wait(lambda tab=tab: {row[3] for row in numbers(tab, "Scalars")} == {"60"}, "60 points a curve", SECONDS)
        assert len(numbers(tab, "Objective per trial")) == 6
        assert tab.complaints() == []


def test_charts_that_nobody_sees_are_not_drawn(open_notebook: OpenNotebook, notebook_folder: Path) -> None:
    notebook = open_notebook([study(epochs=60, hold=True), "study.wait()", *["1"] * 60])
    notebook.run_cell(0)
    notebook.wait(lambda: drawn(notebook, "Scalars") >= 6 * 20, "the curves stand", SECONDS)
    panel(notebook, "Scalars").locator(".js-plotly-plot").evaluate(
        "node => { window.hpoDraws = 0; node.on('plotly_afterplot', () => { window.hpoDraws += 1; }); }"
    )
    notebook.cell(61).scroll_into_view_if_needed()
    notebook.wait(
        lambda: (
            not panel(notebook, "Scalars").is_visible()
            or notebook.cell(0).evaluate("node => node.getBoundingClientRect().bottom < -200")
        ),
        "out of sight",
        SECONDS,
    )
    (notebook_folder / "go").touch()
    version = "node => Number(node.querySelector('.hpo-dash').dataset.version)"
    before = notebook.cell(0).evaluate(version)
    notebook.wait(lambda: "completed" in json.dumps(notebook.outputs(0)), "the end is told", SECONDS)
    notebook.wait(lambda: notebook.cell(0).evaluate(version) > before, "it has heard of it", SECONDS)
    assert notebook.page.evaluate("window.hpoDraws") == 0
    notebook.cell(0).scroll_into_view_if_needed()
    panel(notebook, "Scalars").scroll_into_view_if_needed()
    notebook.wait(lambda: notebook.page.evaluate("window.hpoDraws") > 0, "drawn again in sight", SECONDS)
    clean(notebook)


def test_pictures_and_table_stand_without_a_kernel(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([study(), "study.wait()"])
    notebook.run_cell(0)
    notebook.run_cell(1)
    notebook.wait(
        lambda: "6 of" in str(notebook.outputs(0)) or "3 completed" in str(notebook.outputs(0)), "end", SECONDS
    )
    static = notebook.cell(0).locator(".hpo-static")
    expect(static).to_be_hidden()
    saved = notebook.save()
    assert "widgets" not in saved["metadata"]
    assert len(json.dumps(saved)) < 300_000
    clean(notebook)
    notebook.close()
    notebook.server.shut_down_kernels()
    again = open_notebook(notebook)
    expect(again.cell(0).get_by_role("table")).to_be_visible()
    widths = again.cell(0).locator(".hpo-static img").evaluate_all("all => all.map(image => image.naturalWidth)")
    assert len(widths) == 3 and min(widths) > 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_charts_follow_the_theme_and_fit_700_pixels(open_notebook: OpenNotebook, theme: str) -> None:
    other = "dark" if theme == "light" else "light"
    notebook = open_notebook([study(), "study.wait()"], theme=other)
    notebook.page.set_viewport_size({"width": 700, "height": 1600})
    notebook.run_cell(0)
    notebook.run_cell(1)
    notebook.wait(lambda: drawn(notebook, "Scalars") >= 6, "drawn", SECONDS)
    notebook.set_theme("light" if theme == "light" else "dark")
    color = "node => getComputedStyle(node.querySelector('.xtick text')).fill"
    panel(notebook, "Scalars").scroll_into_view_if_needed()  # what is out of sight is not drawn
    plot = panel(notebook, "Scalars").locator(".js-plotly-plot")
    dark_text = "color => Number(color.match(/[0-9]+/)[0]) < 128"
    notebook.wait(
        lambda: notebook.page.evaluate(dark_text, plot.evaluate(color)) == (theme == "light"),
        "text is readable",
        SECONDS,
    )
    dash = notebook.cell(0).locator(".hpo-dash")
    assert dash.evaluate("node => node.scrollWidth <= node.clientWidth")
    box = dash.bounding_box()
    assert box is not None and box["x"] + box["width"] <= 700
    clean(notebook)


HOSTILE = """
import hpo_widgets as hpo

name = "<img src=x onerror=alert(1)><b>&amp; $x$ 🦜 \\u05d0\\u05d1 " + "x" * 280

def train(task, **parameters):
    for i in range(5):
        task.get_logger().report_scalar(name, name, float("nan") if i == 2 else i, i)

space = {name: ["<script>alert(2)</script>", "b"]}
study = hpo.tune(train, space, objective=(name, name, "min"), strategy="grid", name=name)
hpo.Dashboard(study)
"""


def test_hostile_names_are_shown_as_they_are(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([HOSTILE, "study.wait()"])
    dialogs: list[str] = []
    notebook.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    notebook.run_all()
    notebook.wait(lambda: drawn(notebook, "Scalars") >= 8, "drawn", SECONDS)
    dash = notebook.cell(0).locator(".hpo-dash")
    expect(dash).to_contain_text("<img src=x onerror=alert(1)>")
    assert dash.locator("img[src='x'], script").count() == 0
    assert dash.evaluate("node => node.scrollWidth <= node.clientWidth")
    assert dialogs == []
    clean(notebook)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("study = hpo.tune(lambda x: 1.0, {'x': [1, 2]}, strategy='grid', name='e', max_jobs=1)", "1 task"),
        (
            "def bad(x): raise ValueError(x)\nstudy = hpo.tune(bad, {'x': [1, 2]}, strategy='grid', name='e')",
            "No result yet: 2 failed.",
        ),
    ],
    ids=["one trial", "all failed"],
)
def test_few_and_failed_trials_still_read_well(open_notebook: OpenNotebook, cell: str, said: str) -> None:
    notebook = open_notebook([f"import hpo_widgets as hpo\n{cell}\nstudy.wait()\nhpo.Dashboard(study)"])
    notebook.run_all()
    expect(panel(notebook, "Objective per trial")).to_contain_text(said)
    expect(panel(notebook, "Scalars")).to_contain_text("No curve yet")
    over_time = panel(notebook, "Objective over time")
    is_empty = "No result" in said
    expect(over_time.get_by_text(said) if is_empty else over_time.locator(".js-plotly-plot")).to_be_visible()
    assert (over_time.locator(".js-plotly-plot").count() == 0) == is_empty
    clean(notebook)
