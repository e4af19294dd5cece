"""Steers real studies from the dashboard the way a person does: the control bar, the table, the task view."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.ui.cut import cut_texts
from tests.ui.notebook_page import NotebookPage

pytestmark = pytest.mark.ui
SECONDS = 60
PANELS = ["control", "summary", "budget", "resources", "failures", "task"]

STUDY = """
import time
import hpo_widgets as hpo
from hpo_widgets.widgets.dashboard import Dashboard

def train(task, lr, act, layers):
    print("begins with", act)
    for epoch in range({epochs}):
        task.get_logger().report_scalar("loss", "loss", lr + 1 / (1 + epoch), epoch)
        if act == "bad":
            raise ValueError("the activation is bad at lr %s" % lr)
        print("epoch", epoch, "of trial")
        time.sleep({pause})

space = {{"lr": hpo.loguniform(1e-4, 1.0), "act": {acts}, "layers": (1, 5)}}
study = hpo.tune(train, space, objective="loss", strategy={strategy!r}, seed=1, max_jobs={jobs}, concurrency=2)
board = Dashboard(study, panels={panels})
board
"""

OpenNotebook = Callable[..., NotebookPage]


def study(epochs: int = 3, pause: float = 0.02, jobs: int = 8, acts: str = '["relu", "tanh"]', **more: Any) -> str:
    return STUDY.format(
        epochs=epochs, pause=pause, jobs=jobs, acts=acts, strategy=more.get("strategy", "random"), panels=PANELS
    )


def board(notebook: NotebookPage, cell: int = 0) -> Locator:
    return notebook.cell(cell).get_by_role("region", name="Dashboard of")


def panel(notebook: NotebookPage, name: str, cell: int = 0) -> Locator:
    return board(notebook, cell).locator(f"[data-panel={name}]")


def press(where: Locator, name: str) -> None:
    where.get_by_role("button", name=name, exact=True).click()


def column(notebook: NotebookPage, at: int) -> list[str]:
    return panel(notebook, "summary").locator(f".hpo-summary-row > :nth-child({at})").all_inner_texts()


def say(notebook: NotebookPage, cell: int) -> str:
    notebook.run_cell(cell)
    return notebook.output_text(cell)


def clean(notebook: NotebookPage) -> None:
    assert notebook.errors_of_cells() == []
    assert notebook.complaints() == []
    assert notebook.outside == []


def test_the_control_bar_steers_a_running_study(open_notebook: OpenNotebook) -> None:
    cells = [
        study(epochs=2000, jobs=50),
        "print(study.state, study.config.limits.total_max_jobs, study.config.limits.max_number_of_concurrent_tasks)",
        "print(sum(t.parameters == {'lr': 0.25, 'act': 'tanh', 'layers': 5} for t in study.store.tasks(study.id)))",
        "print(study.config.space[2])",
    ]
    notebook = open_notebook(cells)
    notebook.run_cell(0)
    control = panel(notebook, "control")
    expect(control).to_contain_text("2 running")

    press(control, "Pause")
    expect(control).to_contain_text("paused")
    press(control, "Resume")
    expect(control.locator(".hpo-head-top")).to_contain_text("running")

    press(control, "Limits…")
    for width in (600, 1400):
        notebook.page.set_viewport_size({"width": width, "height": 1000})
        assert cut_texts(control) == [], width
    control.get_by_label("Trials in all").fill("many")
    control.get_by_label("Expected gain").fill("little")
    press(control, "Put in force")
    expect(control).to_contain_text("Trials in all: 'many' is not a number")
    expect(control).to_contain_text("Expected gain: 'little' is not a number")
    control.get_by_label("Trials in all").fill("4")
    control.get_by_label("Expected gain").fill("")
    control.get_by_label("Least gain").fill("0.1")
    press(control, "Put in force")
    expect(control).to_contain_text("Least gain is 0.1 without “trials without a better value”")
    control.get_by_label("Trials without a better value").fill("30")
    control.get_by_label("Terminator").fill("stagnation")
    control.get_by_label("Maximum concurrent trials").fill("3")
    press(control, "Put in force")
    expect(control).to_contain_text("0 of 4 trials")
    expect(control).to_contain_text("3 running")
    notebook.wait_seen(panel(notebook, "budget"), "Terminator: stagnation: 0 of the 20 results that it needs", SECONDS)
    control.scroll_into_view_if_needed()
    assert say(notebook, 1).strip() == "running 4 3"

    press(control, "Add a trial…")
    control.get_by_label("lr", exact=False).fill("7")
    press(control, "Queue it")
    expect(control).to_contain_text("lr' is 7")
    control.get_by_label("lr", exact=False).fill("0.25")
    control.get_by_label("act").select_option("tanh")
    control.get_by_label("layers").fill("5")
    press(control, "Queue it")
    expect(control).to_contain_text("The trial is queued")

    press(control, "Ranges…")
    control.get_by_label("layers: high").fill("2")
    press(control, "Search these")
    expect(control).to_contain_text("New ranges for 'layers'")
    notebook.wait(lambda: "max_value=2" in say(notebook, 3), "the space is narrowed", SECONDS)

    press(control, "Stop now")
    expect(control.locator(".hpo-head-top")).to_contain_text("stopped (by hand)")
    clean(notebook)


def test_ranges_are_narrowed_to_a_selection_and_an_ended_study_goes_on(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([study(epochs=2000, jobs=50)])
    notebook.run_cell(0)
    control = panel(notebook, "control")
    expect(control).to_contain_text("2 running")

    rows = panel(notebook, "summary").locator(".hpo-summary-row")
    rows.first.click()
    expect(control).to_contain_text("1 selected")
    press(control, "Narrow to them…")
    chosen = panel(notebook, "summary").locator("[aria-selected=true] > :nth-child(8)").inner_text()
    expect(control.get_by_label("layers: low")).to_have_value(chosen)
    expect(control.get_by_label("layers: high")).to_have_value(chosen)
    press(control, "Close")

    press(control, "Drain")
    expect(control.locator(".hpo-head-top")).to_contain_text("draining")
    press(control, "Stop now")
    expect(control.locator(".hpo-head-top")).to_contain_text("stopped (by hand)")
    expect(control.get_by_role("button", name="Add a trial…")).to_be_hidden()
    expect(control.get_by_role("button", name="Resume")).to_be_visible()

    press(control, "Limits…")
    control.get_by_label("Trials in all").fill("9")
    press(control, "Put in force")
    expect(control.locator(".hpo-head-top")).to_contain_text("running")
    expect(control).to_contain_text("of 9 trials")
    press(control, "Stop now")
    expect(control.locator(".hpo-head-top")).to_contain_text("stopped (by hand)")
    clean(notebook)


@pytest.mark.parametrize("while_busy", [False, True], ids=["free kernel", "busy kernel"])
def test_stop_reaches_the_tasks(open_notebook: OpenNotebook, while_busy: bool) -> None:
    busy = (
        "until = time.monotonic() + 90\nwhile study.state != 'stopped' and time.monotonic() < until: time.sleep(0.01)"
    )
    notebook = open_notebook([study(epochs=5000), f"{busy}\nprint('left as', study.state)"])
    notebook.run_cell(0)
    control = panel(notebook, "control")
    expect(control).to_contain_text("2 running")
    if while_busy:
        notebook.run_cell(1, wait=False)
        notebook.wait(lambda: notebook.kernel_status() == "busy", "the kernel is busy", SECONDS)

    press(control, "Stop now")

    expect(control.locator(".hpo-head-top")).to_contain_text("stopped (by hand)")
    if while_busy:
        notebook.wait_text(1, "left as stopped")
    expect(control).to_contain_text("2 aborted")
    clean(notebook)


def test_a_press_says_that_it_was_sent_until_the_kernel_can_answer(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([study(epochs=5000)])
    notebook.run_cell(0)
    control = panel(notebook, "control")
    expect(control).to_contain_text("2 running")
    kernel = notebook.kernel_pid()

    os.kill(kernel, signal.SIGSTOP)
    try:
        press(control, "Pause")
        expect(control.get_by_role("button", name="Sent…")).to_be_disabled()
        expect(control).to_contain_text("Sent. The kernel is busy")
    finally:
        os.kill(kernel, signal.SIGCONT)

    expect(control.locator(".hpo-head-top")).to_contain_text("paused")
    expect(control).not_to_contain_text("Sent")
    press(control, "Stop now")
    expect(control.locator(".hpo-head-top")).to_contain_text("stopped")
    clean(notebook)


def test_the_table_sorts_filters_selects_and_is_saved(open_notebook: OpenNotebook, notebook_folder: Path) -> None:
    notebook = open_notebook([study(jobs=12), "print(sorted(map(int, board.selected['trial'])))"])
    notebook.run_cell(0)
    summary = panel(notebook, "summary")
    expect(panel(notebook, "control")).to_contain_text("completed (all 12 trials are done)")
    expect(summary).to_contain_text("12 trials")

    summary.scroll_into_view_if_needed()  # what is out of sight is not drawn
    notebook.wait(lambda: "–" not in column(notebook, 2), "every trial has its value", SECONDS)
    best_first = [float(text) for text in column(notebook, 2)]
    assert best_first == sorted(best_first)
    press(summary, "loss")
    press(summary, "loss ▲")
    assert [float(text) for text in column(notebook, 2)] == sorted(best_first, reverse=True)
    expect(summary.get_by_role("columnheader", name="loss")).to_have_attribute("aria-sort", "descending")
    press(summary, "loss ▼")

    summary.get_by_label("Filter trials").fill("act=relu")
    notebook.wait(lambda: set(column(notebook, 7)) == {"relu"}, "only relu is shown")
    summary.get_by_label("Filter trials").fill(f"loss<={best_first[2] + 1e-9}")
    expect(summary).to_contain_text("3 of 12 trials")
    summary.get_by_label("Filter trials").fill("")

    summary.get_by_text("Columns", exact=True).click()
    summary.get_by_label("act").uncheck()
    expect(summary.get_by_role("columnheader", name="act")).to_have_count(0)
    summary.get_by_label("act").check()
    notebook.page.keyboard.press("Escape")

    grid = summary.get_by_role("grid", name="Trials")
    grid.focus()
    notebook.page.keyboard.press("Home")
    notebook.page.keyboard.press("Shift+ArrowDown")
    expect(summary.locator("[aria-selected=true]")).to_have_count(2)
    chosen = sorted(int(text) for text in column(notebook, 1)[:2])
    notebook.wait(lambda: say(notebook, 1).strip() == str(chosen), "Python knows the selection", SECONDS)

    with notebook.page.expect_download() as download:
        press(summary, "CSV")
    lines = Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith("trial,loss,state,iteration,duration,lr,act,layers")
    assert sorted(int(line.split(",")[0]) for line in lines[1:]) == chosen
    notebook.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    press(summary, "Copy")
    expect(panel(notebook, "control")).to_contain_text("Copied 2 rows")
    copied = notebook.page.evaluate("() => navigator.clipboard.readText()")
    assert [line.split("\t")[0] for line in copied.splitlines()] == ["trial", *column(notebook, 1)[:2]]

    control = panel(notebook, "control")
    for kind, file in (("Table as CSV…", "t.csv"), ("Everything as JSON…", "t.json"), ("Optuna storage…", "t.db")):
        control.get_by_text("Export", exact=True).click()
        press(control, kind)
        control.get_by_role("form").get_by_role("textbox").fill(f"sqlite:///{file}" if file.endswith(".db") else file)
        press(control, "Write")
        expect(control).to_contain_text("Copied to sqlite:///t.db" if file.endswith(".db") else f"Written to {file}")
        assert (notebook_folder / file).stat().st_size > 0
    assert len(json.loads((notebook_folder / "t.json").read_text())["tasks"]) == 12
    clean(notebook)


def test_the_task_view_follows_a_running_task(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([study(epochs=5000), "print(list(study.notes().values()))"])
    notebook.run_cell(0)
    expect(panel(notebook, "control")).to_contain_text("2 running")
    grid = panel(notebook, "summary").get_by_role("grid", name="Trials")
    expect(grid.locator(".hpo-summary-row")).to_have_count(2)
    grid.focus()
    notebook.page.keyboard.press("Home")
    notebook.page.keyboard.press("Enter")
    task = panel(notebook, "task")
    log = task.get_by_role("log")

    expect(task).to_contain_text("running")
    expect(log).to_contain_text("begins with")
    before = len(log.inner_text())
    notebook.wait(lambda: len(log.inner_text()) > before, "the log grows", SECONDS)
    expect(task.get_by_role("img", name="loss over iterations")).to_be_visible()
    task.get_by_label("Search the log").fill("begins")
    expect(task).to_contain_text("1 of 1")
    expect(log.locator("mark")).to_have_text("begins")

    task.get_by_label("Note").fill("<b>watch</b> this 🦜")
    press(task, "Keep note")
    expect(panel(notebook, "control")).to_contain_text("Noted.")
    notebook.wait(lambda: "['<b>watch</b> this 🦜']" in say(notebook, 1), "the note is kept", SECONDS)
    press(task, "Stop")
    expect(task).to_contain_text("aborted (user)")
    press(task, "Clone…")
    expect(panel(notebook, "control").get_by_label("lr", exact=False)).to_have_value(
        task.locator(".hpo-table td").first.inner_text()
    )
    press(panel(notebook, "control"), "Close")
    press(task, "Retry")
    expect(panel(notebook, "control")).to_contain_text("1 trial queued again")
    task.get_by_text("Code and environment").click()
    task.get_by_text("packages").click()
    expect(task).to_contain_text("numpy==")
    press(task, "Close the task view")
    expect(task).to_be_hidden()
    press(panel(notebook, "control"), "Stop now")
    expect(panel(notebook, "control")).to_contain_text("stopped")
    clean(notebook)


def test_failures_are_one_group_and_are_retried_together(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(
        [study(acts='["bad", "relu"]', jobs=100, epochs=40), "print(len(study.store.requests(study.id)))"]
    )
    notebook.run_cell(0)
    failures = panel(notebook, "failures")
    notebook.wait_seen(failures, failures.locator(".hpo-count", has_not_text="1 ×"), SECONDS)
    press(panel(notebook, "control"), "Pause")
    counts = panel(notebook, "control").locator(".hpo-counts")
    expect(counts).not_to_contain_text("running")
    count = int(re.search(r"(\d+) failed", counts.inner_text())[1])  # type: ignore[index]
    notebook.wait_seen(failures, f"{count} ×", SECONDS)

    failures.locator("summary").click()

    expect(failures).to_contain_text("act = bad (no other trial)")
    expect(failures).to_contain_text("ValueError: the activation is bad")
    press(failures, "Select")
    press(failures, f"Retry all {count}")
    expect(failures).to_contain_text(f"{count} trials queued again")
    panel(notebook, "control").scroll_into_view_if_needed()
    expect(panel(notebook, "control")).to_contain_text(f"{count} selected")
    notebook.wait(lambda: int(say(notebook, 1)) == count + 1, "one request a trial, and the pause", SECONDS)
    failures.locator(".hpo-trials button").first.click()
    task = panel(notebook, "task")
    expect(task).to_contain_text("failed")
    expect(task).to_contain_text("raise ValueError")
    press(panel(notebook, "control"), "Stop now")
    expect(panel(notebook, "control")).to_contain_text("stopped")
    clean(notebook)


def test_budget_and_resources_are_live(open_notebook: OpenNotebook) -> None:
    cell = study(epochs=60, jobs=6).replace("max_jobs=6", "max_jobs=6, max_iteration_per_job=100, time_limit=600")
    notebook = open_notebook([cell])
    notebook.run_cell(0)
    budget, resources = panel(notebook, "budget"), panel(notebook, "resources")

    expect(resources).to_contain_text("2 slots")
    expect(resources.locator("tbody tr")).to_have_count(2)
    expect(resources).to_contain_text("MB")
    expect(budget.get_by_role("meter", name="Jobs remaining")).to_have_attribute("aria-valuenow", "0.0", timeout=60000)
    expect(budget).to_contain_text("Ended: all 6 trials are done.")
    iterations = budget.get_by_role("meter", name="Iterations remaining").get_attribute("aria-valuenow")
    assert 0 <= float(iterations or -1) < 100
    expect(resources).to_contain_text("0 running")
    clean(notebook)
