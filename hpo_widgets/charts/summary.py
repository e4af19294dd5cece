"""The summary table of a study, a row a task, kept up to date at the cost of what changes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from hpo_widgets.charts.tasks_table import columns
from hpo_widgets.model.objective import Objective
from hpo_widgets.model.result import Result, counts
from hpo_widgets.model.task import TaskRecord

LONGEST = 300
"""Characters of a value that travel; a 500-way choice of long texts must not fill the page."""

Row = list[Any]
"""`[key, trial, id, state, reason, counts, objectives, iteration, started, ended, archived, parameters]`"""


class Summary:
    """Keeps the rows of a study; `take` gives those that changed. Not safe for two threads at once."""

    def __init__(self, objectives: Sequence[Objective], parameters: Sequence[str]) -> None:
        self._objectives = objectives
        self._names = list(parameters)
        self._rows: dict[int, Row] = {}
        self._changed: set[int] = set()

    def head(self) -> dict[str, Any]:
        """Gives what the columns are: names as in `study.tasks()`, and which way is better."""
        values, parameters = columns(self._objectives, self._names)
        return {
            "objectives": [
                {"name": name, "minimize": each.sign.minimize}
                for name, each in zip(values, self._objectives, strict=True)
            ],
            "parameters": parameters,
        }

    def put(self, task: TaskRecord, result: Result | None) -> None:
        """Takes in where a task stands now."""
        row = self._row(task, result)
        if self._rows.get(task.key) != row:
            self._rows[task.key] = row
            self._changed.add(task.key)

    def take(self) -> list[Row]:
        """Gives the rows that changed since the last call, in the order the tasks were created."""
        found = [self._rows[key] for key in sorted(self._changed)]
        self._changed.clear()
        return found

    def whole(self) -> list[Row]:
        """Gives all rows."""
        return list(self._rows.values())

    def _row(self, task: TaskRecord, result: Result | None) -> Row:
        values = result.values if result is not None else (None,) * len(self._objectives)
        return [
            task.key,
            task.trial,
            task.id,
            task.state.value,
            task.reason,
            counts(task, values),
            [cell(each) for each in values],
            result.iteration if result is not None else None,
            task.started,
            task.ended,
            task.archived,
            [cell(task.parameters[name], given=True) if name in task.parameters else None for name in self._names],
        ]


def cell(value: Any, *, given: bool = False) -> Any:
    """Gives a value as JSON: numbers, truth values and texts as they are, everything else as its text.

    Args:
        value: Anything.
        given: Whether `None` is a value here, and not a missing one.
    """
    if value is None:
        return "None" if given else None
    if isinstance(value, bool) or (isinstance(value, int) and abs(value) < 2**53):
        return value
    if isinstance(value, float):
        # JSON has neither NaN nor infinities, and the browser must not take one for a missing value.
        return value if math.isfinite(value) else {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    text = str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
