"""ClearML's `Budget`: what a search may spend and the fraction it has spent, one field a limit (reference a3)."""

from __future__ import annotations

from dataclasses import dataclass

from hpo_widgets.automation.minutes import MINUTE_S
from hpo_widgets.model.limits import Limits, Usage


@dataclass(frozen=True, kw_only=True)
class Field:
    """Is one limit and how much of it is used."""

    limit: float | None
    """In the field's unit; `None` for no limit."""
    used: float | None
    """Fraction of the limit, 0 and up; `None` for no limit."""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Is a picture of what was spent, at the moment it was asked for."""

    jobs: Field
    """Jobs created; a job that is run again counts once."""
    iterations: Field
    """Iterations of the objective over all jobs; limited when jobs and iterations a job are."""
    compute_time: Field
    """Minutes of running time over all jobs."""

    @classmethod
    def of(cls, limits: Limits, usage: Usage) -> Budget:
        """Gives the budget of limits and what was spent of them."""
        jobs, each = limits.total_max_jobs, limits.max_iteration_per_job
        minutes = None if limits.compute_time_limit is None else limits.compute_time_limit / MINUTE_S
        return cls(
            jobs=_field(jobs, usage.jobs),
            iterations=_field(None if jobs is None or each is None else jobs * each, usage.iterations),
            compute_time=_field(minutes, usage.compute_time / MINUTE_S),
        )


def _field(limit: float | None, spent: float) -> Field:
    return Field(limit=limit, used=None if limit is None else spent / limit)
