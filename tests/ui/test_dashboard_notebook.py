"""Runs the notebook of the dashboard the way a person does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Locator, expect

from tests.ui.lab import REPOSITORY
from tests.ui.notebook_page import NotebookPage

pytestmark = pytest.mark.ui
NOTEBOOK = REPOSITORY / "notebooks" / "03_dashboard.ipynb"
SHOWN_CELL, STEER_CELL, SELECT_CELL, NARROW_CELL, INSIGHT_CELL, LAST_CELL = 3, 5, 7, 9, 11, 13
MOST_CELLS = 14
OpenNotebook = Callable[..., NotebookPage]


def panel(notebook: NotebookPage, cell: int, title: str) -> Locator:
    return notebook.cell(cell).get_by_role("region", name=title, exact=True)


def test_a_search_is_watched_and_steered(open_notebook: OpenNotebook, tmp_path: Path) -> None:
    notebook = open_notebook(NOTEBOOK)

    for cell in (1, SHOWN_CELL, STEER_CELL):
        notebook.run_cell(cell)
    expect(panel(notebook, SHOWN_CELL, "Study")).to_contain_text("of 16 trials")
    notebook.run_cell(SELECT_CELL)
    notebook.wait_text(SELECT_CELL, "completed after 16 trials; 3 are selected")
    expect(panel(notebook, SHOWN_CELL, "Study")).to_contain_text("3 selected")
    scalars = panel(notebook, SHOWN_CELL, "Scalars")
    scalars.scroll_into_view_if_needed()  # what is out of sight is not drawn
    expect(scalars).to_contain_text("3 selected")
    notebook.run_cell(NARROW_CELL)
    notebook.wait_text(NARROW_CELL, "8 new trials, all in the narrower range: True")
    notebook.run_cell(INSIGHT_CELL)
    insight = panel(notebook, INSIGHT_CELL, "Insight")
    insight.scroll_into_view_if_needed()
    expect(insight.locator(".js-plotly-plot").first).to_be_visible()
    notebook.run_cell(LAST_CELL)

    notebook.wait_text(LAST_CELL, "completed with 24 trials; at least 94 % right: True")
    expect(panel(notebook, SHOWN_CELL, "Study")).to_contain_text("24 of 24 trials")
    for cell in (SHOWN_CELL, INSIGHT_CELL):
        notebook.cell(cell).scroll_into_view_if_needed()
        notebook.screenshot(tmp_path / f"cell-{cell}.png", cell)
    assert notebook.errors_of_cells() == []
    assert notebook.complaints() == []
    assert notebook.outside == []
    assert notebook.refused == []


def test_the_notebook_is_short() -> None:
    assert len(nbformat.read(NOTEBOOK, as_version=4).cells) <= MOST_CELLS
