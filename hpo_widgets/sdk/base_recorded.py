"""What a study or a task of the store ran, as a base task of another search."""

from __future__ import annotations

from dataclasses import replace

from hpo_widgets.agents.script_kind import read_parameter
from hpo_widgets.model.base_task import BaseParameter, BaseTask
from hpo_widgets.sdk.task_code import check_runnable
from hpo_widgets.store.base import Store
from hpo_widgets.study import Study


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
