"""Who is told of what an engine does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hpo_widgets.model.limits import Limits
from hpo_widgets.model.result import Result
from hpo_widgets.model.task import TaskRecord


@dataclass(frozen=True, kw_only=True)
class Conclusion:
    """Tells listeners that a task has ended."""

    task: TaskRecord
    result: Result


@dataclass(frozen=True, kw_only=True)
class Listeners:
    """Are told of what the engine does, in its thread: they must be quick and must not raise."""

    on_end: Callable[[Conclusion], None] = lambda _: None
    """Every task that has ended."""
    on_limits: Callable[[Limits], None] = lambda _: None
    """Limits that come into force."""
    tend: Callable[[], object] | None = None
    """Called every two seconds, for a study whose tasks run elsewhere."""
