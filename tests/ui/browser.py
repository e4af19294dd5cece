"""Finds the Chromium that UI tests drive; run as a script it prints its path, or says what to do and exits with 1."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "HPO_WIDGETS_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC_APPS = (
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
)
FLAGS = (
    "--no-sandbox",  # Chromium refuses to start as root with it, and containers run tests as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-proxy-server",  # a proxy of the surroundings must not see loopback traffic
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class NoBrowser(RuntimeError):
    """Says that no Chromium was found, where it was looked for, and how to get one."""


def find_chromium(environ: Mapping[str, str] = os.environ) -> Path:
    """Returns the Chromium to drive: the variable's, the first on PATH, an installed app, or Playwright's own.

    Raises:
        NoBrowser: None is there, or the variable names a file that is not.
    """
    given = environ.get(VARIABLE)
    if given:
        if shutil.which(given) is None:
            raise NoBrowser(f"{VARIABLE} is {given!r}, which is no program; give the path of a Chromium or unset it.")
        return Path(shutil.which(given) or given)
    on_path = (shutil.which(name, path=environ.get("PATH")) for name in NAMES)
    candidates = [Path(found) for found in on_path if found]
    candidates += [app for app in MAC_APPS if app.exists()]
    if candidates:
        return candidates[0]
    own = _playwrights_own()
    if own.exists():
        return own
    raise NoBrowser(
        f"No Chromium: looked at {VARIABLE}, for {', '.join(NAMES)} on PATH, and for Playwright's own. "
        "`make browser` installs one; or set the variable to the path of yours."
    )


def _playwrights_own() -> Path:
    """Returns where Playwright would have put its Chromium, whether or not it is there."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path)


if __name__ == "__main__":
    try:
        print(find_chromium())
    except NoBrowser as missing:
        sys.exit(str(missing))
