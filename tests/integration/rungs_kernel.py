"""Plays the kernel in the tests of rungs: starts or resumes a search over scikit-learn trainings and waits for its end.

Usage: python rungs_kernel.py STORE
"""

from __future__ import annotations

import os
import pickle
import sys
from typing import Any

import hpo_widgets as hpo

NAME = "digits"
JOBS, EPOCHS = 24, 9
SPACE = {"lr": hpo.loguniform(1e-4, 1.0), "width": [4, 8, 16]}


def train(lr: float, width: int, task: Any) -> None:
    """Trains an MLP epoch by epoch; goes on with the last checkpoint, kept whole before its epoch is reported."""
    from sklearn.datasets import load_digits
    from sklearn.metrics import log_loss
    from sklearn.neural_network import MLPClassifier

    x, y = load_digits(return_X_y=True)
    x, y, x_valid, y_valid = x[:600] / 16, y[:600], x[600:900] / 16, y[600:900]
    file = task.checkpoint_dir / "model.pickle"
    if file.exists():
        epoch, model = pickle.loads(file.read_bytes())
        epoch = min(epoch, EPOCHS - 1)  # killed after its last checkpoint: the last epoch again, so that it reports
    else:
        epoch, model = 0, MLPClassifier((width,), solver="sgd", learning_rate_init=lr, random_state=0)
    while epoch < EPOCHS:
        epoch += 1
        model.partial_fit(x, y, classes=range(10))
        fresh = file.with_suffix(".new")
        fresh.write_bytes(pickle.dumps((epoch, model)))
        os.replace(fresh, file)
        task.report("loss", log_loss(y_valid, model.predict_proba(x_valid), labels=range(10)), epoch)


def main(store: str) -> None:
    """Runs the study to its end."""
    hpo.configure(store=store)
    if NAME in [study.name for study in hpo.studies()]:
        study = hpo.attach(NAME).resume()
    else:
        study = hpo.tune(
            train,
            SPACE,
            objective="loss",
            strategy="bohb",
            name=NAME,
            max_jobs=JOBS,
            concurrency=2,
            min_iteration_per_job=1,
            max_iteration_per_job=EPOCHS,
            seed=3,
        )
    print("started", flush=True)
    study.wait()
    print(study.state, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
