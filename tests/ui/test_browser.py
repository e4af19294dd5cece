"""Where the Chromium of UI tests is looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ui import browser
from tests.ui.browser import VARIABLE, NoBrowser, find_chromium


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Is a PATH that holds nothing, on a machine without installed applications."""
    monkeypatch.setattr(browser, "MAC_APPS", ())
    monkeypatch.setattr(browser, "_playwrights_own", lambda: tmp_path / "playwright" / "chrome")
    return tmp_path


def program(path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_variable_comes_before_path_and_path_before_playwrights_own(folder: Path) -> None:
    own = program(folder / "playwright" / "chrome")
    assert find_chromium({"PATH": str(folder)}) == own

    chrome = program(folder / "google-chrome")
    assert find_chromium({"PATH": str(folder)}) == chrome

    chromium = program(folder / "chromium")
    assert find_chromium({"PATH": str(folder)}) == chromium

    mine = program(folder / "mine")
    assert find_chromium({VARIABLE: str(mine), "PATH": str(folder)}) == mine


def test_no_browser_is_an_error_that_says_what_to_do(folder: Path) -> None:
    with pytest.raises(NoBrowser, match="`make browser` installs one"):
        find_chromium({"PATH": str(folder)})


def test_variable_that_names_no_program_is_an_error(folder: Path) -> None:
    program(folder / "chromium")

    with pytest.raises(NoBrowser, match="which is no program"):
        find_chromium({VARIABLE: str(folder / "absent"), "PATH": str(folder)})
