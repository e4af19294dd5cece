"""From a function in a notebook to bytes that another process can run, with what must be known without reading them."""

from __future__ import annotations

import dis
import functools
import inspect
import io
import linecache
import os
import types
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from hpo_widgets.agents.captured import Captured, captured, code_objects, travels_by_value
from hpo_widgets.errors import CannotShip

LARGE_BYTES = 10_000_000
"""What a function takes along is named before the start when it is larger than this, each or in total."""
DEEPEST = 3
"""How far inside a value the part that cannot travel is looked for."""
NOT_PRELOADED = ("__main__", "__mp_main__", "hpo_widgets")
"""Top packages that a fork server does not import on a function's behalf."""


@dataclass(frozen=True, kw_only=True)
class Shipment:
    """Is a function ready to travel: `store.put_code("function", body, about)`."""

    body: bytes
    """Read by `pickle.loads`, in a task's process only."""
    about: dict[str, Any]
    """JSON: name, signature, wants_task, modules, captured, sources."""


def ship(function: Callable[..., Any], *, name: str | None = None) -> Shipment:
    """Packs a function, by value when it lives in a notebook, and warns of large things it takes along.

    Args:
        function: Any callable: function, lambda, bound method, partial, object with `__call__`.
        name: What people call it; its own name when not given.

    Raises:
        CannotShip: When something it refers to cannot travel; the message names it.
    """
    if not callable(function):
        raise CannotShip(f"{function!r:.200} is not a function; give something that can be called.")
    name = name or _name_of(function)
    body, modules = _pack(function, name)
    sizes = _sizes(function)
    _warn_if_large(name, len(body), sizes)
    about = {
        **describe(function, name=name),
        "modules": modules,
        "captured": [{"name": each, "bytes": size} for each, size in sizes],
    }
    return Shipment(body=body, about=about)


def describe(function: Callable[..., Any], *, name: str | None = None) -> dict[str, Any]:
    """Gives what is known of a function without packing it, for one that stays in this process."""
    signature, wants_task = _signature(function)
    name = name or _name_of(function)
    return {"name": name, "signature": signature, "wants_task": wants_task, "sources": _sources(function)}


def _name_of(function: Any) -> str:
    while isinstance(function, functools.partial):
        function = function.func
    return str(getattr(function, "__name__", type(function).__name__))


def _pack(function: Any, name: str) -> tuple[bytes, list[str]]:
    import cloudpickle

    modules: set[str] = set()

    class Packer(cloudpickle.Pickler):  # type: ignore[misc]
        """Notes the modules of everything that passes by."""

        def persistent_id(self, value: Any) -> None:
            modules.update(_modules_of(value))

    file = io.BytesIO()
    try:
        Packer(file).dump(function)
    except Exception as error:
        raise CannotShip(_blame(function, name, error)) from error
    # A function that travels by reference does not show its code on the way.
    for code in code_objects(_innermost(function)):
        modules.update(_modules_of(code))
    modules.add("cloudpickle.cloudpickle")
    return file.getvalue(), sorted(m for m in modules if m.partition(".")[0] not in NOT_PRELOADED)


def _innermost(function: Any) -> Any:
    while isinstance(function, functools.partial):
        function = function.func
    if not isinstance(function, (types.FunctionType, types.MethodType)):
        function = type(function).__call__
    return getattr(function, "__func__", function)


def _modules_of(value: Any) -> Iterable[str]:
    if isinstance(value, types.ModuleType):
        return (value.__name__,)
    if isinstance(value, types.CodeType):
        return [str(i.argval) for i in dis.get_instructions(value) if i.opname == "IMPORT_NAME" and i.argval]
    if isinstance(value, types.FunctionType) and travels_by_value(value):
        return ()  # its module stays behind, with all that it imports
    if isinstance(value, (type, types.FunctionType, types.BuiltinFunctionType)):
        module = getattr(value, "__module__", None)
        return (module,) if isinstance(module, str) and module != "builtins" else ()
    return ()


def _signature(function: Any) -> tuple[list[dict[str, str]] | None, bool]:
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return None, False
    found = []
    for each in parameters.values():
        entry = {"name": each.name, "kind": each.kind.name.lower()}
        if each.default is not each.empty:
            entry["default"] = f"{each.default!r:.200}"
        if each.annotation is not each.empty:
            given = each.annotation
            entry["annotation"] = given if isinstance(given, str) else inspect.formatannotation(given)
        found.append(entry)
    wants = parameters.get("task")
    return found, wants is not None and wants.kind in (wants.POSITIONAL_OR_KEYWORD, wants.KEYWORD_ONLY)


def _sizes(function: Any) -> list[tuple[str, int]]:
    import cloudpickle

    sizes = [(f"{each.kind} {each.name}", len(cloudpickle.dumps(each.value))) for each in captured(function)]
    return sorted(sizes, key=lambda pair: -pair[1])


def _warn_if_large(name: str, total: int, sizes: list[tuple[str, int]]) -> None:
    if total < LARGE_BYTES:
        return
    large = [pair for pair in sizes if pair[1] >= LARGE_BYTES] or sizes[:5]
    parts = ", ".join(f"{each} ({size / 1e6:.1f} MB)" for each, size in large)
    warnings.warn(
        f"the function {name!r} takes {total / 1e6:.1f} MB along to every task: {parts}. Load such data inside the "
        "function, or use isolation='thread'.",
        UserWarning,
        stacklevel=3,
    )


def _sources(function: Any) -> dict[str, str]:
    """Gives the text of cells that the function's code comes from, for tracebacks in processes that lack them."""
    found: dict[str, str] = {}
    pending = [function, *(each.value for each in captured(function))]
    pending += [getattr(each, "func", getattr(each, "__func__", None)) for each in pending]
    for each in pending:
        for code in code_objects(each):
            if code.co_filename not in found and not os.path.exists(code.co_filename):
                text = "".join(linecache.getlines(code.co_filename))
                if text:
                    found[code.co_filename] = text
    return found


def _blame(function: Any, name: str, error: Exception) -> str:
    for each in captured(function):
        problem = _problem(each.value)
        if problem is not None:
            return f"the function {name!r} cannot be sent to task processes: {_locate(each, problem)}"
    return (
        f"the function {name!r} cannot be sent to task processes ({type(error).__name__}: {error}). Define it at the "
        "top of a cell or in a module, or use isolation='thread'."
    )


def _locate(each: Captured, problem: Exception) -> str:
    path, value = _inside(each.name, each.value, DEEPEST)
    where = "" if path == each.name else f", which holds {path},"
    kind = type(value).__qualname__
    module = type(value).__module__
    full = kind if module == "builtins" else f"{module}.{kind}"
    return (
        f"its {each.kind} {each.name}{where} is of type {full} and cannot be pickled "
        f"({type(problem).__name__}: {problem}). Create it inside the function, or use isolation='thread'."
    )


def _problem(value: Any) -> Exception | None:
    import cloudpickle

    try:
        cloudpickle.dumps(value)
    except Exception as error:  # noqa: BLE001 - any error of any object's pickling is the answer
        return error
    return None


def _inside(path: str, value: Any, depth: int) -> tuple[str, Any]:
    """Follows an unpicklable value down to the item or attribute that makes it so."""
    parts: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        parts = [(f"{path}[{key!r}]", item) for key, item in value.items()]
    elif isinstance(value, (list, tuple)):
        parts = [(f"{path}[{i}]", item) for i, item in enumerate(value)]
    elif hasattr(value, "__dict__") and not isinstance(value, (type, types.ModuleType)):
        parts = [(f"{path}.{key}", item) for key, item in vars(value).items()]
    if depth > 0:
        for name, item in parts:
            if _problem(item) is not None:
                return _inside(name, item, depth - 1)
    return path, value
