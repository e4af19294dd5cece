"""The code of a task that people make: the script they run, or a function they give."""

from __future__ import annotations

import ast
import builtins
import inspect
import linecache
import os
import pickle
import sys
import sysconfig
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from hpo_widgets.agents.script_kind import observed
from hpo_widgets.agents.ship import ship
from hpo_widgets.errors import InvalidInput, NotFound
from hpo_widgets.sdk.parameters import GENERAL, as_default, bare_name, is_keepable, keepable
from hpo_widgets.sdk.script import check_metrics
from hpo_widgets.store.base import Store

OWN_MODULES = ("hpo_widgets.sdk.task", "hpo_widgets.sdk.task_code")
"""What the fork server imports for templates beside what their functions need."""


class TemplateFunction:
    """Calls a function with the parameters of a task by their names without a section. Runs in the task's process.

    A value that cannot become the type of the argument's own default fails the task. Parameters that the function
    does not take are left to what it connects itself.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, **parameters: Any) -> Any:
        """Calls it; `General/lr` becomes `lr`."""
        task = {"task": parameters.pop("task")} if "task" in parameters else {}
        by_name = {bare_name(name): (name, value) for name, value in parameters.items()}
        taken = inspect.signature(self.function).parameters
        kinds = {each.kind for each in taken.values()}
        chosen = by_name if inspect.Parameter.VAR_KEYWORD in kinds else by_name.keys() & taken.keys()
        arguments = {}
        for argument in chosen:
            name, value = by_name[argument]
            default = taken[argument].default if argument in taken else None
            arguments[argument] = as_default(name, value, None if default is inspect.Parameter.empty else default)
        return self.function(**arguments, **task)


def put_function(store: Store, function: Callable[..., Any]) -> tuple[str, dict[str, Any]]:
    """Keeps a function as the code of templates; gives its hash and its defaults as parameters.

    Raises:
        CannotShip: When it cannot be sent to task processes, naming what stands in the way.
        InvalidInput: When it has arguments that cannot be given by name.
    """
    import cloudpickle

    shipment = ship(function)
    found = inspect.signature(function).parameters
    if any(each.kind is each.POSITIONAL_ONLY for each in found.values()):
        raise InvalidInput(f"{shipment.about['name']!r} has arguments that cannot be given by name; remove the /.")
    defaults = {
        f"{GENERAL}/{name}": keepable(each.default)
        for name, each in found.items()
        if name != "task" and each.default is not each.empty and is_keepable(each.default)
    }
    body = cloudpickle.dumps(TemplateFunction(function))
    about = {**shipment.about, "modules": [*shipment.about["modules"], *OWN_MODULES]}
    return store.put_code("function", body, about), defaults


@dataclass(frozen=True, kw_only=True)
class TemplateScript:
    """Runs a script as it was when its task was made, as `__main__`. Runs in the task's process.

    The script asks for its parameters itself: `Task.init` gives it the task, `connect` and argparse the values.
    """

    path: str
    """Where it lay, absolute: its folder comes first on the import path."""
    text: str
    """What runs, whatever lies there by now."""
    argv: tuple[str, ...]
    """Its command line."""
    cwd: str
    """Where it ran; it runs there again if the folder is there."""
    metrics: str | None = None
    """`stdout` when printed lines are metrics."""
    runs_once: ClassVar[bool] = True
    """A process that was a script is nothing else afterwards, whatever it is kept for."""

    def __call__(self, **_: Any) -> None:
        """Runs it, in this process, once."""
        main = types.ModuleType("__main__")
        main.__file__ = self.path
        vars(main).update(__builtins__=builtins, __cached__=None)
        sys.modules["__main__"] = main
        sys.argv = [self.path, *self.argv]
        sys.path.insert(0, str(Path(self.path).parent))
        if os.path.isdir(self.cwd):
            os.chdir(self.cwd)
        self._connect_parsers()
        linecache.cache[self.path] = (len(self.text), None, self.text.splitlines(keepends=True), self.path)
        with observed(self.metrics):
            exec(compile(self.text, self.path, "exec", dont_inherit=True), vars(main))

    @staticmethod
    def _connect_parsers() -> None:
        """Gives the task's values to command lines that are parsed before the script calls `Task.init`."""
        from hpo_widgets.sdk.task import Task

        task = Task.current_task()
        if task is not None:
            task.connect_parsers()


def put_script(store: Store, path: Path, argv: Sequence[str], metrics: str | None = None) -> str:
    """Keeps a script as it is now; gives its hash.

    Raises:
        InvalidInput: When it cannot be read, or is no Python.
    """
    try:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"the script {str(path)!r} cannot be read ({error}); give the path of a Python file."
        ) from error
    except (SyntaxError, ValueError) as error:
        raise InvalidInput(f"the script {str(path)!r} is no Python: {error}; mend it first.") from error
    check_metrics(metrics)
    script = TemplateScript(path=str(path.absolute()), text=text, argv=tuple(argv), cwd=os.getcwd(), metrics=metrics)
    about: dict[str, Any] = {
        "name": path.name,
        "signature": None,
        "wants_task": False,
        "modules": [*_modules(tree), *OWN_MODULES],
        "sources": {},
        "script": script.path,
        "argv": list(argv),
        "cwd": script.cwd,
        "source": text,
    }
    return store.put_code("function", pickle.dumps(script), about)


def main_script() -> Path | None:
    """Gives the script that this process runs; `None` in a notebook, a console or a task's process."""
    main = sys.modules.get("__main__")
    file = getattr(main, "__file__", None)
    in_notebook = "IPython" in sys.modules and sys.modules["IPython"].get_ipython() is not None
    return None if file is None or in_notebook or not os.path.isfile(file) else Path(file)


def _modules(tree: ast.Module) -> list[str]:
    """Lists the installed packages that a script imports at its top, to be there before its tasks start."""
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            names |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module)
    return sorted(name for name in names if _is_installed(name))


def _is_installed(name: str) -> bool:
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names:
        return top not in ("__future__", "__main__")
    file = getattr(sys.modules.get(top), "__file__", None) or ""
    return top != "hpo_widgets" and any(file.startswith(sysconfig.get_path(each)) for each in ("purelib", "platlib"))


def check_runnable(store: Store, name: str, code: str | None) -> None:
    """Checks that an agent can run a task's code.

    Raises:
        InvalidInput: When it has none, or it stayed in the process that made it.
    """
    todo = "make the template in a script, or with Task.create(..., function=train), and clone that"
    if code is None:
        raise InvalidInput(f"the task {name!r} has no code to run; {todo}.")
    try:
        found = store.code(code)
    except NotFound:
        raise InvalidInput(f"the code of the task {name!r} is not in this store; {todo}.") from None
    if found.kind == "function" and "modules" not in found.about:
        raise InvalidInput(
            f"the code of the task {name!r} stayed in the process that ran it (isolation='thread'); {todo}."
        )
