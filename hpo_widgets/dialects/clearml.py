"""ClearML's JSON of a search space: what `clearml-param-search` takes, and what an optimizer task stores.

Keys are constructor arguments beside `type`; the flag for the max is spelled `include_max_value` in the command and
`include_max` in the stored form, both are read (reference a1). Our normal ranges have the same form; ClearML itself
does not read those.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from hpo_widgets.dialects.json_text import read_json
from hpo_widgets.dialects.keys import unknown_keys
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model import parameters  # noqa: F401 - makes every kind known
from hpo_widgets.model.parameter_base import Parameter
from hpo_widgets.model.parameter_choices import ParameterSet
from hpo_widgets.model.parameter_conditional import ConditionalParameter
from hpo_widgets.model.parameter_values import shown
from hpo_widgets.model.space import SearchSpace

SEARCH, OVERRIDE = "params-search", "params-override"
STORED = "parameter_optimization_space"
"""Key of the stored form: an optimizer task's configuration object."""
CLEARML_TYPES = (
    "UniformParameterRange", "UniformIntegerParameterRange", "LogUniformParameterRange", "DiscreteParameterRange",
)  # fmt: skip
MOST = 10_000
"""Parameters that are read."""
LISTED = 20
"""Problems that are named."""
SPELLINGS = {"include_max": "include_max_value"}
"""Key of the stored form to the constructor's argument."""
NESTED = "parameter_combinations"


@dataclass(frozen=True, kw_only=True)
class ParamsSearch:
    """Is what a text of ClearML's says."""

    space: SearchSpace
    notes: tuple[str, ...] = ()
    """What it says that has no meaning here."""


def read_params_search(given: str | Sequence[str]) -> ParamsSearch:
    """Reads parameters: one JSON text or several, each an object, a list of objects, or the stored form.

    Raises:
        InvalidInput: With every problem, the place of what is no JSON, and the closest names.
    """
    problems: list[str] = []
    found: list[Parameter] = []
    notes: list[str] = []
    for where, each in _objects(given, SEARCH, problems, notes):
        try:
            found.append(_parameter(each, where))
        except InvalidInput as error:
            problems += error.problems
    if not problems:
        try:
            return ParamsSearch(space=SearchSpace(found), notes=tuple(notes))
        except InvalidInput as error:
            problems += error.problems
    raise InvalidInput(_some(problems), subject=SEARCH)


def read_params_override(given: str | Sequence[str]) -> dict[str, Any]:
    """Reads values that replace those of the base task: objects of a `name` and a `value`.

    Raises:
        InvalidInput: With every problem.
    """
    problems: list[str] = []
    found: dict[str, Any] = {}
    for where, each in _objects(given, OVERRIDE, problems, []):
        wrong = unknown_keys(each, ("name", "value"), where)
        wrong += [f"{where} has no {key!r}; give name and value." for key in ("name", "value") if key not in each]
        name = each.get("name")
        if not wrong and (not isinstance(name, str) or not name.strip()):
            wrong.append(f"the name of {where} is {shown(name)}; give the name of a parameter.")
        if not wrong and name in found:
            wrong.append(f"{shown(name)} is overridden twice; keep one of them.")
        if wrong:
            problems += wrong
        else:
            found[str(name)] = each["value"]
    if problems:
        raise InvalidInput(_some(problems), subject=OVERRIDE)
    return found


def write_params_search(space: SearchSpace) -> tuple[str, tuple[str, ...]]:
    """Gives the JSON text of a space as a list of objects, and notes on what ClearML does not read."""
    text = json.dumps([_to_json(each) for each in space], indent=2, ensure_ascii=False)
    notes = [
        f"ClearML does not read the {type(each).__name__} of {shown(each.name)}."
        for each in space
        if type(each).__name__ not in CLEARML_TYPES and not isinstance(each, ConditionalParameter)
    ]
    notes += [
        f"the conditions on {shown(each.name)} are written as a ParameterSet with a combination for each value."
        for each in space
        if isinstance(each, ConditionalParameter)
    ]
    notes += [f"ClearML has no constraints; {shown(each.text)} is left out." for each in space.constraints]
    return text, tuple(notes)


def _some(problems: list[str]) -> list[str]:
    more = len(problems) - LISTED
    return problems if more <= 0 else [*problems[:LISTED], f"there are {more} problems more."]


# -- reading ---------------------------------------------------------------------------------------------------------
def _objects(
    given: str | Sequence[str], what: str, problems: list[str], notes: list[str]
) -> list[tuple[str, Mapping[str, Any]]]:
    """Gives the objects of all texts with how people call them."""
    texts = [given] if isinstance(given, str) else list(given)
    found: list[tuple[str, Any]] = []
    for number, text in enumerate(texts, 1):
        which = f"{what} {number}" if len(texts) > 1 else what
        try:
            data = read_json(text, which)
        except InvalidInput as error:
            place = f"{which}: " if len(texts) > 1 else ""
            problems += [f"{place}{problem} It begins with {shown(text[:60])}." for problem in error.problems]
            continue
        if isinstance(data, Mapping) and STORED in data:
            notes += [f"{shown(key)} is not about the search space; it is left out." for key in data if key != STORED]
            data = data[STORED]
        found += [(which, each) for each in data] if isinstance(data, list) else [(which, data)]
    if len(found) > MOST:
        problems.append(f"{what} has {len(found):,} objects; a search has at most {MOST:,} parameters.")
        return []
    named = []
    for index, (which, each) in enumerate(found, 1):
        if isinstance(each, Mapping):
            name = each.get("name")
            named.append((f"{shown(name)}" if isinstance(name, str) else f"object {index} of {which}", each))
        else:
            problems.append(f"{which} holds {shown(each)}; it must hold objects like {{'name': ..., ...}}.")
    if not named and not problems:
        problems.append(f"{what} is empty; give at least one object.")
    return named


def _parameter(data: Mapping[str, Any], where: str) -> Parameter:
    given = dict(data)
    type_name = given.pop("type", None)
    kind = Parameter.kinds.get(type_name) if isinstance(type_name, str) else None
    if kind is None:
        close = get_close_matches(str(type_name), list(Parameter.kinds), n=1, cutoff=0.5)
        hint = f"did you mean {close[0]!r}?" if close else f"use one of {', '.join(sorted(Parameter.kinds))}."
        raise InvalidInput(f"the type of {where} is {shown(type_name)}; {hint}")
    signature = inspect.signature(kind).parameters
    arguments = {SPELLINGS.get(key, key): value for key, value in given.items()}
    problems = unknown_keys(given, [*signature, *SPELLINGS], f"a {type_name} ({where})")
    if len(arguments) < len(given):
        problems.append(f"{where} has include_max and include_max_value, which are the same; keep one.")
    for name, each in signature.items():
        if each.default is each.empty and arguments.get(name) is None:
            problems.append(f"{where} has no {name!r}; a {type_name} needs it.")
    if problems:
        raise InvalidInput(problems)
    if kind is ParameterSet:
        arguments[NESTED] = _combinations(arguments.get(NESTED), where)
    try:
        return kind(**arguments)
    except TypeError as error:
        raise InvalidInput(f"{where} cannot be read as a {type_name}: {error}.") from None


def _combinations(given: Any, where: str) -> list[dict[str, Any]]:
    if not isinstance(given, list) or not all(isinstance(each, Mapping) for each in given):
        raise InvalidInput(f"the {NESTED} of {where} are {shown(given)}; give a list of objects.")
    return [
        {
            name: _parameter({"name": name, **value}, shown(name))
            if isinstance(value, Mapping) and "type" in value
            else value
            for name, value in each.items()
        }
        for each in given
    ]


# -- writing ---------------------------------------------------------------------------------------------------------
def _to_json(parameter: Parameter) -> dict[str, Any]:
    kind = type(parameter).__name__
    if isinstance(parameter, ParameterSet):  # conditions too: ClearML has a set with a combination for each value
        combinations = [
            {name: _to_json(each) if isinstance(each, Parameter) else each for name, each in item.items()}
            for item in parameter.values
        ]
        return {"type": ParameterSet.__name__, NESTED: combinations}
    given = {field: getattr(parameter, field) for field in parameter.fields}
    return {"type": kind, **{field: value for field, value in given.items() if value is not None}}
