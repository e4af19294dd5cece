"""The stored form of a search space: lossless and versioned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameter_base import Parameter
from hpo_widgets.model.parameter_choices import ParameterSet
from hpo_widgets.model.parameter_conditional import ConditionalParameter, When
from hpo_widgets.model.parameter_values import decode, encode, shown

if TYPE_CHECKING:
    from hpo_widgets.model.space import SearchSpace

FORMAT = "hpo_widgets.space"
VERSION = 2
"""2 has conditional parameters and constraints; without them it is written as version 1, which older readers know."""


def space_to_json(space: SearchSpace) -> dict[str, Any]:
    """Gives the stored form of a space."""
    parameters = [_to_json(each) for each in space]
    version = VERSION if space.constraints or any(map(_is_new, space)) else 1
    bound = {"constraints": [each.to_json() for each in space.constraints]} if space.constraints else {}
    return {"format": FORMAT, "version": version, "parameters": parameters, **bound}


def _is_new(parameter: Any) -> bool:
    if isinstance(parameter, ConditionalParameter):
        return True
    items = parameter.values if isinstance(parameter, ParameterSet) else ()
    return any(_is_new(each) for item in items for each in item.values())


def parameters_from_json(data: Any) -> list[Parameter]:
    """Reads the parameters of a stored space; they may have problems of their own.

    Raises:
        InvalidInput: When the data is not a stored space, or one of a newer version.
    """
    if not isinstance(data, Mapping) or data.get("format") != FORMAT:
        raise InvalidInput(f"{shown(data)} is not a stored search space; its format would be {FORMAT!r}.")
    version = data.get("version")
    if type(version) is not int or version < 1:
        raise InvalidInput(f"a stored search space has the version {shown(version)}; known are 1 to {VERSION}.")
    if version > VERSION:
        raise InvalidInput(
            f"the stored search space has version {version}, this hpo_widgets reads up to {VERSION}; "
            "update hpo_widgets, it was left untouched."
        )
    parameters = data.get("parameters")
    if not isinstance(parameters, list):
        raise InvalidInput(f"the parameters of a stored search space are {shown(parameters)}; they must be a list.")
    return [_from_json(each) for each in parameters]


def _to_json(parameter: Parameter) -> dict[str, Any]:
    kind = type(parameter).__name__
    if isinstance(parameter, ConditionalParameter):
        cases = [
            {"values": [encode(value) for value in case.values], "parameters": [_to_json(p) for p in case.parameters]}
            for case in parameter.cases
        ]
        return {"kind": kind, "parameter": _to_json(parameter.parameter), "cases": cases}
    if isinstance(parameter, ParameterSet):
        combinations = [[[name, _nested(each)] for name, each in item.items()] for item in parameter.values]
        return {"kind": kind, "combinations": combinations}
    return {"kind": kind, **{field: encode(getattr(parameter, field)) for field in parameter.fields}}


def _nested(each: Any) -> dict[str, Any]:
    return {"parameter": _to_json(each)} if isinstance(each, Parameter) else {"value": encode(each)}


def _from_json(data: Any) -> Parameter:
    if isinstance(data, Mapping) and data.get("kind") == ConditionalParameter.__name__:
        return _read_conditional(data)
    kind = Parameter.kinds.get(str(data.get("kind"))) if isinstance(data, Mapping) else None
    if kind is None:
        known = ", ".join(sorted(Parameter.kinds))
        raise InvalidInput(f"{shown(data)} is not a stored parameter; its kind would be one of {known}.")
    try:
        if issubclass(kind, ParameterSet):
            return kind([{name: _read_nested(each) for name, each in item} for item in data["combinations"]])
        return kind(**{field: decode(value) for field, value in data.items() if field != "kind"})
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, InvalidInput):
            raise
        raise InvalidInput(f"{shown(data)} is not a stored parameter: {error}.") from error


def _read_conditional(data: Mapping[str, Any]) -> Parameter:
    try:
        cases = [
            When(tuple(map(decode, case["values"])), tuple(map(_from_json, case["parameters"])))
            for case in data["cases"]
        ]
        return ConditionalParameter(_from_json(data["parameter"]), cases)
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, InvalidInput):
            raise
        raise InvalidInput(f"{shown(data)} is not a stored parameter: {error}.") from error


def _read_nested(each: Mapping[str, Any]) -> Any:
    return _from_json(each["parameter"]) if "parameter" in each else decode(each["value"])
