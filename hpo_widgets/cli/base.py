"""What a command line means by a base task: a path, `module:function`, or a recorded task."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from hpo_widgets.agents.script_kind import read_parameter
from hpo_widgets.agents.script_parameters import bare
from hpo_widgets.errors import InvalidInput, NotFound
from hpo_widgets.model.base_task import BaseTask
from hpo_widgets.model.parameter_base import Parameter
from hpo_widgets.model.parameters import DiscreteParameterRange
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.model.task import TaskRecord
from hpo_widgets.sdk.base_code import read_base
from hpo_widgets.store.base import Store
from hpo_widgets.store.location import open_store

KINDS = ("function", "script", "notebook", "cell")
"""Code that a search can run."""


@dataclass(frozen=True, kw_only=True)
class Base:
    """Is a base task, as `tune` takes it."""

    given: Any
    space: SearchSpace | None = None
    """The space it proposes itself."""
    fixed: dict[str, Any] = field(default_factory=dict)
    """Parameters of the recorded task, which hold where nothing else is said."""
    is_script: bool = False

    def complete(self, space: Sequence[Parameter]) -> list[Parameter]:
        """Gives a space together with the base's own fixed parameters; a function takes names without a section."""
        taken = {bare(name) for each in space for name in each.names(each.name)}
        kept = [DiscreteParameterRange(name, [value]) for name, value in self.fixed.items() if bare(name) not in taken]
        if callable(self.given):
            return [each.named(bare(each.name)) if isinstance(each.name, str) else each for each in space]
        return [*space, *kept]


def find_base(script: str | None, task: str | None, metrics: str | None) -> Base:
    """Finds what to search.

    Raises:
        InvalidInput: When it is not there, or cannot be searched.
        NotFound: When the code of a recorded task is gone.
    """
    if task is not None:
        return _recorded(open_store(), task)
    assert script is not None, "one of both is required"
    module, colon, name = script.rpartition(":")
    if colon and name.isidentifier() and not Path(script).exists():
        return Base(given=_function(module, name))
    path = Path(script)
    if path.suffix not in (".py", ".ipynb"):
        raise InvalidInput(f"--script is {script!r}; give a .py, an .ipynb, or module:function.")
    is_script = path.suffix == ".py"
    base = read_base(script, metrics=metrics) if is_script else read_base(script)
    return Base(given=script, space=base.space, is_script=is_script)


def _function(module: str, name: str) -> Any:
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found = getattr(importlib.import_module(module), name, None)
    except Exception as error:  # noqa: BLE001 - a module is anybody's code
        raise InvalidInput(f"the module {module!r} cannot be imported: {type(error).__name__}: {error}.") from None
    if not callable(found):
        raise InvalidInput(f"the module {module!r} has no function {name!r}.")
    return found


def _recorded(store: Store, wanted: str) -> Base:
    task = _find_task(store, wanted)
    if task.code is None:
        raise InvalidInput(f"the task {wanted!r} was recorded without code; give --script.")
    code = store.code(task.code)
    if code.kind not in KINDS:
        raise InvalidInput(f"the task {wanted!r} runs code of the kind {code.kind!r}, which cannot be searched.")
    parameters = tuple(map(read_parameter, code.about.get("parameters", ())))
    name = task.name.partition(":")[0]
    base = BaseTask(name=name, kind=code.kind, code=code.hash, parameters=parameters, about=code.about)
    return Base(given=base, fixed=dict(task.parameters))


def _find_task(store: Store, wanted: str) -> TaskRecord:
    try:
        return store.task(wanted)
    except NotFound:
        pass
    found = [task for task, _ in store.find_tasks()]  # newest first
    for task in found:
        if task.name == wanted or (len(wanted) >= 6 and task.id.startswith(wanted)):
            return task
    close = get_close_matches(wanted, {task.name for task in found}, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(map(repr, close))}?" if close else f"the store has {len(found)} tasks."
    raise InvalidInput(f"there is no task {wanted!r}; {hint}")
