"""What earlier studies would teach a new search, told before it starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.found import Found, left_out, sorted_out
from hpo_widgets.model.objective import Objective
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.sdk.searchable import Surroundings
from hpo_widgets.sdk.warm_start import read_warm_start
from hpo_widgets.store.base import Store


def learn(
    given: Any, space: SearchSpace, objectives: Sequence[Objective], open_store: Callable[[], Store]
) -> tuple[list[Found], str]:
    """Gives the results that a search learns from, and says how many they are, which are not among them, and why.

    Args:
        given: As in `read_warm_start`.
        space: Of the search, whole and under its constraints.
        objectives: Of the search.
        open_store: Gives the store in which names are looked up.

    Raises:
        InvalidInput: When what was given is not there, cannot be read, or is of another objective.
    """
    return told(space, read_warm_start(given, space, objectives, open_store), len(objectives))


def told(space: SearchSpace, found: Sequence[Found], objectives: int) -> tuple[list[Found], str]:
    """Gives the results that are members of a space, and a sentence on these and on the others."""
    learned, others = sorted_out(space, found, objectives)
    count = f"{len(learned)} earlier result{'s are' if len(learned) != 1 else ' is'} learned from."
    return learned, left_out(others, len(learned)) if others else count


class Beginnings:
    """Tells what a search could begin with. Remembers what it has read and told last, until `forget`.

    Args:
        surroundings: Whose store has the studies.
    """

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self.forget()

    def forget(self) -> None:
        """Lets the next question read the store anew."""
        self._read: tuple[tuple[str, ...], tuple[Objective, ...], list[Found]] | None = None
        self._told: tuple[SearchSpace, str] | None = None

    def tell(self, names: tuple[str, ...], space: SearchSpace, objectives: Sequence[Objective]) -> str:
        """Says how many results of studies a search would learn from, and which not, and why.

        Raises:
            InvalidInput: When there is no such study, with the closest names, or one has another objective.
        """
        wanted = tuple(objectives)
        if self._read is None or self._read[:2] != (names, wanted):
            self._read, self._told = (names, wanted, self._found(names, space, wanted)), None
        if self._told is None or self._told[0] != space:
            self._told = space, told(space, self._read[2], len(wanted))[1]
        return self._told[1]

    def _found(self, names: tuple[str, ...], space: SearchSpace, objectives: Sequence[Objective]) -> list[Found]:
        store = self._surroundings.store
        if store is None:
            listed = ", ".join(map(repr, names))
            raise InvalidInput(f"there is no store yet, and so no study {listed}; leave it out.")
        return read_warm_start(names, space, objectives, lambda: store)
