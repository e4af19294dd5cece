from __future__ import annotations

from hpo_widgets.automation.budget import Budget, Field
from hpo_widgets.model.limits import Limits, Usage


def test_each_field_has_its_limit_and_the_fraction_used() -> None:
    limits = Limits(total_max_jobs=10, max_iteration_per_job=5, compute_time_limit=120.0)
    budget = Budget.of(limits, Usage(jobs=3, iterations=20, compute_time=60.0))
    assert budget.jobs == Field(limit=10, used=0.3)
    assert budget.iterations == Field(limit=50, used=0.4)
    assert budget.compute_time == Field(limit=2.0, used=0.5)


def test_without_a_limit_nothing_is_used() -> None:
    nothing = Field(limit=None, used=None)
    assert Budget.of(Limits(total_max_jobs=10), Usage(jobs=3)).iterations == nothing
    assert Budget.of(Limits(), Usage(jobs=3)) == Budget(jobs=nothing, iterations=nothing, compute_time=nothing)
