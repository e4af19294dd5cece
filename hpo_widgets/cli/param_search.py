"""`hpo-widgets param-search`: a search with the flags of `clearml-param-search` (reference a7)."""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from hpo_widgets.agents.script_parameters import declared, find
from hpo_widgets.automation.objective import read_objectives
from hpo_widgets.cli.follow import follow
from hpo_widgets.cli.tables import printable
from hpo_widgets.dialects.clearml import read_params_override, read_params_search
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.constraint import Constraint, as_constraints
from hpo_widgets.model.found import Found
from hpo_widgets.model.limits import TERMINATORS, Limits
from hpo_widgets.model.objective import Objective
from hpo_widgets.model.parameter_base import Parameter
from hpo_widgets.model.parameter_choices import DiscreteParameterRange
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.sdk.base_code import BaseCode
from hpo_widgets.sdk.base_read import find_base, read_base
from hpo_widgets.sdk.beginnings import learn
from hpo_widgets.sdk.queues import choose_queue
from hpo_widgets.sdk.tune import attach, constrained, repeats_problems, tune
from hpo_widgets.store.location import configure, open_store
from hpo_widgets.study import Study

SIGNS = ("min", "max", "min_global", "max_global")
STRATEGIES = {
    "OptimizerOptuna": "tpe",
    "OptimizerBOHB": "bohb",
    "GridSearch": "grid",
    "RandomSearch": "random",
    "HyperBand Bayesian Optimization": "bohb",
    "bohb": "bohb",
    "hyperband": "hyperband",
    "asha": "asha",
}
"""ClearML's optimizer classes, its app's words, and names of ours, to our strategies."""
KEPT_TASKS = 10
"""Finished tasks that are not archived when nobody says (reference a7)."""
MINUTE = 60.0
LIMITS: dict[str, tuple[str, float | None]] = {
    "optimization_time_limit": ("time_limit", MINUTE),
    "compute_time_limit": ("compute_time_limit", MINUTE),
    "time_limit_per_job": ("job_time_limit", MINUTE),
    "total_max_jobs": ("max_jobs", 1),
    "min_iteration_per_job": ("min_iteration_per_job", 1),
    "max_iteration_per_job": ("max_iteration_per_job", 1),
    "save_top_k_tasks_only": ("keep_top", 1),
    "max_number_of_concurrent_tasks": ("concurrency", 1),
    "retries": ("retries", 1),
    "patience": ("patience", 1),
    "min_gain": ("min_gain", 1),
    "target": ("target", 1),
    "expected_gain": ("expected_gain", 1),
    "terminator": ("terminator", None),
}
"""Flag to keyword of `tune` and what it is multiplied by; `None` for what is no number."""
NEEDED = ("params_search", "objective_metric_title", "objective_metric_series", "objective_metric_sign")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Says what the sub-command takes."""
    parser.epilog = (
        "Ctrl-C aborts what runs and leaves a study that --resume NAME continues: aborted jobs begin again and count "
        "once. A second Ctrl-C leaves at once. "
        "Exit code: 0 when the search has a result, 1 when it failed or has none, 2 for bad input, 130 after Ctrl-C."
    )
    what = parser.add_argument_group("what to run (one of these)").add_mutually_exclusive_group()
    what.add_argument("--script", metavar="PATH", help="script or notebook, as it is")
    what.add_argument("--task-id", metavar="ID", help="id or name of a task of the store")
    what.add_argument(
        "--resume",
        metavar="NAME",
        help="continue this study, under other limits if you give some; what was cut off begins again",
    )
    code = parser.add_argument_group("the base task")
    code.add_argument("--args", nargs="+", metavar="KEY=VALUE", help="parameters of the script that are not searched")
    code.add_argument("--metrics", choices=["stdout"], help="record what a script prints as `epoch=3 loss=0.25`")
    search = parser.add_argument_group("the search")
    search.add_argument("--params-search", nargs="+", metavar="JSON", help="ranges, as ClearML writes them")
    search.add_argument(
        "--params-override", nargs="+", metavar="JSON", help='values, as {"name": "epochs", "value": 3}'
    )
    several: dict[str, Any] = {"nargs": "+"}
    search.add_argument(
        "--objective-metric-title", **several, metavar="TITLE", help="title of the metric to optimize, or of several"
    )
    search.add_argument("--objective-metric-series", **several, metavar="SERIES", help="its series, one each")
    search.add_argument(
        "--objective-metric-sign", **several, choices=SIGNS, help="one each; global: the best value of a whole run"
    )
    search.add_argument(
        "--optimizer-class", choices=tuple(STRATEGIES), default="OptimizerOptuna", help="(default: %(default)s)"
    )
    search.add_argument(
        "--constraint",
        action="append",
        metavar="TEXT",
        help="what must hold between parameters, such as 'a + b <= 3' or '`Args/low` < `Args/high`', in single quotes; "
        "give it again for another (functions of parameters: from Python only)",
    )
    search.add_argument(
        "--repeats", type=int, default=1, metavar="N", help="runs of each parameter set, whose mean counts (default: 1)"
    )
    search.add_argument(
        "--warm-start",
        nargs="+",
        metavar="STUDY-OR-FILE",
        help="learn first from these: studies of the store, files of trials (.csv or .json, as `show` writes them), or "
        "URLs of Optuna storages; what cannot be taken over is listed",
    )
    search.add_argument("--seed", type=int, help="makes the proposals reproducible, with one task at a time")
    _add_limits(parser.add_argument_group("limits; what is not given has none (without any: 50 jobs)"))
    place = parser.add_argument_group("where")
    place.add_argument("--project-name", default="", metavar="NAME", help="project of the study")
    place.add_argument("--task-name", metavar="NAME", help="name of the study (default: the script's)")
    place.add_argument("--queue", metavar="NAME", help="queue whose agents run the tasks; absent: they run here")
    place.add_argument("--local", action="store_true", help="run the tasks here (the default), also with --queue")
    place.add_argument("--store", help="folder of the store (default: HPO_WIDGETS_STORE or ./.hpo)")


def _add_limits(group: argparse._ArgumentGroup) -> None:
    minutes: dict[str, Any] = {"type": float, "metavar": "MINUTES"}
    count: dict[str, Any] = {"type": int, "metavar": "N"}
    group.add_argument("--optimization-time-limit", **minutes, help="from the start to the end")
    group.add_argument("--compute-time-limit", **minutes, help="running time over all jobs")
    group.add_argument("--time-limit-per-job", **minutes, help="running time of one job")
    group.add_argument("--pool-period-min", **minutes, help="accepted; nothing here waits for a period")
    group.add_argument("--total-max-jobs", **count, help="jobs in all")
    group.add_argument("--min-iteration-per-job", **count, help="no job is pruned before it")
    group.add_argument("--max-iteration-per-job", **count, help="a job that reaches it is complete")
    group.add_argument(
        "--save-top-k-tasks-only", **count, help="archive the rest; -1 keeps all (default: 10; all with repeats)"
    )
    group.add_argument("--max-number-of-concurrent-tasks", **count, help="jobs at one time (default: cores, at most 4)")
    group.add_argument("--retries", **count, help="runs more of a failed job (default: 0)")
    number: dict[str, Any] = {"type": float, "metavar": "VALUE"}
    group.add_argument("--patience", **count, help="end after so many jobs in a row without a better value")
    group.add_argument("--min-gain", **number, help="how much better counts as better for --patience")
    group.add_argument("--target", **number, help="end when a job reaches this value or a better one")
    group.add_argument("--expected-gain", **number, help="end when less is still to be gained (needs torch)")
    group.add_argument("--terminator", choices=TERMINATORS, help="Optuna's rule to judge by; stagnation needs no torch")


def run(arguments: argparse.Namespace) -> int:
    """Searches, tells how it goes, and gives the exit code.

    Raises:
        InvalidInput: With every problem found; nothing has started then.
    """
    if arguments.store is not None:
        configure(store=arguments.store)
    begin = _resume(arguments) if arguments.resume else _start(arguments)
    return follow(begin, resumed=bool(arguments.resume))


def read_limits(arguments: argparse.Namespace) -> dict[str, Any]:
    """Gives the limits that flags say, as `tune` takes them."""
    given = {flag: getattr(arguments, flag) for flag in LIMITS}
    found = {}
    for flag, value in given.items():
        keyword, unit = LIMITS[flag]
        if value is not None:
            found[keyword] = value if unit is None else value * unit
    return found


def check_limits(arguments: argparse.Namespace) -> None:
    """Looks at the limits that flags say.

    Raises:
        InvalidInput: With every problem found, in the words of the flags.
    """
    given = {flag: value for flag in LIMITS if (value := getattr(arguments, flag)) is not None}
    try:
        Limits(**given)
    except InvalidInput as error:
        flags = re.compile(rf"\b({'|'.join(LIMITS)})\b")
        problems = [flags.sub(lambda found: f"--{found[0].replace('_', '-')}", each) for each in error.problems]
        raise InvalidInput(
            [
                each.replace("give seconds", "give minutes").replace(", or None for", ", or leave it out for")
                for each in problems
            ]
        ) from None


def _resume(arguments: argparse.Namespace) -> Callable[[], Study]:
    known = {"resume", "store", "command", "run", "usage", "local", "pool_period_min", *LIMITS}
    defaults = {"optimizer_class": "OptimizerOptuna", "project_name": "", "repeats": 1}
    extra = [
        f"--{flag.replace('_', '-')}"
        for flag, value in vars(arguments).items()
        if flag not in known and value != defaults.get(flag)
    ]
    if extra:
        raise InvalidInput(f"{', '.join(extra)} cannot be changed by --resume; leave it out, or start a new search.")
    check_limits(arguments)
    return partial(attach(arguments.resume).resume, **read_limits(arguments))


def _start(arguments: argparse.Namespace) -> Callable[[], Study]:
    """Reads what was given, which may run the script; gives what then starts the search."""
    problems: list[str] = []

    def checked(read: Callable[[], Any]) -> Any:
        try:
            return read()
        except InvalidInput as error:
            problems.extend(error.problems)
            return None

    if arguments.script is None and arguments.task_id is None:
        problems.append("nothing to run was given; use --script PATH, --task-id ID, or --resume NAME.")
    problems += repeats_problems(arguments.repeats, arguments.save_top_k_tasks_only, "--save-top-k-tasks-only")
    problems += [f"--{flag.replace('_', '-')} is missing." for flag in NEEDED if not getattr(arguments, flag)]
    checked(lambda: check_limits(arguments))
    metrics = [getattr(arguments, flag) for flag in NEEDED[1:]]
    objectives = checked(lambda: read_objectives(*metrics)) if all(metrics) else ()
    found = checked(lambda: read_params_search(arguments.params_search)) if arguments.params_search else None
    overrides = checked(lambda: read_params_override(arguments.params_override)) if arguments.params_override else {}
    queue, note = choose_queue(None if arguments.local else arguments.queue, open_store)
    bound = checked(lambda: as_constraints(arguments.constraint))
    base: BaseCode | None = None
    if arguments.script is not None or arguments.task_id is not None:
        base = checked(lambda: _base(arguments))
    fixed = checked(lambda: _arguments(arguments.args or (), base)) if base is not None else {}
    space = begun = None
    if base is not None and found is not None:
        whole = base
        space = checked(lambda: with_values(found.space, {**(fixed or {}), **(overrides or {})}, whole))
        if arguments.warm_start and space is not None and objectives:
            begun = checked(lambda: _learned(arguments.warm_start, whole, space, bound or (), objectives))
    if problems or base is None or found is None:
        raise InvalidInput(problems)
    learned, said = begun or (None, None)
    for each in filter(None, [note, *found.notes, said]):
        print(f"note: {printable(each)}")
    return partial(
        tune,
        base,
        space,
        objective=list(objectives),
        constraints=bound,
        warm_start=learned,
        strategy=STRATEGIES[arguments.optimizer_class],
        name=arguments.task_name,
        project=arguments.project_name,
        queue=queue,
        repeats=arguments.repeats,
        seed=arguments.seed,
        **{**({"keep_top": KEPT_TASKS} if arguments.repeats == 1 else {}), **read_limits(arguments)},
    )


def _learned(
    given: Sequence[str],
    base: BaseCode,
    space: SearchSpace,
    bound: Sequence[Constraint],
    objectives: Sequence[Objective],
) -> tuple[list[Found], str]:
    """Gives the results that the search learns from first, and what to say of them."""
    return learn(given, constrained(base.completed(space), bound), objectives, open_store)


def _base(arguments: argparse.Namespace) -> BaseCode:
    if arguments.script is not None:
        return read_base(arguments.script, metrics=arguments.metrics, open_store=open_store)
    if arguments.metrics is not None:
        raise InvalidInput("--metrics is for --script; leave it out.")
    return find_base(arguments.task_id, open_store)


def _arguments(words: Sequence[str], base: BaseCode) -> dict[str, Any]:
    """Reads `key=value` words, each with the type that the base task declares."""
    found: dict[str, Any] = {}
    problems = []
    for word in words:
        key, equals, text = word.partition("=")
        if not equals or not key:
            problems.append(f"--args holds {word!r}; write key=value.")
            continue
        parameter = find(key, base.parameters or ())
        if base.parameters is not None and parameter is None:
            names = ", ".join(each.name for each in base.parameters)
            problems.append(f"--args names {key!r}, which {base.name!r} does not have; it has {names or 'none'}.")
            continue
        try:
            found[key] = (
                _literal(text) if parameter is None or not parameter.type else declared(parameter, text, base.name)
            )
        except InvalidInput as error:
            problems += error.problems
    if problems:
        raise InvalidInput(problems)
    return found


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def with_values(space: SearchSpace, values: dict[str, Any], base: BaseCode) -> SearchSpace:
    """Gives a space with values beside what it searches, as ranges of one value (reference a7).

    Raises:
        InvalidInput: When a value is given to what is searched.
    """
    searched = {base.meant(name): name for name in space.names}
    both = [name for name in values if base.meant(name) in searched]
    if both:
        raise InvalidInput(f"{', '.join(map(repr, both))}: searched and given a value; keep one of them.")
    once = {base.meant(name): (name, value) for name, value in values.items()}
    fixed: list[Parameter] = [DiscreteParameterRange(name, [value]) for name, value in once.values()]
    return SearchSpace([*space, *fixed], space.constraints)
