"""Runs the quickstart, and looks at a study as the last line of a cell, the way a person does."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.ui.lab import REPOSITORY
from tests.ui.notebook_page import NotebookPage
from tests.ui.test_dashboard import numbers

pytestmark = pytest.mark.ui
QUICKSTART = REPOSITORY / "notebooks" / "01_quickstart.ipynb"
SHOWN_CELL, RESULT_CELL, AGAIN_CELL = 3, 7, 10
SECONDS = 60

LONG_STUDY = """
import os
import signal
import time
import hpo_widgets as hpo

def train(task, lr):
    for epoch in range(600):
        time.sleep(0.1)
        task.get_logger().report_scalar("objective", "objective", lr + 1 / (1 + epoch), epoch)

study = hpo.tune(train, {"lr": (0.0, 1.0)}, strategy="random", max_jobs=50, concurrency=2, name="long")
study
"""
HOSTILE_STUDY = """
import hpo_widgets as hpo

name = "<img src=x onerror=alert(1)><script>alert(2)</script>🦜" + "x" * 300

def train(**parameters):
    if parameters[name] == "bad":
        raise ValueError(name)
    return 1.0

space = {name: ["bad", "<b>good</b>"]}
study = hpo.tune(train, space, strategy="grid", name=name, concurrency=1)
study
"""

OpenNotebook = Callable[..., NotebookPage]


def panel(notebook: NotebookPage, cell: int = 0) -> Locator:
    """Locates the dashboard of a study."""
    return notebook.cell(cell).get_by_role("region", name="Dashboard of ")


def state(notebook: NotebookPage, cell: int = 0) -> Locator:
    return panel(notebook, cell).locator("[data-panel=control] .hpo-state")


def button(notebook: NotebookPage, name: str, cell: int = 0) -> Locator:
    return panel(notebook, cell).get_by_role("button", name=name, exact=True)


def done(notebook: NotebookPage, cell: int) -> int:
    return int(
        panel(notebook, cell).get_by_role("progressbar", name="Progress of the study").get_attribute("aria-valuenow")
        or 0
    )


def clean(notebook: NotebookPage) -> None:
    assert notebook.complaints() == []
    assert notebook.outside == []
    # A second window moves to a workspace of its own and drops what it had asked for: those carry no status.
    assert [refusal for refusal in notebook.refused if refusal[0].isdigit()] == []


def test_quickstart_runs_shows_progress_and_survives_a_reload(
    open_notebook: OpenNotebook, notebook_folder: Path
) -> None:
    notebook = open_notebook(QUICKSTART)
    for cell in (1, SHOWN_CELL):
        notebook.run_cell(cell)
    # The kernel is free now, and the panel moves by itself.
    expect(panel(notebook, SHOWN_CELL)).to_be_visible()
    notebook.wait(lambda: done(notebook, SHOWN_CELL) >= 3, "three trials are done", SECONDS)
    assert notebook.kernel_status() == "idle"
    chart = panel(notebook, SHOWN_CELL).get_by_role("region", name="Objective per trial")
    chart.scroll_into_view_if_needed()  # what is out of sight is not drawn
    expect(chart).to_contain_text("accuracy of ")
    expect(chart).to_contain_text("the best so far is 0.")
    notebook.save()
    notebook.reload()
    expect(panel(notebook, SHOWN_CELL)).to_be_visible()
    seen = done(notebook, SHOWN_CELL)
    assert seen >= 3
    notebook.run_cell(5)
    notebook.run_cell(RESULT_CELL, wait=False)
    # And it moves while a cell waits.
    notebook.wait(lambda: done(notebook, SHOWN_CELL) > seen, "more trials are done", SECONDS)
    notebook.wait_text(RESULT_CELL, "completed after 40 trials; at least 95 % right: True")
    for cell in (8, AGAIN_CELL):
        notebook.run_cell(cell)
    assert notebook.errors_of_cells() == []
    expect(panel(notebook, SHOWN_CELL)).to_contain_text("40 of 40 trials")
    expect(panel(notebook, AGAIN_CELL)).to_contain_text("completed (all 40 trials are done)")
    assert notebook.cell(8).locator(".js-plotly-plot").count() == 1
    assert (notebook_folder / ".hpo" / "store.sqlite").exists()
    clean(notebook)


def test_reload_and_second_tab_show_every_trial_once(open_notebook: OpenNotebook) -> None:
    cell = LONG_STUDY.replace("range(600)", "range(5)")
    notebook = open_notebook([cell, "study.wait()"])
    notebook.run_cell(0)
    notebook.wait(lambda: done(notebook, 0) >= 4, "some trials are done", SECONDS)
    notebook.save()
    second = open_notebook(notebook)
    notebook.reload()
    notebook.run_cell(1)
    for tab in (notebook, second):
        tab.page.bring_to_front()  # a hidden tab draws nothing
        expect(panel(tab)).to_contain_text("50 of 50 trials")
        expect(state(tab)).to_contain_text("completed")
        assert len(numbers(tab, "Objective per trial")) == 50
        clean(tab)


@pytest.mark.parametrize("while_busy", [False, True], ids=["free kernel", "busy kernel"])
def test_stop_ends_a_long_study(open_notebook: OpenNotebook, while_busy: bool) -> None:
    busy = (
        "until = time.monotonic() + 90\nwhile study.state != 'stopped' and time.monotonic() < until: time.sleep(0.01)"
    )
    notebook = open_notebook([LONG_STUDY, f"{busy}\nprint('left as', study.state)"])
    notebook.run_cell(0)
    expect(panel(notebook)).to_contain_text("2 running")
    if while_busy:
        notebook.run_cell(1, wait=False)
        notebook.wait(lambda: notebook.kernel_status() == "busy", "the kernel is busy", SECONDS)
    clicked = time.monotonic()
    button(notebook, "Stop now").click()
    expect(panel(notebook)).to_contain_text("stopped (by hand)")
    assert time.monotonic() - clicked < 45  # a trial takes a minute
    if while_busy:
        notebook.wait_text(1, "left as stopped")
    expect(button(notebook, "Resume")).to_be_enabled()
    expect(panel(notebook)).to_contain_text("2 aborted")
    clean(notebook)


def test_pause_and_resume_by_keyboard(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([LONG_STUDY, "study.stop(); study.wait()"])
    notebook.run_cell(0)
    button(notebook, "Pause").focus()
    notebook.page.keyboard.press("Enter")
    expect(panel(notebook)).to_contain_text("paused")
    button(notebook, "Resume").focus()
    notebook.page.keyboard.press("Space")
    expect(state(notebook)).to_have_text("running")
    notebook.run_cell(1)
    clean(notebook)


def test_saved_notebook_shows_the_final_table_without_a_kernel(open_notebook: OpenNotebook) -> None:
    cell = LONG_STUDY.replace("range(600)", "range(2)").replace("max_jobs=50", "max_jobs=6")
    notebook = open_notebook([cell, "study.wait()"])
    notebook.run_cell(0)
    static = notebook.cell(0).locator(".hpo-static")
    expect(static).to_be_attached()
    expect(static).to_be_hidden()
    notebook.run_cell(1)
    notebook.wait(lambda: "6 of 6 trials" in str(notebook.outputs(0)), "the static table is refreshed", SECONDS)
    expect(static).to_be_attached()
    expect(static).to_be_hidden()
    expect(panel(notebook)).to_contain_text("6 of 6 trials")
    saved = notebook.save()
    assert "widgets" not in saved["metadata"]
    clean(notebook)
    notebook.close()
    notebook.server.shut_down_kernels()
    again = open_notebook(notebook)
    table = again.cell(0).get_by_role("table")
    expect(table).to_be_visible()
    expect(again.cell(0)).to_contain_text("long: completed (all 6 trials are done), 6 of 6 trials")
    widths = again.cell(0).locator("img").evaluate_all("all => all.map(image => image.naturalWidth)")
    assert widths and min(widths) > 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_panel_follows_the_theme_and_fits_600_pixels(open_notebook: OpenNotebook, theme: str, tmp_path: Path) -> None:
    notebook = open_notebook([LONG_STUDY, "study.stop(); study.wait()"], theme=theme)
    notebook.page.set_viewport_size({"width": 600, "height": 1000})
    notebook.run_cell(0)
    expect(panel(notebook)).to_contain_text("2 running")
    shown = panel(notebook)
    text = state(notebook).evaluate("node => Number(getComputedStyle(node).color.match(/[0-9]+/)[0])")
    assert (text < 128) == (theme == "light")
    assert shown.evaluate("node => node.scrollWidth <= node.clientWidth")
    box = shown.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= 600
    for name in ("Pause", "Stop now"):
        expect(button(notebook, name)).to_be_in_viewport()
    notebook.run_cell(1)
    assert notebook.screenshot(tmp_path / "panel.png").stat().st_size > 0
    clean(notebook)


def test_names_are_shown_as_they_are(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([HOSTILE_STUDY, "study.wait()"])
    dialogs: list[str] = []
    notebook.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    notebook.run_all()
    shown = panel(notebook)
    expect(shown).to_contain_text("<script>alert(2)</script>🦜")
    shown.locator("[data-panel=summary]").scroll_into_view_if_needed()  # off the screen it does not draw
    expect(shown).to_contain_text("<b>good</b>")
    expect(shown.locator("[data-panel=control] .hpo-notices")).to_contain_text(
        "ValueError: <img src=x onerror=alert(1)>"
    )
    assert shown.locator("img[src='x'], script").count() == 0  # HiPlot has a picture of its own
    assert shown.locator("b").evaluate_all("all => all.filter(node => node.textContent === 'good').length") == 0
    assert shown.evaluate("node => node.scrollWidth <= node.clientWidth")
    assert dialogs == []
    clean(notebook)


def test_after_the_kernel_was_killed_the_study_goes_on_with_a_click(open_notebook: OpenNotebook) -> None:
    attach = "import hpo_widgets as hpo\nstudy = hpo.attach('long')\nstudy"
    notebook = open_notebook([LONG_STUDY, attach, "study.stop()\nstudy.wait()"])
    notebook.run_cell(0)
    expect(panel(notebook)).to_contain_text("2 running")
    killed = notebook.kernel_pid()
    os.kill(killed, signal.SIGKILL)
    notice = panel(notebook).locator(".hpo-dash-notices")
    expect(notice).to_contain_text('The kernel that brought the study "long" up to date is gone')
    expect(notice).to_contain_text('hpo.attach("long")')
    expect(state(notebook)).to_have_text("kernel gone")
    expect(panel(notebook).locator("[data-panel=control]")).not_to_contain_text("running")
    notebook.wait_seen(panel(notebook).locator("[data-panel=insight]"), "It cannot be worked out: the kernel is gone.")
    for name in ("Pause", "Stop now"):
        expect(button(notebook, name)).to_be_disabled()
    notebook.wait_new_kernel(killed)
    notebook.run_cell(1)
    expect(panel(notebook, 1)).to_contain_text("interrupted")
    button(notebook, "Resume", 1).click()
    expect(state(notebook, 1)).to_have_text("running")
    expect(panel(notebook, 1)).to_contain_text("2 running")
    notebook.run_cell(2)
    assert notebook.errors_of_cells() == []
    assert notebook.outside == []
