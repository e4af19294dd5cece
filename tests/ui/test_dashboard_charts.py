"""Uses what stands around a chart the way a person does: downloads, smoothing, the log axis, comparing trials."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Download, expect

from tests.ui.notebook_page import NotebookPage
from tests.ui.test_dashboard import SECONDS, clean, drawn, panel, study

pytestmark = pytest.mark.ui
OpenNotebook = Callable[..., NotebookPage]
PNG = b"\x89PNG\r\n\x1a\n"
EDITS = """
from hpo_widgets.model.study import RequestKind as Kind

for after, kind in [(0, Kind.PAUSE), (1, Kind.RESUME), (2, Kind.PAUSE), (3, Kind.RESUME), (1000, Kind.ENQUEUE)]:
    study.store.request(kind, study=study.id, task=None, payload={}, now=study.record.started + after)
"""
LABELS = "node => (node._fullLayout?.annotations ?? []).map(({ text, hovertext }) => [text, hovertext])"
CLOSER = """async (node) => {
    const name = Object.keys(globalThis.__hpoWidgets).find((key) => key.startsWith("plotly-"));
    const { default: plotly } = await globalThis.__hpoWidgets[name];
    const first = new Date(node.layout.shapes[0].x0).getTime();
    const [from, to] = [first - 1000, first + 4000].map((time) => new Date(time));
    const local = (date) => new Date(date.getTime() - date.getTimezoneOffset() * 60000).toISOString().slice(0, -1);
    await plotly.relayout(node, { "xaxis.range": [local(from), local(to)] });
}"""
TRACES = "node => node.data.map(trace => ({name: trace.name, y: trace.y.filter(value => value !== null)}))"


def finished(open_notebook: OpenNotebook) -> NotebookPage:
    """Gives a page with the curves of a study that has ended: of its three trials that did not fail."""
    notebook = open_notebook([study(), "study.wait()", "dash.selected = [2, 4]", EDITS])
    notebook.run_cell(0)
    notebook.run_cell(1)
    panel(notebook, "Scalars").scroll_into_view_if_needed()
    notebook.wait(lambda: drawn(notebook, "Scalars") >= 3 * 40, "the curves are drawn", SECONDS)
    return notebook


def traces(notebook: NotebookPage) -> dict[str, list[float]]:
    found: list[dict[str, Any]] = panel(notebook, "Scalars").locator(".js-plotly-plot").evaluate(TRACES)
    return {each["name"]: each["y"] for each in found}


def download(notebook: NotebookPage, title: str, kind: str) -> Download:
    button = panel(notebook, title).get_by_role("button", name=f"{kind} of {title}", exact=True)
    with notebook.page.expect_download() as started:
        button.click()
    return started.value


def test_edits_whose_labels_would_overlap_share_one_until_one_looks_closer(open_notebook: OpenNotebook) -> None:
    notebook = finished(open_notebook)
    notebook.run_cell(3)
    chart = panel(notebook, "Objective over time").locator(".js-plotly-plot")

    def labels() -> list[list[str]]:
        chart.scroll_into_view_if_needed()
        found: list[list[str]] = chart.evaluate(LABELS)
        return found

    # Four requests and the end of the study.
    notebook.wait(lambda: [text for text, _ in labels()] == ["5 edits", "trial added"], "two labels", SECONDS)
    said = labels()[0][1].split("<br>")
    assert [line.split(" ", 1)[1] for line in said].count("paused") == 2
    chart.evaluate(CLOSER)
    notebook.wait(lambda: "resumed" in dict(labels()), "labels of their own", SECONDS)
    assert "5 edits" not in dict(labels())
    clean(notebook)


def test_a_chart_is_saved_as_a_picture_and_as_its_numbers(open_notebook: OpenNotebook) -> None:
    notebook = finished(open_notebook)

    picture = download(notebook, "Scalars", "PNG")
    numbers = download(notebook, "Scalars", "CSV")

    assert picture.suggested_filename == "scalars.png"
    content = Path(picture.path()).read_bytes()
    assert content.startswith(PNG)
    width, height = (int.from_bytes(content[at : at + 4]) for at in (16, 20))
    assert width > 600 and height >= 600  # twice the size on the page
    rows = list(csv.DictReader(Path(numbers.path()).read_text(encoding="utf-8-sig").splitlines()))
    assert len(rows) == 3 * 40
    last = {row["trial"]: float(row["value"]) for row in rows if row["iteration"] == "39"}
    assert sorted(last.values()) == pytest.approx([0.125, 0.225, 0.325])
    clean(notebook)


def test_smoothing_and_a_log_axis_change_what_is_drawn(open_notebook: OpenNotebook) -> None:
    notebook = finished(open_notebook)
    scalars = panel(notebook, "Scalars")
    rough = next(y for name, y in traces(notebook).items() if name.startswith("best"))

    scalars.get_by_label("Smoothing").fill("0.9")
    notebook.wait(
        lambda: next(y for name, y in traces(notebook).items() if name.startswith("best"))[-1] > rough[-1] + 0.01,
        "a falling curve ends higher when it is smoothed",
        SECONDS,
    )
    with_weight = download(notebook, "Scalars", "CSV")
    assert "value (smoothed 0.9)" in Path(with_weight.path()).read_text(encoding="utf-8-sig").splitlines()[0]
    scalars.get_by_label("Smoothing").fill("0")
    scalars.get_by_label("Log axis").check()

    axis = "node => node._fullLayout.yaxis.type"
    notebook.wait(lambda: scalars.locator(".js-plotly-plot").evaluate(axis) == "log", "the axis is a log axis", SECONDS)
    notebook.wait(
        lambda: next(y for name, y in traces(notebook).items() if name.startswith("best")) == rough, "rough", SECONDS
    )
    clean(notebook)


def test_compare_shows_the_selected_trials_alone(open_notebook: OpenNotebook) -> None:
    notebook = finished(open_notebook)
    parallel, scalars = panel(notebook, "Parallel coordinates"), panel(notebook, "Scalars")
    parallel.scroll_into_view_if_needed()
    expect(parallel.get_by_role("button", name="Compare")).to_be_disabled()
    notebook.run_cell(2)
    parallel.scroll_into_view_if_needed()

    parallel.get_by_role("button", name="Compare").click()

    expect(scalars).to_be_in_viewport()
    expect(scalars.get_by_label("Only selected")).to_be_checked()
    notebook.wait(lambda: set(traces(notebook)) == {"trial 2", "trial 4"}, "the two curves alone", SECONDS)
    assert {len(y) for y in traces(notebook).values()} == {40}
    scalars.get_by_label("Only selected").uncheck()
    notebook.wait(lambda: len(traces(notebook)) > 2, "the others are back", SECONDS)
    clean(notebook)
