"""A study shown where no browser is: a notebook executed by a program."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

REPOSITORY = Path(__file__).parents[3]
PATIENCE_S = 90
STUDY = """
import hpo_widgets as hpo

def train(lr):
    return lr * 2

study = hpo.tune(train, {"lr": [1.0, 2.0, 3.0]}, direction="max", strategy="grid", concurrency=1, name="small")
study
"""


@pytest.fixture
def executed(tmp_path, monkeypatch):
    monkeypatch.delenv("HPO_WIDGETS_STORE", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    book = new_notebook(cells=[new_code_cell(text) for text in (STUDY, "study.wait()", "study")])
    client = NotebookClient(
        book,
        timeout=PATIENCE_S,
        kernel_name="python3",
        store_widget_state=False,
        resources={"metadata": {"path": str(tmp_path)}},
    )
    client.execute()
    return nbformat.read(_written(book, tmp_path / "book.ipynb"), as_version=4)


def _written(book, path):
    nbformat.write(book, path)
    return path


def test_an_executed_notebook_holds_the_final_table_and_no_widget_state(executed):
    assert "widgets" not in executed.metadata
    for index in (0, 2):
        static, live = executed.cells[index].outputs
        assert "completed (nothing is left to try)" in static.data["text/html"]
        assert "3 completed" in static.data["text/html"]
        assert "<td>6</td><td>3</td>" in static.data["text/html"]
        assert "application/vnd.jupyter.widget-view+json" in live.data
        assert live.data["text/plain"] == "<study 'small'>"
