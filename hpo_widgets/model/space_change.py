"""Other ranges for a space that is being searched: the names stay, so the history stays comparable."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameter_base import Parameter
from hpo_widgets.model.parameter_choices import ParameterSet
from hpo_widgets.model.parameter_conditional import ConditionalParameter, When
from hpo_widgets.model.parameter_values import shown
from hpo_widgets.model.space import SearchSpace


def changed_space(space: SearchSpace, parameters: Iterable[Parameter]) -> SearchSpace:
    """Gives the space with some of its parameters replaced by those of the same name; the others stay as they are.

    Raises:
        InvalidInput: For a parameter that the space does not have (with the closest names), one given twice, or a set
            with other names inside.
    """
    changes = list(parameters)
    problems = []
    found: Iterable[Parameter] = space
    for each in changes:
        if each.name not in {one.name for one in space} and each.name not in space.names:
            close = get_close_matches(str(each.name), space.names, n=3)
            listed = ", ".join(space.names)
            hint = f"did you mean {' or '.join(map(shown, close))}?" if close else f"it has {listed}."
            problems.append(f"the study does not search {shown(each.name)}, and takes no new names; {hint}")
            continue
        found = [_replaced(one, each) for one in found]
    if len({each.name for each in changes}) < len(changes):
        problems.append("a parameter is given twice; keep one of them.")
    if not problems:
        changed = SearchSpace(found, space.constraints)
        if set(changed.names) == set(space.names):
            return changed
        what = ", ".join(shown(each.name) for each in changes)
        problems.append(f"with {what} the space holds other names than before; a study keeps its names.")
    raise InvalidInput(problems, subject="search space")


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
