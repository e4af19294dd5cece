"""The file of results: one line a search, in order, with the versions that made it."""

from __future__ import annotations

import csv
import importlib.metadata
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

PACKAGES = ("optuna", "torch", "cmaes", "scikit-learn")
"""Whose versions are written beside each result."""


@dataclass(frozen=True)
class Line:
    """Is one search."""

    problem: str
    policy: str
    slots: int
    seed: int
    at25: float
    at50: float
    at100: float
    asking_s: float
    trials_s: float
    versions: str

    @property
    def key(self) -> tuple[str, str, int, int]:
        """What makes it the search it is."""
        return (self.problem, self.policy, self.slots, self.seed)

    @classmethod
    def of(cls, problem: str, policy: str, slots: int, seed: int, run: Any, made_by: str) -> Line:
        """Makes the line of a run, with six digits that count."""
        figures = [float(f"{value:.6g}") for value in (*run.regrets, run.asking, run.trials)]
        return cls(problem, policy, slots, seed, *figures, made_by)


def versions() -> str:
    """Gives the versions here in short: `optuna 5.0.0, cmaes 0.13.1`."""
    found = []
    for package in PACKAGES:
        try:
            found.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return "; ".join(found)


def read(path: Path) -> list[Line]:
    """Reads all results; a last line that was cut off is left out."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        rows = [row for row in csv.reader(file) if len(row) == len(fields(Line))][1:]
    return [Line(r[0], r[1], int(r[2]), int(r[3]), *map(float, r[4:9]), r[9]) for r in rows]


def add(path: Path, line: Line) -> None:
    """Adds one result."""
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if new:
            writer.writerow([field.name for field in fields(Line)])
        writer.writerow(astuple(line))
