"""A stint: the part of a training that one task does when a strategy gives more only to what has proved good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

STINT, HANDOVER = "stint", "handover"
"""Keys of a task's memo: what the strategy decided, and what the engine adds to it."""


@dataclass(frozen=True, kw_only=True)
class Stint:
    """Says how far a task may go, and which trial it goes on with. Kept in the memo of its task."""

    rung: int
    """Where it is on the ladder, from 0."""
    rungs: int
    """How many rungs there are; on the last one the training is whole."""
    budget: int
    """Iteration at which it is judged, and ended when others are better."""
    first: int
    """Rung at which its task began; lower than `rung` once it was promoted without a stop."""
    bracket: int = 0
    """Number of the bracket it competes in, from 0."""
    follows: int | None = None
    """Trial with the same parameters and a smaller budget that it goes on with; `None` for new parameters."""

    def to_json(self) -> dict[str, Any]:
        """Gives the stored form."""
        return asdict(self)

    @classmethod
    def of(cls, memo: Mapping[str, Any] | None) -> Stint | None:
        """Reads it from the memo of a task; `None` when the task has none."""
        found = (memo or {}).get(STINT)
        if not isinstance(found, Mapping):
            return None
        return cls(**{each.name: found[each.name] for each in fields(cls) if each.name in found})


@dataclass(frozen=True, kw_only=True)
class Handover:
    """Says what a task was given by the one that it goes on with."""

    checkpoint: str
    """Id of the task in whose checkpoint folder it works: the first one with its parameters."""
    before: int
    """Iteration that the other task had reached."""
    since: int | None = None
    """Iteration it went on from; 0 when it began at the start; `None` while it has not reported."""

    def to_json(self) -> dict[str, Any]:
        """Gives the stored form."""
        return asdict(self)

    @classmethod
    def of(cls, memo: Mapping[str, Any] | None) -> Handover | None:
        """Reads it from the memo of a task; `None` when the task goes on with no other."""
        found = (memo or {}).get(HANDOVER)
        return cls(**found) if isinstance(found, Mapping) else None

    def went_on_from(self, first: int) -> int:
        """Tells from its first reported iteration where a task began: after that of a checkpoint, or (0) at the start.

        A task that reports for the first time beyond half of what was reached before has not begun anew.
        """
        return first - 1 if first > max(1, self.before / 2) else 0


def own_iterations(iteration: int | None, memo: Mapping[str, Any] | None) -> int:
    """Gives the iterations that a task has done itself: those before its checkpoint are another task's."""
    handover = Handover.of(memo)
    return max(0, (iteration or 0) - ((handover.since or 0) if handover is not None else 0))
