"""Real cross-validation of scikit-learn's models on the data that scikit-learn ships; no optimum is known."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from problems import Choice, Float, Int, Problem, Range, Seen

FAILED = 10.0
"""Loss of a model that cannot be fitted."""


@cache
def _data(name: str) -> tuple[Any, Any]:
    from sklearn import datasets

    found: tuple[Any, Any] = getattr(datasets, f"load_{name}")(return_X_y=True)
    return found


def svc_cancer(p: Mapping[str, Any]) -> float:
    """Gives 1 - average precision of a support vector machine behind a scaler, breast cancer, 3 folds."""
    from sklearn.feature_selection import SelectKBest
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler
    from sklearn.svm import SVC

    scaler = {"standard": StandardScaler, "minmax": MinMaxScaler, "robust": RobustScaler}[p["scaler"]]()
    weight = None if p["weight"] == "none" else "balanced"
    model = SVC(C=p["C"], gamma=p["gamma"], kernel=p["kernel"], degree=p["degree"], class_weight=weight, max_iter=2_000)
    return 1 - _score(make_pipeline(scaler, SelectKBest(k=p["features"]), model), "breast_cancer", "average_precision")


def kernel_ridge_diabetes(p: Mapping[str, Any]) -> float:
    """Gives 1 - R2 of kernel ridge regression, diabetes, 3 folds."""
    from sklearn.kernel_ridge import KernelRidge

    model = KernelRidge(alpha=p["alpha"], kernel=p["kernel"], gamma=p["gamma"], degree=p["degree"], coef0=p["coef0"])
    return 1 - _score(model, "diabetes", "r2")


def tree_cancer(p: Mapping[str, Any]) -> float:
    """Gives the log loss of one decision tree, breast cancer, 3 folds."""
    from sklearn.tree import DecisionTreeClassifier

    model = DecisionTreeClassifier(
        max_depth=p["depth"],
        min_samples_leaf=p["leaf"],
        max_features=p["features"],
        ccp_alpha=p["ccp"],
        min_impurity_decrease=p["decrease"],
        criterion=p["criterion"],
        random_state=0,
    )
    return -_score(model, "breast_cancer", "neg_log_loss")


SPACES: dict[str, dict[str, Range]] = {
    "svc_cancer": {
        "C": Float(1e-3, 1e3, log=True),
        "gamma": Float(1e-5, 1e1, log=True),
        "kernel": Choice(("rbf", "poly", "sigmoid")),
        "degree": Int(2, 5),
        "scaler": Choice(("standard", "minmax", "robust")),
        "weight": Choice(("none", "balanced")),
        "features": Int(2, 30),
    },
    "kernel_ridge_diabetes": {
        "alpha": Float(1e-4, 1e2, log=True),
        "gamma": Float(1e-3, 1e3, log=True),
        "kernel": Choice(("rbf", "laplacian", "polynomial", "sigmoid")),
        "degree": Int(1, 4),
        "coef0": Float(0.0, 3.0),
    },
    "tree_cancer": {
        "depth": Int(1, 16),
        "leaf": Int(1, 60),
        "features": Float(0.05, 1.0),
        "ccp": Float(1e-5, 1e-1, log=True),
        "decrease": Float(1e-6, 1e-1, log=True),
        "criterion": Choice(("gini", "entropy")),
    },
}


def learners() -> tuple[Problem, ...]:
    """Gives the three problems."""
    return tuple(_problem(function) for function in (svc_cancer, kernel_ridge_diabetes, tree_cancer))


def _score(model: Any, data: str, scoring: str) -> float:
    from sklearn.model_selection import cross_val_score

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(cross_val_score(model, *_data(data), cv=3, scoring=scoring, error_score=-FAILED).mean())


def _problem(function: Callable[[Mapping[str, Any]], float]) -> Problem:
    @cache
    def loss(items: tuple[tuple[str, Any], ...]) -> float:
        value = function(dict(items))
        return min(value, FAILED) if math.isfinite(value) else FAILED

    def evaluate(parameters: Mapping[str, Any], _seed: int) -> Seen:
        value = loss(tuple(sorted(parameters.items())))
        return Seen(loss=value, regret=value)

    name = function.__name__
    return Problem(name=name, family="learner", space=SPACES[name], evaluate=evaluate)
