"""Builds search spaces by hand in a real JupyterLab: by keyboard alone, over reloads, in two tabs, with junk."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.ui.axe import serious_violations
from tests.ui.cut import cut_texts
from tests.ui.notebook_page import NotebookPage

pytestmark = pytest.mark.ui
OpenNotebook = Callable[..., NotebookPage]

EMPTY = "import hpo_widgets as hpo\nform = hpo.SearchSpaceForm()\nform"
ALL_KINDS = """
import hpo_widgets as hpo
from hpo_widgets.automation import UniformParameterRange
form = hpo.SearchSpaceForm({
    "Args/learning_rate": hpo.loguniform(1e-5, 1e-1), "layer_1": hpo.integer(128, 512, 128),
    "batch_size": [96, 128, 160], "mixed": ["relu", 3], "noise": hpo.normal(0, 1), "epochs": 30,
    "width": hpo.lognormal(0, 1), "momentum": (0.0, 0.99),
    "either": UniformParameterRange(None, 0, 1, 0.25, include_max_value=False),
})
form
"""
HOSTILE = "<img src=x onerror=document.title='hurt'><b>x</b>"
BUSY = """
import time
until = time.monotonic() + 60
while not (form.value and form.value[0].max_value == 7.0) and time.monotonic() < until:
    time.sleep(0.01)
print("seen", form.value)
"""


def space_form(notebook: NotebookPage, cell: int = 0) -> Locator:
    return notebook.cell(cell).get_by_role("region", name="Search space")


def row(notebook: NotebookPage, name: str, cell: int = 0) -> Locator:
    return space_form(notebook, cell).get_by_role("group", name=f"Parameter {name}", exact=True)


def field(notebook: NotebookPage, name: str, label: str) -> Locator:
    return row(notebook, name).get_by_label(label, exact=True)


def names(notebook: NotebookPage) -> list[str]:
    return [each.input_value() for each in space_form(notebook).get_by_label("Name", exact=True).all()]


def clean(notebook: NotebookPage) -> None:
    assert notebook.complaints() == []
    assert notebook.outside == []
    assert [refusal for refusal in notebook.refused if refusal[0].isdigit()] == []
    assert notebook.errors_of_cells() == []


def press(notebook: NotebookPage, *keys: str) -> None:
    """Presses keys, or types what is longer than the name of a key."""
    for key in keys:
        if key.startswith("type:"):
            notebook.page.keyboard.type(key.removeprefix("type:"))
        else:
            notebook.page.keyboard.press(key)


def test_the_example_space_is_built_by_keyboard_alone(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([EMPTY, "import json; print(json.dumps(form.to_json()['parameters']))"])
    notebook.run_cell(0)
    space_form(notebook).get_by_role("button", name="Add parameter").focus()
    press(notebook, "Enter", "type:layer_1", "Tab", "type:integer", "Tab")
    press(notebook, "type:128", "Tab", "type:512", "Tab", "type:128", "Enter")
    press(notebook, "type:layer_2", "Tab", "type:integer", "Tab")
    press(notebook, "type:128", "Tab", "type:512", "Tab", "type:128", "Enter")
    press(notebook, "type:batch_size", "Tab", "type:discrete", "Tab", "type:96, 128, 160", "Enter")
    press(notebook, "type:epochs", "Tab", "type:fixed", "Tab", "type:30")
    expect(space_form(notebook).get_by_role("status").filter(has_text="48 combinations")).to_be_visible()
    notebook.run_cell(1)
    found = {each["name"]: each for each in json.loads(notebook.output_text(1))}
    for name in ("layer_1", "layer_2"):
        assert found[name]["kind"] == "UniformIntegerParameterRange"
        assert [found[name][key] for key in ("min_value", "max_value", "step_size")] == [128, 512, 128]
    assert found["batch_size"]["values"] == {"tuple": [96, 128, 160]}
    assert found["epochs"]["values"] == {"tuple": [30]}
    clean(notebook)


def test_the_fields_of_another_kind_are_there_before_the_next_key(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(["import hpo_widgets as hpo\nform = hpo.SearchSpaceForm({'a': (0.0, 1.0)})\nform"])
    notebook.run_cell(0)
    # Within one turn of the page, so that no frame can come between the choice and the question.
    changed = """(select) => { select.value = "discrete"; select.dispatchEvent(new Event("input"));
        return select.closest(".hpo-row").querySelector(".hpo-row-fields .hpo-field-values") !== null; }"""
    assert field(notebook, "a", "Kind").evaluate(changed) is True
    expect(field(notebook, "a", "Values, separated by commas")).to_be_visible()
    # What was typed for the other kind is kept.
    field(notebook, "a", "Kind").select_option("integer")
    expect(field(notebook, "a", "High")).to_have_value("1")
    clean(notebook)


def test_rows_move_double_and_go_by_keyboard_and_the_focus_stays(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(["import hpo_widgets as hpo\nform = hpo.SearchSpaceForm({'a': 1, 'b': 2, 'c': 3})\nform"])
    notebook.run_cell(0)
    field(notebook, "a", "Value").focus()
    press(notebook, "Alt+ArrowDown")
    assert names(notebook) == ["b", "a", "c"]
    expect(field(notebook, "a", "Value")).to_be_focused()
    row(notebook, "a").get_by_role("button", name="Duplicate a").press("Enter")
    assert names(notebook) == ["b", "a", "a", "c"]
    press(notebook, "Control+a", "type:z")
    expect(field(notebook, "z", "Name")).to_be_focused()
    row(notebook, "z").get_by_role("button", name="Move z up").press("Space")
    assert names(notebook) == ["b", "z", "a", "c"]
    expect(row(notebook, "z").get_by_role("button", name="Move z up")).to_be_focused()
    row(notebook, "c").get_by_role("button", name="Remove c").press("Enter")
    expect(field(notebook, "a", "Name")).to_be_focused()
    row(notebook, "b").get_by_role("button", name="Remove b").press("Enter")
    expect(field(notebook, "z", "Name")).to_be_focused()
    space_form(notebook).get_by_role("button", name="Undo: bring b back").press("Enter")
    assert names(notebook) == ["b", "z", "a"]
    expect(field(notebook, "b", "Name")).to_be_focused()
    expect(space_form(notebook).get_by_role("button", name="Undo")).to_be_hidden()
    # Letters on boxes and lists are no commands of the notebook: "a" would add a cell, "d d" would delete this one.
    field(notebook, "z", "Use").focus()
    press(notebook, "a", "b", "d", "d")
    assert notebook.page.locator(".jp-Notebook .jp-Cell").count() == 1
    clean(notebook)


def test_half_typed_text_survives_a_reload_and_shows_in_a_second_tab(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([EMPTY, "print(form.errors)"])
    notebook.run_cell(0)
    notebook.save()
    space_form(notebook).get_by_role("button", name="Add parameter").click()
    press(notebook, "type:lr", "Tab", "Tab", "type:0", "Tab", "type:1e-")
    notebook.reload()
    expect(field(notebook, "lr", "High")).to_have_value("1e-")
    expect(row(notebook, "lr")).to_contain_text("High: '1e-' is not a number")
    second = open_notebook(notebook)
    expect(field(second, "lr", "High")).to_have_value("1e-")
    field(second, "lr", "High").fill("1e-1")
    expect(field(notebook, "lr", "High")).to_have_value("1e-1")
    expect(row(notebook, "lr")).not_to_contain_text("is not a number")
    field(notebook, "lr", "Low").fill("0.01")
    expect(field(second, "lr", "Low")).to_have_value("0.01")
    notebook.run_cell(1)
    notebook.wait_text(1, "()")
    for tab in (notebook, second):
        clean(tab)


def test_the_saved_notebook_has_the_values_as_a_table_and_a_page_without_kernel_says_so(
    open_notebook: OpenNotebook,
) -> None:
    notebook = open_notebook(["import hpo_widgets as hpo\nform = hpo.SearchSpaceForm({'a': (0.0, 1.0)})\nform"])
    notebook.run_cell(0)
    expect(row(notebook, "a")).to_be_visible()
    static = notebook.cell(0).locator(".jp-OutputArea-child:has(.hpo-static)")
    expect(static).to_have_css("display", "none")
    field(notebook, "a", "High").fill("7")
    notebook.wait(lambda: "low 0, high 7" in json.dumps(notebook.outputs(0)), "the table follows")
    table, live = notebook.save()["cells"][0]["outputs"]
    assert "high 7" in "".join(table["data"]["text/html"])
    assert live["data"]["text/plain"] == ["<SearchSpaceForm: complete>"]
    notebook.restart_kernel()
    expect(space_form(notebook)).to_contain_text("run its cell again")
    clean(notebook)


def test_typing_is_not_disturbed_by_what_a_program_sets(open_notebook: OpenNotebook) -> None:
    program = "form.value = {'a': hpo.uniform(0, 1), 'b': [1, 2]}\nprint('set')"
    notebook = open_notebook(["import hpo_widgets as hpo\nform = hpo.SearchSpaceForm({'a': 1})\nform", program])
    notebook.run_cell(0)
    expect(row(notebook, "a")).to_be_visible()
    notebook.run_cell(1)
    expect(field(notebook, "a", "Kind")).to_have_value("uniform")
    expect(field(notebook, "b", "Values, separated by commas")).to_have_value("1, 2")
    field(notebook, "a", "High").press("End")
    press(notebook, "type:23")
    expect(field(notebook, "a", "High")).to_have_value("123")
    clean(notebook)


def test_what_is_typed_arrives_while_a_cell_runs(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(["import hpo_widgets as hpo\nform = hpo.SearchSpaceForm({'a': (0.0, 1.0)})\nform", BUSY])
    notebook.run_cell(0)
    expect(row(notebook, "a")).to_be_visible()
    notebook.run_cell(1, wait=False)
    field(notebook, "a", "High").fill("7")
    notebook.wait_text(1, "max_value=7.0")
    clean(notebook)


def test_junk_gives_messages_and_never_markup(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([EMPTY, "form.show_problems()"])
    notebook.run_cell(0)
    add = space_form(notebook).get_by_role("button", name="Add parameter")
    add.click()
    press(notebook, f"type:{HOSTILE}", "Tab", "type:discrete", "Tab", f"type:{HOSTILE}, 3, nan")
    hostile = row(notebook, HOSTILE)
    expect(hostile).to_contain_text("item 3: NaN is not a value")
    expect(hostile.get_by_label("Values, separated by commas")).to_have_attribute("aria-invalid", "true")
    hostile.get_by_label("Values, separated by commas").fill("1, a")
    expect(hostile).to_contain_text("mixed: 1 number, 1 text")
    hostile.get_by_label("Values, separated by commas").evaluate(
        "(input) => { input.value = '1234,'.repeat(1000000); input.dispatchEvent(new Event('input')); }"
    )
    expect(hostile).to_contain_text("5,000,000 characters were given")
    expect(hostile.get_by_label("Values, separated by commas")).to_have_value("1, a")
    values = ", ".join(map(str, range(10_000)))
    hostile.get_by_label("Values, separated by commas").fill(values)
    expect(space_form(notebook)).to_contain_text("10,000 combinations")
    hostile.get_by_role("button", name="Duplicate").click()
    expect(space_form(notebook)).to_contain_text("is in a row above already")
    add.click()
    notebook.run_cell(1)
    # Everything stands together, and the reader is at the first: the second row's name.
    expect(space_form(notebook)).to_contain_text("4 things to mend")
    expect(space_form(notebook).get_by_label("Name", exact=True).nth(1)).to_be_focused()
    assert space_form(notebook).locator("img, b, script").count() == 0
    assert notebook.page.title() != "hurt"
    clean(notebook)


def test_a_pasted_column_becomes_values(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(["import hpo_widgets as hpo\nform = hpo.SearchSpaceForm({'a': [1, 2]})\nform"])
    notebook.run_cell(0)
    values = field(notebook, "a", "Values, separated by commas")
    values.fill("")
    values.evaluate(
        """(input) => { const data = new DataTransfer(); data.setData("text/plain", "96\\n128\\r\\n160\\n");
        input.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true})); }"""
    )
    expect(values).to_have_value("96, 128, 160")
    expect(space_form(notebook)).to_contain_text("3 combinations")
    clean(notebook)


@pytest.mark.parametrize(("theme", "width"), [("light", 1400), ("dark", 1400), ("light", 600)])
def test_every_control_has_a_name_and_nothing_is_cut(
    open_notebook: OpenNotebook, theme: str, width: int, tmp_path: Path
) -> None:
    notebook = open_notebook([ALL_KINDS], theme=theme)
    notebook.page.set_viewport_size({"width": width, "height": 1400})
    if width < 1000:
        notebook.command("application:toggle-left-area")
    notebook.run_cell(0)
    field(notebook, "mixed", "Name").fill("layer_1")
    field(notebook, "momentum", "Use").uncheck()
    expect(space_form(notebook)).to_contain_text("is in a row above already")
    assert serious_violations(notebook.page, ".hpo-form") == []
    labels = {
        "Args/learning_rate": ["Use", "Name", "Kind", "Low", "High", "Base", "Exp step"],
        "batch_size": ["Values, separated by commas"],
        "noise": ["Mean", "Std dev", "Low", "High", "Step"],
        "width": ["Log mean", "Log std"],
        "epochs": ["Value"],
        "either": ["Low", "High", "Step", "Leave the high end out"],
    }
    for name, wanted in labels.items():
        for label in wanted:
            expect(field(notebook, name, label)).to_be_visible()
        assert (row(notebook, name).get_by_role("img").get_attribute("aria-label") or "").startswith("Distribution: ")
    assert cut_texts(space_form(notebook)) == []
    assert space_form(notebook).evaluate("(form) => form.scrollWidth <= form.clientWidth") is True
    notebook.screenshot(tmp_path / f"{theme}-{width}.png", cell=0)
    clean(notebook)


CONDITIONAL = """
import hpo_widgets as hpo
form = hpo.SearchSpaceForm(hpo.SearchSpace([*hpo.SearchSpaceForm({
    "optimizer": ["sgd", "adam", "rmsprop"], "lr": hpo.loguniform(1e-5, 1e-1),
    **hpo.when("optimizer", ["sgd", "rmsprop"], {"momentum": (0.0, 0.99), "nesterov": [True, False]}),
    **hpo.when("nesterov", True, {"lookahead": (1, 5)}),
}).value], constraints=["lr * lookahead <= 0.2"]))
form
"""


def test_conditions_and_constraints_are_shown_and_typed(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([CONDITIONAL, "print(form.value.sometimes, [c.text for c in form.value.constraints])"])
    notebook.run_cell(0)
    expect(field(notebook, "lookahead", "Only when")).to_have_value("nesterov")
    expect(field(notebook, "momentum", "is")).to_have_value("sgd, rmsprop")

    row(notebook, "lr").get_by_role("button", name="only when another parameter").click()
    press(notebook, "type:optimizer", "Tab", "type:adam, rmsprop")
    constraints = space_form(notebook).get_by_label("Constraints, one a line")
    constraints.fill("lr <= 0.05\nlookahead < 5")
    expect(space_form(notebook).get_by_role("status").filter(has_text="under 2 constraints")).to_be_visible()
    notebook.run_cell(1)

    notebook.wait_text(1, "'lr'")
    notebook.wait_text(1, "['lr <= 0.05', 'lookahead < 5']")
    constraints.fill("lr <= 0.05\nlookahed < 5")
    expect(space_form(notebook)).to_contain_text("did you mean 'lookahead'?")
    assert serious_violations(notebook.page, ".hpo-form") == []
    clean(notebook)
