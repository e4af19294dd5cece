"""What a search space begins with: the parameters of a base task, and the ranges that are proposed for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.base_task import BaseParameter
from hpo_widgets.model.parameter_base import Parameter
from hpo_widgets.sdk.base_code import read_base
from hpo_widgets.sdk.ranges import propose_ranges
from hpo_widgets.sdk.signature import propose_signature, signature_parameters
from hpo_widgets.sdk.task_parameters import TaskParameters

NOTEBOOK = "notebook"


def propose_base(base: Any) -> tuple[Sequence[BaseParameter], dict[str, Parameter]]:
    """Gives the parameters of a base task in its own order, and the range of each that has one. Trains nothing.

    Args:
        base: A function, the path of a script or notebook, what `%%objective` made, a base task, or a `Task`.

    Raises:
        InvalidInput: When it is none of these, cannot be read, or a range in its comments cannot.
    """
    if isinstance(base, TaskParameters):
        parameters = [BaseParameter(name=name, default=value) for name, value in base.get_parameters().items()]
        return parameters, propose_ranges(parameters, {})
    code = read_base(base)
    declared = code.parameters
    if declared is not None:
        # What a command line's help says is no comment of somebody who had a search in mind.
        is_commented = (
            code.notebook is not None or code.function is not None or (code.task and code.task.kind == NOTEBOOK)
        )
        return declared, propose_ranges(declared, {each.name: each.help for each in declared} if is_commented else {})
    if code.function is None:
        raise InvalidInput(f"the parameters of {code.name!r} are known only when it runs; add the rows by hand.")
    found = signature_parameters(code.function)
    ranges = {each.name: proposed for each in found if (proposed := propose_signature(each)) is not None}
    return found, ranges
