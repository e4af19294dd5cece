"""Real learning curves of every configuration of a grid, trained once and kept as JSON; for early stopping.

Usage: python early_curves.py NAME FILE. `torch_net` needs an interpreter with torch.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

GRIDS: dict[str, dict[str, list[Any]]] = {
    "digits_mlp": {
        "lr": [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3],
        "width": [8, 16, 32, 64],
        "batch": [32, 128],
        "momentum": [0.0, 0.5, 0.9],
        "activation": ["relu", "tanh"],
    },
    "cancer_boosting": {
        "lr": [0.003, 0.01, 0.03, 0.06, 0.1, 0.3, 0.6, 1.0],
        "depth": [1, 2, 3, 5],
        "subsample": [0.3, 0.6, 1.0],
        "leaf": [1, 5, 20],
    },
    "torch_net": {
        "lr": [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1],
        "width": [8, 32, 128],
        "dropout": [0.0, 0.2, 0.5],
        "optimizer": ["adam", "sgd"],
    },
}
MOST = 27
"""Iterations of a whole training: epochs, or (boosting) groups of three trees."""


def split(data: Any) -> tuple[Any, Any, Any, Any]:
    """Gives a training and a validation half, scaled."""
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    x, y = data(return_X_y=True)
    x_train, x_valid, y_train, y_valid = train_test_split(x, y, test_size=0.5, random_state=0, stratify=y)
    scaler = StandardScaler().fit(x_train)
    return scaler.transform(x_train), scaler.transform(x_valid), y_train, y_valid


def digits_mlp() -> Callable[[dict[str, Any]], list[float]]:
    """Trains scikit-learn's MLP on digits by `partial_fit`; the loss is the validation log loss."""
    from sklearn.datasets import load_digits
    from sklearn.metrics import log_loss
    from sklearn.neural_network import MLPClassifier

    x, x_valid, y, y_valid = split(load_digits)

    def train(c: dict[str, Any]) -> list[float]:
        model = MLPClassifier(
            (c["width"],), solver="sgd", learning_rate_init=c["lr"], batch_size=c["batch"], momentum=c["momentum"],
            activation=c["activation"], random_state=0,
        )  # fmt: skip
        found = []
        for _ in range(MOST):
            model.partial_fit(x, y, classes=range(10))
            found.append(log_loss(y_valid, model.predict_proba(x_valid), labels=range(10)))
        return found

    return train


def cancer_boosting() -> Callable[[dict[str, Any]], list[float]]:
    """Boosts trees on breast cancer; an iteration is three trees, the loss is the validation log loss."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.metrics import log_loss

    x, x_valid, y, y_valid = split(load_breast_cancer)

    def train(c: dict[str, Any]) -> list[float]:
        model = GradientBoostingClassifier(
            n_estimators=3 * MOST, learning_rate=c["lr"], max_depth=c["depth"], subsample=c["subsample"],
            min_samples_leaf=c["leaf"], random_state=0,
        ).fit(x, y)  # fmt: skip
        losses = [log_loss(y_valid, each, labels=[0, 1]) for each in model.staged_predict_proba(x_valid)]
        return losses[2::3]

    return train


def torch_net() -> Callable[[dict[str, Any]], list[float]]:
    """Trains a small convolutional net of PyTorch on digits; the loss is the validation cross entropy."""
    import torch
    from sklearn.datasets import load_digits
    from torch import nn

    torch.set_num_threads(1)
    x, x_valid, y, y_valid = (torch.tensor(each) for each in split(load_digits))
    x, x_valid = (each.float().reshape(-1, 1, 8, 8) for each in (x, x_valid))

    def train(c: dict[str, Any]) -> list[float]:
        torch.manual_seed(0)
        net = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(128, c["width"]),
            nn.ReLU(), nn.Dropout(c["dropout"]), nn.Linear(c["width"], 10),
        )  # fmt: skip
        kind = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[c["optimizer"]]
        optimizer, loss = kind(net.parameters(), lr=c["lr"]), nn.CrossEntropyLoss()
        found = []
        for _ in range(MOST):
            net.train()
            order = torch.randperm(len(x))
            for part in order.split(128):
                optimizer.zero_grad()
                loss(net(x[part]), y[part]).backward()
                optimizer.step()
            net.eval()
            with torch.no_grad():
                found.append(float(loss(net(x_valid), y_valid)))
        return found

    return train


MAKERS = {"digits_mlp": digits_mlp, "cancer_boosting": cancer_boosting, "torch_net": torch_net}


def configurations(name: str) -> Iterator[dict[str, Any]]:
    """Gives every configuration of a grid."""
    grid = GRIDS[name]
    for values in product(*grid.values()):
        yield dict(zip(grid, values, strict=True))


def key(configuration: dict[str, Any]) -> str:
    """Names a configuration."""
    return json.dumps(configuration, sort_keys=True)


def main(name: str, file: Path) -> None:
    """Trains all and writes them."""
    warnings.simplefilter("ignore")
    train, began = MAKERS[name](), time.process_time()
    curves = {key(each): train(each) for each in configurations(name)}
    file.write_text(json.dumps({"curves": curves, "cpu": time.process_time() - began}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
