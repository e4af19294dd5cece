"""Callbacks and loggers for training frameworks: what a framework measures is reported to the running task.

    from hpo_widgets.integrations import XGBoostCallback

    xgboost.train(params, data, evals=[(valid, "valid")], callbacks=[XGBoostCallback()])

Promise: outside of a task they do nothing, so that a script runs by hand as before. Importing this package imports no
framework; each name imports its own at its first use.
May import: `hpo_widgets.errors`, `model`, `agents`; each module its own framework.
Threads: called by the framework, in whichever thread it trains.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_HOMES = {
    "KerasCallback": "keras",
    "LightGBMCallback": "lightgbm",
    "LightningLogger": "lightning",
    "SklearnCallback": "sklearn",
    "XGBoostCallback": "xgboost",
}

__all__ = ["KerasCallback", "LightGBMCallback", "LightningLogger", "SklearnCallback", "XGBoostCallback"]

if TYPE_CHECKING:
    from hpo_widgets.integrations.keras import KerasCallback
    from hpo_widgets.integrations.lightgbm import LightGBMCallback
    from hpo_widgets.integrations.lightning import LightningLogger
    from hpo_widgets.integrations.sklearn import SklearnCallback
    from hpo_widgets.integrations.xgboost import XGBoostCallback


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"hpo_widgets.integrations has no {name!r}; it has {', '.join(__all__)}.")
    return getattr(importlib.import_module(f"hpo_widgets.integrations.{_HOMES[name]}"), name)
