"""A delta: what changed in a store since a cursor. Reading one costs what is new, never what there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from hpo_widgets.model.scalar import Scalar
from hpo_widgets.model.study import Request, StudyRecord
from hpo_widgets.model.task import TaskRecord


class Cursor(NamedTuple):
    """Is a point in the history of a store; opaque to readers."""

    revision: int = 0
    """Counts changes of studies, tasks and requests."""
    scalar: int = 0
    """Number of the last scalar seen."""


@dataclass(frozen=True, kw_only=True)
class Delta:
    """Holds what changed after a cursor, each record as it is now; and the cursor to ask with next time."""

    cursor: Cursor
    studies: tuple[StudyRecord, ...] = ()
    tasks: tuple[TaskRecord, ...] = ()
    requests: tuple[Request, ...] = ()
    scalars: tuple[Scalar, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.studies or self.tasks or self.requests or self.scalars)
