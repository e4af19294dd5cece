"""ClearML's search spaces: `--params-search` and `--params-override` of its command line, and the stored form."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hpo_widgets.dialects.json_text import read_json
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameter_values import shown
from hpo_widgets.model.parameters import (
    DiscreteParameterRange,
    LogUniformParameterRange,
    Parameter,
    UniformIntegerParameterRange,
    UniformParameterRange,
)
from hpo_widgets.model.space import SearchSpace

STORED = "parameter_optimization_space"
"""Key of the list in what ClearML's optimizer stores with its task."""
SEARCH, OVERRIDE = "params-search", "params-override"
SPOKEN = (
    DiscreteParameterRange,
    LogUniformParameterRange,
    UniformIntegerParameterRange,
    UniformParameterRange,
)
"""What ClearML's command line can say."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Is what was read."""

    parameters: tuple[Parameter, ...]
    notes: tuple[str, ...] = ()
    """What was ignored, and why."""

    @property
    def space(self) -> SearchSpace:
        """The search space of these alone; raises `InvalidInput` when they make none."""
        return SearchSpace(self.parameters)


@dataclass(frozen=True, kw_only=True)
class Writing:
    """Is what was written."""

    text: str
    """A JSON list."""
    notes: tuple[str, ...] = ()
    """What could not be said, and is not in the text."""


def read_params_search(given: Any) -> Reading:
    """Reads ranges: a JSON text, an object, a list of either, or the stored form.

    `include_max` and `include_max_value` are one thing; optional keys may be missing.

    Raises:
        InvalidInput: With every problem found.
    """
    notes: list[str] = []
    problems: list[str] = []
    found: list[Parameter] = []
    for item in _items(given, SEARCH, notes, problems):
        if "type" not in item:
            known = ", ".join(sorted(Parameter.kinds))
            problems.append(f"parameter {shown(item.get('name'))} has no type; use one of {known}.")
            continue
        try:
            found.append(Parameter.from_dict(item))
        except InvalidInput as error:
            problems += error.problems
    return _checked(found, SEARCH, notes, problems)


def read_params_override(given: Any) -> Reading:
    """Reads fixed values `{"name": ..., "value": ...}`, as ranges of one value; takes the forms of the ranges.

    Raises:
        InvalidInput: With every problem found.
    """
    notes: list[str] = []
    problems: list[str] = []
    found: list[Parameter] = []
    for item in _items(given, OVERRIDE, notes, problems):
        if set(item) != {"name", "value"}:
            given_keys = ", ".join(map(shown, item)) or "nothing"
            problems.append(f'an override has the keys "name" and "value"; given was {given_keys}.')
            continue
        found.append(DiscreteParameterRange(item["name"], [item["value"]]))
    return _checked(found, OVERRIDE, notes, problems)


def write_params_search(space: Sequence[Parameter]) -> Writing:
    """Writes a search space as `--params-search` takes it; reading it again gives the same parameters."""
    items: list[dict[str, Any]] = []
    notes: list[str] = []
    for each in space:
        kind = type(each).__name__
        if not isinstance(each, SPOKEN):
            notes.append(f"{shown(each.name)} is left out: ClearML's command line has no {kind}.")
            continue
        if not _is_json(data := each.to_dict()):
            notes.append(f"{shown(each.name)} is left out: JSON cannot hold all of its values.")
            continue
        items.append({"include_max_value" if key == "include_max" else key: value for key, value in data.items()})
    return Writing(text=json.dumps(items, allow_nan=False), notes=tuple(notes))


def _checked(found: list[Parameter], subject: str, notes: list[str], problems: list[str]) -> Reading:
    if found:
        try:
            SearchSpace(found)
        except InvalidInput as error:
            problems += error.problems
    if problems:
        raise InvalidInput(problems, subject=subject)
    return Reading(parameters=tuple(found), notes=tuple(notes))


def _items(given: Any, subject: str, notes: list[str], problems: list[str]) -> list[Mapping[str, Any]]:
    """Lays the objects out flat, whatever they were wrapped in."""
    if isinstance(given, (bytes, str)):
        try:
            text = given if isinstance(given, str) else given.decode()
            given = read_json(text, subject)
        except UnicodeDecodeError as error:
            problems.append(f"the text is not UTF-8: {error}.")
            return []
        except InvalidInput as error:
            problems += error.problems
            return []
        if isinstance(given, str):
            problems.append(f"the JSON is the text {shown(given)}; give an object or a list of objects.")
            return []
    if isinstance(given, Mapping) and STORED in given:
        notes += [f"{shown(key)} beside {STORED!r} is ignored." for key in given if key != STORED]
        given = given[STORED]
    if isinstance(given, Mapping):
        return [given]
    if not isinstance(given, (list, tuple)):
        problems.append(f"{shown(given)} is no parameter; give an object such as {{'name': 'lr', ...}}, or a list.")
        return []
    found: list[Mapping[str, Any]] = []
    for each in given:
        if isinstance(each, (list, tuple)):
            problems.append(f"{shown(each)} is a list inside a list; give the objects in one list.")
        else:
            found += _items(each, subject, notes, problems)
    return found


def _is_json(value: Any) -> bool:
    """Tells whether JSON gives the value back as it was."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, (list, dict)):
        inside = value.values() if isinstance(value, dict) else value
        return all(map(_is_json, inside)) and (not isinstance(value, dict) or all(isinstance(k, str) for k in value))
    return value is None or isinstance(value, (bool, int, str))
