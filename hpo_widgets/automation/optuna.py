"""ClearML's `OptimizerOptuna`: Optuna's samplers and pruners, each argument honoured or refused (reference a6, d12)."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from hpo_widgets.automation.objective import Objective
from hpo_widgets.automation.search_strategy import SearchStrategy
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameter_base import Parameter
from hpo_widgets.model.parameter_values import shown
from hpo_widgets.model.space_shorthand import as_space
from hpo_widgets.strategies.base import Memos, Outcome, Past, Problem, Strategy

logger = logging.getLogger(__name__)

__all__ = ["OptimizerOptuna"]

HONOURED = ("sampler_options", "pruner_options", "max_duplicates")
"""Keyword arguments that go on to `hpo_widgets.OptunaStrategy`."""
OUTCOMES = {"COMPLETE": Outcome.COMPLETE, "PRUNED": Outcome.PRUNED, "FAIL": Outcome.FAILED}
"""Optuna's trial states that teach something."""


class OptimizerOptuna(SearchStrategy):
    """Searches with Optuna: TPE and the median pruner when nothing is said. Duplicates are drawn again, never run.

    Args:
        base_task_id: As in `SearchStrategy`, like all that is not described here.
        hyper_parameters: All kinds, `ParameterSet` too.
        objective_metric: One or several; with several nothing is pruned.
        execution_queue: As in `SearchStrategy`.
        num_concurrent_workers: As in `SearchStrategy`.
        max_iteration_per_job: A job whose objective reaches it is ended and counts as complete.
        total_max_jobs: Jobs in all, pruned ones included.
        pool_period_min: Minutes between two reports; nothing waits for it.
        min_iteration_per_job: No job is pruned before its objective has reached it.
        time_limit_per_job: Minutes of running time of one job.
        compute_time_limit: Minutes of running time over all jobs.
        optuna_sampler: A sampler of Optuna or its name ("tpe", "cmaes", ...).
        optuna_pruner: A pruner of Optuna or its name ("median", "hyperband", "none", ...).
        continue_previous_study: An `optuna.Study`, or a study of hpo_widgets: the sampler begins with what its trials
            have shown. They are not run again and do not count as jobs.
        **optuna_kwargs: sampler_options and pruner_options (for those given by name), max_duplicates. Others are
            refused: the study is kept in the store, its directions are the objective's signs.

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
        max_iteration_per_job: int | None = None,
        total_max_jobs: int | None = None,
        pool_period_min: float = 2.0,
        min_iteration_per_job: int | None = None,
        time_limit_per_job: float | None = None,
        compute_time_limit: float | None = None,
        optuna_sampler: Any = None,
        optuna_pruner: Any = None,
        continue_previous_study: Any = None,
        **optuna_kwargs: Any,
    ) -> None:
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
        _refuse(optuna_kwargs)
        parts = {"sampler": optuna_sampler, "pruner": optuna_pruner}
        self._options = {name: value for name, value in parts.items() if value is not None} | optuna_kwargs
        self._past: tuple[Past, ...] = ()
        if continue_previous_study is not None:
            self._past = past_of(continue_previous_study, hyper_parameters, objective_metric)

    def proposer(self) -> Strategy:
        """Gives the Optuna strategy, with what a previous study knows.

        Raises:
            InvalidInput: For a sampler or pruner that does not exist or lacks its package.
        """
        from hpo_widgets.strategies.registry import create_strategy

        strategy = create_strategy("optuna", **self._options)
        return Continued(strategy, self._past) if self._past else strategy


def _refuse(given: Mapping[str, Any]) -> None:
    advice = {
        "optimizer_kwargs": "give what is in it directly",
        "storage": "the study is kept in the store; see hpo_widgets.configure(store=...)",
        "study_name": "give name= to HyperParameterOptimizer",
        "load_if_exists": "go on with a study by hpo_widgets.attach(name).resume()",
        "direction": "give objective_metric_sign",
        "directions": "give lists of objective_metric_sign",
        "sampler": "give optuna_sampler",
        "pruner": "give optuna_pruner",
        "n_trials": "give total_max_jobs",
        "timeout": "give optimization_time_limit",
        "n_jobs": "give max_number_of_concurrent_tasks",
        "seed": "give seed= to HyperParameterOptimizer",
    }
    general = f"it takes {', '.join(HONOURED)}; options of a sampler or pruner go into sampler_options, pruner_options"
    problems = [
        f"OptimizerOptuna does not take {name!r}; {advice.get(name, general)}."
        for name in given
        if name not in HONOURED
    ]
    if problems:
        raise InvalidInput(problems)


def past_of(previous: Any, hyper_parameters: Any, objective: Objective) -> tuple[Past, ...]:
    """Gives what the trials of a previous study have shown, numbered below 0; those outside the space are left out.

    Raises:
        InvalidInput: When it is no study, optimizes in other directions, or none of its trials fits.
    """
    study = previous.optuna_study() if hasattr(previous, "optuna_study") else previous
    if not (hasattr(study, "trials") and hasattr(study, "directions")):
        raise InvalidInput(f"continue_previous_study is {shown(previous)}; give an optuna.Study, or hpo.attach(name).")
    directions = [each.name.casefold() for each in study.directions]
    wanted = ["minimize" if each.sign.minimize else "maximize" for each in objective.objectives]
    if directions != wanted:
        raise InvalidInput(f"the previous study's directions are {directions}, the objective's are {wanted}.")
    space = as_space(hyper_parameters)
    known = [trial for trial in study.trials if trial.state.name in OUTCOMES]
    fitting = [trial for trial in known if space.contains(trial.params)]
    if known and not fitting:
        raise InvalidInput(
            f"none of the {len(known)} trials of the previous study is in the search space (which has "
            f"{', '.join(space.names)}); its first one has {known[0].params}."
        )
    if len(fitting) < len(known):
        logger.warning(
            "%d of %d trials of the previous study are not in the search space and are left out",
            len(known) - len(fitting),
            len(known),
            extra={"action": "continue-previous-study"},
        )
    return tuple(
        Past(
            trial=number - len(fitting),
            parameters=dict(trial.params),
            outcome=OUTCOMES[trial.state.name],
            values=None if trial.values is None else tuple(trial.values),
            reports=tuple(sorted(trial.intermediate_values.items())),
        )
        for number, trial in enumerate(fitting)
    )


class Continued(Strategy):
    """Is a strategy that begins with what another study has shown."""

    def __init__(self, inner: Strategy, before: Sequence[Past]) -> None:
        self._inner = inner
        self._before = tuple(before)

    def setup(self, problem: Problem) -> None:
        """Takes the problem in."""
        super().setup(problem)
        self._inner.setup(problem)
        self._restored = False

    def restore(self, past: Sequence[Past], memo: Mapping[str, Any] | None = None) -> None:
        """Takes in the other study's trials, then this one's own."""
        self._restored = True
        self._inner.restore([*self._before, *past], memo)

    def _begin(self) -> None:
        if not self._restored:
            self.restore(())

    def ask(self, trial: int) -> dict[str, Any] | None:
        """Proposes, knowing both studies."""
        self._begin()
        return self._inner.ask(trial)

    @property
    def exhausted(self) -> bool:
        """Whether nothing is left."""
        return self._inner.exhausted

    def adopt(self, trial: int, parameters: Mapping[str, Any]) -> None:
        """Takes in a trial made by hand."""
        self._begin()
        self._inner.adopt(trial, parameters)

    def tell(self, trial: int, outcome: Outcome, values: tuple[float, ...] | None = None) -> None:
        """Learns how a trial ended."""
        self._inner.tell(trial, outcome, values)

    def report(self, trial: int, iteration: int, value: float) -> None:
        """Learns what a running trial reported."""
        self._inner.report(trial, iteration, value)

    def should_stop(self, trial: int) -> bool:
        """Tells whether a running trial is hopeless."""
        return self._inner.should_stop(trial)

    def drain_memos(self) -> Memos:
        """Gives what to keep of this study's own trials."""
        memos = self._inner.drain_memos()
        return Memos(study=memos.study, trials={n: memo for n, memo in memos.trials.items() if n >= 0})

    def explain(self) -> str:
        """Says what it is and what it begins with."""
        return f"{self._inner.explain()} Begins with {len(self._before)} trials of a previous study."
