"""The helper process that captures an environment and a git repository. Loads the standard library only."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from hpo_widgets.agents.orphans import die_with_parent

LARGEST_DIFF = 1_000_000
"""Bytes of a diff that are kept: its beginning."""
GIT_S = 10.0
"""How long one git command may take."""
NICENESS = 10


def main() -> None:
    """Writes what surrounds the code in the folder of the first argument to standard output, as JSON."""
    die_with_parent()
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    folder = Path(sys.argv[1])
    found = {
        "python": f"{platform.python_implementation()} {platform.python_version()} on {platform.platform()}",
        "environment": environment(),
        "git": git(folder),
    }
    json.dump(found, sys.stdout)


def environment() -> list[str]:
    """Gives the installed packages as `name==version`, sorted; the first of those that hide each other."""
    found: dict[str, str] = {}
    for each in distributions():
        name = each.metadata["Name"]
        if name:
            found.setdefault(name.lower().replace("_", "-"), f"{name}=={each.version}")
    return [found[name] for name in sorted(found)]


def git(folder: Path) -> dict[str, Any] | None:
    """Gives commit, branch, and what differs from the commit, in a folder's repository; `None` outside of one.

    Files that git does not know are named, not kept. Nothing is written to the repository, its index included.
    """
    commit = _git(folder, "rev-parse", "HEAD")
    root = _git(folder, "rev-parse", "--show-toplevel")
    if root is None:
        return None
    diff = _git(folder, "diff", "HEAD", "--no-ext-diff", "--no-color", "--no-textconv") if commit else None
    untracked = _git(folder, "ls-files", "--others", "--exclude-standard", "--full-name")
    return {
        "root": root.strip(),
        "commit": commit.strip() if commit else None,
        "branch": (_git(folder, "symbolic-ref", "--short", "-q", "HEAD") or "").strip() or None,
        "diff": None if diff is None else diff[:LARGEST_DIFF],
        "diff_was_cut": diff is not None and len(diff) > LARGEST_DIFF,
        "untracked": (untracked or "").splitlines()[:1000],
    }


def _git(folder: Path, *words: str) -> str | None:
    """Gives what git prints; `None` when it fails, is missing or takes too long."""
    env = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    command = ["git", "-C", str(folder), "-c", "core.fsmonitor=false", *words]
    try:
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env
        ) as process:
            return _read(process)
    except OSError:
        return None


def _read(process: subprocess.Popen[bytes]) -> str | None:
    try:
        out, _ = process.communicate(timeout=GIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return None
    return out.decode(errors="replace") if process.returncode == 0 else None
