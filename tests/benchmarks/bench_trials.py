"""What a trial costs besides its own work: no-op trials, and trials that need scikit-learn."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import optuna
from harness import Row, folder, interleave, median

import hpo_widgets as hpo
from hpo_widgets.study import Study

NAME = "trials"
GOALS = {"a": "durable no-op trials, 2 slots, random", "b": "a task importing scikit-learn"}
TRIALS = 300
WARM = 20
"""First trials left out: the fork server is still starting."""
SKLEARN_TRIALS = 40


def functions() -> tuple[Callable[..., float], Callable[..., float]]:
    """Gives the tasks' functions, made here so that they travel without this module and its imports."""

    def no_work(x: float) -> float:
        return x

    def import_sklearn(x: float) -> float:
        import sklearn.ensemble
        import sklearn.linear_model

        return x + 0 * len(sklearn.ensemble.__name__) * len(sklearn.linear_model.__name__)

    return no_work, import_sklearn


def ours(function: Callable[..., float], trials: int, isolation: str = "fork") -> float:
    """Gives milliseconds a trial, from the end of the first ones to the end of the last."""
    with folder() as place:
        hpo.configure(store=place)
        study = hpo.tune(
            function, {"x": (0.0, 1.0)}, strategy="random", max_jobs=trials, concurrency=2, isolation=isolation, seed=1
        )
        study.wait()
        return per_trial(study, trials)


def per_trial(study: Study, trials: int) -> float:
    """Gives milliseconds from one end of a task to the next."""
    ended = sorted(t.ended for t in study.store.tasks(study.id) if t.ended is not None)
    assert len(ended) == trials
    warm = min(WARM, trials // 4)
    return (ended[-1] - ended[warm]) / (trials - warm - 1) * 1000


def optuna_sqlite() -> float:
    """Gives milliseconds a trial of Optuna with its SQLite storage and two threads."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with folder() as place:
        study = optuna.create_study(
            storage=f"sqlite:///{place / 'optuna.db'}", sampler=optuna.samplers.RandomSampler(seed=1)
        )
        began = time.perf_counter()
        study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=100, n_jobs=2)
        return (time.perf_counter() - began) / 100 * 1000


def fork_limit() -> float:
    """Gives milliseconds of a bare fork and exit, two at a time, from a process like the fork server."""
    code = (
        "import os, time, sys\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "import cloudpickle.cloudpickle, pkgutil, typing, weakref, hpo_widgets.agents.child\n"
        "began = time.perf_counter()\n"
        "for _ in range(200):\n"
        "    pids = []\n"
        "    for _ in range(2):\n"
        "        pid = os.fork()\n"
        "        if not pid: os._exit(0)\n"
        "        pids.append(pid)\n"
        "    for pid in pids: os.waitpid(pid, 0)\n"
        "print((time.perf_counter() - began) / 400 * 1000)\n"
    )
    root = str(Path(hpo.__file__).parents[1])
    done = subprocess.run([sys.executable, "-c", code, root], capture_output=True, text=True, check=True)
    return float(done.stdout)


def fresh_interpreter() -> float:
    """Gives milliseconds of one subprocess that imports scikit-learn and exits."""
    code = "import sklearn.ensemble, sklearn.linear_model"
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    return (time.perf_counter() - began) * 1000


def run(rounds: int) -> list[Row]:
    """Measures goals a and b."""
    no_work, import_sklearn = functions()
    cases = interleave(
        rounds,
        lambda: ours(no_work, TRIALS),
        lambda: ours(no_work, TRIALS, "reuse"),
        optuna_sqlite,
        fork_limit,
        lambda: ours(import_sklearn, SKLEARN_TRIALS),
        fresh_interpreter,
    )
    mine, kept, rdb, fork, sklearn, fresh = (median(case) for case in cases)
    return [
        Row(
            goal="a",
            what="no-op trial, 2 process slots, a process a slot (isolation='reuse')",
            ours=kept,
            unit="ms",
            peer=rdb,
            peer_name="Optuna SQLite n_jobs=2",
            target="<= 0.2x",
            ok=kept <= 0.2 * rdb,
        ),
        Row(
            goal="a",
            what="no-op trial, 2 process slots, a process a trial (the default)",
            ours=mine,
            unit="ms",
            peer=rdb,
            peer_name="Optuna SQLite n_jobs=2",
            target="<= 0.2x",
            ok=mine <= 0.2 * rdb,
        ),
        Row(
            goal="a",
            what="a process a trial over the bare fork",
            ours=mine - fork,
            unit="ms",
            peer=fork,
            peer_name="fork and exit",
            target="<= 4 ms more",
            ok=mine - fork <= 4,
        ),
        Row(
            goal="b",
            what="trial importing scikit-learn",
            ours=sklearn,
            unit="ms",
            peer=fresh,
            peer_name="one subprocess",
            target="<= 0.02x",
            ok=sklearn <= fresh / 50,
        ),
    ]
