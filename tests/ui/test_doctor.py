"""The doctor in JupyterLab: the page answers while a cell runs, light, dark, narrow, and accessible."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.ui.axe import serious_violations
from tests.ui.conftest import OpenNotebook

DOCTOR = "import hpo_widgets as hpo\ndoctor = hpo.doctor()\ndoctor"
BUSY = """import time
until = time.monotonic() + 60
while not doctor.settled and time.monotonic() < until:
    pass
print(doctor.page.while_busy, doctor.is_well)"""
REPORT = ".hpo-doctor"


def test_page_answers_during_a_busy_cell_and_after_a_reload(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([DOCTOR, BUSY], theme="dark")

    notebook.run_all()

    notebook.wait_text(1, "True True")
    report = notebook.page.locator(REPORT)
    expect(report.get_by_role("row", name="buttons during a cell")).to_contain_text("heard while a cell runs")
    expect(report.get_by_role("row", name="widgets in the page")).to_contain_text("they work: JupyterLab 4.")
    expect(report.get_by_role("row", name="store")).to_contain_text("writable")
    expect(report.get_by_role("status")).to_contain_text("Everything works")
    assert serious_violations(notebook.page, REPORT) == []
    notebook.set_theme("light")
    assert serious_violations(notebook.page, REPORT) == []
    notebook.save()
    notebook.reload()
    expect(report.get_by_role("status")).to_contain_text("Everything works")
    expect(notebook.page.get_by_text("plain table")).to_be_hidden()
    assert notebook.complaints() == []
    assert notebook.outside == []
    assert notebook.refused == []
