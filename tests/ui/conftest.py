"""Gives UI tests a JupyterLab, a Chromium and `open_notebook`; keeps a picture and the log of what failed.

The browser lives as long as one test module, not the session: Playwright's synchronous interface keeps an event loop
running in its thread, and tests elsewhere that use asyncio could not run beside it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ViewportSize, expect, sync_playwright

from tests.ui.browser import FLAGS, find_chromium
from tests.ui.lab import REPOSITORY, LabServer
from tests.ui.notebook_page import NotebookPage, Theme

ARTIFACTS = REPOSITORY / ".artifacts" / "ui"
VIEWPORT: ViewportSize = {"width": 1400, "height": 1000}
EXPECT_SECONDS = 45
expect.set_options(timeout=EXPECT_SECONDS * 1000)

OpenNotebook = Callable[..., NotebookPage]
_PAGES = pytest.StashKey[list[NotebookPage]]()


@pytest.fixture(scope="session")
def lab_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """Is the JupyterLab server of this session."""
    server = LabServer(tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("lab"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Is a headless Chromium; a missing one is an error, never a skip."""
    chromium = find_chromium()
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield launched
        launched.close()


@pytest.fixture
def notebook_folder(lab_server: LabServer, request: pytest.FixtureRequest) -> Path:
    """Is an empty folder below the server's root, of this test alone."""
    folder = lab_server.root / _file_name(request.node.nodeid)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


@pytest.fixture
def open_notebook(
    lab_server: LabServer, browser: Browser, notebook_folder: Path, request: pytest.FixtureRequest
) -> Iterator[OpenNotebook]:
    """Is a function that opens a notebook in a tab of its own: `open_notebook(cells_or_path, theme="light")`.

    Cells are written as a new notebook, a path is copied into the test's folder, an open `NotebookPage` gets a second
    tab. Tabs of one test are one person's (they share cookies). Kernels end with the test.
    """
    context = browser.new_context(viewport=VIEWPORT, reduced_motion="reduce")
    pages: list[NotebookPage] = request.node.stash.setdefault(_PAGES, [])

    def open_one(what: Sequence[str] | Path | NotebookPage, theme: Theme = "light") -> NotebookPage:
        if isinstance(what, NotebookPage):
            name = what.name
        elif isinstance(what, Path):
            shutil.copy(what, notebook_folder)
            name = (notebook_folder / what.name).relative_to(lab_server.root).as_posix()
        else:
            path = notebook_folder / f"test_{len(pages)}.ipynb"
            name = path.relative_to(lab_server.root).as_posix()
            lab_server.write_notebook(name, what)
        page = NotebookPage(lab_server, context.new_page(), name)
        pages.append(page)
        page.open()
        page.set_theme(theme)
        return page

    yield open_one
    context.close()
    lab_server.shut_down_kernels()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keeps pictures of the open tabs, what they complained of and the server's log when a test fails."""
    report = yield
    no_pages: list[NotebookPage] = []
    if report.when == "call" and report.failed:
        kept = ARTIFACTS / _file_name(item.nodeid)
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        for number, page in enumerate(item.stash.get(_PAGES, no_pages)):
            _keep(page, kept, number)
            report.sections.append((f"tab {number}", "\n".join([*page.complaints(), *page.outside, *page.refused])))
        report.sections.append(("kept", str(kept)))
    return report


def _keep(page: NotebookPage, folder: Path, number: int) -> None:
    shutil.copy(page.server.log, folder / "server.log")
    (folder / f"tab-{number}-console.txt").write_text("\n".join(f"{kind}: {text}" for kind, text in page.console))
    if not page.page.is_closed():
        page.screenshot(folder / f"tab-{number}.png")


def _file_name(node: str) -> str:
    """Returns a test's id as a name that every file system and address takes."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", node.rsplit("tests/ui/", maxsplit=1)[-1]).strip("-")[:80]
