"""Table and charts say in words who keeps to the constraints, rank whole fronts first, show spreads and rungs."""

from __future__ import annotations

from collections.abc import Callable
from operator import contains
from typing import Any

from playwright.sync_api import expect

from tests.ui.notebook_page import NotebookPage

OpenNotebook = Callable[..., NotebookPage]
STUDY = """
import hpo_widgets as hpo

def train(x, y, task):
    if (x, y) != (3, 3):
        task.report_constraint("size", x + y - 5)
    return x, y

study = hpo.tune(train, {"x": [1, 2, 3, 4], "y": [1, 2, 3, 4]}, objective=["gain", "speed"],
    direction=["max", "max"], strategy="grid", concurrency=2, name="bounded")
hpo.Dashboard(study, panels=["summary", "objective_trials", "parallel"])
"""
REPEATED = """
def noisy(x, task):
    return 10 * x + 2 * (task.trial % 3)

repeated = hpo.tune(noisy, {"x": [0, 1]}, objective="loss", strategy="grid", repeats=3, concurrency=1, name="again")
hpo.Dashboard(repeated, panels=["summary", "objective_trials"])
"""
RUNGS = """
def curve(x, task):
    for i in range(1, 10):
        task.get_logger().report_scalar("loss", "loss", x + 1 / i, i)

ladder = hpo.tune(curve, {"x": (0.0, 1.0)}, objective="loss", strategy="asha", min_iteration_per_job=1,
    max_iteration_per_job=9, max_jobs=8, concurrency=1, seed=1, name="ladder")
hpo.Dashboard(ladder, panels=["summary"])
"""
SECONDS = 30
TRACES = """node => (node.data ?? []).map(({ name, x, y, text, marker, error_y }) =>
    ({ name, x, y, text, symbol: marker?.symbol, spread: error_y?.array }))"""


def trace(notebook: NotebookPage, cell: int, name: str, texts: list[str]) -> dict[str, Any]:
    """Gives what objective per trial draws under a name beneath a cell, once its hovers have these texts."""
    chart = notebook.cell(cell).locator(".js-plotly-plot").first
    chart.scroll_into_view_if_needed()
    found: dict[str, dict[str, Any]] = {}

    def is_drawn() -> bool:
        found.update({each["name"]: each for each in chart.evaluate(TRACES)})
        shown = found.get(name, {}).get("text") or []
        return len(shown) == len(texts) and all(map(contains, shown, texts))

    notebook.wait(is_drawn, f"{name!r} is drawn", SECONDS)
    return found[name]


def test_broken_constraints_are_a_word_and_the_front_comes_first(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([STUDY, "study.wait()", "print([t.objective for t in study.front()])", REPEATED, RUNGS])
    for cell in range(3):
        notebook.run_cell(cell)
    table = notebook.cell(0).get_by_role("grid", name="Trials")
    table.scroll_into_view_if_needed()  # what is out of sight is not drawn
    expect(table.get_by_role("columnheader", name="constraints")).to_be_visible()
    expect(notebook.cell(0).get_by_text("16 trials", exact=True)).to_be_visible()
    expect(table.locator(".hpo-summary-row", has_text="infeasible")).to_have_count(5)
    rows = [row.split("\n") for row in table.locator(".hpo-summary-row").all_inner_texts()]

    notebook.wait_text(2, "(4.0, 1.0)", 20)
    # Trial 3, 3 has reported no constraint and is better than 3, 2: the front is 1, 4 and 3, 3 and 4, 1.
    assert [row[1:4] for row in rows[:3]] == [["1", "4", "feasible"], ["4", "1", "feasible"], ["3", "3", "–"]]
    assert [row[3] for row in rows].count("infeasible") == 5
    assert all(row[3] == "infeasible" for row in rows[11:])
    broken = trace(notebook, 0, "infeasible", ["completed, infeasible"] * 5)
    assert broken["symbol"] == "diamond-tall-open"
    expect(notebook.cell(0).get_by_role("region", name="Parallel coordinates")).to_contain_text("constraints")
    notebook.run_cell(3)
    again = notebook.cell(3).get_by_role("grid", name="Trials")
    again.scroll_into_view_if_needed()  # what is out of sight is not drawn
    expect(again.get_by_role("columnheader", name="spread")).to_be_visible()
    expect(again.locator(".hpo-summary-row", has_text="completed")).to_have_count(6)
    rows = [row.split("\n") for row in again.locator(".hpo-summary-row").all_inner_texts()]
    assert [row[:4] for row in rows[:3]] == [["0", "0", "2", "2"], ["1", "2", "2", "2"], ["2", "4", "2", "2"]]
    assert {row[2] for row in rows[3:]} == {"12"}
    means = trace(notebook, 3, "mean of a set", ["3 runs of a set"] * 2)
    assert (means["x"], means["y"], means["spread"]) == ([1, 4], [2, 12], [2, 2])
    assert "2 ± 2" in means["text"][0]

    notebook.run_cell(4)
    ladder = notebook.cell(4).get_by_role("grid", name="Trials")
    ladder.scroll_into_view_if_needed()
    expect(ladder.get_by_role("columnheader", name="rung")).to_be_visible()
    expect(ladder.get_by_role("columnheader", name="budget")).to_have_count(0)
    notebook.cell(4).get_by_text("Columns", exact=True).click()
    notebook.cell(4).get_by_label("budget", exact=True).check()
    expect(ladder.get_by_role("columnheader", name="budget")).to_be_visible()
    assert notebook.complaints() == [] and notebook.errors_of_cells() == []


GROWS = """
import hpo_widgets as hpo

def train(x, decay=1):
    return x + decay

grows = hpo.tune(train, {"x": [1, 2, 3]}, objective="loss", strategy="grid", concurrency=1, name="grows")
hpo.Dashboard(grows, panels=["summary"])
"""
MORE = """
grows.wait()
grows.set_space({"decay": [0, 1]}, defaults={"decay": 1})
grows.resume(max_jobs=6)
grows.wait()
"""
COMET = """
from hpo_widgets.comet import Optimizer

config = {"algorithm": "grid", "parameters": {"x": [1, 2]}, "spec": {"metric": "loss"}}
optimizer = Optimizer(config, trials=2, verbose=0)
for experiment in optimizer.get_experiments():
    experiment.log_metric("loss", experiment.get_parameter("x") + experiment.others["optimizer_trial"])
hpo.Dashboard(optimizer.study, panels=["summary"])
"""


def test_a_parameter_that_joins_gets_a_column_and_trials_of_an_optimizer_a_spread(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([GROWS, MORE, COMET])
    notebook.run_cell(0)
    table = notebook.cell(0).get_by_role("grid", name="Trials")
    expect(table.locator(".hpo-summary-row", has_text="completed")).to_have_count(3)
    notebook.run_cell(1)
    expect(table.get_by_role("columnheader", name="decay")).to_be_visible()
    expect(table.locator(".hpo-summary-row", has_text="completed")).to_have_count(6)
    rows = [row.split("\n") for row in table.locator(".hpo-summary-row").all_inner_texts()]
    assert sorted((row[-2], row[-1]) for row in rows) == [(x, d) for x in "123" for d in "0–"]

    notebook.run_cell(2)
    spread = notebook.cell(2).get_by_role("grid", name="Trials")
    spread.scroll_into_view_if_needed()
    expect(spread.get_by_role("columnheader", name="spread")).to_be_visible()
    expect(spread.locator(".hpo-summary-row", has_text="completed")).to_have_count(4)
    rows = [row.split("\n") for row in spread.locator(".hpo-summary-row").all_inner_texts()]
    assert [row[2:4] for row in rows] == [["2.5", "0.70711"]] * 2 + [["3.5", "0.70711"]] * 2
    assert notebook.complaints() == [] and notebook.errors_of_cells() == []
