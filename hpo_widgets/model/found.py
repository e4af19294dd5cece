"""A result that was found elsewhere: what a new search may begin with."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameter_values import decode, encode
from hpo_widgets.model.space import SearchSpace

LISTED = 5
"""Results that a message lists."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """Is a parameter set and the value of each objective that it reached."""

    parameters: Mapping[str, Any]
    values: tuple[float, ...]

    def to_json(self) -> dict[str, Any]:
        """Gives the stored form."""
        return {"parameters": encode(dict(self.parameters)), "values": list(self.values)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Found:
        """Reads the stored form."""
        return cls(parameters=decode(data["parameters"]), values=tuple(data["values"]))


def sorted_out(space: SearchSpace, found: Iterable[Found], objectives: int) -> tuple[list[Found], list[str]]:
    """Gives the results that are members of a space, and a sentence for each of the others."""
    usable: list[Found] = []
    others: list[str] = []
    for number, each in enumerate(found):
        if len(each.values) != objectives or not all(map(math.isfinite, each.values)):
            others.append(f"result {number} has no value for each objective.")
            continue
        try:
            located = space.locate(each.parameters)
        except InvalidInput as error:
            others.append(f"result {number}: {' '.join(error.problems)}")
            continue
        usable.append(Found(parameters=space.draw(lambda key, _: located[key]), values=each.values))  # noqa: B023
    return usable, others


def left_out(others: Sequence[str], used: int) -> str:
    """Says which results a search does not begin with, and why."""
    more = f"\n  ... and {len(others) - LISTED} more" if len(others) > LISTED else ""
    listed = "\n  ".join(others[:LISTED])
    left = "1 earlier result is" if len(others) == 1 else f"{len(others)} earlier results are"
    return f"{left} not learned from ({used} {'is' if used == 1 else 'are'}):\n  {listed}{more}"
