"""Other ranges for a space that is being searched: the names stay, so the history stays comparable."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameter_base import Parameter
from hpo_widgets.model.parameter_values import shown
from hpo_widgets.model.space import SearchSpace


def changed_space(space: SearchSpace, parameters: Iterable[Parameter]) -> SearchSpace:
    """Gives the space with some of its parameters replaced by those of the same name; the others stay as they are.

    Raises:
        InvalidInput: For a parameter that the space does not have (with the closest names), one given twice, or a set
            with other names inside.
    """
    changes = list(parameters)
    mine = {each.name: each for each in space}
    problems = []
    for each in changes:
        own = mine.get(each.name)
        if own is None:
            close = get_close_matches(str(each.name), list(mine), n=3)
            hint = f"did you mean {' or '.join(map(shown, close))}?" if close else f"it has {', '.join(mine)}."
            problems.append(f"the study does not search {shown(each.name)}, and takes no new names; {hint}")
        elif set(own.names(own.name)) != set(each.names(each.name)):
            problems.append(f"{shown(each.name)} holds other names than before; a study keeps its names.")
    if len({each.name for each in changes}) < len(changes):
        problems.append("a parameter is given twice; keep one of them.")
    if problems:
        raise InvalidInput(problems, subject="search space")
    new = {each.name: each for each in changes}
    return SearchSpace(new.get(each.name, each) for each in space)
