"""Shows studies that this kernel did not start: after a restart, in a second notebook, by the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.ui.lab import REPOSITORY
from tests.ui.notebook_page import NotebookPage

pytestmark = pytest.mark.ui
SECONDS = 60
OpenNotebook = Callable[..., NotebookPage]

HELD = """
import pathlib
import time
import hpo_widgets as hpo

def train(task, lr):
    for epoch in range(40):
        while epoch == 20 and not pathlib.Path("go").exists():
            time.sleep(0.05)
        task.get_logger().report_scalar("loss", "loss", lr + 1 / (1 + epoch), epoch)

study = hpo.tune(train, {"lr": [0.1, 0.2, 0.3, 0.4]}, objective="loss", strategy="grid", concurrency=2, name="held")
study
"""
ATTACH = "import hpo_widgets as hpo\nhpo.attach({name!r})"
SCRIPT = """
import argparse
import pathlib
import time

parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float, default=0.5)
x = parser.parse_args().x
for epoch in range(4):
    while epoch == 2 and not pathlib.Path({go!r}).exists():
        time.sleep(0.05)
    print(f"epoch={{epoch}} loss={{x + 1 / (1 + epoch)}}", flush=True)
"""
NOTEBOOK_STUDY = """
import hpo_widgets as hpo
study = hpo.tune("tasks/digits.ipynb", {"alpha": [1e-4]}, objective="accuracy", direction="max", strategy="grid",
    name="a notebook")
study
"""


def control(notebook: NotebookPage, cell: int = 0) -> Locator:
    return notebook.cell(cell).locator("[data-panel=control]")


def press(where: Locator, name: str) -> None:
    where.get_by_role("button", name=name, exact=True).click()


def clean(notebook: NotebookPage) -> None:
    assert notebook.errors_of_cells() == []
    assert notebook.complaints() == []
    assert notebook.outside == []


def test_after_a_restart_and_in_a_second_notebook_attach_goes_on(
    open_notebook: OpenNotebook, notebook_folder: Path
) -> None:
    notebook = open_notebook([HELD, ATTACH.format(name="held")])
    notebook.run_cell(0)
    expect(control(notebook)).to_contain_text("2 running")
    notebook.restart_kernel()
    notebook.run_cell(1)
    expect(control(notebook, 1).locator(".hpo-state")).to_have_text("interrupted")
    press(control(notebook, 1), "Resume")
    expect(control(notebook, 1)).to_contain_text("2 running")

    second = open_notebook([ATTACH.format(name="held")])
    second.run_cell(0)
    expect(control(second)).to_contain_text("2 running")
    press(control(second), "Pause")
    expect(control(second).locator(".hpo-state")).to_have_text("paused")
    notebook.page.bring_to_front()
    expect(control(notebook, 1).locator(".hpo-state")).to_have_text("paused")
    press(control(notebook, 1), "Resume")
    (notebook_folder / "go").touch()

    for page, cell in ((notebook, 1), (second, 0)):
        page.page.bring_to_front()
        expect(control(page, cell)).to_contain_text("completed (nothing is left to try)", timeout=SECONDS * 1000)
        expect(control(page, cell)).to_contain_text("4 completed2 lost")  # with the old kernel
        clean(page)


def test_a_search_of_the_command_line_is_watched_and_stopped(
    open_notebook: OpenNotebook, notebook_folder: Path
) -> None:
    (notebook_folder / "slow.py").write_text(SCRIPT.format(go=str(notebook_folder / "go")))
    ranges = {"name": "x", "type": "UniformParameterRange", "min_value": 0.0, "max_value": 1.0}
    words = [
        "--script",
        "slow.py",
        "--metrics",
        "stdout",
        "--params-search",
        json.dumps(ranges),
        "--total-max-jobs",
        "9",
    ]
    words += ["--objective-metric-title", "loss", "--objective-metric-series", "loss"]
    words += ["--objective-metric-sign", "min", "--max-number-of-concurrent-tasks", "2", "--task-name", "outside"]
    command = [sys.executable, "-m", "hpo_widgets.cli", "param-search", "--store", ".hpo", *words]
    surroundings = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(command, cwd=notebook_folder, env=surroundings, stdout=subprocess.DEVNULL) as search:
        try:
            notebook = open_notebook(
                ["import hpo_widgets as hpo\nprint(len(hpo.studies()))", ATTACH.format(name="outside")]
            )

            def found() -> bool:
                notebook.run_cell(0)
                return "1" in notebook.output_text(0)

            notebook.wait(found, "the search is in the store", SECONDS)
            notebook.run_cell(1)
            expect(control(notebook, 1)).to_contain_text("2 running")
            expect(control(notebook, 1)).to_contain_text("of 9 trials")
            press(control(notebook, 1), "Stop now")
            expect(control(notebook, 1)).to_contain_text("stopped (by hand)")
            search.wait(SECONDS)
            clean(notebook)
        finally:
            search.kill()


def test_the_task_view_opens_the_notebook_that_a_task_executed(
    open_notebook: OpenNotebook, notebook_folder: Path
) -> None:
    (notebook_folder / "tasks").mkdir()
    source = REPOSITORY / "notebooks" / "tasks" / "digits.ipynb"
    (notebook_folder / "tasks" / "digits.ipynb").write_text(source.read_text())
    notebook = open_notebook([NOTEBOOK_STUDY, "study.wait()"])
    notebook.run_cell(0)
    notebook.run_cell(1)
    expect(control(notebook)).to_contain_text("1 completed")
    grid = notebook.cell(0).get_by_role("grid", name="Trials")
    grid.scroll_into_view_if_needed()
    expect(grid.locator(".hpo-summary-row")).to_have_count(1)
    grid.focus()
    notebook.page.keyboard.press("Home")
    notebook.page.keyboard.press("Enter")

    task = notebook.cell(0).locator("[data-panel=task]")
    expect(task).to_contain_text("completed")
    artifact = task.locator("details.hpo-artifact", has_text="notebook · file")
    artifact.scroll_into_view_if_needed()
    expect(artifact.locator("summary")).to_contain_text("kB")
    artifact.locator("summary").click()
    with notebook.page.context.expect_page() as opened:
        artifact.get_by_role("button", name="Open the notebook").click()
    copies = [path.name for path in notebook_folder.glob("study-*-trial-0.ipynb")]
    assert len(copies) == 1
    assert opened.value.url.endswith(f"/lab/tree/{notebook_folder.name}/{copies[0]}")
    expect(opened.value.get_by_role("tab", name=copies[0])).to_be_visible(timeout=SECONDS * 1000)
    opened.value.close()
    clean(notebook)
