"""Members drawn by chance that keep the constraints, with a bounded number of tries."""

from __future__ import annotations

import random
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameter_values import shown
from hpo_widgets.model.space import SearchSpace

MOST_DRAWS = 10_000
"""Draws that may break a constraint before the space counts as empty."""
MOST_POINTS = 100_000
"""Grid points of a finite space that are looked at then."""


def draw_allowed(space: SearchSpace, source: random.Random) -> dict[str, Any]:
    """Draws a member by the parameters' own distributions, again and again until it keeps the constraints.

    Raises:
        InvalidInput: When none does.
    """
    for _ in range(MOST_DRAWS):
        member = space.draw(lambda _key, latent: latent.draw(source))
        if space.allows(member):
            return member
    if space.grid_size <= MOST_POINTS:
        allowed = next(filter(space.allows, space.grid()), None)
        if allowed is not None:
            return allowed
    raise looks_empty(space, MOST_DRAWS)


def looks_empty(space: SearchSpace, tried: int) -> InvalidInput:
    """Makes the error for a space whose constraints leave nothing, or nearly nothing."""
    listed = " and ".join(shown(each.text) for each in space.constraints)
    return InvalidInput(
        f"of {tried:,} parameter sets none keeps {listed}: the search space looks empty; loosen a constraint or widen "
        "a range.",
        subject="constraints",
    )


def check_not_empty(space: SearchSpace) -> None:
    """Does nothing for a space whose constraints leave something to propose.

    Raises:
        InvalidInput: Otherwise, or when a constraint cannot be computed.
    """
    if space.constraints:
        draw_allowed(space, random.Random(0))
