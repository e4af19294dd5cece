"""Runs the notebook of base tasks the way a person does: a script, a notebook and a cell are searched."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.ui.lab import REPOSITORY
from tests.ui.notebook_page import NotebookPage

pytestmark = pytest.mark.ui
NOTEBOOK = REPOSITORY / "notebooks" / "04_base_tasks.ipynb"
SHOWN_CELL, REFUSED_CELL, CELL_CELL, LAST_CELL = 3, 5, 11, 13
MOST_CELLS = 14
OpenNotebook = Callable[..., NotebookPage]


def test_a_script_a_notebook_and_a_cell_are_searched(
    open_notebook: OpenNotebook, notebook_folder: Path, tmp_path: Path
) -> None:
    shutil.copytree(NOTEBOOK.parent / "tasks", notebook_folder / "tasks")
    notebook = open_notebook(NOTEBOOK)

    for cell in range(1, LAST_CELL + 1, 2):
        notebook.run_cell(cell)

    assert notebook.errors_of_cells() == []
    panel = notebook.cell(SHOWN_CELL).get_by_role("region", name="Dashboard of ")
    expect(panel).to_contain_text("10 of 10 trials")
    assert "did you mean 'Args/alpha'?" in notebook.output_text(REFUSED_CELL)
    assert "max_depth     4    2 .. 12" in notebook.output_text(CELL_CELL)
    notebook.wait_text(LAST_CELL, "better than as written: True")
    for cell in (1, SHOWN_CELL, REFUSED_CELL, CELL_CELL):
        notebook.cell(cell).scroll_into_view_if_needed()
        notebook.screenshot(tmp_path / f"cell-{cell}.png")
    assert notebook.complaints() == []
    assert notebook.outside == []
    assert notebook.refused == []


def test_the_notebook_is_short() -> None:
    import nbformat

    assert len(nbformat.read(NOTEBOOK, as_version=4).cells) <= MOST_CELLS
