"""`%%objective` in JupyterLab: written, called, tuned, broken and mended the way a person does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.ui.notebook_page import NotebookPage

pytestmark = pytest.mark.ui
OpenNotebook = Callable[..., NotebookPage]

IMPORT = "import hpo_widgets as hpo\n\ndef loss_of(lr, layers):\n    return (lr - 0.01) ** 2 + layers"
OBJECTIVE = """%%objective train
import asyncio

lr = 1e-2  # 1e-4 .. 1e-1
layers = 2
seed = 0
await asyncio.sleep(0)
print("layers:", layers)
loss_of(lr, layers)
"""
TUNE = "study = hpo.tune(train, max_jobs=8, concurrency=2, seed=1)\nstudy.wait(60)\nstudy.best.parameters"
FAILING = "%%objective train\nlr = 1e-2\nlr / 0"


def test_a_cell_becomes_a_search(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(
        [IMPORT, OBJECTIVE, "train(layers=3, lr=0.01)", TUNE, FAILING, "print(train.version, study.config.base_name)"]
    )
    for index in range(4):
        notebook.run_cell(index)
    assert notebook.errors_of_cells() == []
    shown = notebook.output_text(1)
    assert "layers: 2" in shown
    assert "objective train, version 1: result = 2.0 in" in shown
    for row in (
        "lr      0.01  0.0001 .. 0.1 log",
        "layers  2     1 .. 4",
        "seed    0     fixed",
        "search with hpo.tune(train)",
    ):
        assert row in shown
    assert "3.0" in notebook.output_text(2)
    assert "'layers': 1" in notebook.output_text(3)
    notebook.run_cell(4)
    assert notebook.errors_of_cells() == ["ZeroDivisionError: float division by zero"]
    assert "lr / 0" in notebook.output_text(4)
    assert "magics.py" not in notebook.output_text(4)  # its own frames are hidden
    notebook.run_cell(5)
    assert "1 train (version 1)" in notebook.output_text(5)
    assert notebook.complaints() == []
    assert notebook.outside == []
