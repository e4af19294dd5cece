"""A function's parameters and the ranges to start with, from its signature: defaults, types, names. Runs nothing."""

from __future__ import annotations

import enum
import inspect
import math
import types
import typing
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.base_task import BaseParameter
from hpo_widgets.model.parameter_base import Parameter
from hpo_widgets.model.parameter_choices import DiscreteParameterRange
from hpo_widgets.sdk.ranges import LOG_WORDS, POWER_WORDS, SHARE_WORDS, is_of_a_run, name_words, propose_range

TYPES = {"int": int, "float": float, "bool": bool, "str": str}
USUAL: dict[str, Any] = {
    "epochs": 10, "folds": 5, "cv": 5, "splits": 5, "seed": 0, "state": 0, "verbose": 0, "verbosity": 0,
    "pause": 0, "sleep": 0, "delay": 0, "wait": 0, "timeout": 60, "every": 10, "interval": 10,
    "device": "cpu", "samples": 1000, "train": 0.8, "test": 0.2, "val": 0.2, "valid": 0.2, "validation": 0.2,
    "holdout": 0.2,
}  # fmt: skip
"""Values of what belongs to a run, where the code has no default."""
COUNTS = {
    "estimators": 100, "trees": 100, "rounds": 100, "iterations": 100, "iter": 100, "steps": 100, "leaves": 31,
    "depth": 6, "layers": 4, "blocks": 4, "heads": 4, "neighbors": 5, "neighbours": 5, "clusters": 8, "components": 8,
    "degree": 3, "patience": 10,
}  # fmt: skip
"""Values of counts, by parts of their names, where the code has no default."""
COUNTED = frozenset({"n", "num", "number", "count", "max", "min"})
"""Parts of names of what is counted, whatever it is."""
TEXTS = frozenset({"path", "dir", "directory", "folder", "file", "filename", "url", "host", "name", "tag", "version"})
"""Parts of names of texts."""


def signature_parameters(function: Callable[..., Any]) -> tuple[BaseParameter, ...]:
    """Lists what a function takes by name, without `task`.

    Raises:
        InvalidInput: When its signature cannot be read.
    """
    try:
        found = _signature(function).parameters.values()
    except (TypeError, ValueError) as error:
        raise InvalidInput(
            f"the parameters of {function!r:.100} cannot be read ({error}); name them yourself."
        ) from error
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return tuple(_parameter(each) for each in found if each.kind in named and each.name != "task")


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    try:
        return inspect.signature(function, eval_str=True)
    except Exception:  # noqa: BLE001 - an annotation written as text may hold anything; then it says nothing here
        return inspect.signature(function)


def propose_signature(parameter: BaseParameter) -> Parameter | None:
    """Gives the range to start with; without a default by the type, and without a type by the name.

    `None` where the default stays, and where nothing tells what it is: see `BaseParameter.required`.
    """
    if not parameter.required or parameter.choices:
        return propose_range(parameter)
    words = name_words(parameter.name)
    if is_of_a_run(parameter.name):
        usual = _usual(words, parameter.type)
        return None if usual is None else DiscreteParameterRange(parameter.name, [usual])
    default = _likely(words, parameter.type)
    return None if default is None else propose_range(replace(parameter, default=default))


def _usual(words: set[str], type: str | None) -> Any:
    """Gives a value of what belongs to a run; `None` where nobody can tell, such as a path."""
    if type == "bool":
        return False
    found = next((USUAL[word] for word in sorted(words) if word in USUAL), None)
    if type == "str" or (type is None and (words & TEXTS or isinstance(found, str))):
        return found if isinstance(found, str) else None
    if not isinstance(found, (int, float)):
        found = 1
    return float(found) if type == "float" else math.ceil(found) if type == "int" else found


def _likely(words: set[str], type: str | None) -> Any:
    if type == "bool":
        return False
    if type in (None, "int") and (counts := [COUNTS[word] for word in sorted(words) if word in COUNTS]):
        return min(counts)
    if type in (None, "float") and words & SHARE_WORDS:
        return 0.5
    if type in (None, "float") and words & LOG_WORDS:
        return 1e-3
    if type in (None, "int") and words & POWER_WORDS:
        return 64
    if type is None and words & COUNTED:
        return 4
    return {"float": 0.5, "int": 4}.get(type or "")


def _parameter(found: inspect.Parameter) -> BaseParameter:
    required = found.default is found.empty
    type, choices = _typed(found.annotation)
    default = None if required else found.default
    if type is None and isinstance(default, tuple(TYPES.values())):
        type = next(name for name, kind in TYPES.items() if kind is default.__class__ or name == "str")
    return BaseParameter(name=found.name, default=default, required=required, type=type, choices=choices)


def _typed(annotation: Any) -> tuple[str | None, tuple[Any, ...] | None]:
    if isinstance(annotation, str):
        return (annotation if annotation in TYPES else None), None
    origin = typing.get_origin(annotation)
    if origin is typing.Literal:
        return None, typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        known = [each for each in typing.get_args(annotation) if each is not type(None)]
        return _typed(known[0]) if len(known) == 1 else (None, None)
    if origin is typing.Annotated:
        return _typed(typing.get_args(annotation)[0])
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return None, None
    return next((name for name, kind in TYPES.items() if kind is annotation), None), None
