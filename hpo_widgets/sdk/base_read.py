"""Reads what a person wants to search: a function, a path, a base task, a task by object, id or name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hpo_widgets.agents.script_kind import read_parameter
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.base_task import BaseParameter, BaseTask
from hpo_widgets.sdk.base_code import BaseCode
from hpo_widgets.sdk.base_find import Recorded, find_recorded
from hpo_widgets.sdk.notebook import read_notebook
from hpo_widgets.sdk.script import capture_script
from hpo_widgets.store.base import Code, Store
from hpo_widgets.store.location import open_store

ALLOWED = "give a function, the path of a script or notebook, a base task, or a study or task to run again"


def read_base(
    given: Any,
    *,
    args: Sequence[Any] = (),
    metrics: str | None = None,
    open_store: Callable[[], Store] = open_store,
) -> BaseCode:
    """Reads what a person wants to run.

    Args:
        given: A function, the path of a script or notebook (text or `Path`), a `Task` or `Study`, or a base task.
        args: Command line of a script.
        metrics: Where else a script's metrics come from; see `script_base_task`.
        open_store: Gives the store, called for a task only.

    Raises:
        InvalidInput: When it is none of these, or cannot be read.
    """
    if isinstance(given, BaseCode):
        return given
    if isinstance(given, (str, Path)) and Path(given).suffix == ".ipynb":
        notebook = read_notebook(given)
        return BaseCode(name=notebook.name, notebook=notebook)
    if isinstance(given, (str, Path)):
        script = capture_script(given, args=args, metrics=metrics)
        return BaseCode(name=script.script.name, script=script)
    if args or metrics is not None:
        raise InvalidInput("args and metrics are for the path of a script; leave them out.")
    if isinstance(given, BaseTask):
        return BaseCode(name=given.name, task=given)
    if callable(given):
        return BaseCode(name=str(getattr(given, "__name__", type(given).__name__)), function=given)
    id = getattr(given, "id", None)
    if not isinstance(id, str) or not id:
        raise InvalidInput(f"{given!r:.200} is not a function; {ALLOWED} as the first argument.")
    own: Store | None = getattr(given, "_store", None) or getattr(given, "store", None)
    return of_recorded(find_recorded(open_store() if own is None else own, id))


def find_base(given: Any, open_store: Callable[[], Store]) -> BaseCode:
    """Reads what a person wants to run, the id or name of a recorded task included: ClearML's `base_task_id`.

    Text is the path of a file when there is one, else the id or name of a task.

    Raises:
        InvalidInput: When there is none, with the closest names, or its code was not stored.
    """
    if isinstance(given, str) and given and not _is_file(given):
        return of_recorded(find_recorded(open_store(), given))
    if given is None or given == "":
        raise InvalidInput(f"base_task_id is {given!r}; {ALLOWED}, or the id or name of a recorded task.")
    return read_base(given, open_store=open_store)


def _is_file(text: str) -> bool:
    try:
        return Path(text).expanduser().is_file()
    except (OSError, ValueError):  # too long, or with null characters: no path
        return False


def of_recorded(found: Recorded) -> BaseCode:
    """Gives recorded code as what a search runs."""
    code = found.code
    assert code is not None, "find_recorded gives code that can be run"
    parameters = tuple(map(read_parameter, code.about.get("parameters", ())))
    if code.kind != "function":
        task = BaseTask(name=found.name, kind=code.kind, code=code.hash, parameters=parameters, about=code.about)
        return BaseCode(name=found.name, task=task, own=found.parameters)
    connected = _connected(code, found) if "script" in code.about else None
    return BaseCode(name=found.name, code=code, connected=connected, own=found.parameters)


def _connected(code: Code, found: Recorded) -> tuple[BaseParameter, ...] | None:
    """Gives what a script has connected: as its task has recorded it, else as reading it tells."""
    if found.parameters:
        return tuple(
            BaseParameter(name=name, default=value, type=_type_of(value)) for name, value in found.parameters.items()
        )
    try:
        return capture_script(code.about["script"], args=code.about["argv"]).script.parameters
    except InvalidInput:
        return None  # it lies elsewhere by now, or cannot be read without running it: its own run will tell


def _type_of(value: Any) -> str | None:
    return type(value).__name__ if isinstance(value, (bool, int, float, str)) else None
