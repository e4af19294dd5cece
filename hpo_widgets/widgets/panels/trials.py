"""The trials as every panel of a page shares them: one row a task."""

from __future__ import annotations

import math
from typing import Any

from hpo_widgets.model.stint import Stint
from hpo_widgets.model.task import TaskRecord
from hpo_widgets.widgets import words
from hpo_widgets.widgets.feed import Row, StudyFeed
from hpo_widgets.widgets.panels.base import Message, Panel

LONGEST_NAME = 300


class Trials(Panel):
    """Tells the rows of new and changed tasks; no view of its own: scripts find them in `ctx.trials`."""

    name = "trials"
    title = "Trials"
    place = "none"

    def __init__(self, feed: StudyFeed) -> None:
        super().__init__(feed)
        self._seen = 0
        self._names = list(feed.study.config.space.names)
        self._added = feed.record.config.get("added")
        self._told: dict[int, TaskRecord] = {}

    def news(self) -> Message | None:
        """Gives the rows of tasks that changed, and of those of which only the values moved, no more than these."""
        more = self._new_names()
        changed = self.feed.changed(self._seen)
        self._seen = self.feed.version
        rows, moved = [], []
        for row in changed:
            if self._told.get(row.task.key) == row.task:
                moved.append([row.task.key, row.at, *self._reached(row)])
            else:
                rows.append(self._row(row))
            if row.task.state.is_final:
                self._told.pop(row.task.key, None)
            else:
                self._told[row.task.key] = row.task
        return Message(content={"rows": rows, "moved": moved, **more}) if changed or more else None

    def _new_names(self) -> dict[str, Any]:
        """Gives the names of the columns when some were added on the way, behind the others."""
        added = self.feed.record.config.get("added")
        if added == self._added:
            return {}
        self._added, self._names = added, list(self.feed.study.config.space.names)
        return {"parameters": self._shown_names()}

    def _shown_names(self) -> list[str]:
        return [words.cut(name, LONGEST_NAME) for name in self._names]

    def whole(self) -> Message:
        """Gives all rows, and the names of their columns."""
        objectives = [{"name": words.cut(o.name), "minimize": o.sign.minimize} for o in self.feed.objectives]
        rows = [self._row(row) for row in self.feed.changed(0) if row.version <= self._seen]
        content = {"objectives": objectives, "parameters": self._shown_names(), "rows": rows}
        return Message(content={**content, "repeats": self.feed.repeats})

    def _row(self, row: Row) -> list[Any]:
        """Gives the fields that `dashboard_trials.js` names, in that order."""
        task, stint = row.task, Stint.of(row.task.memo)
        given = task.parameters
        return [
            task.key,
            task.trial,
            task.attempt,
            task.id,
            words.cut(task.name),
            task.state.value,
            words.cut(task.reason or ""),
            task.created,
            task.started,
            task.ended,
            row.at,
            *self._reached(row),
            [plain(given[name]) if name in given else None for name in self._names],
            task.archived,
            None if stint is None else [stint.rung + 1, stint.budget, stint.follows],
        ]

    def _reached(self, row: Row) -> list[Any]:
        """Gives iteration, values, and whether it is feasible (`None` when it has reported no constraint)."""
        if row.result is None:
            return [None, [None] * len(self.feed.objectives), None]
        values = [None if value is None else plain(value) for value in row.result.values]
        return [row.result.iteration, values, row.result.feasible if row.result.constraints else None]


def plain(value: Any) -> Any:
    """Gives a value as JSON: finite numbers as they are, all else as text (`nan`, `inf`, `True`)."""
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return value
    return words.cut(str(value))
