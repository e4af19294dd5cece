"""What surrounds a study's code, recorded once: installed packages, git commit and diff, command line.

It is gathered by a helper process with little priority, waited for by a thread of its own: the kernel's cells and the
study's start wait for nothing. What cannot be had in time is left out and says why.
"""

from __future__ import annotations

import contextvars
import json
import logging
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from hpo_widgets.agents.base_tasks import keep_capture
from hpo_widgets.errors import StoreError
from hpo_widgets.store.base import Store

HELPER_S = 60.0
"""How long the helper may take."""
START = (
    "import sys, os; sys.path[:] = sys.argv.pop().split(os.pathsep); from hpo_widgets.sdk.capture_main import main; "
    "main()"
)

log = logging.getLogger(__name__)


def capture_in_background(store: Store, study: str, *, folder: Path, command: list[str]) -> threading.Thread:
    """Captures the surroundings of a study's code and keeps them in the store; returns at once.

    Args:
        store: Where the study lies.
        study: Its id.
        folder: Where the code lies: its git repository is the one that counts.
        command: How the code would be started by hand, or the kernel was.

    Returns:
        The thread that waits for it; it need not be joined.
    """
    arguments = (store, study, folder, command)
    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(_capture, *arguments), name="hpo-capture", daemon=True)
    thread.start()
    return thread


def _capture(store: Store, study: str, folder: Path, command: list[str]) -> None:
    try:
        keep_capture(store, study, {**gather(folder), "command": command})
    except StoreError as error:
        log.warning("what surrounds the code was not recorded: %s", error, extra={"action": "capture_failed"})
    finally:
        store.forget_thread()


def gather(folder: Path) -> dict[str, Any]:
    """Gives the surroundings of code in a folder, by a helper process: `environment`, `python`, `git`."""
    words = [sys.executable, "-c", START, str(folder), os.pathsep.join(sys.path)]
    try:
        # A session of its own: the notebook's stop button interrupts the kernel's whole process group.
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=HELPER_S,
            check=True,
            start_new_session=os.name == "posix",
        )
        found: dict[str, Any] = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return {"capture_error": f"the environment could not be captured: {error}"[:2000]}
    return found
