"""The table of trials says in words who keeps to the constraints, and ranks whole fronts first."""

from __future__ import annotations

from collections.abc import Callable

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
hpo.Dashboard(study, panels=["summary"])
"""


def test_broken_constraints_are_a_word_and_the_front_comes_first(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([STUDY, "study.wait()", "print([t.objective for t in study.front()])"])
    for cell in range(3):
        notebook.run_cell(cell)
    table = notebook.cell(0).get_by_role("grid", name="Trials")
    expect(table.get_by_role("columnheader", name="constraints")).to_be_visible()
    expect(notebook.cell(0).get_by_text("16 trials", exact=True)).to_be_visible()
    rows = [row.split("\n") for row in table.locator(".hpo-summary-row").all_inner_texts()]

    notebook.wait_text(2, "(4.0, 1.0)", 20)
    # Trial 3, 3 has reported no constraint and is better than 3, 2: the front is 1, 4 and 3, 3 and 4, 1.
    assert [row[1:4] for row in rows[:3]] == [["1", "4", "feasible"], ["4", "1", "feasible"], ["3", "3", "–"]]
    assert [row[3] for row in rows].count("infeasible") == 5
    assert all(row[3] == "infeasible" for row in rows[11:])
    assert notebook.complaints() == [] and notebook.errors_of_cells() == []
