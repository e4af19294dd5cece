"""What `report_scalar` costs in a task's process, beside Optuna's `trial.report` on SQLite."""

from __future__ import annotations

import time
from typing import Any

import optuna
from harness import Row, folder, interleave, median

import hpo_widgets as hpo

NAME = "reports"
GOALS = {"d": "report_scalar in the child"}
REPORTS = 4000


def report_many(x: float, task: Any) -> dict[str, float]:
    """Reports and gives microseconds a report."""
    logger = task.get_logger()
    times = []
    for iteration in range(REPORTS):
        began = time.perf_counter()
        logger.report_scalar("loss", "train", x * iteration, iteration)
        times.append(time.perf_counter() - began)
    return {"median": sorted(times)[REPORTS // 2] * 1e6, "mean": sum(times) / REPORTS * 1e6}


def ours() -> tuple[float, float]:
    """Gives median and mean microseconds of a report while a study runs."""
    with folder() as place:
        hpo.configure(store=place)
        study = hpo.tune(report_many, {"x": (0.0, 1.0)}, objective="median", max_jobs=1, concurrency=1, seed=1)
        study.wait()
        found = {s.metric.title: s.last for s in study.store.summaries(study.id)}
        return found["median"], found["mean"]


def optuna_sqlite() -> float:
    """Gives mean microseconds of `trial.report` on Optuna's SQLite storage."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with folder() as place:
        trial = optuna.create_study(storage=f"sqlite:///{place / 'optuna.db'}").ask()
        began = time.perf_counter()
        for step in range(100):
            trial.report(0.5, step)
        return (time.perf_counter() - began) / 100 * 1e6


def run(rounds: int) -> list[Row]:
    """Measures the child's side of goal d."""
    mine, peer = interleave(rounds, ours, optuna_sqlite)
    middle, mean, theirs = median([m for m, _ in mine]), median([m for _, m in mine]), median(peer)
    common = {"unit": "us", "peer": theirs, "peer_name": "Optuna SQLite trial.report"}
    return [
        Row(goal="d", what="report_scalar, median", ours=middle, target="<= 30 us", ok=middle <= 30, **common),
        Row(goal="d", what="report_scalar, mean", ours=mean, target="<= 0.02x", ok=mean <= theirs / 50, **common),
    ]
