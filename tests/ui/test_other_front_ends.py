"""The same notebook in Jupyter Notebook 7 and as a page of Voila: the doctor is answered, the form starts a search."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.ui.conftest import VIEWPORT
from tests.ui.lab import LabServer
from tests.ui.notebook_page import NotebookPage

CELLS = [
    """import hpo_widgets as hpo


def loss(x: float = 1.0, power: int = 2):
    return abs(x - 0.5) ** power


hpo.doctor()""",
    """app = hpo.app()
app.form.limits.value = hpo.Limits(total_max_jobs=4, max_number_of_concurrent_tasks=2)
app""",
]
VOILA_FETCHES = ("https://cdn.jsdelivr.net/npm/@fortawesome/", "https://cdnjs.cloudflare.com/ajax/libs/mathjax/")
"""What Voila's own page asks for outside; without it its icons and formulas are missing, and nothing of ours."""
NOTEBOOK_SAYS = ("reading 'schema'", "'filebrowser:open-path' not registered")
VOILA_SAYS = ("net::ERR_FAILED", "@jupyter-notebook/lab-extension")
"""Errors of their own on every page, one without any widget included."""
OpenPage = Callable[[str], NotebookPage]


@pytest.fixture
def open_page(lab_server: LabServer, browser: Browser, notebook_folder: Path) -> Iterator[OpenPage]:
    """Is a function that opens the notebook at an address of the same server."""
    name = (notebook_folder / "search.ipynb").relative_to(lab_server.root).as_posix()
    lab_server.write_notebook(name, CELLS)
    context = browser.new_context(viewport=VIEWPORT, reduced_motion="reduce")

    def open_one(address: str) -> NotebookPage:
        notebook = NotebookPage(lab_server, context.new_page(), name)
        notebook.page.goto(f"{lab_server.base}/{address}/{name}?token={lab_server.token}")
        return notebook

    yield open_one
    context.close()
    lab_server.shut_down_kernels()


def search_by_hand(notebook: NotebookPage, front_end: str) -> None:
    """Reads the doctor, presses Start, and sees the search end in the dashboard."""
    page = notebook.page
    expect(page.locator(".hpo-doctor").get_by_role("row", name="widgets in the page")).to_contain_text(front_end)
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator(".hpo-app-line")).to_contain_text("loss: auto over 2 parameters")
    expect(page.locator(".hpo-dash")).to_contain_text("4 of 4 trials")
    expect(page.locator(".hpo-dash")).to_contain_text("4 completed")


def test_notebook_7_shows_the_form_and_the_dashboard(open_page: OpenPage) -> None:
    notebook = open_page("notebooks")
    cells = notebook.page.locator(".jp-Notebook .jp-CodeCell")
    cells.first.click()

    def taken() -> bool:  # what is pressed before the kernel is there goes nowhere
        cells.first.locator(".cm-content").click()
        notebook.page.keyboard.press("Shift+Enter")
        notebook.page.wait_for_timeout(500)
        return "[ ]" not in cells.first.locator(".jp-InputPrompt").inner_text()

    notebook.wait(taken, "the first cell is run")
    for cell in cells.all()[1:]:
        cell.locator(".cm-content").click()
        notebook.page.keyboard.press("Shift+Enter")

    search_by_hand(notebook, "they work: Jupyter Notebook 7.")
    assert notebook.complaints(ignore=NOTEBOOK_SAYS) == []
    assert notebook.outside == []


def test_voila_makes_a_page_of_the_form_and_the_dashboard(open_page: OpenPage) -> None:
    notebook = open_page("voila/render")

    search_by_hand(notebook, "they work: Voila answered")
    assert [each for each in notebook.outside if not each.startswith(VOILA_FETCHES)] == []
    assert notebook.complaints(ignore=VOILA_SAYS) == []
