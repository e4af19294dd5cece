"""`tune`, `attach`, `studies`: start a search in one line, and find it again from anywhere."""

from __future__ import annotations

import logging
import math
import os
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpo_widgets.agents.ship import ship
from hpo_widgets.engine.run import default_concurrency
from hpo_widgets.errors import InvalidInput, NotFound
from hpo_widgets.model.base_task import BaseTask
from hpo_widgets.model.config import Isolation, StudyConfig
from hpo_widgets.model.constraint import Constraint, Expression, Predicate, as_constraints
from hpo_widgets.model.found import left_out, sorted_out
from hpo_widgets.model.limits import Limits, as_seconds, in_short_words
from hpo_widgets.model.objective import Objective, parse_objectives
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.model.space_draws import check_not_empty
from hpo_widgets.model.space_shorthand import as_space
from hpo_widgets.model.study import StudyRecord
from hpo_widgets.sdk.base_code import BaseCode, keep_function
from hpo_widgets.sdk.base_read import read_base
from hpo_widgets.sdk.capture import capture_in_background
from hpo_widgets.sdk.keywords import kind_problems, listed_sets, with_words
from hpo_widgets.sdk.queues import queue_problems
from hpo_widgets.sdk.warm_start import read_beginning
from hpo_widgets.store.base import Store
from hpo_widgets.store.location import open_store
from hpo_widgets.strategies.base import Problem, Strategy
from hpo_widgets.strategies.registry import create_strategy, strategy_spec
from hpo_widgets.strategies.repeats import Repeats
from hpo_widgets.strategies.terminators import early_end_problems
from hpo_widgets.study import Study

if TYPE_CHECKING:
    from hpo_widgets.sdk.task import Task

logger = logging.getLogger(__name__)

__all__ = ["attach", "keep_function", "keep_strategy", "read_isolation", "studies", "tune"]
DEFAULT_MAX_JOBS = 50
"""Trials of a search for which nobody gave any limit."""
WORDS_ELSEWHERE = {
    "algo": "strategy",
    "config": "space",
    "max_concurrent": "concurrency",
    "max_concurrent_trials": "concurrency",
    "max_trials": "max_jobs",
    "metric": "objective",
    "mode": "direction",
    "n_jobs": "concurrency",
    "n_trials": "max_jobs",
    "num_samples": "max_jobs",
    "param_space": "space",
    "sampler": "strategy",
    "search_alg": "strategy",
    "study_name": "name",
    "timeout": "time_limit",
}
"""What the keywords of Optuna, Ray Tune and others are called here."""


@with_words(WORDS_ELSEWHERE)
def tune(  # noqa: PLR0913 - the front door: every keyword of DESIGN
    function: Callable[..., Any] | str | Path | BaseTask | BaseCode | Study | Task,
    space: Any = None,
    *,
    objective: Any = "objective",
    direction: Any = None,
    constraints: Any = None,
    strategy: Any = "auto",
    name: str | None = None,
    project: str = "",
    max_jobs: float | None = None,
    concurrency: int | None = None,
    gpus: Sequence[int | str] = (),
    queue: str = "",
    isolation: str | None = None,
    retries: int = 0,
    repeats: int = 1,
    time_limit: float | timedelta | None = None,
    compute_time_limit: float | timedelta | None = None,
    job_time_limit: float | timedelta | None = None,
    min_iteration_per_job: int | None = None,
    max_iteration_per_job: int | None = None,
    keep_top: int | None = None,
    patience: int | None = None,
    min_gain: float | None = None,
    target: float | None = None,
    terminator: str | None = None,
    expected_gain: float | None = None,
    warm_start: Any = None,
    enqueue: Sequence[dict[str, Any]] | dict[str, Any] = (),
    seed: int | None = None,
    args: Sequence[Any] = (),
    metrics: str | None = None,
    store: Store | None = None,
) -> Study:
    """Starts a search for the best parameters of a function or script, in the background, and returns at once.

    For a script it first runs it up to where it reads its command line, see `hpo_widgets.sdk.script`.

    Args:
        function: Takes its parameters by name and, if it wants one, `task`. Returns a number, a dictionary of numbers,
            or reports with `task.get_logger().report_scalar(title, series, value, iteration)`. Or the path of a
            script, which runs unmodified, or of a notebook, a base task, or a study or task whose code is run again.
        space: Name to range: `{"lr": hpo.loguniform(1e-5, 1e-1), "act": ["relu", "tanh"], "dropout": (0.0, 0.5)}`; or
            a list of ClearML-style parameter ranges. A plain value (`"opt": "adam"`) is fixed, not searched: choices
            stand in a list. Without one, ranges are proposed from the base task's own
            comments, choices, defaults and names; the rest keeps its defaults.
        objective: What to optimize: a name, `(title, series, sign)`, or a list of those.
        direction: `"min"` (the default), `"max"`, or `"min_global"`/`"max_global"` for the best value of a whole run.
        constraints: What must hold between parameters: texts such as `"warmup + 2*steps <= 100"` and functions such as
            `lambda p: p["low"] <= p["high"]`. What breaks one is never proposed, and refused when added by hand. One
            that names a parameter which is not there in a trial does not bind it.
        strategy: A name (`"auto"`, which chooses among Optuna's samplers and says why, `"tpe"`, `"random"`, `"grid"`,
            ...), `{"name": "tpe", "options": {...}}`, a class or an instance.
        name: For people; the function's or script's name when absent. A taken name gets a number appended (`x-2`),
            which the log and the study's panel say when you had chosen it; `attach("x")` gives the earlier study.
        project: For people.
        max_jobs: Trials in all, repeats included; 50 times `repeats` when neither this nor a time limit is given,
            `math.inf` for no limit.
        concurrency: Tasks at one time; as many as there are cores, at most 4, when absent.
        gpus: Devices dealt to the tasks, one each, through CUDA_VISIBLE_DEVICES.
        queue: Queue whose agents run the tasks (`hpo-widgets agent --queue NAME`, `hpo.Agent(NAME).start()`); this
            process runs them itself when absent.
        isolation: `"fork"` (the default on Linux), `"spawn"` (elsewhere), `"reuse"` for processes that run one task
            after another and keep what the function keeps (Linux), or `"thread"` to share this kernel's memory.
        retries: How often a failed task is run again.
        repeats: Runs of each parameter set, for what has chance in it: the mean is what counts, for the strategy,
            `best`, `target` and `patience`. Each run is a job; `study.sets()` has mean and spread. Nothing is pruned.
        time_limit: Seconds (or a `timedelta`) from the start to the end of the search.
        compute_time_limit: Seconds of running time summed over all tasks.
        job_time_limit: Seconds of running time of one task.
        min_iteration_per_job: No task is pruned before this iteration of its objective; the lowest rung of bohb,
            hyperband and asha.
        max_iteration_per_job: A task that reaches this iteration is ended and counts as complete; the highest rung.
        keep_top: Finished tasks below this rank are archived.
        patience: Ends the search when so many trials in a row have ended without a better value of the objective.
        min_gain: How much better counts as better for `patience`; anything when absent.
        target: Ends the search when a trial ends with this value of the objective or a better one.
        terminator: Ends the search when a rule of Optuna says that more is not worth it, from the 20th result on.
            `"regret"` asks whether a bound on what is still to be gained is below `expected_gain`, `"emmr"`, which is
            bolder, whether the gain that its model expects is, or is 1 % of what it was: both need torch.
            `"stagnation"` asks whether more than 30 results have not been better, and needs nothing.
        expected_gain: Ends the search when less than this is still to be gained, in the objective's unit, as judged by
            the `terminator`, or by `"regret"` when none is named.
        warm_start: What was found before, for the strategy to learn from first: a study, its name or id, a DataFrame
            with a column a parameter and one an objective (`study.tasks()`, `study.trials_dataframe()`), the path of a
            CSV or JSON file of these (`study.export_csv`, `study.export_json`), an Optuna study, the URL of an Optuna
            storage, or a list of these. What lies outside the space is listed in a warning.
        enqueue: Parameter sets of your own that run first, or one.
        seed: Makes the proposals reproducible (with one task at a time).
        args: Command line of a script; what is searched comes on top.
        metrics: `"stdout"` records what a script prints as `epoch=3 loss=0.25`.
        store: Where to keep it; `./.hpo/` when absent, see `configure`.

    Returns:
        The running study: `await study`, `study.wait()`, `study.best`, `study.tasks()`, `study.stop()`.

    Raises:
        InvalidInput: With every problem found in what was given; nothing has started then.
        CannotShip: When the function cannot be sent to processes, naming what stands in the way.
    """
    problems: list[str] = []
    enqueue = listed_sets(enqueue)

    def checked(read: Callable[[], Any]) -> Any:
        try:
            return read()
        except InvalidInput as error:
            problems.extend(in_short_words(error.problems))
            return None

    def place() -> Store:
        return store if store is not None else open_store()

    base: BaseCode | None = checked(lambda: read_base(function, args=args, metrics=metrics, open_store=place))
    found_space = checked(lambda: as_space(space if space is not None or base is None else base.space))
    bound = checked(lambda: as_constraints(constraints)) or ()
    objectives = checked(lambda: parse_objectives(objective, direction))
    chosen = checked(lambda: create_strategy(strategy))
    kind = checked(lambda: read_isolation(isolation))
    if max_jobs is None and time_limit is None and compute_time_limit is None:
        max_jobs = DEFAULT_MAX_JOBS * (1 if repeats_problems(repeats) else repeats)
    limits = checked(
        lambda: Limits(
            max_number_of_concurrent_tasks=default_concurrency() if concurrency is None else concurrency,
            total_max_jobs=None if max_jobs == math.inf else max_jobs,  # type: ignore[arg-type]
            optimization_time_limit=as_seconds(time_limit, "time_limit"),
            compute_time_limit=as_seconds(compute_time_limit, "compute_time_limit"),
            time_limit_per_job=as_seconds(job_time_limit, "job_time_limit"),
            min_iteration_per_job=min_iteration_per_job,
            max_iteration_per_job=max_iteration_per_job,
            save_top_k_tasks_only=keep_top,
            retries=retries,
            patience=patience,
            min_gain=min_gain,
            target=target,
            terminator=terminator,
            expected_gain=expected_gain,
        )
    )
    problems += repeats_problems(repeats, keep_top)
    problems += kind_problems(name, project, gpus, seed)
    if chosen is not None and found_space is not None and objectives and limits is not None:
        problems += strategy_objections(repeated(chosen, repeats), found_space, objectives, limits)
    problems += early_end_problems(limits, objectives or ()) if limits is not None else []
    if queue:
        problems += queue_problems(queue, kind or Isolation.FORK, place, gpus)
    if base is not None and found_space is not None:
        found_space = base.completed(found_space)
        problems += base.problems(found_space, kind or Isolation.FORK)
        found_space = checked(lambda: constrained(found_space, bound))
    found = checked(lambda: read_beginning(warm_start, enqueue, found_space, objectives, place))
    if problems or base is None:
        raise InvalidInput(problems, subject="tune")
    found_space = keep_constraints(place(), found_space)
    kept = base.keep(place(), kind, found_space.names)
    learned, others = sorted_out(found_space, found, len(objectives))
    if others:
        warnings.warn(left_out(others, len(learned)), stacklevel=3)
    config = StudyConfig(
        name=name or base.name,
        asked_name=name or "",
        project=project,
        space=found_space,
        objectives=objectives,
        limits=limits,
        strategy=keep_strategy(place(), chosen),
        seed=seed,
        code=kept.code,
        base_name=base.recorded_name,
        isolation=kind,
        gpus=tuple(str(gpu) for gpu in gpus),
        queue=queue,
        repeats=repeats,
        warm_start=tuple(learned),
    )
    record = place().create_study(config.name, project, config.to_json(), time.time())
    say_if_taken(record)
    study = Study(place(), record.id, function=kept.function)
    for parameters in enqueue:
        study.enqueue(parameters)
    study.start()
    capture_in_background(place(), record.id, folder=base.folder, command=base.command)
    return study


def say_if_taken(record: StudyRecord) -> None:
    """Logs that another study has the name that a person chose for this one."""
    if record.taken:
        logger.warning("%s", record.taken, extra={"action": "name-taken"})


def attach(name_or_id: str, *, store: Store | None = None) -> Study:
    """Gives a study by name or id: live in this kernel or another, interrupted, or finished.

    A name belongs to one study of a store: of two that were to be called "x" it is the first one, the second is "x-2".
    `studies()[0]` is the newest of all.

    Raises:
        NotFound: With the closest names.
    """
    place = store if store is not None else open_store()
    return Study(place, place.study(name_or_id).id)


def studies(*, store: Store | None = None) -> list[Study]:
    """Lists the studies of the store, newest first."""
    place = store if store is not None else open_store()
    return [Study(place, record.id) for record in place.studies()]


def read_isolation(text: str | None) -> Isolation:
    """Reads how tasks are kept apart; `None` is the best this system has.

    Raises:
        InvalidInput: For an unknown word.
    """
    if text is None:
        # Forking a macOS process that has touched system frameworks is unsafe (CPython's own default there is spawn).
        return Isolation.FORK if hasattr(os, "fork") and sys.platform == "linux" else Isolation.SPAWN
    try:
        return Isolation(text)
    except ValueError:
        allowed = ", ".join(repr(i.value) for i in Isolation)
        raise InvalidInput(f"isolation {text!r} is unknown; use one of {allowed}.") from None


def repeats_problems(repeats: Any, keep_top: Any = None, called: str = "keep_top") -> list[str]:
    """Lists what is wrong with a number of repeats, beside how many tasks are kept."""
    if type(repeats) is not int or repeats < 1:
        return [f"repeats is {repeats!r}; give a whole number of 1 or more."]
    if repeats > 1 and type(keep_top) is int and keep_top > 0:
        return [f"{called} ranks single runs, and with repeats the mean of a set counts; leave one of them out."]
    return []


def repeated(strategy: Strategy, repeats: Any) -> Strategy:
    """Gives the strategy that will be asked."""
    return Repeats(strategy, repeats) if type(repeats) is int and repeats > 1 else strategy


def strategy_objections(
    strategy: Strategy, space: SearchSpace, objectives: Sequence[Objective], limits: Limits
) -> list[str]:
    """Lists why a strategy cannot serve such a search."""
    problem = Problem(
        space=space,
        objectives=tuple(objectives),
        max_jobs=limits.total_max_jobs,
        concurrency=limits.max_number_of_concurrent_tasks,
        max_iteration_per_job=limits.max_iteration_per_job,
        min_iteration_per_job=limits.min_iteration_per_job,
    )
    return strategy.objections(problem)


def constrained(space: SearchSpace, constraints: Sequence[Any]) -> SearchSpace:
    """Gives a space under more constraints, tried out.

    Raises:
        InvalidInput: When one cannot be computed, names what is not there, or they leave nothing to propose.
    """
    own = set(space.constraints)
    found = space.with_constraints([*space.constraints, *(each for each in constraints if each not in own)])
    check_not_empty(found)
    return found


def keep_constraints(store: Store, space: SearchSpace) -> SearchSpace:
    """Keeps the functions among the constraints in the store.

    Raises:
        CannotShip: When one cannot be sent to another process.
        InvalidInput: When one was kept in another store.
    """

    def kept(each: Constraint) -> Constraint:
        if isinstance(each, Predicate) and each.function is None:
            _check_kept(store, each)
        if isinstance(each, Expression) or each.code is not None or each.function is None:
            return each
        shipment = ship(each.function)
        return replace(each, code=store.put_code("constraint", shipment.body, shipment.about))

    return space.with_constraints(map(kept, space.constraints)) if space.constraints else space


def _check_kept(store: Store, constraint: Predicate) -> None:
    try:
        store.code(constraint.code or "")
    except NotFound:
        raise InvalidInput(
            f"the constraint {constraint.text!r} is a function of another store, which a file only names; start from "
            "Python with constraints=[the function], or give it as text.",
            subject="constraints",
        ) from None


def keep_strategy(store: Store, strategy: Any) -> dict[str, Any]:
    """Gives the stored form of a strategy: its name and options, or its pickled object for one made by hand."""
    spec = strategy_spec(strategy)
    if spec is not None:
        return spec
    import cloudpickle

    hash = store.put_code("strategy", cloudpickle.dumps(strategy), {"name": type(strategy).__name__})
    return {"code": hash, "name": type(strategy).__name__}
