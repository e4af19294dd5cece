"""How busy BOHB keeps four slots with trials of unequal length, beside HpBandSter's rungs; simulated."""

from __future__ import annotations

import math
import random
from typing import Any

from harness import Row, median
from rungs_world import HpBandSter, World

from hpo_widgets.model.space_shorthand import as_space
from hpo_widgets.strategies import create_strategy

NAME = "rungs"
GOALS = {"rungs": "4 slots busy with BOHB and trials of unequal length (simulated)"}
SLOTS, LEAST, MOST = 4, 1, 27
BRACKETS = 4
"""One round of Hyperband: (27, 9, 3, 1), (9, 3, 1), (6, 2), (4) trials."""
TIME = 300.0
"""Seconds of a search with a time limit; the median iteration takes one."""
MANY = 10**6
SEEDS = range(20)
SPREAD = 1.0
"""Of the logarithm of an iteration's length: two thirds of the trials are within a factor of e of the median."""
LEAST_SHARE = 0.95
SPACE = as_space({"x": (0.0, 1.0), "y": (0.0, 1.0)})


def curve(parameters: dict[str, Any]) -> list[float]:
    """Falls towards what the parameters are worth."""
    worth = (parameters["x"] - 0.3) ** 2 + (parameters["y"] - 0.6) ** 2
    return [worth + 1 / iteration for iteration in range(1, MOST + 1)]


def pace(parameters: dict[str, Any]) -> float:
    """Gives the length of an iteration: lognormal over the parameters, the same for all who run them."""
    return math.exp(random.Random(repr(sorted(parameters.items()))).gauss(0.0, SPREAD))


def shares(make: Any, **limits: Any) -> tuple[list[float], int]:
    """Gives the busy share of each seed, and the number of jobs of the first."""
    worlds = [World(make(), SPACE, curve, MOST, LEAST, pace, SLOTS, seed=seed, **limits).run() for seed in SEEDS]
    return [world.share for world in worlds], len(worlds[0].trials)


def run(rounds: int) -> list[Row]:
    """Simulates three ways to climb, under a time limit and under a limit of jobs; rounds mean nothing here.

    Under a limit of jobs the slots run empty at the end, whoever schedules: the last trials differ in length.
    """
    rows = []
    for limit in ("time", "jobs"):
        brackets, limits = (MANY, {"time": TIME}) if limit == "time" else (BRACKETS, {})
        peers = {
            name: shares(lambda b=brackets, o=one: HpBandSter(b, one_by_one=o), checkpoints=False, **limits)
            for name, one in (("a bracket after the other", True), ("HpBandSter's master", False))
        }
        jobs = peers["HpBandSter's master"][1]
        ours, _ = shares(lambda: create_strategy("bohb"), **(limits or {"jobs": jobs}))
        said = f"{TIME:g} s" if limit == "time" else f"{jobs} jobs and their tail"
        rows += [
            Row(
                goal="rungs",
                what=f"4 slots busy, {said}, {len(SEEDS)} seeds; the worst {100 * min(ours):.1f} %",
                ours=100 * median(ours),
                unit="%",
                peer=100 * median(found),
                peer_name=f"{name}, worst {100 * min(found):.1f} %",
                target=f">= {100 * LEAST_SHARE:g} %" if limit == "time" else "(no goal)",
                ok=median(ours) >= LEAST_SHARE if limit == "time" else True,
            )
            for name, (found, _) in peers.items()
        ]
    return rows
