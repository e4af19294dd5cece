"""What a form begins with: every parameter of a base task, with the range that is proposed for it or its default."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.base_task import BaseParameter
from hpo_widgets.model.parameter_base import Parameter
from hpo_widgets.model.parameter_choices import DiscreteParameterRange
from hpo_widgets.model.parameter_values import plain, value_problem
from hpo_widgets.sdk.base_code import read_base
from hpo_widgets.sdk.ranges import propose_ranges
from hpo_widgets.sdk.task_parameters import TaskParameters

TASK = "task"
"""The argument by which a function gets its task."""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """Is one parameter of a base task."""

    name: str
    range: Parameter | None
    """What to search, or the default as the only value; `None` when there is neither."""
    searched: bool
    """Whether the range is more than the default."""


def propose(base: Any) -> list[Proposal]:
    """Gives the parameters of a base task in its own order.

    Args:
        base: A function, the path of a script or notebook, what `%%objective` made, a base task, or a `Task`.

    Raises:
        InvalidInput: When it is none of these, cannot be read, or a range in its comments cannot.
    """
    if isinstance(base, TaskParameters):
        return _proposals([BaseParameter(name=n, default=v) for n, v in base.get_parameters().items()], {})
    code = read_base(base)
    declared = code.parameters
    if declared is None and code.function is not None:
        declared = signature_parameters(code.function)
    if declared is None:
        raise InvalidInput(f"the parameters of {code.name!r} are known only when it runs; add the rows by hand.")
    return _proposals(declared, {each.name: each.help for each in declared})


def signature_parameters(function: Callable[..., Any]) -> list[BaseParameter]:
    """Gives what a function takes by name, without the argument `task`; nothing of it is run.

    Raises:
        InvalidInput: When its signature is not known.
    """
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        raise InvalidInput(f"the arguments of {function!r:.100} are not known; add the rows by hand.") from None
    by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [_argument(each) for each in found if each.kind in by_name and each.name != TASK]


def _argument(each: inspect.Parameter) -> BaseParameter:
    required = each.default is inspect.Parameter.empty
    default = None if required else plain(each.default)
    kind = each.annotation.__name__ if isinstance(each.annotation, type) else None
    choices = _literals(each.annotation)
    return BaseParameter(name=each.name, default=default, required=required, type=kind, choices=choices)


def _literals(annotation: Any) -> tuple[Any, ...] | None:
    from typing import Literal, get_args, get_origin

    return get_args(annotation) if get_origin(annotation) is Literal else None


def _proposals(parameters: Sequence[BaseParameter], comments: Mapping[str, str]) -> list[Proposal]:
    ranges = propose_ranges(parameters, comments)
    return [_proposal(each, ranges.get(each.name)) for each in parameters]


def _proposal(parameter: BaseParameter, found: Parameter | None) -> Proposal:
    if found is not None:
        return Proposal(name=parameter.name, range=found, searched=True)
    if parameter.required or value_problem(parameter.default):
        return Proposal(name=parameter.name, range=None, searched=False)
    only = DiscreteParameterRange(parameter.name, [parameter.default])
    return Proposal(name=parameter.name, range=only, searched=False)
