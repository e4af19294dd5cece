"""scikit-learn 1.9 and newer: a score after each step of an iterative fit, through its own callbacks."""

from __future__ import annotations

from typing import Any

from sklearn.metrics import check_scoring

from hpo_widgets.integrations.reporting import report


class SklearnCallback:
    """Is a callback for `estimator.set_callbacks(...)`: reports title score, series estimator, counting steps.

    Each step costs one evaluation of the score. Works in the process of the task: what `n_jobs` starts elsewhere is
    not heard.

    Args:
        scoring: As in scikit-learn: a name or a scorer; the estimator's own score when absent.
        x: Data to score on, after everything that the estimator's pipeline does before it; the training data of the
            step when absent.
        y: Its targets.
    """

    def __init__(self, scoring: Any = None, *, x: Any = None, y: Any = None) -> None:
        self._scoring = scoring
        self._x, self._y = x, y
        self._title = scoring if isinstance(scoring, str) else "score"
        self._scorers: dict[int, Any] = {}

    def setup(self, estimator: Any, context: Any) -> None:
        """Gets ready for one fit."""
        self._scorers[id(estimator)] = check_scoring(estimator, self._scoring)

    def teardown(self, estimator: Any, context: Any) -> None:
        """Forgets a fit."""
        self._scorers.pop(id(estimator), None)

    def on_fit_task_begin(self, estimator: Any, context: Any, **_: Any) -> None:
        """Does nothing."""

    def on_fit_task_end(
        self,
        estimator: Any,
        context: Any,
        *,
        X: Any = None,  # noqa: N803 - scikit-learn gives only what the signature names
        y: Any = None,
        fitted_estimator: Any = None,
    ) -> bool:
        """Reports one step; never asks to stop."""
        x, targets = (X, y) if self._x is None else (self._x, self._y)
        if fitted_estimator is not None and x is not None:
            score = self._scorers[id(estimator)](fitted_estimator, x, targets)
            report(self._title, context.estimator_name, score, None)
        return False
