"""Runs every tutorial with what Binder gives: one core, 2 GB. `make binder` makes the environment as Binder does.

    python .ci/binder.py notebooks

Memory is the sum over the notebook's processes of what is theirs alone and their share of the rest (Linux's PSS).
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient

MEMORY = 2 << 30
SERVER = 250 << 20
"""Bytes left for JupyterLab's server."""
PERIOD_S = 0.2
NEEDS = {"09_embedded": "torch"}
"""Notebooks that Binder does not run: PyTorch alone would take most of its memory and disk."""


class Meter:
    """Samples the memory of all processes below this one; `peak` is the most it saw."""

    def __init__(self) -> None:
        self.peak = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample)

    def __enter__(self) -> Meter:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._ended.wait(PERIOD_S):
            self.peak = max(self.peak, sum(map(_share, psutil.Process().children(recursive=True))))


def _share(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0


def main(folder: Path) -> int:
    """Runs the notebooks one after another; gives how many failed or took too much."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    bad = 0
    for path in sorted(folder.glob("*.ipynb")):
        if path.stem in NEEDS and find_spec(NEEDS[path.stem]) is None:
            print(f"{path.name:34} not run: needs {NEEDS[path.stem]}")
            continue
        seconds, peak, error = run(path)
        fits = not error and peak + SERVER <= MEMORY
        print(f"{path.name:34} {seconds:6.1f} s  {peak >> 20:5} MB  {'ok' if fits else 'FAILED'} {error}", flush=True)
        bad += not fits
    return bad


def run(path: Path) -> tuple[float, int, str]:
    """Runs one notebook in a copy of its folder; gives seconds, bytes at the peak and what went wrong."""
    began = time.monotonic()
    error = ""
    with tempfile.TemporaryDirectory() as made, Meter() as meter:
        place = Path(made) / "notebooks"
        shutil.copytree(path.parent, place, ignore=shutil.ignore_patterns(".*"))
        resources = {"metadata": {"path": str(place)}}
        try:
            NotebookClient(nbformat.read(path, 4), timeout=300, kernel_name="python3", resources=resources).execute()
        except Exception as raised:  # noqa: BLE001 - whatever it was is told, and the next notebook runs
            error = f"{type(raised).__name__}: {raised}"
    return time.monotonic() - began, meter.peak, error


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
