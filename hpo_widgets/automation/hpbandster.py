"""ClearML's `OptimizerBOHB`: the same arguments and budgets, without HpBandSter and its name server (reference a6)."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import Any

from hpo_widgets.automation.objective import Objective
from hpo_widgets.automation.search_strategy import SearchStrategy
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameter_base import Parameter
from hpo_widgets.model.parameter_values import shown
from hpo_widgets.strategies.base import Strategy

logger = logging.getLogger(__name__)

__all__ = ["OptimizerBOHB"]

HONOURED = ("eta", "min_points_in_model", "top_n_percent", "num_samples", "random_fraction")
"""Options that go on to the strategy; those without a value keep its defaults, which are HpBandSter's."""
OUT_OF_USE = ("bandwidth_factor", "min_bandwidth")
"""Options of HpBandSter's density estimator: Optuna's chooses its bandwidths itself."""


class OptimizerBOHB(SearchStrategy):
    """Searches with BOHB: many jobs with few iterations, more for the best, proposals by a model of what was reached.

    Jobs run to `max_iteration_per_job` divided by `eta` again and again, down to `min_iteration_per_job` (10 to 30:
    3 jobs to iteration 10 and 1 to 30, then 2 to 30, and so on), and are ended there. Here a slot never waits for the
    others of a bracket; a job that is among the best as it reaches its budget goes on without a stop; one that is
    found to be later goes on as a new job, from its checkpoint (`task.checkpoint_dir`) where it has left one.

    Args:
        base_task_id: As in `SearchStrategy`, like all that is not described here.
        hyper_parameters: All kinds, `ParameterSet` too.
        objective_metric: One; with several every job is a whole one.
        execution_queue: As in `SearchStrategy`.
        num_concurrent_workers: As in `SearchStrategy`.
        min_iteration_per_job: The smallest budget is not below it.
        max_iteration_per_job: The largest budget.
        total_max_jobs: Jobs in all, never exceeded (ClearML counts brackets).
        pool_period_min: Minutes between two reports; nothing waits for it.
        time_limit_per_job: Minutes of running time of one job.
        compute_time_limit: Minutes of running time over all jobs.
        local_port: Accepted: nothing here opens a port.
        **bohb_kwargs: What `set_optimization_args` takes.

    Raises:
        InvalidInput: With every problem found.
    """

    def __init__(
        self,
        base_task_id: Any,
        hyper_parameters: Sequence[Parameter],
        objective_metric: Objective,
        execution_queue: str | None = "default",
        num_concurrent_workers: int = 1,
        min_iteration_per_job: int | None = None,
        max_iteration_per_job: int | None = None,
        total_max_jobs: int | None = None,
        pool_period_min: float = 2.0,
        time_limit_per_job: float | None = None,
        compute_time_limit: float | None = None,
        local_port: int = 9090,
        **bohb_kwargs: Any,
    ) -> None:
        needed = {
            "min_iteration_per_job": min_iteration_per_job,
            "max_iteration_per_job": max_iteration_per_job,
            "total_max_jobs": total_max_jobs,
        }
        problems = [f"OptimizerBOHB needs {name}; give a number." for name, value in needed.items() if not value]
        allowed = (*HONOURED, *OUT_OF_USE, "min_budget", "max_budget")
        problems += [
            f"OptimizerBOHB does not take {name!r}; it takes {', '.join(allowed)}."
            for name in bohb_kwargs
            if name not in allowed
        ]
        if problems:
            raise InvalidInput(problems)
        super().__init__(
            base_task_id=base_task_id,
            hyper_parameters=hyper_parameters,
            objective_metric=objective_metric,
            execution_queue=execution_queue,
            num_concurrent_workers=num_concurrent_workers,
            pool_period_min=pool_period_min,
            time_limit_per_job=time_limit_per_job,
            compute_time_limit=compute_time_limit,
            min_iteration_per_job=min_iteration_per_job,
            max_iteration_per_job=max_iteration_per_job,
            total_max_jobs=total_max_jobs,
        )
        self._options: dict[str, Any] = {}
        if bohb_kwargs:
            self._take(bohb_kwargs)

    def set_optimization_args(
        self,
        eta: float = 3,
        min_budget: float | None = None,
        max_budget: float | None = None,
        min_points_in_model: int | None = None,
        top_n_percent: float | None = 15,
        num_samples: int | None = None,
        random_fraction: float | None = 1 / 3.0,
        bandwidth_factor: float | None = 3,
        min_bandwidth: float | None = 1e-3,
    ) -> None:
        """Sets how it searches, with HpBandSter's defaults; before the start.

        Args:
            eta: One in how many goes on with a larger budget.
            min_budget: Fraction of `max_iteration_per_job` that the smallest budget is not below, where that is more
                than `min_iteration_per_job`.
            max_budget: Fraction of it that is the largest one.
            min_points_in_model: Results of one budget that a model needs; parameters + 1 when absent.
            top_n_percent: How many of 100 results count as good.
            num_samples: Candidates among which the model chooses; 64 when absent.
            random_fraction: Proposals that chance makes all the same.
            bandwidth_factor: Accepted; Optuna's estimator chooses its bandwidths itself.
            min_bandwidth: Accepted, as `bandwidth_factor`.

        Raises:
            InvalidInput: For a value out of range.
        """
        given = {name: value for name, value in locals().items() if name != "self"}
        self._take(given)

    def _take(self, given: dict[str, Any]) -> None:
        defaults = {"bandwidth_factor": 3, "min_bandwidth": 1e-3}
        for name in OUT_OF_USE:
            if given.get(name) not in (None, defaults[name]):
                logger.warning("%s has no effect: Optuna's TPE chooses its bandwidths itself", name)
        options = {name: given[name] for name in HONOURED if given.get(name) is not None}
        for name in ("min_budget", "max_budget"):
            if given.get(name) is not None:
                options[name] = self._iterations(name, given[name])
        self._make(options)
        self._options = options

    def _iterations(self, name: str, fraction: Any) -> int:
        if not isinstance(fraction, (int, float)) or isinstance(fraction, bool) or not 0 < fraction <= 1:
            raise InvalidInput(
                f"{name} is {shown(fraction)}; give a fraction of max_iteration_per_job, above 0, up to 1."
            )
        return max(1, math.floor(fraction * (self.max_iteration_per_job or 1) + 1e-6))

    def _make(self, options: dict[str, Any]) -> Strategy:
        from hpo_widgets.strategies.registry import create_strategy

        return create_strategy("bohb", **options)

    def proposer(self) -> Strategy:
        """Gives BOHB."""
        return self._make(self._options)
