"""A search space as fields of a form: for one trial by hand, and for other ranges. Pure; values travel as text."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameter_base import Parameter
from hpo_widgets.model.parameter_choices import DiscreteParameterRange, ParameterSet
from hpo_widgets.model.parameter_conditional import searched
from hpo_widgets.model.parameter_normal import NormalParameterRange
from hpo_widgets.model.parameter_ranges import (
    LogUniformParameterRange,
    UniformIntegerParameterRange,
    UniformParameterRange,
)
from hpo_widgets.model.parameter_tree import Leaf
from hpo_widgets.model.parameter_values import shown
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.model.space_shorthand import integer, loguniform
from hpo_widgets.widgets import words

Field = dict[str, Any]


# -- one trial ---------------------------------------------------------------------------------------------------------
def trial_fields(space: SearchSpace, given: Mapping[str, Any] | None = None) -> list[Field]:
    """Gives a field a name: `name`, `text` to begin with, `choices` (texts) where there are some, and a hint.

    Args:
        space: The search space.
        given: Parameters to begin with; without, the first of each list and the middle of each range.
    """
    leaves: dict[str, list[Any]] = {}
    for leaf in space.leaves():
        leaves.setdefault(leaf.name, []).append(leaf)
    found = []
    for name, ways in leaves.items():
        only = ways[0].parameter if len(ways) == 1 and isinstance(ways[0], Leaf) else None
        choices = choice_texts(only.values) if isinstance(only, DiscreteParameterRange) else None
        values = _values(space, name)
        if given is not None:
            text = text_among(given[name], values) if name in given else ""
        else:
            text = "" if only is None or space.is_conditional else text_among(_middle(only), values)
        hint = "leave empty where it does not apply" if only is None else range_text(only)
        found.append({"name": name, "text": text, "choices": choices, "hint": hint})
    return found


def read_trial(space: SearchSpace, texts: Mapping[str, str]) -> dict[str, Any]:
    """Gives the parameters that the fields say; an empty field is a parameter that is not there.

    Raises:
        InvalidInput: When they are no member of the space, all problems at once.
    """
    parameters = {name: read_value(text, _values(space, name)) for name, text in texts.items() if text.strip()}
    space.locate(parameters)
    return parameters


def _values(space: SearchSpace, name: str) -> list[Any]:
    return [
        value
        for leaf in space.leaves()
        if leaf.name == name
        for value in (
            leaf.parameter.values
            if isinstance(leaf, Leaf) and isinstance(leaf.parameter, DiscreteParameterRange)
            else [leaf.value]
            if not isinstance(leaf, Leaf)
            else []
        )
    ]


def read_value(text: str, allowed: Sequence[Any] = ()) -> Any:
    """Gives the allowed value that has this text; else what Python reads in it; else the text itself."""
    for value, mine in zip(allowed, choice_texts(allowed), strict=True):
        if mine == text:
            return value
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def text_of(value: Any) -> str:
    """Gives the text of a value in a field: of a text itself, of anything else as Python writes it."""
    return value if isinstance(value, str) else repr(value)


def choice_texts(values: Sequence[Any]) -> list[str]:
    """Gives a text each, different for different values: `"1"` beside `1` is written with its quotes."""
    texts = [text_of(value) for value in values]
    return texts if len(set(texts)) == len(texts) else [repr(value) for value in values]


def text_among(value: Any, values: Sequence[Any]) -> str:
    """Gives the text of one of some values; of any other the plain one."""
    for each, text in zip(values, choice_texts(values), strict=True):
        if type(each) is type(value) and each == value:
            return text
    return text_of(value)


def _middle(parameter: Parameter) -> Any:
    return parameter.grid_at(0 if isinstance(parameter, DiscreteParameterRange) else parameter.grid_count // 2)


def range_text(parameter: Parameter) -> str:
    """Says what a parameter may be."""
    match parameter:
        case DiscreteParameterRange():
            return f"{len(parameter.values)} choices"
        case LogUniformParameterRange():
            low, high = _real_ends(parameter)
            return f"{words.number(low)} … {words.number(high)}, log"
        case UniformParameterRange() | UniformIntegerParameterRange():
            step = parameter.step_size
            steps = "" if step is None or (step == 1 and isinstance(step, int)) else f", steps of {step}"
            return f"{words.value(parameter.min_value)} … {words.value(parameter.max_value)}{steps}"
        case NormalParameterRange():
            return f"normal around {words.value(parameter.mu)}"
    return ""


# -- other ranges --------------------------------------------------------------------------------------------------
def range_fields(space: SearchSpace, trials: Sequence[Mapping[str, Any]] = ()) -> list[Field]:
    """Gives a field a parameter: `name`, `kind`, and `low`, `high` or `choices` with those `chosen`.

    Args:
        space: The search space.
        trials: Parameter sets; with some, the ranges are the smallest that hold them all.
    """
    found = []
    for each in searched(space):
        values = [trial[each.name] for trial in trials if each.name in trial]
        if isinstance(each, DiscreteParameterRange):
            chosen = [i for i, value in enumerate(each.values) if not values or value in values]
            found.append({"name": each.name, "kind": "choice", "choices": choice_texts(each.values), "chosen": chosen})
        elif isinstance(each, ParameterSet):
            found.append({"name": each.name, "kind": "fixed", "hint": "a set of combinations stays as it is"})
        else:
            low, high = _bounds(each)
            if values and all(isinstance(value, (int, float)) for value in values):
                low, high = min(values), max(values)
            texts = {key: "" if bound is None else text_of(bound) for key, bound in (("low", low), ("high", high))}
            found.append({"name": each.name, "kind": "range", **texts, "hint": range_text(each)})
    return found


def read_ranges(space: SearchSpace, fields: Iterable[Mapping[str, Any]]) -> SearchSpace:
    """Gives the parameters whose ranges the fields change.

    Raises:
        InvalidInput: When nothing changes, and for ranges that are not sound, all problems at once.
    """
    mine = {each.name: each for each in searched(space)}
    problems: list[str] = []
    changed: list[Parameter] = []
    for field in fields:
        own = mine.get(str(field.get("name")))
        if own is None:
            problems.append(f"{shown(field.get('name'))} is not a parameter of the search space.")
            continue
        try:
            other = _changed(own, field)
            other.check()
        except InvalidInput as error:
            problems += error.problems
            continue
        if other != own:
            changed.append(other)
    if problems:
        raise InvalidInput(problems, subject="search space")
    if not changed:
        raise InvalidInput("nothing was changed; give another bound or choice.", subject="search space")
    return SearchSpace(changed)


def _changed(own: Parameter, field: Mapping[str, Any]) -> Parameter:
    match own:
        case DiscreteParameterRange():
            return _choices(own, field)
        case ParameterSet():
            return own
    low, high = (_number(own.name, what, field.get(what, "")) for what in ("low", "high"))
    if (low, high) == _bounds(own):
        return own
    if not isinstance(own, NormalParameterRange) and (low is None or high is None):
        raise InvalidInput(f"{shown(own.name)} needs a lowest and a highest value.")
    match own:
        case LogUniformParameterRange():
            return _keep(own, loguniform(low or 0.0, high or 0.0, own.base, own.step_size).named(own.name))
        case UniformIntegerParameterRange():
            return _keep(own, integer(low, high, own.step_size).named(own.name))
    return type(own).from_dict({**own.to_dict(), "min_value": low, "max_value": high})


def _keep(own: Any, other: Parameter) -> Parameter:
    """Leaves out what was left out: the end of a range that does not belong to it."""
    return other if own.include_max else type(own).from_dict({**other.to_dict(), "include_max": False})


def _choices(own: DiscreteParameterRange, field: Mapping[str, Any]) -> Parameter:
    chosen = [own.values[i] for i in field.get("chosen", ()) if isinstance(i, int) and 0 <= i < len(own.values)]
    more = [read_value(text.strip()) for text in str(field.get("more", "")).split(",") if text.strip()]
    return DiscreteParameterRange(own.name, [*chosen, *(value for value in more if value not in chosen)])


def _bounds(parameter: Any) -> tuple[Any, Any]:
    if isinstance(parameter, LogUniformParameterRange):
        return _real_ends(parameter)
    return parameter.min_value, parameter.max_value


def _real_ends(parameter: LogUniformParameterRange) -> tuple[float, float]:
    return float(parameter.base**parameter.min_value), float(parameter.base**parameter.max_value)


def _number(name: str, what: str, text: Any) -> Any:
    if not str(text).strip():
        return None
    value = read_value(str(text))
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InvalidInput(f"{shown(name)}: {what} is {shown(text)}; give a number.")
    return value
