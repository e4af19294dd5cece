"""Runs benchmarks, each in a process of its own, and prints one table of ratios.

Usage: python tests/benchmarks/run.py [--rounds N] [--peers] [--quality] [--strict] [NAME ...]
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from harness import Row  # noqa: E402

HEAVY = {"peers"}
"""Benchmarks that need packages of an environment of their own."""


def main() -> int:
    """Runs what was asked for; 1 when a benchmark crashed, or, with --strict, missed a goal."""
    names = sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}; all when absent")
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds, medians are printed (3)")
    parser.add_argument("--peers", action="store_true", help="the heavy peers too: Ray Tune, Syne Tune")
    parser.add_argument("--strict", action="store_true", help="a missed goal is an error")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        return inside(options.inside, options.rounds)
    unknown = set(options.names) - set(names)
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    chosen = options.names or [name for name in names if options.peers or name not in HEAVY]
    rows, crashed = [], []
    for name in chosen:
        print(f"... {name}", file=sys.stderr, flush=True)
        found = run_one(name, options.rounds)
        if found is None:
            crashed.append(name)
        else:
            rows += found
    print(table(rows))
    for name in crashed:
        print(f"crashed: {name}")
    missed = [row for row in rows if not row.ok]
    return 1 if crashed or (options.strict and missed) else 0


def inside(name: str, rounds: int) -> int:
    """Runs one benchmark in this process and prints its rows as JSON lines."""
    for row in importlib.import_module(f"bench_{name}").run(rounds):
        print("ROW " + row.to_json(), flush=True)
    return 0


def run_one(name: str, rounds: int) -> list[Row] | None:
    """Runs one benchmark in a fresh process; `None` when it crashed."""
    command = [sys.executable, str(Path(__file__)), "--inside", name, "--rounds", str(rounds)]
    root = str(HERE.parent.parent)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment, check=False)
    lines = [line[4:] for line in done.stdout.splitlines() if line.startswith("ROW ")]
    return [Row(**json.loads(line)) for line in lines] if done.returncode == 0 else None


def table(rows: list[Row]) -> str:
    """Lays the rows out for a terminal."""
    lines = [("goal", "what", "ours", "peer", "ratio", "target", "met")]
    for row in sorted(rows, key=lambda row: row.goal):
        peer = "" if row.peer is None else f"{figure(row.peer)} {row.unit} ({row.peer_name})"
        ratio = "" if row.ratio is None else f"{figure(row.ratio)}x"
        ours = f"{figure(row.ours)} {row.unit}"
        lines.append((row.goal, row.what, ours, peer, ratio, row.target, "yes" if row.ok else "NO"))
    widths = [max(len(line[i]) for line in lines) for i in range(7)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)


def figure(value: float) -> str:
    """Writes a number with three digits that count."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


if __name__ == "__main__":
    sys.exit(main())
