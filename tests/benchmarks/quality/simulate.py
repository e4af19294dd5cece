"""One search on an event clock: trials end at their own time, nothing waits, no second passes but the asking's own."""

from __future__ import annotations

import heapq
import math
import random
import time
from dataclasses import dataclass

from policies import make_policy
from problems import Problem

CHECKPOINTS = (25, 50, 100)
"""Evaluations after which the regret is read."""
SPREAD = 0.5
"""Of the logarithm of a trial's time around what the problem says, so that slots come free out of step."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """Is what one search found and cost."""

    regrets: tuple[float, ...]
    """Real regret of what looked best, at each checkpoint."""
    asking: float
    """Seconds of asking and telling."""
    trials: float
    """Seconds that the trials say they took, all together."""


def search(
    problem: Problem,
    policy: str,
    slots: int,
    seed: int,
    checkpoints: tuple[int, ...] = CHECKPOINTS,
    trial_s: float | None = None,
) -> Run:
    """Searches with `slots` trials at a time until the last checkpoint.

    Args:
        problem: What is searched.
        policy: Who searches.
        slots: A new trial is asked for while the other slots' trials are pending.
        seed: Of the policy, of the noise and of the trials' times; the same for every policy, so that runs are pairs.
        checkpoints: Evaluations at which the regret is read, rising.
        trial_s: Seconds of every trial, before they are spread; what the problem says when absent.
    """
    searcher = make_policy(policy, problem, seed, slots, checkpoints[-1])
    clock, asked, seconds, best, regrets = 0.0, 0, 0.0, (math.inf, math.inf), []
    running: list[tuple[float, int, int, float, float, float]] = []
    for done in range(1, checkpoints[-1] + 1):
        while len(running) < slots and asked < checkpoints[-1]:
            handle, parameters = searcher.ask()
            seen = problem.evaluate(parameters, seed)
            spread = math.exp(random.Random(f"{seed}/{asked}").gauss(0, SPREAD))
            took = (seen.seconds if trial_s is None else trial_s) * spread
            heapq.heappush(running, (clock + took, asked, handle, took, seen.loss, seen.regret))
            asked += 1
        clock, _, handle, took, loss, regret = heapq.heappop(running)
        searcher.tell(handle, loss, took)
        seconds += took
        best = min(best, (loss, regret))
        if done in checkpoints:
            regrets.append(best[1])
    return Run(regrets=tuple(regrets), asking=searcher.asking, trials=seconds)


def timed_search(problem: Problem, policy: str, slots: int, seed: int) -> tuple[Run, float]:
    """Searches and gives the wall time too, which tells how long the rest of a table will take.

    A policy named `auto@0.1` is `auto` where every trial takes 0.1 seconds.
    """
    begin = time.perf_counter()
    name, _, seconds = policy.partition("@")
    run = search(problem, name, slots, seed, trial_s=float(seconds) if seconds else None)
    return run, time.perf_counter() - begin
