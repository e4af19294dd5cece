"""From a plan to a running study, the same way as `tune`; and what a form offers to choose from."""

from __future__ import annotations

import os
from typing import Any

from hpo_widgets.dialects.python_cell import keywords
from hpo_widgets.engine.run import default_concurrency
from hpo_widgets.errors import CannotShip, HpoError, InvalidInput
from hpo_widgets.model.plan import StudyPlan
from hpo_widgets.sdk.queues import served_queues
from hpo_widgets.sdk.searchable import Surroundings
from hpo_widgets.sdk.tune import DEFAULT_MAX_JOBS, repeated, strategy_objections, tune
from hpo_widgets.strategies.methods import Method, Option, methods
from hpo_widgets.strategies.registry import create_strategy
from hpo_widgets.strategies.terminators import early_end_problems, terminator_problems
from hpo_widgets.study import Study

__all__ = [
    "DEFAULT_MAX_JOBS", "Method", "Option", "check_fit", "check_strategy", "default_concurrency", "machine", "methods",
    "queues", "start_plan", "terminator_problems",
]  # fmt: skip


def start_plan(plan: StudyPlan, surroundings: Surroundings) -> Study:
    """Starts the search that a plan says, in the background, and returns at once; blocks while a script is read.

    Raises:
        InvalidInput: With every problem; nothing has started then.
    """
    arguments: dict[str, Any] = keywords(plan)
    try:
        return tune(surroundings.find(plan.base), plan.space, **arguments, store=surroundings.store)
    except CannotShip as error:
        raise InvalidInput(str(error), subject="base task") from error


def check_strategy(spec: dict[str, Any]) -> list[str]:
    """Lists what is wrong with a strategy's name and options."""
    try:
        create_strategy(spec)
    except HpoError as error:
        return list(getattr(error, "problems", (str(error),)))
    return []


def check_fit(plan: StudyPlan) -> list[str]:
    """Lists why the strategy of a plan cannot serve it, or what is to end it early not judge it."""
    asked = repeated(create_strategy(plan.strategy), plan.repeats)
    found = strategy_objections(asked, plan.space, plan.objectives, plan.limits)
    return found + early_end_problems(plan.limits, plan.objectives)


def queues(surroundings: Surroundings) -> dict[str, int]:
    """Gives the queues that living agents serve, and with how many slots."""
    store = surroundings.store
    return {} if store is None else served_queues(store)


def machine() -> tuple[int, tuple[str, ...]]:
    """Gives how many cores this process may use, and the ids of the GPUs it sees (reads files, runs nothing)."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores, gpus()


def gpus() -> tuple[str, ...]:
    """Gives the ids of the GPUs: what CUDA_VISIBLE_DEVICES leaves, else what the NVIDIA driver lists."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return tuple(each.strip() for each in visible.split(",") if each.strip() not in ("", "-1"))
    folder = "/proc/driver/nvidia/gpus"
    count = len(os.listdir(folder)) if os.path.isdir(folder) else 0
    return tuple(map(str, range(count)))
