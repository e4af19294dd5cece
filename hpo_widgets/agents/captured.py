"""What a function takes along when it is sent to another process: its globals, closure, defaults and owner, by name."""

from __future__ import annotations

import dis
import functools
import importlib
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Captured:
    """Is one value that travels with a function."""

    name: str
    """As a person would write it: `model`, `helper.model`, `train(data=...)`."""
    kind: str
    """`global`, `closure variable`, `default of the argument`, `argument`, `owner`."""
    value: Any


def travels_by_value(function: Any) -> bool:
    """Tells whether other processes cannot import a function or class, so that its code must travel."""
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", "")
    if module is None or module == "__main__" or "<" in name:
        return True
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError):
        return True
    return found is not function


def captured(function: Any) -> list[Captured]:
    """Lists what travels with a function, those of its helper functions included."""
    return list(_walk(function, "", set()))


def code_objects(function: Any) -> Iterator[types.CodeType]:
    """Gives the code of a function and of all functions written inside it."""
    pending = [function.__code__] if isinstance(function, types.FunctionType) else []
    while pending:
        code = pending.pop()
        yield code
        pending += [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]


def _walk(function: Any, prefix: str, seen: set[int]) -> Iterator[Captured]:
    if id(function) in seen:
        return
    seen.add(id(function))
    if isinstance(function, functools.partial):
        name = getattr(function.func, "__name__", "function")
        yield from _walk(function.func, prefix, seen)
        for i, value in enumerate(function.args):
            yield Captured(name=f"{prefix}{name}, position {i}", kind="argument", value=value)
        for key, value in function.keywords.items():
            yield Captured(name=f"{prefix}{key}", kind="argument", value=value)
    elif isinstance(function, types.MethodType):
        yield Captured(name=f"{prefix}{function.__name__}.__self__", kind="owner", value=function.__self__)
        yield from _walk(function.__func__, prefix, seen)
    elif isinstance(function, types.FunctionType):
        if travels_by_value(function):
            yield from _of_function(function, prefix, seen)
    elif not isinstance(function, (type, types.BuiltinFunctionType)):
        yield Captured(name=f"{prefix}{type(function).__name__} object", kind="owner", value=function)


def _of_function(function: types.FunctionType, prefix: str, seen: set[int]) -> Iterator[Captured]:
    # Not `co_names`: that holds attributes too, and a global of that name may be somebody else's.
    names = {
        str(step.argval)
        for code in code_objects(function)
        for step in dis.get_instructions(code)
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")
    }
    found = [("global", name, function.__globals__[name]) for name in sorted(names & function.__globals__.keys())]
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found.append(("closure variable", name, cell.cell_contents))
        except ValueError:  # not assigned yet
            continue
    code = function.__code__
    positional = code.co_varnames[: code.co_argcount]
    defaults = function.__defaults__ or ()
    found += [("default of the argument", n, v) for n, v in zip(positional[-len(defaults) :], defaults, strict=False)]
    found += [("default of the argument", n, v) for n, v in (function.__kwdefaults__ or {}).items()]
    for kind, name, value in found:
        if isinstance(value, types.ModuleType):
            continue
        if isinstance(value, types.FunctionType) and travels_by_value(value):
            yield from _walk(value, f"{prefix}{name}.", seen)
        else:
            yield Captured(name=f"{prefix}{name}", kind=kind, value=value)
