"""A function's parameters and the ranges to start with, from its signature: defaults, types, names. Runs nothing."""

from __future__ import annotations

import enum
import inspect
import types
import typing
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.base_task import BaseParameter
from hpo_widgets.model.parameter_base import Parameter
from hpo_widgets.model.parameter_choices import DiscreteParameterRange
from hpo_widgets.sdk.ranges import FIXED_WORDS, LOG_WORDS, POWER_WORDS, SHARE_WORDS, name_words, propose_range

TYPES = {"int": int, "float": float, "bool": bool, "str": str}
USUAL = {"epochs": 10, "folds": 5, "cv": 5, "splits": 5, "seed": 0, "state": 0}
"""Values of what belongs to a run, where the code has no default."""


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
    if words & FIXED_WORDS and parameter.type in (None, "int"):
        usual = next((USUAL[word] for word in words if word in USUAL), 1)
        return DiscreteParameterRange(parameter.name, [usual])
    default = _likely(words, parameter.type)
    return None if default is None else propose_range(replace(parameter, default=default))


def _likely(words: set[str], type: str | None) -> Any:
    if type == "bool":
        return False
    if type in (None, "float") and words & SHARE_WORDS:
        return 0.5
    if type in (None, "float") and words & LOG_WORDS:
        return 1e-3
    if type in (None, "int") and words & POWER_WORDS:
        return 64
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
