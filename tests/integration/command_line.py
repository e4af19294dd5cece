"""Runs `hpo-widgets` as its users do: from a shell, and at a real terminal."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATIENCE_S = 90.0


def command(folder: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "hpo_widgets.cli", words[0], "--store", str(folder / ".hpo"), *words[1:]]


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(folder, *words), cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )


def wait_for(condition: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)
    return found


class Terminal:
    """Is a command at a real terminal."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.screen = b""
        master, slave = pty.openpty()
        self.process = subprocess.Popen(
            command(folder, *words), cwd=folder, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        )
        os.close(slave)
        os.set_blocking(master, False)
        self._master = master

    def text(self) -> str:
        try:
            while data := os.read(self._master, 65536):
                self.screen += data
        except OSError:  # nothing now, or the other end is closed
            pass
        return self.screen.decode(errors="replace")

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def end(self) -> int:
        wait_for(lambda: self.text() and self.process.poll() is not None, "the end of the command")
        self.text()
        os.close(self._master)
        return int(self.process.returncode)
