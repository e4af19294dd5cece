"""Other ranges for a space that is being searched: its names stay, and new ones have a value in the history too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameter_base import Parameter
from hpo_widgets.model.parameter_choices import ParameterSet
from hpo_widgets.model.parameter_conditional import ConditionalParameter, When
from hpo_widgets.model.parameter_values import plain, shown
from hpo_widgets.model.space import SearchSpace


def changed_space(
    space: SearchSpace, parameters: Iterable[Parameter], defaults: Mapping[str, Any] | None = None
) -> SearchSpace:
    """Gives the space with some of its parameters replaced by those of the same name; the others stay as they are.

    Args:
        space: What is searched now.
        parameters: Others of the same names, and new ones.
        defaults: For each new name the value that all trials before had.

    Raises:
        InvalidInput: For a parameter that the space does not have (with the closest names) and that no default makes a
            new one, one given twice, a set with other names inside, or a default that is no value of its parameter.
    """
    changes, had = list(parameters), dict(defaults or {})
    problems = []
    found: list[Parameter] = list(space)
    known = {*space.names, *(one.name for one in space)}
    for each in changes:
        if each.name in known:
            found = [_replaced(one, each) for one in found]
        elif each.name in had:
            problems += _default_problems(each, had[each.name])
            found.append(each)
        else:
            problems.append(_unknown(each, space))
    if len({each.name for each in changes}) < len(changes):
        problems.append("a parameter is given twice; keep one of them.")
    new = {each.name for each in changes} - known
    problems += [
        f"defaults has {shown(name)}, which is no new parameter of the space; leave it out."
        for name in had
        if name not in new
    ]
    if not problems:
        changed = SearchSpace(found, space.constraints)
        if set(changed.names) == {*space.names, *new}:
            return changed
        what = ", ".join(shown(each.name) for each in changes)
        problems.append(f"with {what} the space holds other names than before; a study keeps its names.")
    raise InvalidInput(problems, subject="search space")


def _unknown(parameter: Parameter, space: SearchSpace) -> str:
    name = parameter.name
    close = get_close_matches(str(name), space.names, n=3)
    hint = f"did you mean {' or '.join(map(shown, close))}?" if close else f"it has {', '.join(space.names)}."
    return (
        f"the study does not search {shown(name)}; {hint} To search it as well, say which value all trials before had: "
        f"defaults={{{name!r}: ...}}."
    )


def _default_problems(parameter: Parameter, value: Any) -> list[str]:
    if isinstance(parameter, ParameterSet):
        return [f"{shown(parameter.name)} decides over others; a parameter that is added has to stand alone."]
    if not parameter.contains(plain(value)):
        return [
            f"the default {shown(value)} is no value of the range of {shown(parameter.name)}, so no trial before would "
            "count; widen the range to hold it, or begin a new study with warm_start= this one."
        ]
    return []


def _replaced(own: Parameter, other: Parameter) -> Parameter:
    """Gives a parameter with the one of the same name replaced: itself, or one that is there under its conditions.

    Conditions stay when the deciding parameter gets other values; those on values that it no longer has do nothing.
    """
    if isinstance(own, ConditionalParameter):
        if own.name == other.name:
            return other if isinstance(other, ParameterSet) else ConditionalParameter(other, own.cases)
        cases = (When(case.values, tuple(_replaced(each, other) for each in case.parameters)) for case in own.cases)
        return ConditionalParameter(own.parameter, cases)
    return other if own.name == other.name else own
