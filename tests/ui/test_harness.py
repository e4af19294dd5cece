"""The harness itself: a notebook with a widget, in a real JupyterLab, in a real browser."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from playwright.sync_api import expect

from tests.ui.conftest import OpenNotebook
from tests.ui.lab import REPOSITORY

COUNTER = """
import ipywidgets
label = ipywidgets.Label("pressed 0 times")
button = ipywidgets.Button(description="Press")

def pressed(_):
    label.value = f"pressed {int(label.value.split()[1]) + 1} times"

button.on_click(pressed)
ipywidgets.VBox([button, label])
"""


def test_widget_answers_a_click_and_survives_reload_and_a_second_tab(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([COUNTER, "label.value"])
    notebook.run_cell(0)

    notebook.page.get_by_role("button", name="Press").click()
    expect(notebook.page.get_by_text("pressed 1 times")).to_be_visible()
    notebook.save()
    notebook.reload()
    notebook.page.get_by_role("button", name="Press").click()
    expect(notebook.page.get_by_text("pressed 2 times")).to_be_visible()
    second = open_notebook(notebook)
    expect(second.page.get_by_text("pressed 2 times")).to_be_visible()
    second.page.get_by_role("button", name="Press").click()
    expect(notebook.page.get_by_text("pressed 3 times")).to_be_visible()

    notebook.run_cell(1)
    notebook.wait_text(1, "pressed 3 times")
    for tab in (notebook, second):
        assert tab.complaints() == []
        assert tab.outside == []
        assert tab.refused == []
    assert 1_000 < notebook.traffic.received_bytes < 1_000_000
    assert notebook.traffic.sent_messages > 0


def test_kernel_is_this_python_with_this_package_in_the_folder_of_the_notebook(
    open_notebook: OpenNotebook, notebook_folder: Path
) -> None:
    notebook = open_notebook(
        ["import os, sys, hpo_widgets", "print(sys.executable, hpo_widgets.__file__, os.getcwd())"]
    )

    notebook.run_all()

    assert notebook.errors_of_cells() == []
    executable, package, folder = notebook.output_text(1).split()
    assert executable == sys.executable
    assert Path(package) == REPOSITORY / "hpo_widgets" / "__init__.py"
    assert Path(folder) == notebook_folder


def test_killed_kernel_is_replaced_by_the_server_and_can_be_restarted(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(["import os; print(os.getpid())"])
    notebook.run_all()
    first = notebook.kernel_pid()
    assert notebook.output_text(0).strip() == str(first)

    os.kill(first, signal.SIGKILL)
    notebook.wait_new_kernel(first)
    notebook.run_cell(0)
    second = notebook.kernel_pid()
    notebook.wait_text(0, str(second))
    notebook.restart_kernel()
    notebook.run_cell(0)

    notebook.wait_text(0, str(notebook.kernel_pid()))
    assert len({first, second, notebook.kernel_pid()}) == 3


def test_outside_requests_and_console_errors_are_caught(open_notebook: OpenNotebook) -> None:
    page = "<script>console.error('planted')</script><img src='http://outside.invalid/x.png'>"
    notebook = open_notebook([f"from IPython.display import HTML\nHTML({page!r})"])

    notebook.run_all()

    notebook.wait(lambda: notebook.outside, "the request was refused", 20)
    assert set(notebook.outside) == {"http://outside.invalid/x.png"}
    assert any("planted" in complaint for complaint in notebook.complaints())
    assert not any("planted" in complaint for complaint in notebook.complaints(ignore=("planted",)))


def test_dark_theme_is_dark_and_a_picture_can_be_taken(open_notebook: OpenNotebook, tmp_path: Path) -> None:
    notebook = open_notebook(["1 + 1"], theme="dark")

    dark = notebook.page.evaluate("() => getComputedStyle(document.body).getPropertyValue('--jp-layout-color0')")
    notebook.set_theme("light")
    light = notebook.page.evaluate("() => getComputedStyle(document.body).getPropertyValue('--jp-layout-color0')")
    picture = notebook.screenshot(tmp_path / "page.png")

    assert dark != light
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_failing_cell_is_named(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(["1 / 0", "'never'"])

    notebook.run_all()

    assert notebook.errors_of_cells() == ["ZeroDivisionError: division by zero"]
