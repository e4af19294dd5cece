"""Runs axe-core, the accessibility checker, on a page; npm brings it once. Without it a test fails, never skips."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.ui.lab import REPOSITORY

VERSION = "4.11.0"
CACHE = REPOSITORY / ".artifacts" / "npm" / f"axe-core-{VERSION}"
SCRIPT = Path("node_modules") / "axe-core" / "axe.min.js"
INSTALL_SECONDS = 180
SERIOUS = {"serious", "critical"}

# JupyterLab's body has no height and hides what overflows it; axe-core takes all text on the page for invisible then.
_RUN = """async (selector) => {
    document.body.style.height = "100vh";
    window.axe.setup();
    const seen = window.axe.commons.dom.isVisibleOnScreen(document.querySelector(selector));
    window.axe.teardown();
    if (!seen) throw new Error(`axe-core sees nothing of ${selector}`);
    const found = await window.axe.run({include: [[selector]]}, {resultTypes: ["violations"]});
    return JSON.stringify(found.violations.map(({id, impact, help, nodes}) =>
        ({id, impact, help, nodes: nodes.map((node) => `${node.html.slice(0, 200)}: ${node.failureSummary}`)})));
}"""


class NoAxe(RuntimeError):
    """Says that axe-core could not be had, and what npm said."""


def axe_script() -> Path:
    """Gives the file of axe-core, which npm installs at the first call.

    Raises:
        NoAxe: There is no npm, or it could not install it.
    """
    script = CACHE / SCRIPT
    if not script.exists():
        npm = shutil.which("npm")
        if npm is None:
            raise NoAxe("npm is not on PATH; install Node.js, it brings axe-core for the accessibility tests.")
        CACHE.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--prefix", str(CACHE), "--no-audit", "--no-fund", f"axe-core@{VERSION}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
        if done.returncode or not script.exists():
            raise NoAxe(f"npm could not install axe-core {VERSION}:\n{done.stdout[-1000:]}\n{done.stderr[-2000:]}")
    return script


def serious_violations(page: Page, selector: str) -> list[dict[str, Any]]:
    """Gives what axe-core finds to be serious or critical in the elements of a selector."""
    page.evaluate(f"() => {{ {axe_script().read_text(encoding='utf-8')} }}")
    found: list[dict[str, Any]] = json.loads(page.evaluate(_RUN, selector))
    return [each for each in found if each["impact"] in SERIOUS]
