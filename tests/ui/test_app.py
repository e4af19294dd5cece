"""Sets whole searches up in the form and starts them, the way a person does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.ui.axe import serious_violations
from tests.ui.cut import cut_texts
from tests.ui.notebook_page import NotebookPage

pytestmark = pytest.mark.ui
SECONDS = 60
TABS = 120
"""Presses of Tab after which a control counts as out of reach."""
OpenNotebook = Callable[..., NotebookPage]

TYPED = """
import hpo_widgets as hpo

def train(task, learning_rate: float, layer_1: int = 256):
    for epoch in range(3):
        task.get_logger().report_scalar("accuracy", "valid", learning_rate * layer_1 / (1 + epoch), epoch)
"""
UNTYPED = """
import hpo_widgets as hpo

def train(**config):
    return {"loss": sum(config.values())}
"""
APP = "app = hpo.app()\napp"
WAIT = "app.study.wait(60)\nprint('ended as', app.study.state, len(app.study.tasks()))"


def shown(notebook: NotebookPage, cell: int = 1) -> Locator:
    return notebook.cell(cell).get_by_role("region", name="Hyperparameter search")


def opened(notebook: NotebookPage, cell: int = 1) -> Locator:
    """Waits until all of the form is drawn."""
    app = shown(notebook, cell)
    for label in ("Base task", "Metric title", "Trials in all"):
        expect(app.get_by_label(label, exact=True)).to_be_visible()
    expect(app.get_by_role("button", name="Add parameter")).to_be_visible()
    return app


def clean(notebook: NotebookPage) -> None:
    assert notebook.complaints() == []
    assert notebook.outside == []
    assert [refusal for refusal in notebook.refused if refusal[0].isdigit()] == []


class Keyboard:
    """Presses keys only."""

    def __init__(self, notebook: NotebookPage) -> None:
        self.notebook = notebook
        self.keys = notebook.page.keyboard

    def to(self, control: Locator, key: str = "Tab") -> None:
        for _ in range(TABS):
            if control.evaluate("node => node === document.activeElement"):
                return
            self.keys.press(key)
        raise AssertionError(f"{key} does not reach {control}")

    def write(self, control: Locator, text: str) -> None:
        self.to(control)
        self.keys.press("Control+A")
        self.keys.type(text)


def row(app: Locator, place: int) -> Locator:
    return app.get_by_role("group", name="Parameter ").nth(place)


def test_a_typed_function_is_searched_with_one_press(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([TYPED, APP, WAIT])
    notebook.run_cell(0)
    notebook.run_cell(1)
    app = opened(notebook)
    expect(app.get_by_label("Metric series")).to_have_value("valid")
    expect(app.get_by_label("Sign", exact=True)).to_have_value("max")
    app.get_by_label("Trials in all").fill("4")
    app.get_by_role("button", name="Start").click()
    expect(app.get_by_text("train: auto over 2 parameters for accuracy/valid (max)")).to_be_visible()
    expect(app.get_by_role("region", name="Study ")).to_be_visible()
    expect(app.get_by_label("Base task")).to_be_hidden()
    notebook.run_cell(2)
    notebook.wait_text(2, "ended as completed 4")
    expect(app.get_by_role("region", name="Study ")).to_contain_text("4 of 4 trials")
    app.get_by_role("button", name="Clone").click()
    expect(app.get_by_label("Trials in all")).to_have_value("4")
    expect(app.get_by_label("Base task")).to_have_value("function:train")
    expect(app.get_by_role("region", name="Study ")).to_be_visible()
    clean(notebook)


def test_the_seeds_search_is_built_and_started_by_keyboard_alone(open_notebook: OpenNotebook) -> None:
    show = (
        "config = app.study.config\nprint(dict((p.name, p.to_list()) for p in config.space), config.strategy['name'])"
    )
    notebook = open_notebook([UNTYPED, APP, show, WAIT])
    notebook.run_cell(0)
    notebook.run_cell(1)
    app = opened(notebook)
    keyboard = Keyboard(notebook)
    app.get_by_role("button", name="Import…").focus()
    keyboard.to(app.get_by_role("button", name="Add parameter"))
    keyboard.keys.press("Enter")
    for place, name in enumerate(("layer_1", "layer_2")):
        keyboard.keys.type(name)
        keyboard.to(row(app, place).get_by_label("Kind"))
        keyboard.keys.type("integer")
        for label, value in (("Low", "128"), ("High", "512"), ("Step", "128")):
            keyboard.write(row(app, place).get_by_label(label, exact=True), value)
        keyboard.keys.press("Enter")
    keyboard.keys.type("batch_size")
    keyboard.to(row(app, 2).get_by_label("Kind"))
    keyboard.keys.type("discrete")
    keyboard.write(row(app, 2).get_by_label("Values, separated by commas"), "96, 128, 160")
    keyboard.keys.press("Enter")
    keyboard.keys.type("epochs")
    keyboard.to(row(app, 3).get_by_label("Kind"))
    keyboard.keys.type("fixed")
    keyboard.write(row(app, 3).get_by_label("Value", exact=True), "30")
    expect(app.get_by_text("48 combinations")).to_be_visible()
    keyboard.write(app.get_by_label("Metric title"), "loss")
    keyboard.to(app.get_by_label("Method", exact=True))
    keyboard.keys.type("grid")
    keyboard.write(app.get_by_label("Trials in all"), "3")
    keyboard.to(app.get_by_role("button", name="Start"))
    keyboard.keys.press("Enter")
    expect(app.get_by_text("train: grid over 4 parameters for loss (min)")).to_be_focused()
    notebook.run_cell(2)
    notebook.wait_text(2, "{'layer_1': 128}, {'layer_1': 256}, {'layer_1': 384}, {'layer_1': 512}")
    notebook.wait_text(2, "{'batch_size': 96}, {'batch_size': 128}, {'batch_size': 160}")
    notebook.wait_text(2, "{'epochs': 30}")
    notebook.run_cell(3)
    notebook.wait_text(3, "ended as completed 3")
    clean(notebook)


def test_start_shows_all_messages_and_goes_to_the_first(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([TYPED, APP, "print(app.study)"])
    notebook.run_cell(0)
    notebook.run_cell(1)
    app = opened(notebook)
    app.get_by_label("Low", exact=True).first.fill("nan")
    app.get_by_label("Metric title").fill("")
    app.get_by_label("Trials in all").fill("many")
    app.get_by_text("Advanced", exact=True).click()
    app.get_by_label("Seed").fill("x")
    app.get_by_role("button", name="Start").click()
    summary = app.get_by_text("4 things to mend").locator("..")
    expect(summary).to_be_visible()
    expect(app.get_by_label("Low", exact=True).first).to_be_focused()
    for label in ("Metric title", "Trials in all", "Seed"):
        expect(app.get_by_label(label)).to_have_attribute("aria-invalid", "true")
    summary.get_by_role("button", name="Limits, Trials in all").press("Enter")
    expect(app.get_by_label("Trials in all")).to_be_focused()
    app.get_by_label("Low", exact=True).first.fill("1e-5")
    app.get_by_label("Metric title").fill("accuracy")
    app.get_by_label("Trials in all").fill("")
    app.get_by_label("Seed").fill("")
    app.get_by_label("Seed").blur()
    expect(summary).to_be_hidden()
    notebook.run_cell(2)
    notebook.wait_text(2, "None")
    clean(notebook)


def test_what_is_typed_survives_a_reload_and_shows_in_a_second_tab(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([TYPED, APP])
    notebook.run_all()
    app = opened(notebook)
    notebook.save()
    app.get_by_label("Name", exact=True).first.fill("half a na")
    app.get_by_label("Job title").fill("my search")
    app.get_by_label("Metric series").fill("test")
    app.get_by_label("Trials in all").press_sequentially("7")
    notebook.reload()
    second = open_notebook(notebook)
    for tab in (notebook, second):
        again = opened(tab)
        expect(again.get_by_label("Name", exact=True).first).to_have_value("half a na")
        expect(again.get_by_label("Job title")).to_have_value("my search")
        expect(again.get_by_label("Metric series")).to_have_value("test")
        expect(again.get_by_label("Trials in all")).to_have_value("750")
    opened(second).get_by_label("Job title").fill("from the second tab")
    expect(opened(notebook).get_by_label("Job title")).to_have_value("from the second tab")
    clean(notebook)
    clean(second)


def test_a_search_goes_to_a_file_and_comes_back(open_notebook: OpenNotebook, notebook_folder: Path) -> None:
    second = "other = hpo.StudyForm()\nother"
    same = "print('the same:', other.value == app.form.value, other.value.name)"
    notebook = open_notebook([TYPED, APP, second, same])
    notebook.run_cell(0)
    notebook.run_cell(1)
    app = opened(notebook)
    app.get_by_label("Job title").fill("<b>kept</b>")
    app.get_by_text("By path", exact=True).click()
    app.get_by_label("Path of a configuration file").fill("search.json")
    app.get_by_role("button", name="Export to path").click()
    expect(app.get_by_text("Exported to")).to_be_visible()
    assert json.loads((notebook_folder / "search.json").read_text())["name"] == "<b>kept</b>"
    with notebook.page.expect_download() as download:
        app.get_by_role("button", name="Export", exact=True).click()
    assert download.value.path().read_text() == (notebook_folder / "search.json").read_text()
    notebook.run_cell(2)
    form = notebook.cell(2).get_by_role("region", name="Search", exact=True)
    with notebook.page.expect_file_chooser() as chooser:
        form.get_by_role("button", name="Import…").click()
    chooser.value.set_files(notebook_folder / "search.json")
    expect(form.get_by_text("Imported a search from search.json.")).to_be_visible()
    expect(form.get_by_label("Job title")).to_have_value("<b>kept</b>")
    notebook.run_cell(3)
    notebook.wait_text(3, "the same: True <b>kept</b>")
    assert app.locator("b").count() == form.locator("b").count() == 0
    clean(notebook)


DROP = """(node, [name, text]) => {
    const data = new DataTransfer();
    data.items.add(new File([text], name, { type: "application/json" }));
    for (const kind of ["dragover", "drop"])
        node.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
}"""
HOSTILE = "<img src=x onerror=alert(1)>"
DUPLICATES: dict[str, Any] = {
    "format": "hpo_widgets.space",
    "version": 1,
    "parameters": [{"kind": "DiscreteParameterRange", "name": "<img src=x onerror=alert(1)>", "values": {"tuple": [1]}}]
    * 2,
}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "this is not JSON"),
        (json.dumps({"version": 1}), "this is no configuration that is known"),
        (json.dumps(DUPLICATES), HOSTILE),
        ('{"x": NaN}', "NaN is no number that JSON has"),
        (json.dumps({"filler": "x" * 5_000_000}), "the text has 5000014 characters; at most 1000000 are read"),
    ],
    ids=["no JSON", "unknown", "two of one name", "NaN", "5 MB"],
)
def test_dropped_junk_gives_a_message(open_notebook: OpenNotebook, text: str, said: str) -> None:
    notebook = open_notebook([TYPED, APP])
    dialogs: list[str] = []
    notebook.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    notebook.run_all()
    app = opened(notebook)
    app.get_by_role("region", name="Search", exact=True).evaluate(DROP, ["junk.json", text])
    expect(app.locator(".hpo-notices")).to_contain_text(said)
    expect(app.get_by_label("Name", exact=True)).to_have_count(2)
    assert app.locator("img[src=x]").count() == 0
    assert dialogs == []
    assert notebook.errors_of_cells() == []
    clean(notebook)


def test_what_clearml_param_search_takes_is_dropped_on_the_form(open_notebook: OpenNotebook) -> None:
    given = [
        {"name": f"layer_{n}", "type": "UniformIntegerParameterRange", "min_value": 128, "max_value": 512,
         "step_size": 128}
        for n in (1, 2)
    ]  # fmt: skip
    given.append({"name": "batch_size", "type": "DiscreteParameterRange", "values": [96, 128, 160]})
    notebook = open_notebook([UNTYPED, APP, "print(app.form.space.value.grid_size, app.form.space.value.names)"])
    notebook.run_cell(0)
    notebook.run_cell(1)
    app = opened(notebook)
    app.get_by_role("region", name="Search", exact=True).evaluate(DROP, ["params.json", json.dumps(given)])
    notices = app.locator(".hpo-notices")
    expect(notices).to_contain_text("Imported the JSON of clearml-param-search from params.json.")
    expect(notices).to_contain_text("It does not say what to run, the objective, the limits and the method")
    expect(app.get_by_label("Name", exact=True)).to_have_count(3)
    notebook.run_cell(2)
    notebook.wait_text(2, "48 ('layer_1', 'layer_2', 'batch_size')")
    clean(notebook)


def test_a_comet_config_is_dropped_on_the_form_and_what_it_cannot_say_is_listed(open_notebook: OpenNotebook) -> None:
    given = """{
        # as Comet's own files are: Python, with comments
        "algorithm": "bayes",
        "spec": {"metric": "loss", "objective": "minimize", "maxCombo": 12,},
        "parameters": {
            "lr": {"type": "float", "scalingType": "loguniform", "min": 1e-4, "max": 1e-1},
            "act": {"type": "categorical", "values": ["relu", "tanh"]},
        },
    }"""
    notebook = open_notebook([UNTYPED, APP, "print(app.form.space.value.names, app.form.errors)"])
    notebook.run_cell(0)
    notebook.run_cell(1)
    app = opened(notebook)
    app.get_by_role("region", name="Search", exact=True).evaluate(DROP, ["comet.config", given])
    expect(app.locator(".hpo-notices")).to_contain_text("Imported a Comet config from comet.config.")
    expect(app.get_by_label("Name", exact=True)).to_have_count(2)
    notebook.run_cell(2)
    notebook.wait_text(2, "('lr', 'act')")
    clean(notebook)


def test_the_shown_code_runs_and_says_the_same(open_notebook: OpenNotebook) -> None:
    same = (
        "study.stop(); study.wait(60)\n"
        "print('the same:', study.config.space == app.form.value.space, study.config.limits == app.form.value.limits)"
    )
    notebook = open_notebook([TYPED, APP, "", same])
    notebook.run_cell(0)
    notebook.run_cell(1)
    app = opened(notebook)
    app.get_by_role("button", name="Show code").click()
    code = app.get_by_label("Python code of this search")
    expect(code).to_be_focused()
    notebook.page.keyboard.press("Escape")
    expect(code).to_be_hidden()
    expect(app.get_by_role("button", name="Show code")).to_be_focused()
    notebook.page.keyboard.press("Enter")
    expect(code).to_be_focused()
    notebook.page.evaluate(
        "text => window.jupyterapp.shell.currentWidget.content.widgets[2].model.sharedModel.setSource(text)",
        code.input_value(),
    )
    notebook.run_cell(2)
    notebook.run_cell(3)
    notebook.wait_text(3, "the same: True True")
    clean(notebook)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_form_follows_the_theme_and_fits_600_pixels(
    open_notebook: OpenNotebook, theme: str, tmp_path: Path
) -> None:
    notebook = open_notebook([TYPED, APP], theme=theme)
    notebook.page.set_viewport_size({"width": 600, "height": 1000})
    notebook.run_all()
    app = opened(notebook)
    for text in ("By path", "Options of the method", "More limits", "Advanced"):
        app.get_by_text(text, exact=True).click()
    app.get_by_role("button", name="Show code").click()
    expect(app.get_by_label("Python code of this search")).to_be_visible()
    assert app.evaluate("node => node.scrollWidth <= node.clientWidth")
    method = app.get_by_label("Method", exact=True)
    for width in (600, 1400):
        notebook.page.set_viewport_size({"width": width, "height": 1000})
        for chosen in method.locator("option").all_inner_texts():
            method.select_option(chosen)
            assert cut_texts(app) == [], f"{chosen} at {width}"
    notebook.page.set_viewport_size({"width": 600, "height": 1000})
    background = app.get_by_role("region", name="Search", exact=True).evaluate(
        "node => getComputedStyle(node).backgroundColor"
    )
    assert (sum(map(int, background[4:-1].split(","))) > 380) == (theme == "light")
    assert notebook.screenshot(tmp_path / "form.png", 1).stat().st_size > 0
    clean(notebook)
    assert serious_violations(notebook.page, ".hpo-app") == []


def test_saved_notebook_shows_a_table_without_a_kernel(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([TYPED, APP])
    notebook.run_all()
    opened(notebook)
    expect(notebook.cell(1).locator(".hpo-static")).to_be_hidden()
    saved = notebook.save()
    assert "widgets" not in saved["metadata"]
    clean(notebook)
    notebook.close()
    notebook.server.shut_down_kernels()
    again = open_notebook(notebook)
    table = again.cell(1).get_by_role("table")
    expect(table).to_be_visible()
    expect(table).to_contain_text("parameter learning_rate")
    expect(table).to_contain_text("accuracy/valid, max")
    expect(table).to_contain_text("no limit")


def test_saved_notebook_shows_what_was_started(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([TYPED, APP, "study = app.start()\nstudy.wait(60)\nprint(study.state)"])
    notebook.run_cell(0)
    notebook.run_cell(1)
    opened(notebook).get_by_label("Trials in all").fill("3")
    opened(notebook).get_by_label("Trials in all").blur()
    notebook.run_cell(2)
    notebook.wait(lambda: "3 of 3 trials" in str(notebook.outputs(1)), "the static table is refreshed", SECONDS)
    expect(notebook.cell(1).locator(".hpo-static")).to_be_hidden()
    notebook.save()
    clean(notebook)
    notebook.close()
    notebook.server.shut_down_kernels()
    again = open_notebook(notebook)
    expect(again.cell(1).get_by_role("table")).to_contain_text("learning_rate")
    expect(again.cell(1)).to_contain_text("train: completed (all 3 trials are done), 3 of 3 trials")
