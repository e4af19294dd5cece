"""Comet's parameter entries (reference a9) read as our parameters, and the grid that they are cut into."""

from __future__ import annotations

import math
import random
from difflib import get_close_matches
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameter_values import shown
from hpo_widgets.model.parameters import (
    DiscreteParameterRange,
    LogNormalParameterRange,
    NormalParameterRange,
    Parameter,
    UniformIntegerParameterRange,
    UniformParameterRange,
)
from hpo_widgets.model.space_shorthand import loguniform

TYPES = ("integer", "double", "float", "discrete", "categorical")
SCALES = ("linear", "uniform", "normal", "loguniform", "lognormal")
KEYS = ("type", "scalingType", "min", "max", "mu", "sigma", "values", "gridSize")
MOST_SAMPLES = 100_000
"""Of a distribution that is cut into bins for a grid: each of them costs time and memory at once."""
MOST_INDEPENDENT = 1000
"""Whole numbers that "linear" keeps independent under bayes; longer ranges are read as uniform."""


def close(word: Any, allowed: tuple[str, ...]) -> str:
    """Gives the end of a message on a word that is not allowed."""
    near = get_close_matches(str(word), allowed, n=1)
    return f"use one of {', '.join(allowed)}.{f' Did you mean {near[0]!r}?' if near else ''}"


def spelled_out(entry: Any) -> Any:
    """Gives the full form of the shorthand: a list of values, or one value."""
    if isinstance(entry, list | tuple) and entry:
        texts = isinstance(entry[0], str)
        return {"type": "categorical" if texts else "discrete", "values": list(entry)}
    if isinstance(entry, str):
        return {"type": "categorical", "values": [entry]}
    if isinstance(entry, int | float):
        return {"type": "discrete", "values": [entry]}
    return entry


def is_number(value: Any) -> bool:
    """Tells whether a value is a number and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def entry_problems(entry: Any) -> list[str]:
    """Lists what is wrong with a spelled-out entry before a parameter can be made of it."""
    if not isinstance(entry, dict):
        return [f"{entry!r} is no parameter; give a dict with type, a list of values, or one value."]
    found = [f"{key!r} is unknown; {close(key, KEYS)}" for key in entry if key not in KEYS]
    kind = entry.get("type")
    if kind is None:
        return [*found, f"type is missing; give one of {', '.join(TYPES)}."]
    if not isinstance(kind, str) or kind not in TYPES:
        return [*found, f"type {kind!r} is unknown; {close(kind, TYPES)}"]
    size = entry.get("gridSize")
    if size is not None and (not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= MOST_SAMPLES):
        found.append(f"gridSize is {shown(size)}; give a whole number of at least 1 and at most {MOST_SAMPLES:,}.")
    if kind in ("discrete", "categorical"):
        return found + _value_problems(kind, entry.get("values"))
    return found + _range_problems(kind, entry)


def _value_problems(kind: str, values: Any) -> list[str]:
    if not isinstance(values, list | tuple) or not values:
        return [f"values is {values!r}; give a list with at least one value."]
    if kind == "categorical":
        return [f"the value {each!r} is no text; use type discrete." for each in values if not isinstance(each, str)]
    return [
        f"the value {each!r} is no number; use type categorical."
        for each in values
        if not isinstance(each, int | float)
    ]


def _range_problems(kind: str, entry: dict[str, Any]) -> list[str]:
    scale = entry.get("scalingType", "uniform")
    if not isinstance(scale, str) or scale not in SCALES:
        return [f"scalingType {scale!r} is unknown; {close(scale, SCALES)}"]
    needed = ("mu", "sigma") if scale in ("normal", "lognormal") else ("min", "max")
    found = [f"{key} is missing; {scale} needs {' and '.join(needed)}." for key in needed if entry.get(key) is None]
    for key in ("min", "max", "mu", "sigma"):
        value = entry.get(key)
        if value is None:
            continue
        if not is_number(value):
            found.append(f"{key} is {shown(value)}; give a number.")
        elif isinstance(value, float) and not math.isfinite(value):
            found.append(f"{key} is {value!r}; give a finite number.")
        elif key in ("min", "max") and kind == "integer" and value != int(value):
            found.append(f"{key} is {value!r}; an integer needs a whole number.")
    low, high = entry.get("min"), entry.get("max")
    if scale == "loguniform" and is_number(low) and low is not None and low <= 0:
        found.append(f"min is {low!r}; loguniform needs a min above 0.")
    if is_number(low) and is_number(high) and low is not None and high is not None and low > high:
        found.append(f"min {low!r} is above max {high!r}; swap them.")
    return found


def make_parameter(name: str, entry: dict[str, Any], *, bayes: bool) -> Parameter:
    """Gives the parameter of an entry without problems; whole numbers on a scale come as floats, see `to_whole`."""
    kind, scale = entry["type"], entry.get("scalingType", "uniform")
    if kind in ("discrete", "categorical"):
        return DiscreteParameterRange(name, values=list(entry["values"]))
    low, high = entry.get("min"), entry.get("max")
    if scale in ("normal", "lognormal"):
        maker = NormalParameterRange if scale == "normal" else LogNormalParameterRange
        return maker(name, entry["mu"], entry["sigma"], low, high, 1 if kind == "integer" else None)
    assert low is not None
    assert high is not None
    if scale == "loguniform":
        return loguniform(low, high).named(name) if low < high else DiscreteParameterRange(name, values=[low])
    if kind != "integer":
        return UniformParameterRange(name, low, high)
    if scale == "linear" and bayes and high - low < MOST_INDEPENDENT:
        return DiscreteParameterRange(name, values=list(range(int(low), int(high) + 1)))
    return UniformIntegerParameterRange(name, int(low), int(high))


def bins(parameter: Parameter, size: int, samples: int, seed: int, *, whole: bool) -> Parameter:
    """Cuts samples of a distribution into bins of equal share; gives the middle of each bin as the values.

    The samples depend on the seed and the name only, so every process that reads the same config has the same grid.
    """
    if isinstance(parameter, DiscreteParameterRange):
        return parameter
    source = random.Random(f"{seed}/{parameter.name}")
    drawn = sorted(parameter.to_value(parameter.latent.draw(source)) for _ in range(max(samples, size)))
    middles = [drawn[(2 * index + 1) * len(drawn) // (2 * size)] for index in range(size)]
    values = [round(each) for each in middles] if whole else middles
    return DiscreteParameterRange(parameter.name, values=list(dict.fromkeys(values)))


def checked(name: str, entry: Any, *, bayes: bool) -> tuple[Parameter | None, list[str]]:
    """Gives the parameter of a spelled-out entry, or `None` and all that is wrong with it."""
    problems = entry_problems(entry)
    if problems:
        return None, [f"parameter {name!r}: {each}" for each in problems]
    try:
        parameter = make_parameter(name, entry, bayes=bayes)
        return parameter, parameter.problems()
    except InvalidInput as error:
        return None, [f"parameter {name!r}: {each}" for each in error.problems]
