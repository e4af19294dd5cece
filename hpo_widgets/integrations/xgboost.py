"""XGBoost: the evaluation results of each round, reported as they come."""

from __future__ import annotations

from typing import Any

import xgboost

from hpo_widgets.integrations.reporting import report


class XGBoostCallback(xgboost.callback.TrainingCallback):
    """Is a callback for `xgboost.train` and `fit`: reports title metric (`rmse`), series data set (`valid`)."""

    def after_iteration(self, model: Any, epoch: int, evals_log: dict[str, dict[str, list[Any]]]) -> bool:
        """Reports one round; never asks to stop."""
        for dataset, metrics in evals_log.items():
            for metric, values in metrics.items():
                last = values[-1]
                report(metric, dataset, last[0] if isinstance(last, tuple) else last, epoch)
        return False
