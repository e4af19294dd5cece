"""Holds the offline report in a browser without a network: it draws, says all, and nothing in a name is run."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

import hpo_widgets as hpo
from hpo_widgets.store.memory import MemoryStore
from hpo_widgets.study import Study

HOSTILE = "</script><img src=x onerror=\"window.bad=1\"><a href='javascript:bad()'>b</a>&amp;🦜"
PATIENCE_S = 60


def searched(function: Callable[..., Any], space: Any, **options: Any) -> Study:
    study = hpo.tune(
        function, space, strategy="random", isolation="thread", concurrency=1, seed=1, store=MemoryStore(), **options
    )
    assert study.wait(PATIENCE_S)
    return study


def opened(browser: Browser, study: Study, folder: Path, scheme: str = "light") -> tuple[Page, list[str]]:
    """Opens a report from its file; gives what the browser complained of."""
    dark = "dark" if scheme == "dark" else "light"
    context = browser.new_context(offline=True, viewport={"width": 900, "height": 900}, color_scheme=dark)  # type: ignore[arg-type]
    page, problems = context.new_page(), []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: problems.append(request.url) if request.url.startswith("http") else None)
    page.goto(study.export_html(folder / "report.html").as_uri())
    if shots := os.environ.get("HPO_WIDGETS_SHOTS"):
        page.wait_for_load_state("load")
        page.screenshot(path=str(Path(shots) / f"{folder.name}-{scheme}.png"), full_page=True)
    return page, problems


def drawn(page: Page, count: int) -> None:
    page.wait_for_function(f"document.querySelectorAll('.chart .main-svg').length >= {count}")


def learns(task: Any, lr: float, act: str) -> None:
    for epoch in range(5):
        task.report("loss", lr / (epoch + 1), epoch)
    if lr > 0.05:
        raise ValueError(f"diverged with {lr}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_report_draws_its_figures_and_says_all_without_a_network(
    browser: Browser, tmp_path: Path, scheme: str
) -> None:
    space = {"lr": hpo.loguniform(1e-4, 1e-1), "act": ["relu", "tanh"]}
    study = searched(learns, space, objective="loss", max_jobs=20, name="digits")
    page, problems = opened(browser, study, tmp_path, scheme)
    drawn(page, 3)
    page.get_by_role("heading", name="Parallel coordinates").wait_for()
    page.get_by_role("cell", name=study.best.id[:8]).wait_for()
    page.get_by_text("ValueError: diverged").first.wait_for()
    ink = page.evaluate("getComputedStyle(document.querySelector('.chart .xtick text')).fill")
    assert ink == ("rgb(230, 232, 234)" if scheme == "dark" else "rgb(28, 30, 33)")
    assert problems == []


def test_hostile_names_are_shown_as_text(browser: Browser, tmp_path: Path) -> None:
    def train(**parameters: Any) -> Any:
        if parameters[HOSTILE] == "bad":
            raise ValueError(HOSTILE)
        return {HOSTILE: float(len(parameters["b"]))}

    space = {HOSTILE: ["bad", HOSTILE, "<b>good</b>"], "b": [HOSTILE, "x", "yy"]}
    study = searched(train, space, objective=HOSTILE, max_jobs=9, name=HOSTILE)
    page, problems = opened(browser, study, tmp_path)
    drawn(page, 2)
    assert "onerror" in page.locator("h1").inner_text()
    assert page.evaluate("window.bad") is None
    assert page.locator("img").count() == 0
    assert page.locator("a[href^='javascript']").count() == 0
    assert problems == []


def test_a_study_whose_trials_all_failed_groups_the_failures(browser: Browser, tmp_path: Path) -> None:
    def train(x: float) -> float:
        raise ValueError("no data")

    page, problems = opened(browser, searched(train, {"x": (0.0, 1.0)}, max_jobs=3), tmp_path)
    page.get_by_text("3 × ValueError: no data").wait_for()
    assert page.locator(".chart").count() == 0
    assert problems == []


def test_a_study_without_a_trial_has_a_report(browser: Browser, tmp_path: Path) -> None:
    study = searched(learns, {"lr": (0.0, 1.0), "act": ["relu"]}, objective="loss", max_jobs=1)
    record = study.store.create_study("empty", "", study.record.config, 1.0)
    page, problems = opened(browser, Study(study.store, record.id), tmp_path)
    page.get_by_text("No trial yet.").wait_for()
    assert problems == []
