"""How busy two slots are kept with short tasks, beside Optuna's own threads without any durability."""

from __future__ import annotations

import time
from functools import partial

import optuna
from harness import Row, folder, interleave, median

import hpo_widgets as hpo

NAME = "slots"
GOALS = {"c": "2 slots busy with tasks of 0.05, 0.2 and 1.0 s"}
CASES = ((0.05, 100, 0.88), (0.2, 60, 0.96), (1.0, 14, 0.985))
"""Seconds of one task, how many, and the least share of the time that both slots are busy."""
SLOTS = 2
ISOLATIONS = {"fork": "a process a trial", "reuse": "a process a slot"}


def ours(seconds: float, tasks: int, isolation: str) -> float:
    """Gives the share of the time from the first start to the last end in which the slots sleep."""

    def rest(x: float) -> float:
        time.sleep(seconds)
        return x

    with folder() as place:
        hpo.configure(store=place)
        study = hpo.tune(rest, {"x": (0.0, 1.0)}, max_jobs=tasks, concurrency=SLOTS, seed=1, isolation=isolation)
        study.wait()
        found = study.store.tasks(study.id)
        span = max(t.ended or 0.0 for t in found) - min(t.started or 0.0 for t in found)
        return tasks * seconds / SLOTS / span


def threads(seconds: float, tasks: int) -> float:
    """The same for `study.optimize(n_jobs=2)` in memory, from the call to its return."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=1))

    def rest(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        time.sleep(seconds)
        return x

    began = time.perf_counter()
    study.optimize(rest, n_trials=tasks, n_jobs=SLOTS)
    return tasks * seconds / SLOTS / (time.perf_counter() - began)


def run(rounds: int) -> list[Row]:
    """Measures goal c with the default strategy, with the default isolation and with processes that are used again."""
    rows = []
    for seconds, tasks, least in CASES:
        cases = [partial(ours, seconds, tasks, each) for each in ISOLATIONS]
        *mine, peer = interleave(rounds, *cases, partial(threads, seconds, tasks))
        for isolation, shares in zip(ISOLATIONS, mine, strict=True):
            share = median(shares)
            rows.append(
                Row(
                    goal="c",
                    what=f"slots busy, {seconds} s tasks, {ISOLATIONS[isolation]}",
                    ours=100 * share,
                    unit="%",
                    peer=100 * median(peer),
                    peer_name="Optuna threads in memory",
                    target=f">= {100 * least:g} %",
                    ok=share >= least,
                )
            )
    return rows
