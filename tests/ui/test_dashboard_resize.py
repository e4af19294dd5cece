"""Changes the size of the page around a dashboard the way a person does who drags its edge."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.ui.notebook_page import NotebookPage
from tests.ui.test_dashboard import clean, panel, study

pytestmark = pytest.mark.ui
OpenNotebook = Callable[..., NotebookPage]
DRAGGED = """async (node) => {
    // A drag of 3 s: HiPlot lays out 100 and 250 ms after a change, and is drawn anew after each.
    for (let step = 0; step < 30; step += 1) {
        node.style.width = `${600 + 20 * (step % 7)}px`;
        window.dispatchEvent(new Event("resize"));
        await new Promise((done) => setTimeout(done, 20 + 17 * (step % 11)));
    }
    node.style.width = "";
}"""


def test_a_page_of_another_size_complains_of_nothing(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([study(), "study.wait()"])
    notebook.page.set_viewport_size({"width": 1500, "height": 1100})
    notebook.run_cell(0)
    notebook.run_cell(1)
    parallel = panel(notebook, "Parallel coordinates")
    notebook.wait_seen(parallel, parallel.locator(".pplot-label"))

    notebook.page.set_viewport_size({"width": 1400, "height": 4600})
    notebook.command("application:toggle-left-area")
    notebook.cell(0).locator(".hpo-dash").evaluate(DRAGGED)
    notebook.command("application:toggle-left-area")
    notebook.page.set_viewport_size({"width": 1500, "height": 1100})

    notebook.wait_seen(parallel, parallel.locator(".pplot-label"))
    clean(notebook)


def test_parallel_coordinates_follow_the_theme(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([study(), "study.wait()"])
    notebook.run_cell(0)
    notebook.run_cell(1)
    parallel = panel(notebook, "Parallel coordinates")
    notebook.wait_seen(parallel, parallel.locator(".hip_thm--light .pplot-label"))

    notebook.set_theme("dark")

    notebook.wait_seen(parallel, parallel.locator(".hip_thm--dark .pplot-label"))
    clean(notebook)
