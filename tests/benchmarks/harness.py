"""What every benchmark uses: goals, interleaved rounds, medians, and a child process with a clean start."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Row:
    """Is one line of the table: what was measured beside what, and whether the goal is met."""

    goal: str
    """Letter of the goal in the issue that set it."""
    what: str
    ours: float
    unit: str
    target: str
    """The goal in words: `>= 5x`, `<= 4 ms`."""
    ok: bool
    peer: float | None = None
    peer_name: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times the peer's figure ours is."""
        return None if not self.peer else self.ours / self.peer

    def to_json(self) -> str:
        """Gives the form in which a benchmark's process hands it to the table."""
        return json.dumps(asdict(self))


def interleave(rounds: int, *cases: Callable[[], Any]) -> list[list[Any]]:
    """Runs the cases in turn, A B A B ..., so that a machine that drifts drifts for all; gives the results by case."""
    found: list[list[Any]] = [[] for _ in cases]
    for _ in range(rounds):
        for results, case in zip(found, cases, strict=True):
            results.append(case())
    return found


def median(values: list[float]) -> float:
    """Gives the median."""
    return statistics.median(values)


def percentile(values: list[float], share: float) -> float:
    """Gives the value below which `share` (0..1) of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@contextmanager
def folder() -> Iterator[Path]:
    """Gives a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="hpo-bench-") as path:
        yield Path(path)


def run_python(code: str, *arguments: str) -> dict[str, Any]:
    """Runs code in a fresh interpreter and reads the JSON that it prints on its last line."""
    command = [sys.executable, "-c", code, *arguments]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise RuntimeError(f"the benchmark's process failed:\n{done.stderr[-4000:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found
