"""The program of a task in an interpreter of its own: reads its luggage from a file descriptor and runs it."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import NoReturn

from hpo_widgets.agents import child


def main() -> NoReturn:
    """Runs the job whose luggage lies in the open file named by the first argument; exits with its code."""
    fd = int(sys.argv[1])
    sys.argv = [""]
    with open(fd, "rb") as file:
        job, code, folder = pickle.load(file)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    exit_code = child.run(pickle.loads(job), code, Path(folder))
    sys.stdout.flush()
    sys.exit(exit_code)
