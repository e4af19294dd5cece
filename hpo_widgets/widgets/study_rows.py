"""The rows that a base task proposes: a range where there is one, else its default, switched off."""

from __future__ import annotations

from typing import Any

from hpo_widgets.model.parameter_choices import DiscreteParameterRange
from hpo_widgets.model.parameter_values import plain, value_problem
from hpo_widgets.sdk.searchable import Proposal
from hpo_widgets.widgets.space_rows import write_row


def proposed_rows(proposal: Proposal) -> list[dict[str, Any]]:
    """Gives a row for each parameter, in the order of the code, then those of the space that the code does not name."""
    ranges = {each.name: each for each in proposal.space or ()}
    rows = []
    for parameter in proposal.parameters:
        found = ranges.pop(parameter.name, None)
        if found is not None:
            rows.append(write_row(found, on=True))
        elif parameter.required:
            rows.append({"on": True, "name": parameter.name, "kind": "uniform"})
        elif value_problem(plain(parameter.default)) is None:
            only = DiscreteParameterRange(parameter.name, [plain(parameter.default)])
            rows.append(write_row(only, on=False))
    return [*rows, *(write_row(each, on=True) for each in ranges.values())]
