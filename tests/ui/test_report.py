"""Holds the offline report in a browser without a network: it draws, says all, and nothing in a name is run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from hpo_widgets.charts.report import report_html
from hpo_widgets.charts.report_figures import StudyRecords
from hpo_widgets.model.limits import Limits, Usage
from hpo_widgets.model.objective import Objective, Sign
from hpo_widgets.model.parameters import DiscreteParameterRange, LogUniformParameterRange
from hpo_widgets.model.result import Result
from hpo_widgets.model.scalar import Metric, Scalar
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.model.task import TaskRecord, TaskState
from tests.ui.browser import FLAGS, find_chromium

HOSTILE = "</script><img src=x onerror=\"window.bad=1\"><a href='javascript:bad()'>b</a>&amp;\ud800"


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        context = browser.new_context(offline=True, viewport={"width": 900, "height": 900})
        yield context.new_page()
        browser.close()


def a_task(
    number: int, state: TaskState = TaskState.COMPLETED, name: str = "lr", error: str | None = None
) -> TaskRecord:
    return TaskRecord(
        id=f"{number:032x}", key=number, study="s", trial=number, attempt=0, name="t", state=state, reason=None,
        parameters={name: 10.0**-number, "act": ["relu", HOSTILE][number % 2]}, queue="q", agent=None, code=None,
        pid=None, created=0.0, started=float(number), ended=number + 1.0, archived=False, error=error,
    )  # fmt: skip


def records(tasks: list[TaskRecord], *, name: str = "digits", parameter: str = "lr") -> StudyRecords:
    done = [task for task in tasks if task.state is TaskState.COMPLETED]
    metric = Metric(name, name)
    return StudyRecords(
        name=name, project=name, state="completed", reason=None, error=None, base_name=name, strategy="tpe",
        started=0.0, objectives=[Objective(name, name, Sign.MIN)],
        space=SearchSpace([LogUniformParameterRange(parameter, -5, -1), DiscreteParameterRange("act", [HOSTILE])]),
        tasks=tasks, results={task.id: Result(values=(1.0 / (task.key + 1),), iteration=2) for task in done},
        limits=Limits(total_max_jobs=10), usage=Usage(jobs=len(tasks)), best=done,
        scalars={task.id: [Scalar(task.id, metric, i, 0.0, 1.0 / (i + 1)) for i in range(3)] for task in done[:5]},
        now=20.0,
    )  # fmt: skip


def opened(page: Page, tmp_path: Path, study: StudyRecords, shot: str) -> list[str]:
    """Opens a report from its file; gives what the browser complained of."""
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: problems.append(request.url) if request.url.startswith("http") else None)
    path = tmp_path / "report.html"
    path.write_text(report_html(study), encoding="utf-8")
    page.goto(path.as_uri())
    if folder := os.environ.get("HPO_WIDGETS_SHOTS"):
        page.wait_for_load_state("load")
        page.screenshot(path=str(Path(folder) / f"{shot}.png"), full_page=True)
    return problems


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_report_draws_its_figures_without_a_network(page: Page, tmp_path: Path, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    problems = opened(page, tmp_path, records([a_task(i) for i in range(6)]), f"report-{scheme}")
    page.wait_for_function("document.querySelectorAll('[data-figure] .main-svg').length >= 4")
    page.get_by_role("heading", name="Best: trial 0").wait_for()
    assert problems == []


def test_hostile_names_are_shown_as_text(page: Page, tmp_path: Path) -> None:
    tasks = [a_task(i, name=HOSTILE) for i in range(4)] + [a_task(9, TaskState.FAILED, HOSTILE, f"Boom: {HOSTILE}")]
    problems = opened(page, tmp_path, records(tasks, name=HOSTILE, parameter=HOSTILE), "report-hostile")
    page.wait_for_function("document.querySelectorAll('[data-figure] .main-svg').length >= 4")
    assert "onerror" in page.locator("h1").inner_text()
    assert page.evaluate("window.bad") is None
    assert page.locator("img").count() == 0
    assert page.locator("a[href^='javascript']").count() == 0
    assert problems == []


def test_a_study_whose_tasks_all_failed_groups_the_failures(page: Page, tmp_path: Path) -> None:
    tasks = [a_task(i, TaskState.FAILED, error="Traceback\nValueError: no data") for i in range(3)]
    problems = opened(page, tmp_path, records(tasks), "report-failed")
    page.get_by_text("3 x ValueError: no data").wait_for()
    page.get_by_text("No task has a result that counts.").wait_for()
    assert problems == []


def test_a_study_without_a_trial_has_a_report(page: Page, tmp_path: Path) -> None:
    problems = opened(page, tmp_path, records([]), "report-empty")
    page.get_by_text("No task yet.").wait_for()
    assert problems == []
