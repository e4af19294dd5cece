"""`hpo-widgets param-search`: searches the best parameters of a script, a notebook, a function or a recorded task."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from hpo_widgets.cli.base import find_base
from hpo_widgets.cli.watching import Watching
from hpo_widgets.dialects.clearml import read_params_override, read_params_search
from hpo_widgets.engine.run import default_concurrency
from hpo_widgets.errors import InvalidInput, NotFound
from hpo_widgets.model.config import Isolation
from hpo_widgets.model.objective import parse_objectives
from hpo_widgets.model.parameter_base import Parameter
from hpo_widgets.model.parameters import DiscreteParameterRange
from hpo_widgets.sdk.queues import queue_problems, served_queues
from hpo_widgets.sdk.tune import DEFAULT_MAX_JOBS, attach, tune
from hpo_widgets.store.location import configure, open_store
from hpo_widgets.strategies.registry import strategy_names
from hpo_widgets.study import Study

T = TypeVar("T")
MINUTE_S = 60.0
STRATEGIES = {
    "OptimizerOptuna": "tpe",
    "OptimizerBOHB": "bohb",
    "GridSearch": "grid",
    "RandomSearch": "random",
}
"""ClearML's names of strategies and ours."""
SIGNS = ["min", "max", "min_global", "max_global"]
EXAMPLE = """\
example:
  hpo-widgets param-search --script train.py \\
    --params-search '{"name": "lr", "type": "LogUniformParameterRange", "min_value": -5, "max_value": -1}' \\
    --objective-metric-title validation --objective-metric-series accuracy --objective-metric-sign max

Ctrl-C ends the running tasks in order and keeps the study, which --resume NAME goes on with; a second one leaves at
once. Exit codes: 0 done, 1 no task reached a result, 2 bad input and nothing started, 130 ended by Ctrl-C.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Says what the sub-command takes: ClearML's flags, and a few more."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLE
    add = parser.add_argument
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--script", help="script (.py), notebook (.ipynb) or function (module:function) to search")
    what.add_argument("--task-id", metavar="TASK", help="id or name of a recorded task, run with its own parameters")
    what.add_argument("--resume", metavar="NAME", help="go on with a study, under its own or newly given limits")
    add("--project-name", help="project of the study")
    add("--task-name", help="name of the study (default: that of what is searched)")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--queue", help="hand the tasks to the agents that serve this queue of the store")
    where.add_argument("--local", action="store_true", help="run the tasks on this machine (the default)")
    lists: dict[str, Any] = {"nargs": "*", "action": "extend", "default": []}
    add("--params-search", metavar="JSON", help="ranges, each a JSON object, or a list of them", **lists)
    add("--params-override", metavar="JSON", help='fixed values: \'{"name": "epochs", "value": 3}\'', **lists)
    add("--args", metavar="KEY=VALUE", help="fixed arguments of the script", **lists)
    for part, about in (("title", "title of the metric"), ("series", "series of the metric (default: the title)")):
        add(f"--objective-metric-{part}", nargs="+", help=f"{about}; several for several objectives")
    add("--objective-metric-sign", nargs="+", metavar="SIGN", help=f"one of {', '.join(SIGNS)}")
    add(
        "--optimizer-class",
        default="OptimizerOptuna",
        help=f"one of {', '.join([*STRATEGIES, *strategy_names()])} (default: %(default)s)",
    )
    for flag in ("optimization-time-limit", "compute-time-limit", "time-limit-per-job"):
        add(f"--{flag}", type=float, metavar="MINUTES")
    add("--pool-period-min", type=float, default=0.2, metavar="MINUTES", help="accepted: what happens is seen at once")
    for flag in ("total-max-jobs", "min-iteration-per-job", "max-iteration-per-job", "max-number-of-concurrent-tasks"):
        add(f"--{flag}", type=int, metavar="N")
    add("--save-top-k-tasks-only", type=int, metavar="N", help="archive finished tasks below this rank (10); -1: none")
    add("--metrics", choices=["stdout"], help="also record what a script prints as name=value")
    add("--seed", type=int, help="make the proposals reproducible (with one task at a time)")
    add("--isolation", choices=["fork", "spawn"], help="how tasks are started")
    add("--store", help="folder of the store (default: HPO_WIDGETS_STORE or ./.hpo)")


def run(arguments: argparse.Namespace) -> int:
    """Searches until the end and gives the exit code.

    Raises:
        InvalidInput: Before anything starts, with every problem found.
    """
    if arguments.store is not None:
        configure(store=arguments.store)
    if arguments.resume is not None:
        return Watching(lambda: _resume(arguments)).run()
    return Watching(lambda: _start(arguments)).run()


# -- a new study -----------------------------------------------------------------------------------------------------
def _start(given: argparse.Namespace) -> Study:
    problems: list[str] = []

    def checked(read: Callable[[], T]) -> T | None:
        try:
            return read()
        except InvalidInput as error:
            problems.extend(error.problems)
        except NotFound as error:
            problems.append(str(error))
        return None

    ranges = checked(lambda: read_params_search(given.params_search))
    fixed = checked(lambda: read_params_override(given.params_override))
    named = checked(lambda: _key_values(given.args))
    objective = checked(lambda: _objectives(given))
    strategy = checked(lambda: _strategy(given.optimizer_class))
    base = checked(lambda: find_base(given.script, given.task_id, given.metrics))
    if given.queue is not None:
        problems += queue_problems(given.queue, Isolation(given.isolation or "fork"), open_store)
    limits = checked(lambda: _limits(given))
    if ranges is not None and not ranges.parameters and base is not None and base.space is None:
        problems.append("nothing is searched; give --params-search with at least one range.")
    if problems:
        raise InvalidInput(problems)
    assert ranges and fixed and named is not None and objective and strategy and base and limits is not None
    for note in (*ranges.notes, *fixed.notes):
        print(f"note: {note}", file=sys.stderr)
    if not {"max_jobs", "time_limit", "compute_time_limit"} & limits.keys():
        print(f"note: no limit was given; {DEFAULT_MAX_JOBS} trials are run (--total-max-jobs).", file=sys.stderr)
    space: list[Parameter] = [*ranges.parameters, *fixed.parameters, *named]
    if not ranges.parameters and base.space is not None:
        space = [*base.space, *space]
    if given.max_number_of_concurrent_tasks is None and given.queue is not None:
        limits["concurrency"] = max(served_queues(open_store()).get(given.queue, 1), default_concurrency())
    return tune(
        base.given,
        base.complete(space),
        objective=objective,
        strategy=strategy,
        name=given.task_name,
        project=given.project_name or "",
        isolation=given.isolation,
        seed=given.seed,
        metrics=given.metrics if base.is_script else None,
        queue=given.queue,
        keep_top=10 if given.save_top_k_tasks_only is None else given.save_top_k_tasks_only,
        **{name: value for name, value in limits.items() if name != "keep_top"},
    )


def _key_values(items: Sequence[str]) -> list[Parameter]:
    wrong = [each for each in items if "=" not in each.lstrip("=")]
    if wrong:
        raise InvalidInput([f"--args has {each!r}; give key=value, as epochs=3." for each in wrong])
    pairs = (each.partition("=") for each in items)
    return [DiscreteParameterRange(key.lstrip("-"), [value]) for key, _, value in pairs]


def _objectives(given: argparse.Namespace) -> list[Any]:
    titles, signs = given.objective_metric_title, given.objective_metric_sign
    missing = [f"--objective-metric-{name}" for name, each in (("title", titles), ("sign", signs)) if not each]
    if missing:
        raise InvalidInput(f"{' and '.join(missing)} must be given: what to optimize, and min or max.")
    series = given.objective_metric_series or titles
    if len({len(titles), len(series), len(signs)}) > 1:
        counts = f"{len(titles)} titles, {len(series)} series and {len(signs)} signs"
        raise InvalidInput(f"{counts} were given; give one of each an objective.")
    return list(parse_objectives(list(zip(titles, series, strict=True)), signs))


def _strategy(name: str) -> str:
    found, known = STRATEGIES.get(name, name), strategy_names()
    if found in known:
        return found
    if name in STRATEGIES:
        raise InvalidInput(f"--optimizer-class {name} is not there yet; use OptimizerOptuna.")
    listed = ", ".join([*(each for each, ours in STRATEGIES.items() if ours in known), *known])
    raise InvalidInput(f"--optimizer-class {name!r} is unknown; use one of {listed}.")


def _limits(given: argparse.Namespace) -> dict[str, Any]:
    """Gives the limits that were given, by the names of `tune`; seconds."""
    minutes = {
        "time_limit": given.optimization_time_limit,
        "compute_time_limit": given.compute_time_limit,
        "job_time_limit": given.time_limit_per_job,
    }
    problems = [
        f"--{flag.replace('_', '-')} is {value!r}; give minutes above 0, or leave it out."
        for flag, value in minutes.items()
        if value is not None and not 0 < value < float("inf")
    ]
    if problems:
        raise InvalidInput(problems)
    found = {
        **{name: value and value * MINUTE_S for name, value in minutes.items()},
        "max_jobs": given.total_max_jobs,
        "min_iteration_per_job": given.min_iteration_per_job,
        "max_iteration_per_job": given.max_iteration_per_job,
        "concurrency": given.max_number_of_concurrent_tasks,
        "keep_top": given.save_top_k_tasks_only,
    }
    return {name: value for name, value in found.items() if value is not None}


# -- one that is there -----------------------------------------------------------------------------------------------
def _resume(given: argparse.Namespace) -> Study:
    beside = {
        "--params-search": given.params_search,
        "--params-override": given.params_override,
        "--args": given.args,
        "--objective-metric-title": given.objective_metric_title,
        "--queue": given.queue,
    }
    extra = [flag for flag, value in beside.items() if value]
    if extra:
        raise InvalidInput(f"{', '.join(extra)} belong to a new study; beside --resume only limits are taken.")
    limits = _limits(given)
    try:
        study = attach(given.resume)
    except NotFound as error:
        raise InvalidInput(str(error)) from None
    if study.state in ("running", "paused", "draining"):
        raise InvalidInput(f"the study {study.name!r} is {study.state} in another process; stop it there first.")
    config = study.config
    if config.queue and (problems := queue_problems(config.queue, config.isolation, lambda: study.store)):
        raise InvalidInput(problems)
    if "job_time_limit" in limits:
        limits["time_limit_per_job"] = limits.pop("job_time_limit")
    return study.resume(**limits)
