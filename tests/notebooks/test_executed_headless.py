"""Every tutorial runs from top to bottom without a browser, leaves no process, and is stored without widget state.

The same notebooks run cell by cell under nbval (`pytest notebooks`), which names the cell that fails.
"""

from __future__ import annotations

import os
import shutil
import time
import uuid
from pathlib import Path

import nbformat
import psutil
import pytest
from nbclient import NotebookClient

from tests.conftest import REPOSITORY, missing_for

NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))
MARK = "HPO_WIDGETS_TEST_MARK"
CELL_SECONDS = 240
GONE_SECONDS = 10
QUICKSTART_CELLS = 12  # it has to stay shorter than this


@pytest.mark.timeout(600)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_headless_and_leaves_no_process(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if missing := missing_for(path):
        pytest.skip(f"{', '.join(missing)} is not installed")
    mark = uuid.uuid4().hex
    monkeypatch.setenv(MARK, mark)
    monkeypatch.delenv("HPO_WIDGETS_STORE")  # the default place: beside the notebook
    shutil.copytree(path.parent, tmp_path / "notebooks", ignore=shutil.ignore_patterns(".*"))
    notebook = read(path)
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        store_widget_state=False,
        resources={"metadata": {"path": str(tmp_path / "notebooks")}},
    )

    client.execute()

    ran = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    assert ran
    assert all(cell.execution_count for cell in ran)
    assert "widgets" not in notebook.metadata
    assert _left_behind(mark) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_stored_small_and_without_widget_state(path: Path) -> None:
    notebook = read(path)

    nbformat.validate(notebook)
    assert "widgets" not in notebook.metadata
    assert path.stat().st_size < 500_000


def test_quickstart_is_short() -> None:
    quickstart = read(REPOSITORY / "notebooks" / "01_quickstart.ipynb")

    assert len(quickstart.cells) < QUICKSTART_CELLS


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def _left_behind(mark: str) -> list[str]:
    """Returns the command lines of processes that carry the mark and do not go away."""
    until = time.monotonic() + GONE_SECONDS
    while (found := _marked(mark)) and time.monotonic() < until:
        psutil.wait_procs(found, timeout=0.2)
    return [f"{process.pid}: {process}" for process in found]


def _marked(mark: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get(MARK) == mark:
                found.append(process)
        except psutil.Error:
            continue
    return found
