"""What a study or a task of the store ran, as a base task of another search."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hpo_widgets.agents.script_kind import read_parameter
from hpo_widgets.agents.script_parameters import bare
from hpo_widgets.model.base_task import BaseParameter, BaseTask
from hpo_widgets.model.parameter_choices import DiscreteParameterRange
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.sdk.task_code import check_runnable
from hpo_widgets.store.base import Store
from hpo_widgets.study import Study


def recorded_base(given: Any) -> Any:
    """Gives the base task behind a study or a task, and anything else as it is.

    Raises:
        InvalidInput: When it has no code that can be run again.
    """
    if isinstance(given, Study):
        return study_base(given)
    return task_base(given._store, given.id) if _is_task(given) else given


def own_parameters(given: Any) -> dict[str, Any]:
    """Gives the values that a task has: what is not searched stays as it is there. Empty for all else."""
    return dict(given._store.task(given.id).parameters) if _is_task(given) else {}


def with_own(space: SearchSpace, own: Mapping[str, Any]) -> SearchSpace:
    """Adds a task's own values of what is not searched."""
    searched = {bare(name) for name in space.names}
    rest = [DiscreteParameterRange(name, [value]) for name, value in own.items() if bare(name) not in searched]
    return SearchSpace([*space, *rest]) if rest else space


def _is_task(given: Any) -> bool:
    sdk_task = sys.modules.get("hpo_widgets.sdk.task")
    return sdk_task is not None and isinstance(given, sdk_task.Task)


def study_base(study: Study) -> BaseTask:
    """Gives what a study ran.

    Raises:
        InvalidInput: When its code stayed in the process that ran it.
    """
    base = study.base_task
    check_runnable(study.store, study.name, base.code if base is not None else None)
    assert base is not None, "check_runnable raises without code"
    return base


def task_base(store: Store, id: str) -> BaseTask:
    """Gives what a task ran, its own parameters as defaults.

    Raises:
        InvalidInput: When it has no code, or code that stayed in the process that ran it.
        NotFound: When there is no such task.
    """
    task = store.task(id)
    check_runnable(store, task.name, task.code)
    assert task.code is not None, "check_runnable raises without code"
    code = store.code(task.code)
    declared = {each.name: each for each in map(read_parameter, code.about.get("parameters", ()))}
    for name, value in task.parameters.items():
        known = declared.get(name, BaseParameter(name=name))
        declared[name] = replace(known, default=value, required=False)
    return BaseTask(
        name=task.name, kind=code.kind, code=task.code, parameters=tuple(declared.values()), about=code.about
    )
