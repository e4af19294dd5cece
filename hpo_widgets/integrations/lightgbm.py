"""LightGBM: the evaluation results of each iteration, reported as they come."""

from __future__ import annotations

from typing import Any

from hpo_widgets.integrations.reporting import report


class LightGBMCallback:
    """Is a callback for `lightgbm.train` and `fit`: reports title metric (`l2`), series data set (`valid_0`)."""

    order = 25
    """Before early stopping (30), which raises and would hide the last round."""
    before_iteration = False

    def __call__(self, env: Any) -> None:
        """Reports one iteration."""
        for dataset, metric, value, *_ in env.evaluation_result_list or ():
            report(metric, dataset, value, env.iteration)
