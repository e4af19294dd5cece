"""Every tutorial runs in JupyterLab as a reader runs it: nothing complains, nothing stays blank, nothing is left.

What a tutorial says is checked by nbval (`pytest notebooks`); here is what only a browser sees.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Locator, expect

from tests.conftest import missing_for
from tests.ui.lab import REPOSITORY, LabServer
from tests.ui.notebook_page import NotebookPage

pytestmark = pytest.mark.ui
# The quickstart is opened, run and more in test_quickstart.py.
TUTORIALS = sorted(set((REPOSITORY / "notebooks").glob("*.ipynb")) - {REPOSITORY / "notebooks/01_quickstart.ipynb"})
RESTARTED = "08_reload_restart_resume"
"""The tutorial whose last cell is to be run alone, in a kernel that has run nothing."""
SECONDS = 60
GONE_SECONDS = 15
LEAST_WIDTH, LEAST_HEIGHT = 100, 20
OpenNotebook = Callable[..., NotebookPage]

DRAWN = """node => {
    const drawn = area => [...area.querySelectorAll("svg *, canvas, table td, input, select, .hpo-dash-sentence")]
        .some(each => each.getClientRects().length > 0) || area.innerText.trim() !== "";
    const waits = area => area.innerText.includes("Working it out");
    const holds = plot => !plot.matches(".js-plotly-plot")
        || (plot._fullData ?? []).some(trace => trace.visible === true);
    const parts = [...node.querySelectorAll("[data-panel] > .hpo-dash-body, .js-plotly-plot")];
    const seen = (parts.length ? parts : [node]).filter(part => part.getClientRects().length > 0);
    return seen.length > 0 && seen.every(drawn) && seen.every(holds) && !seen.some(waits);
}"""
"""Whether an output shows something: each panel and plot in it (axes alone are nothing), or all of it."""


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_runs_shows_everything_and_leaves_no_process(
    path: Path, open_notebook: OpenNotebook, notebook_folder: Path, lab_server: LabServer, tmp_path: Path
) -> None:
    if missing := missing_for(path):
        pytest.skip(f"{', '.join(missing)} is not installed")
    shutil.copytree(path.parent / "tasks", notebook_folder / "tasks")
    notebook = open_notebook(path)

    notebook.run_all()

    assert notebook.errors_of_cells() == []
    shown = [index for index in range(notebook.cell_count()) if _shows_more_than_text(notebook, index)]
    for index in shown:
        _look_at(notebook, index)
        notebook.screenshot(tmp_path / f"cell-{index}.png", index)
    if path.stem == RESTARTED:
        last = shown[-1]
        notebook.restart_kernel()
        notebook.run_cell(last)
        assert notebook.errors_of_cells() == []
        _look_at(notebook, last)
        expect(notebook.cell(last).get_by_role("button", name="Limits…")).to_be_visible()
    assert notebook.complaints() == []
    assert notebook.outside == []
    assert notebook.refused == []
    lab_server.shut_down_kernels()
    assert _left_in(notebook_folder) == []


def test_an_output_that_stays_blank_would_be_found(open_notebook: OpenNotebook) -> None:
    blank = 'display({"text/html": "<div style=\'height: 90px\'></div>", "text/plain": "?"}, raw=True)'
    empty_panel = (
        'display({"text/html": "<p>A dashboard</p><div data-panel=\'x\'>'
        "<div class='hpo-dash-body' style='height: 90px'></div></div>\"}, raw=True)"
    )
    words = 'display({"text/html": "<p>words</p>"}, raw=True)'
    charts = [f"import plotly.graph_objects as go\ngo.Figure(go.Scatter(y={values}))" for values in ("[]", "[1, 2]")]
    notebook = open_notebook([blank, empty_panel, words, *charts])

    notebook.run_all()

    notebook.wait(lambda: _output(notebook, 4).evaluate(DRAWN), "the last chart is drawn", SECONDS)
    assert [_output(notebook, index).evaluate(DRAWN) for index in range(5)] == [False, False, True, False, True]


def test_a_process_that_stays_would_be_found(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], cwd=tmp_path, stdin=subprocess.PIPE) as stays:
        assert [process.pid for process in _working_in(tmp_path)] == [stays.pid]
        stays.kill()


def _shows_more_than_text(notebook: NotebookPage, index: int) -> bool:
    """Says whether a cell has an output that a browser has to draw: a widget, HTML, a chart."""
    kinds = {kind for output in notebook.outputs(index) for kind in output.get("data", {})}
    return any(kind != "text/plain" for kind in kinds)


def _look_at(notebook: NotebookPage, index: int) -> None:
    """Goes down an output part by part, as a reader scrolls (what is out of sight is not drawn); each must be there."""
    output = _output(notebook, index)
    output.scroll_into_view_if_needed()
    expect(output).to_be_visible()
    panels = output.locator("[data-panel]")
    for part in panels.all():
        if part.is_visible():
            part.scroll_into_view_if_needed()
            notebook.wait(lambda part=part: part.evaluate(DRAWN), f"a panel of cell {index} is drawn", SECONDS)
    notebook.wait(lambda: output.evaluate(DRAWN), f"the output of cell {index} shows something", SECONDS)
    box = output.bounding_box()
    assert box is not None
    assert box["width"] >= LEAST_WIDTH
    assert box["height"] >= LEAST_HEIGHT


def _output(notebook: NotebookPage, index: int) -> Locator:
    return notebook.cell(index).locator(".jp-Cell-outputWrapper .jp-OutputArea").first


def _left_in(folder: Path) -> list[str]:
    """Returns the processes that work in a folder and do not go away."""
    until = time.monotonic() + GONE_SECONDS
    while (found := _working_in(folder)) and time.monotonic() < until:
        psutil.wait_procs(found, timeout=0.2)
    return [f"{process.pid}: {process}" for process in found]


def _working_in(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and Path(process.cwd()).is_relative_to(folder):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found
