"""Fills results.csv with searches that are not in it yet, then writes results.md.

Usage: python tests/benchmarks/quality/run.py [--policies auto,gp] [--problems branin,...] [--slots 1,4] [--seeds 0-19]

A search is one line, written as it ends: what is broken off goes on where it stopped. `tpe4` needs an interpreter with
Optuna 4: it is run by the one that HPO_WIDGETS_OPTUNA4_PYTHON names.
"""

from __future__ import annotations

import os

# One core: what is measured is asking, and thread pools of numpy, torch and scikit-learn disturb each other.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import argparse  # noqa: E402
import importlib.metadata  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent.parent)]

from policies import MAJOR, OPTUNA, OURS  # noqa: E402
from problems import problems  # noqa: E402
from results import Line, add, read, versions  # noqa: E402
from simulate import timed_search  # noqa: E402

TIMED = {"auto"}
"""Policies whose choice depends on how long the trials take."""
SECONDS = ("0.1", "1", "10")
"""Lengths of trials for which the share of asking is measured."""
SHORT = "hartmann6,HPOBench/car,HPOLib/protein_structure"
"""Problems on which it is."""
OPTUNA4 = "HPO_WIDGETS_OPTUNA4_PYTHON"


def main() -> int:
    """Runs what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--policies", default=",".join((*OPTUNA, *OURS)))
    parser.add_argument("--problems", default="all")
    parser.add_argument("--slots", default="1,4")
    parser.add_argument("--seeds", default="0-19", help="a range, both ends included")
    parser.add_argument("--results", type=Path, default=HERE / "results.csv")
    parser.add_argument("--table-only", action="store_true", help="write results.md from what is there")
    options = parser.parse_args()
    is_other = importlib.metadata.version("optuna").startswith("4.")
    if not options.table_only:
        policies = options.policies.split(",")
        here = [name for name in policies if name not in MAJOR]
        there = [name for name in policies if name in MAJOR]
        if is_other:
            here, there = there, []
        if there:
            elsewhere(there, options)
        fill(here, options)
        if TIMED & {*here} and not is_other:
            options.problems, options.seeds = SHORT, "0"
            fill([f"auto@{seconds}" for seconds in SECONDS], options)
    from table import write

    if not is_other:
        write(options.results, options.results.with_suffix(".md"))
    return 0


def fill(policies: list[str], options: argparse.Namespace) -> None:
    """Runs the searches of these policies that are missing, seed by seed, so that a part is a fair table as well."""
    first, _, last = options.seeds.partition("-")
    names = list(problems()) if options.problems == "all" else options.problems.split(",")
    known = {line.key for line in read(options.results)}
    for seed in range(int(first), int(last or first) + 1):
        for name in names:
            for slots in map(int, options.slots.split(",")):
                for policy in policies:
                    if (name, policy, slots, seed) not in known:
                        run, wall = timed_search(problems()[name], policy, slots, seed)
                        add(options.results, Line.of(name, policy, slots, seed, run, versions()))
                        print(f"{name} {policy} slots {slots} seed {seed}: {run.regrets} in {wall:.1f} s", flush=True)


def elsewhere(policies: list[str], options: argparse.Namespace) -> None:
    """Runs policies of another Optuna in the interpreter that has it."""
    python = os.environ.get(OPTUNA4)
    if not python:
        print(f"left out: {', '.join(policies)}; set {OPTUNA4} to an interpreter with Optuna 4", file=sys.stderr)
        return
    command = [python, str(HERE / "run.py"), "--policies", ",".join(policies), "--problems", options.problems]
    command += ["--slots", options.slots, "--seeds", options.seeds, "--results", str(options.results.absolute())]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    sys.exit(main())
