"""Runs the notebook of Comet's style the way a person does: a loop in a cell, then a script in two processes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.ui.lab import REPOSITORY
from tests.ui.notebook_page import NotebookPage

pytestmark = pytest.mark.ui
NOTEBOOK = REPOSITORY / "notebooks" / "05_comet_style.ipynb"
DASHBOARD_CELL, LOOP_CELL, RUN_CELL, LAST_CELL = 3, 5, 11, 13
MOST_CELLS = 14
OpenNotebook = Callable[..., NotebookPage]


def test_a_loop_fills_its_dashboard_and_two_processes_share_a_search(
    open_notebook: OpenNotebook, notebook_folder: Path, tmp_path: Path
) -> None:
    shutil.copytree(NOTEBOOK.parent / "tasks", notebook_folder / "tasks")
    notebook = open_notebook(NOTEBOOK)

    for cell in range(1, LAST_CELL + 1, 2):
        notebook.run_cell(cell)

    assert notebook.errors_of_cells() == []
    panel = notebook.cell(DASHBOARD_CELL).get_by_role("region", name="Dashboard of ")
    expect(panel).to_contain_text("8 of 8 trials")
    assert notebook.output_text(LOOP_CELL).count("of the unseen digits are right") == 8
    assert "10 of 10 runs have ended, 0 without a result" in notebook.output_text(RUN_CELL)
    notebook.wait_text(LAST_CELL, "10 runs, all different: True")
    table = notebook.cell(LAST_CELL).get_by_role("grid").get_by_role("row")
    notebook.cell(LAST_CELL).get_by_role("grid").scroll_into_view_if_needed()
    expect(table).to_have_count(11)  # what other processes have run is drawn here, below its head
    notebook.screenshot(tmp_path / "shared.png")
    assert notebook.complaints() == []
    assert notebook.outside == []
    assert notebook.refused == []


def test_the_notebook_is_short() -> None:
    import nbformat

    assert len(nbformat.read(NOTEBOOK, as_version=4).cells) <= MOST_CELLS
