"""Parameters set in a notebook, its last expression, its outputs, its file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo_widgets.agents.notebook_kind import Executed, fit, inject, metric_of
from hpo_widgets.agents.notebook_kind_outputs import LARGEST_STREAM, Outputs, overwritten
from hpo_widgets.errors import InvalidInput


def code(source: str, *tags: str) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "metadata": {"tags": list(tags)}, "outputs": []}


def plan(*cells: dict[str, Any], index: int | None = 0, **more: Any) -> dict[str, Any]:
    notebook = {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    types = {"lr": "float", "layers": "int", "name": "str", "flag": "bool", "any": None}
    return {"path": "train.ipynb", "notebook": notebook, "index": index, "spans": {}, "types": types, **more}


def sources(notebook: dict[str, Any]) -> list[str]:
    return [cell["source"] for cell in notebook["cells"]]


def test_parameters_are_set_in_a_cell_after_the_tagged_one() -> None:
    notebook = inject(
        plan(code("import x"), code("lr = 1", "parameters"), code("lr"), index=1), {"lr": 0.5, "layers": 2}
    )

    assert sources(notebook) == ["import x", "lr = 1", "# Parameters\nlr = 0.5\nlayers = 2", "lr"]
    assert notebook["cells"][2]["metadata"]["tags"] == ["injected-parameters"]
    assert notebook["cells"][2]["id"] == "injected-parameters"


def test_the_cell_that_papermill_had_injected_is_replaced() -> None:
    cells = [code("lr = 1", "parameters"), code("lr = 7", "injected-parameters"), code("lr")]

    assert sources(inject(plan(*cells), {"lr": 0.5})) == ["lr = 1", "# Parameters\nlr = 0.5", "lr"]


def test_literals_are_replaced_where_they_stand() -> None:
    source = 'ä = "ö"; lr = 0.1  # keep\nlayers = (\n    2\n)\nprint(lr)'
    spans = {"lr": [0, 1, 16, 1, 19], "layers": [0, 2, 9, 4, 1]}

    notebook = inject(plan(code(source), index=None, spans=spans), {"lr": 0.25, "layers": 4})

    assert sources(notebook) == ['ä = "ö"; lr = 0.25  # keep\nlayers = 4\nprint(lr)']


def test_sections_are_left_out_and_infinities_are_code() -> None:
    notebook = inject(plan(code("lr = 1", "parameters")), {"Args/lr": float("-inf"), "any": [1, "x"]})

    assert sources(notebook)[1] == "# Parameters\nlr = float('-inf')\nany = [1, 'x']"


def test_all_wrong_parameters_are_named() -> None:
    with pytest.raises(InvalidInput) as caught:
        inject(plan(code("")), {"lrr": 1, "layers": "many", "lr": "fast", "flag": 3})

    assert "'lrr' is no parameter of train.ipynb; it has 'lr', 'layers'" in caught.value.problems[0]
    assert [problem.split(" ")[0] for problem in caught.value.problems[1:]] == ["'layers'", "'lr'", "'flag'"]


@pytest.mark.parametrize(
    ("value", "type", "expected"),
    [("3", "int", 3), (2.0, "int", 2), (2, "float", 2.0), ("1e-3", "float", 1e-3), (False, "bool", False),
     ("true", "bool", True), (0, "bool", False), (3, "str", "3"), (None, "int", None), ("x", "Path", "x")],
)  # fmt: skip
def test_values_become_the_type_of_the_default(value: Any, type: str, expected: Any) -> None:
    found = fit(value, type)

    assert found == expected and found.__class__ is expected.__class__


@pytest.mark.parametrize(("value", "type"), [(2.5, "int"), ("2.5", "int"), (True, "int"), ([1], "float"), (2, "bool"),
                                             (float("inf"), "int"), (float("nan"), "int")])  # fmt: skip
def test_values_that_would_lose_something_do_not(value: Any, type: str) -> None:
    with pytest.raises(ValueError):
        fit(value, type)


def test_numbers_and_dicts_of_numbers_are_metrics() -> None:
    assert metric_of(0.5) == 0.5
    assert metric_of({"loss": 1, "f1": 0.5}) == {"loss": 1.0, "f1": 0.5}
    assert [metric_of(value) for value in (None, True, "0.5", {}, {"loss": "x"}, object())] == [None] * 6


@given(st.lists(st.text(alphabet="ab\r\n", max_size=5), max_size=8))
def test_overwritten_text_does_not_depend_on_how_it_came(parts: list[str]) -> None:
    piecewise = ""
    for part in parts:
        piecewise = overwritten(piecewise + part)

    assert piecewise == overwritten("".join(parts))


def test_a_progress_bar_keeps_its_last_state() -> None:
    items: list[dict[str, Any]] = []
    outputs = Outputs()
    outputs.begin(items)
    for i in range(1000):
        outputs.stream("stderr", f"\r{i} of 1000")
    outputs.stream("stderr", "\n")

    assert items == [{"output_type": "stream", "name": "stderr", "text": "999 of 1000\n"}]


def test_too_much_text_is_cut() -> None:
    items: list[dict[str, Any]] = []
    outputs = Outputs()
    outputs.begin(items)
    for _ in range(3):
        outputs.stream("stdout", "x" * LARGEST_STREAM)

    assert len(items[0]["text"]) < LARGEST_STREAM + 100
    assert items[0]["text"].endswith("[more is in the console of the task]\n")


def test_displays_are_updated_cleared_and_kept_without_widget_views() -> None:
    items: list[dict[str, Any]] = []
    outputs = Outputs()
    outputs.begin(items)
    outputs.stream("stdout", "gone")
    outputs.clear(wait=True)
    outputs.display(
        {"text/plain": "1", "application/vnd.jupyter.widget-view+json": {}, "image/png": b"\x01"}, None, "a"
    )
    assert items == [{"output_type": "display_data", "data": {"text/plain": "1", "image/png": "AQ=="}, "metadata": {}}]
    outputs.update({"text/plain": "2"}, None, "a")
    assert items[0]["data"] == {"text/plain": "2"}
    outputs.clear(wait=False)
    assert items == []


def test_the_file_is_whole_at_any_time(tmp_path: Path) -> None:
    notebook: dict[str, Any] = {"cells": [], "metadata": {"hpo_widgets": {}}}
    kept = Executed(tmp_path / "notebook.ipynb", notebook)
    kept.progress(0)
    assert json.loads(kept.path.read_text())["metadata"]["hpo_widgets"] == {"status": "running", "cell": 0}
    notebook["cells"].append(code("1"))
    kept.end("completed", 1)

    assert json.loads(kept.path.read_text())["cells"][0]["source"] == "1"
    assert [path.name for path in tmp_path.iterdir()] == ["notebook.ipynb"]
    assert kept.path.stat().st_mode & 0o777 == 0o600
