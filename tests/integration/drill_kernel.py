"""Plays the kernel in the kill drills: starts or resumes a study of small tasks and waits for its end.

Usage: python drill_kernel.py STORE JOBS
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import hpo_widgets as hpo

NAME = "drill"
REPORTS = 12


def train(x: float, task: Any) -> float:
    """Reports points and acknowledges each one, after `report` has returned, in a file that survives everything."""
    folder = Path(os.environ["DRILL_ACKNOWLEDGED"])
    with open(folder / task.id, "ab", buffering=0) as acknowledged:
        for iteration in range(REPORTS):
            task.report("loss", x * iteration, iteration)
            acknowledged.write(b"%d\n" % iteration)
            time.sleep(0.002)
    return x


def main(store: str, jobs: int) -> None:
    """Runs the drill's study to its end."""
    hpo.configure(store=store)
    names = [study.name for study in hpo.studies()]
    if NAME in names:
        study = hpo.attach(NAME).resume()
    else:
        study = hpo.tune(
            train,
            {"x": (0.0, 1.0)},
            objective="loss",
            strategy="random",
            name=NAME,
            max_jobs=jobs,
            concurrency=2,
            retries=jobs,
            seed=7,
        )
    print("started", flush=True)
    study.wait()
    print(study.state, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
