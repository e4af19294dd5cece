"""The handle of a task that an optimizer ran, with the method names of ClearML's `Task` that scripts ask of it."""

from __future__ import annotations

import json
from enum import Enum
from typing import Any

from hpo_widgets.model.scalar import SINGLE_VALUE_ITERATION
from hpo_widgets.model.task import TaskRecord, TaskState
from hpo_widgets.store.base import Store

STATUS = {
    TaskState.CREATED: "created",
    TaskState.QUEUED: "queued",
    TaskState.RUNNING: "in_progress",
    TaskState.COMPLETED: "completed",
    TaskState.PRUNED: "stopped",
    TaskState.ABORTED: "stopped",
    TaskState.FAILED: "failed",
    TaskState.LOST: "failed",
}
"""ClearML's word for each state (reference a8)."""


class OptimizerTask:
    """Is one task of a search; reads the store at each question. Safe from any thread."""

    def __init__(self, store: Store, id: str) -> None:
        self._store = store
        self.id = id
        self.task_id = id

    def __repr__(self) -> str:
        record = self._record
        return f"<task {self.id[:8]} {record.name!r}: {STATUS[record.state]}>"

    def __eq__(self, other: object) -> bool:
        return self.id == other.id if isinstance(other, OptimizerTask) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.id)

    @property
    def _record(self) -> TaskRecord:
        return self._store.task(self.id)

    @property
    def name(self) -> str:
        """Its name."""
        return self._record.name

    @property
    def status(self) -> str:
        """ClearML's word for its state; a pruned task is "stopped", a lost one "failed"."""
        return STATUS[self._record.state]

    @property
    def reason(self) -> str | None:
        """Why it did not complete: pruned, which limit, user, failed, lost."""
        return self._record.reason

    @property
    def archived(self) -> bool:
        """Whether it was ranked below what the search keeps in sight."""
        return self._record.archived

    def get_status(self) -> str:
        """Gives `status`."""
        return self.status

    def get_tags(self) -> list[str]:
        """Gives the tags that ClearML gives the children of an optimizer (reference a2)."""
        return ["optimization", f"opt: {self._record.study}"]

    def get_system_tags(self) -> list[str]:
        """Gives `["archived"]` for an archived task."""
        return ["archived"] if self.archived else []

    def get_parameters(self, backwards_compatibility: bool = True, cast: bool = False) -> dict[str, Any]:
        """Gives its parameters by name; as text, or with `cast` as the values they are."""
        parameters = self._record.parameters
        return dict(parameters) if cast else {name: as_text(value) for name, value in parameters.items()}

    def get_parameter(self, name: str, default: Any = None, cast: bool = False) -> Any:
        """Gives one parameter, `default` when the task has none of this name."""
        return self.get_parameters(cast=cast).get(name, default)

    def get_last_scalar_metrics(self) -> dict[str, dict[str, dict[str, float | None]]]:
        """Gives {title: {series: {"last", "min", "max"}}}; min and max are of finite values, `None` without any."""
        found: dict[str, dict[str, dict[str, float | None]]] = {}
        for each in self._store.task_summaries(self.id):
            values = {"last": each.last, "min": each.min, "max": each.max}
            found.setdefault(each.metric.title, {})[each.metric.series] = values
        return found

    def get_last_iteration(self) -> int:
        """Gives the largest iteration it has reported, 0 when it has reported none."""
        iterations = [each.last_iteration for each in self._store.task_summaries(self.id)]
        return max((each for each in iterations if each != SINGLE_VALUE_ITERATION), default=0)


def as_text(value: Any) -> str:
    """Gives the text that ClearML keeps of a parameter's value (reference a8)."""
    if value is None:
        return ""
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, (list, tuple, dict)):
        return json.dumps(value)
    return str(value)
