"""What Comet's loop over our store costs beside `optuna.study.optimize`: same function, sampler, seed and budget."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import optuna
from harness import Row, folder, interleave, median

import hpo_widgets as hpo
from hpo_widgets.comet import Optimizer

NAME = "comet"
GOALS = {"comet": "Comet's loop, durable, costs at most 2 ms more an experiment than Optuna's in memory"}
MOST_MS = 2.0
SIZES = (300, 1000)
"""Experiments of a search."""


def bowl(x: float, y: float) -> float:
    """Gives what is minimized."""
    return (x - 0.3) ** 2 + (y + 1.0) ** 2


def config(experiments: int) -> dict[str, Any]:
    """Gives the search in Comet's words."""
    wide = {"type": "double", "min": -2.0, "max": 2.0}
    return {
        "algorithm": "bayes",
        "spec": {"metric": "loss", "objective": "minimize", "maxCombo": experiments, "seed": 1},
        "parameters": {"x": wide, "y": wide},
    }


def ours(experiments: int) -> float:
    """Gives milliseconds an experiment, each recorded before the next one begins."""
    with folder() as place:
        hpo.configure(store=place)
        optimizer = Optimizer(config(experiments), verbose=0)
        began = time.perf_counter()
        for experiment in optimizer.get_experiments():
            experiment.log_metric("loss", bowl(experiment.get_parameter("x"), experiment.get_parameter("y")))
        took = time.perf_counter() - began
        assert optimizer.status()["suggestion_count"] == experiments
        return took / experiments * 1000


def theirs(experiments: int) -> float:
    """Gives milliseconds a trial of Optuna's own loop, which records nothing outside its memory."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=1))
    began = time.perf_counter()
    study.optimize(
        lambda trial: bowl(trial.suggest_float("x", -2.0, 2.0), trial.suggest_float("y", -2.0, 2.0)),
        n_trials=experiments,
    )
    return (time.perf_counter() - began) / experiments * 1000


def _case(function: Callable[[int], float], experiments: int) -> Callable[[], float]:
    return lambda: function(experiments)


def run(rounds: int) -> list[Row]:
    """Measures the goal at both sizes."""
    ours(20)  # loads what the first search loads
    cases = [_case(function, size) for size in SIZES for function in (ours, theirs)]
    times = interleave(rounds, *cases)
    rows = []
    for index, size in enumerate(SIZES):
        mine, peers = times[2 * index], times[2 * index + 1]
        more = median([mine_ms - peer_ms for mine_ms, peer_ms in zip(mine, peers, strict=True)])
        what = f"an experiment of {size:,} by Comet's loop; {more:+.2f} ms beside the peer"
        rows.append(
            Row(
                goal="comet",
                what=what,
                ours=median(mine),
                unit="ms",
                peer=median(peers),
                peer_name="optuna.study.optimize",
                target=f"<= {MOST_MS:g} ms more",
                ok=more <= MOST_MS,
            )
        )
    return rows
