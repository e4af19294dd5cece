"""Reads the arguments of `HyperParameterOptimizer`: minutes in, seconds out, and every problem named at once."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeVar

from hpo_widgets.automation.job_strategy import engine_strategy
from hpo_widgets.automation.minutes import period_of, seconds_of
from hpo_widgets.automation.objective import Objective
from hpo_widgets.automation.search_strategy import GridSearch, RandomSearch, ReadyStrategy, SearchStrategy
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.config import Isolation
from hpo_widgets.model.constraint import as_constraints
from hpo_widgets.model.found import Found, left_out, sorted_out
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.parameter_values import shown
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.model.space_shorthand import as_space
from hpo_widgets.sdk.base_code import BaseCode
from hpo_widgets.sdk.base_read import find_base
from hpo_widgets.sdk.tune import constrained, read_isolation, repeated, repeats_problems, strategy_objections
from hpo_widgets.sdk.warm_start import read_beginning
from hpo_widgets.store.base import Store
from hpo_widgets.store.task_base import DEFAULT_QUEUE
from hpo_widgets.strategies.base import Strategy
from hpo_widgets.strategies.registry import create_strategy, strategy_names

T = TypeVar("T")

MANY_CONCURRENT = 10
"""Concurrent jobs when nobody says (reference a2)."""


class _Unsaid(str):
    """Is a value that nobody has given: what becomes of it is worth no warning."""


UNSAID_QUEUE = _Unsaid(DEFAULT_QUEUE)
"""Queue when nobody says (reference a2)."""


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """Is what an optimizer was asked for, checked."""

    search: SearchStrategy
    base: BaseCode
    space: SearchSpace
    limits: Limits
    strategy: Strategy
    """What the engine asks on behalf of `search`."""
    isolation: Isolation
    repeats: int
    learned: tuple[Found, ...]
    """What the strategy learns from first."""


def read_arguments(
    given: dict[str, Any],
    optimizer_class: Any,
    optimizer_kwargs: dict[str, Any],
    open_store: Callable[[], Store],
    *,
    optimization_time_limit: float | None,
    save_top_k_tasks_only: int | None,
    retries: int,
    repeats: int,
    isolation: str | None,
    constraints: Any,
    warm_start: Any,
) -> Arguments:
    """Checks all arguments together.

    Args:
        given: What a strategy's constructor takes from the optimizer; `objective_metric` as (title, series, sign).
        optimizer_class: A strategy as class, instance or name.
        optimizer_kwargs: What else the strategy's constructor takes.
        open_store: Gives the store, for a base task that is recorded there.
        optimization_time_limit: Minutes.
        save_top_k_tasks_only: As given.
        retries: As given.
        repeats: As given.
        isolation: As given.
        constraints: As given.
        warm_start: As given; what lies outside the space is listed in a warning.

    Raises:
        InvalidInput: With every problem found.
    """
    problems: list[str] = []

    def checked(read: Callable[[], T]) -> T | None:
        try:
            return read()
        except InvalidInput as error:
            problems.extend(error.problems)
            return None

    wanted = checked(lambda: Objective.of_signs(*given["objective_metric"]))
    objective = wanted or Objective("objective", "objective")
    given = {**given, "objective_metric": objective}
    search = checked(lambda: make_search(optimizer_class, given, optimizer_kwargs))
    kind = checked(lambda: read_isolation(isolation))
    base = space = limits = strategy = None
    if search is not None:
        problems += _queue_problems(search._execution_queue)
        base = checked(lambda: find_base(search._base_task_id, open_store))
        space = checked(lambda: as_space(search._hyper_parameters))
        if base is not None and space is not None:
            found, searched = base, space
            space = checked(lambda: found.completed(searched))
            problems += [] if space is None else base.problems(space, kind or Isolation.FORK)
        bound = checked(lambda: as_constraints(constraints))
        if bound and space is not None:
            free, found_bound = space, bound
            space = checked(lambda: constrained(free, found_bound))
        limits = checked(lambda: _limits(search, optimization_time_limit, save_top_k_tasks_only, retries))
        strategy = checked(lambda: engine_strategy(search))
    problems += repeats_problems(repeats, save_top_k_tasks_only, "save_top_k_tasks_only")
    if search is not None and strategy is not None and repeats != 1:
        problems += _judges_jobs(search)
    if space is not None and limits is not None and strategy is not None:
        problems += strategy_objections(repeated(strategy, repeats), space, objective.objectives, limits)
    compared = None if wanted is None else wanted.objectives
    begun = checked(lambda: read_beginning(warm_start, (), space, compared, open_store))
    if problems:
        raise InvalidInput(problems, subject="HyperParameterOptimizer")
    assert search and base and space and limits and strategy and kind
    learned, others = sorted_out(space, begun or (), len(objective.objectives))
    if others:
        warnings.warn(left_out(others, len(learned)), stacklevel=3)
    return Arguments(
        search=search,
        base=base,
        space=space,
        limits=limits,
        strategy=strategy,
        isolation=kind,
        repeats=repeats,
        learned=tuple(learned),
    )


def _judges_jobs(search: SearchStrategy) -> list[str]:
    """Lists what repeats would take from a strategy of one's own: no run is ended for what it reports alone."""
    judging = [
        hook
        for hook in ("monitor_job", "process_step")
        if getattr(type(search), hook) is not getattr(SearchStrategy, hook)
    ]
    return [
        f"{type(search).__name__} judges single jobs in {hook}(), and with repeats the mean of a set counts; override "
        "create_job() only, or leave repeats out."
        for hook in judging
    ]


def _queue_problems(queue: Any) -> list[str]:
    if queue is None or (isinstance(queue, str) and queue.strip()):
        return []
    return [f"execution_queue is {queue!r}; give the name of a queue, as 'default', or None to run the jobs here."]


# -- limits --------------------------------------------------------------------------------------------------------
def _limits(search: SearchStrategy, time_limit: Any, keep: Any, retries: int) -> Limits:
    times = {
        "optimization_time_limit": time_limit,
        "compute_time_limit": search.compute_time_limit,
        "time_limit_per_job": search.time_limit_per_job,
    }
    problems: list[str] = []
    seconds: dict[str, float | None] = {}
    for name, minutes in times.items():
        try:
            seconds[name] = seconds_of(minutes, name)
        except InvalidInput as error:
            problems += error.problems
    try:
        period_of(search.pool_period_minutes, "pool_period_min")
    except InvalidInput as error:
        problems += error.problems
    try:
        limits = Limits(
            max_number_of_concurrent_tasks=search._num_concurrent_workers,
            total_max_jobs=search.total_max_jobs or None,
            min_iteration_per_job=search.min_iteration_per_job or None,
            max_iteration_per_job=search.max_iteration_per_job or None,
            save_top_k_tasks_only=keep,
            retries=retries,
            **seconds,  # type: ignore[arg-type] # times only
        )
    except InvalidInput as error:
        problems += error.problems
    if problems:
        raise InvalidInput(problems, subject="limits")
    return limits


# -- strategies ----------------------------------------------------------------------------------------------------
def make_search(kind: Any, given: dict[str, Any], options: dict[str, Any]) -> SearchStrategy:
    """Makes the search strategy a person means, or takes the one that was made.

    Raises:
        InvalidInput: For an unknown name or class, unknown options, or arguments that contradict an instance's own.
    """
    if isinstance(kind, SearchStrategy):
        _check_instance(kind, given, options)
        return kind
    if isinstance(kind, str):
        kind = _named(kind)
    if isinstance(kind, type) and issubclass(kind, SearchStrategy):
        _check_options(kind, options)
        made: SearchStrategy = kind(**given, **options)
        return made
    if isinstance(kind, (str, Strategy)) or (isinstance(kind, type) and issubclass(kind, Strategy)):
        _check_options(SearchStrategy, options)
        return ReadyStrategy(create_strategy(kind), **given, **options)
    raise InvalidInput(f"optimizer_class is {shown(kind)}; give {_classes()}, as class, instance or name.")


def _classes() -> str:
    ready = "RandomSearch, GridSearch, OptimizerOptuna, OptimizerBOHB"
    return f"{ready}, a subclass of SearchStrategy, or a strategy of hpo_widgets"


def _named(name: str) -> Any:
    if name == "OptimizerOptuna":
        from hpo_widgets.automation.optuna import OptimizerOptuna

        return OptimizerOptuna
    if name == "OptimizerBOHB":
        from hpo_widgets.automation.hpbandster import OptimizerBOHB

        return OptimizerBOHB
    own = {"RandomSearch": RandomSearch, "GridSearch": GridSearch}
    if name in own:
        return own[name]
    folded = name.casefold().replace("-", "_")
    if folded in strategy_names():
        return folded
    known = [*own, "OptimizerOptuna", "OptimizerBOHB", *strategy_names()]
    close = get_close_matches(name, known, n=1, cutoff=0.4)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise InvalidInput(f"optimizer_class {name!r} is unknown; use one of {', '.join(known)}.{hint}")


def _check_options(kind: type[SearchStrategy], options: dict[str, Any]) -> None:
    """Refuses options that nobody reads (ClearML drops them, reference a2)."""
    parameters = inspect.signature(kind.__init__).parameters
    if any(each.kind is each.VAR_KEYWORD for each in parameters.values()):
        return  # the class says itself what it takes
    base = inspect.signature(SearchStrategy.__init__).parameters
    taken = [name for name in parameters if name not in list(base)[:6]]
    problems = []
    for name, value in options.items():
        if name == "optimizer_kwargs":
            inside = ", ".join(map(str, value)) if isinstance(value, dict) else shown(value)
            problems.append(f"optimizer_kwargs was given as one argument; give what is in it ({inside}) directly.")
        elif name not in taken:
            close = get_close_matches(name, taken, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"it takes {', '.join(taken)}."
            problems.append(f"{kind.__name__} has no argument {name!r}; {hint}")
    if problems:
        raise InvalidInput(problems)


def _check_instance(search: SearchStrategy, given: dict[str, Any], options: dict[str, Any]) -> None:
    """Refuses arguments that an instance would silently ignore (as ClearML does, reference a2)."""
    own = {
        "base_task_id": search._base_task_id,
        "hyper_parameters": list(search._hyper_parameters),
        "objective_metric": search._objective_metric,
        "execution_queue": search._execution_queue,
        "num_concurrent_workers": search._num_concurrent_workers,
        "compute_time_limit": search.compute_time_limit,
    }
    said = {**given, "hyper_parameters": list(given["hyper_parameters"])}
    unsaid = {"execution_queue": UNSAID_QUEUE, "num_concurrent_workers": MANY_CONCURRENT, "compute_time_limit": None}
    differing = [name for name in own if own[name] != said[name] and said[name] != unsaid.get(name, search)]
    problems = [
        f"{name} differs from the one of the optimizer_class instance; give the same, or the class instead."
        for name in [*differing, *options]
    ]
    if problems:
        raise InvalidInput(problems)
