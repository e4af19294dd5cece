"""Runs a program for a while, and leaves nothing of it behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence

LAST_WORDS = 2000
"""Bytes of a program's output that an error quotes."""
POSIX = os.name == "posix"


def run_bounded(command: Sequence[str], seconds: float) -> tuple[int | None, str]:
    """Runs a program in a process group of its own; gives its exit code, `None` when time was over, and its last words.

    Nothing it started survives it, and what it records of itself (`Task.init`) goes to a store that is thrown away.
    """
    with tempfile.TemporaryFile() as said, tempfile.TemporaryDirectory(prefix="hpo-probe-") as scratch:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=POSIX,
            env={**os.environ, "HPO_WIDGETS_STORE": scratch},
        )
        try:
            code: int | None = process.wait(seconds)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            with contextlib.suppress(OSError, AttributeError):
                os.killpg(process.pid, signal.SIGKILL)
            process.kill()
            process.wait()
        size = said.seek(0, os.SEEK_END)
        said.seek(max(0, size - LAST_WORDS))
        return code, said.read().decode(errors="replace").strip()
