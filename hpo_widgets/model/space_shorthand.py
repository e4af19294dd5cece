"""Shorthand for people: nameless ranges, and a dict of names that becomes a search space."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameter_base import Parameter
from hpo_widgets.model.parameter_choices import DiscreteParameterRange, ParameterSet
from hpo_widgets.model.parameter_conditional import Condition, attached, condition_values
from hpo_widgets.model.parameter_normal import LogNormalParameterRange, NormalParameterRange
from hpo_widgets.model.parameter_ranges import (
    LogUniformParameterRange,
    UniformIntegerParameterRange,
    UniformParameterRange,
)
from hpo_widgets.model.parameter_steps import as_float, is_number
from hpo_widgets.model.parameter_values import SCALARS, plain, shown
from hpo_widgets.model.space import SearchSpace


def uniform(low: float, high: float, step: float | None = None) -> UniformParameterRange:
    """Gives floats from low to high, both included, each equally likely."""
    return UniformParameterRange(None, low, high, step)


def integer(low: int, high: int, step: int = 1) -> UniformIntegerParameterRange:
    """Gives whole numbers from low to high, both included."""
    return UniformIntegerParameterRange(None, low, high, step)


def loguniform(low: float, high: float, base: float = 10, step: float | None = None) -> LogUniformParameterRange:
    """Gives floats from low to high (real values, above 0), each order of magnitude equally likely.

    Args:
        low: Smallest value.
        high: Largest value.
        base: Base of the logarithm; matters only together with `step`.
        step: Step of the exponent: with base 10 and step 1 the values are low, 10*low, 100*low, ...
    """
    low, high, base = as_float(low), as_float(high), as_float(base)
    problems = [
        f"{what} is {shown(value)}; a log range needs a number above 0."
        for what, value in (("low", low), ("high", high))
        if not is_number(value) or value <= 0
    ]
    if not problems and low > high:
        problems.append(f"low {low!r} is above high {high!r}; swap them.")
    if problems or not is_number(base) or base <= 0 or base == 1:
        return LogUniformParameterRange(None, 0.0, 0.0, base, step).noted(problems)
    return LogUniformParameterRange(None, _exponent(low, base), _exponent(high, base), base, step)


def _exponent(value: float, base: float) -> float:
    if base in (2, 10):
        exponent = math.log10(value) if base == 10 else math.log2(value)
    else:
        exponent = math.log(value) / math.log(base)
    whole = round(exponent)
    # log(1000, 10) and the like miss the whole number by one rounding; a step would then miss the high end.
    try:
        return float(whole) if math.isclose(base**whole, value, rel_tol=1e-15) else exponent
    except OverflowError:
        return exponent


def normal(
    mu: float, sigma: float, low: float | None = None, high: float | None = None, step: float | None = None
) -> NormalParameterRange:
    """Gives floats of a normal distribution, cut to low..high where given."""
    return NormalParameterRange(None, mu, sigma, low, high, step)


def lognormal(
    mu: float, sigma: float, low: float | None = None, high: float | None = None, step: float | None = None
) -> LogNormalParameterRange:
    """Gives floats whose natural logarithm is normal with mu and sigma; low, high and step are of the value."""
    return LogNormalParameterRange(None, mu, sigma, low, high, step)


def choice(*values: Any) -> DiscreteParameterRange:
    """Gives one of some values: `choice(["a", "b"])` or `choice("a", "b")`."""
    if len(values) == 1 and not isinstance(values[0], (*SCALARS, bytes)):
        return DiscreteParameterRange(None, values[0])
    return DiscreteParameterRange(None, values)


def when(parameter: str, values: Any, then: Any) -> Condition:
    """Gives parameters that are there only when another one has one of some values.

        space = {
            "optimizer": ["sgd", "adam", "rmsprop"],
            "lr": hpo.loguniform(1e-5, 1e-1),
            **hpo.when("optimizer", ["sgd", "rmsprop"], {"momentum": (0.0, 0.99)}),
        }

    A trial with another optimizer has no momentum at all: the function is called without it, and needs a default for
    it. Conditions nest: inside `then`, or beside it with the name of a parameter that is conditional itself.

    Args:
        parameter: Name of the parameter that decides: choices or whole numbers.
        values: One value, or a list of values, with which they are there.
        then: The parameters, as in `tune`.

    Returns:
        What stands in a search space: as `**when(...)` in a dict, or as an item of a list.
    """
    return Condition(parameter, condition_values(values), (), then)


def as_space(given: Any) -> SearchSpace:
    """Gives the search space that a person means.

    Args:
        given: A `SearchSpace`, a dict of names, or a list of parameters, such dicts and conditions (`when`). What may
            stand under a name: a parameter or shorthand, a list (choices), a tuple (low, high) of two whole numbers or
            of floats, one fixed value (a number, text, True, False or None), or ClearML's stored form of a parameter.

    Raises:
        InvalidInput: With all problems.
    """
    if isinstance(given, SearchSpace):
        return given
    if isinstance(given, Parameter):
        return SearchSpace([given])
    if isinstance(given, Mapping) or (isinstance(given, Sequence) and not isinstance(given, (str, bytes))):
        return _gathered(given)
    raise InvalidInput(
        f"{shown(given)} is not a search space; give a dict such as {{'lr': loguniform(1e-5, 1e-1)}}, or a list of "
        "parameters.",
        subject="search space",
    )


def _gathered(given: Any) -> SearchSpace:
    problems: list[str] = []
    parameters = _read(given, problems)
    # Parameters that could be read are checked too, so that one message names all.
    try:
        if parameters or not problems:
            space = SearchSpace(parameters)
    except InvalidInput as error:
        problems += error.problems
    if problems:
        raise InvalidInput(problems, subject="search space")
    return space


def _read(given: Any, problems: list[str]) -> list[Any]:
    """Reads a dict or list of parameters and hangs its conditions; puts what is wrong into `problems`."""
    parameters: list[Any] = []
    conditions: list[Condition] = []
    pairs = given.items() if isinstance(given, Mapping) else ((None, each) for each in given)
    for name, meant in pairs:
        if isinstance(meant, Condition):
            then = list(meant.then) if isinstance(meant.then, SearchSpace) else meant.then
            if isinstance(then, Parameter) or not isinstance(then, (Mapping, list, tuple)) or not then:
                problems.append(f"the condition {meant.text!r}: give what is there then, such as {{'x': (0.0, 1.0)}}.")
                continue
            conditions.append(replace(meant, parameters=tuple(_read(then, problems)), then=None))
        elif isinstance(given, Mapping):
            try:
                parameters.append(_parameter(name, meant))
            except InvalidInput as error:
                problems += error.problems
        elif isinstance(meant, Mapping):
            parameters += _read(meant, problems)
        else:
            parameters.append(meant)
    if conditions and all(isinstance(each, Parameter) for each in parameters):
        try:
            return attached(parameters, conditions)
        except InvalidInput as error:
            problems += error.problems
    return parameters


def _parameter(name: Any, meant: Any) -> Parameter:
    meant = plain(meant)
    if isinstance(meant, ParameterSet) and meant.name is None:
        return meant
    if isinstance(meant, Parameter):
        return meant.named(name)
    if isinstance(meant, SCALARS):
        return DiscreteParameterRange(name, (meant,))
    if isinstance(meant, (list, range)):
        return DiscreteParameterRange(name, list(meant))
    if isinstance(meant, tuple) and len(meant) == 2 and all(type(bound) in (int, float) for bound in meant):
        if float in map(type, meant):
            return UniformParameterRange(name, *meant)
        return UniformIntegerParameterRange(name, *meant)
    if isinstance(meant, Mapping) and meant.get("type") in Parameter.kinds:
        return Parameter.from_dict({**meant, "name": name})
    if isinstance(meant, tuple):
        raise InvalidInput(f"parameter {shown(name)}: a tuple is (low, high), given was {shown(meant)}; use a list.")
    raise InvalidInput(
        f"parameter {shown(name)} is {shown(meant)}; give a range such as uniform(0, 1), a list of choices, a tuple "
        "(low, high), or one fixed number or text."
    )
