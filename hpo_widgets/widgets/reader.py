"""Follows one study in its store and keeps its picture up to date; reads what is new, never the whole study again."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from hpo_widgets.model.delta import Cursor, Delta
from hpo_widgets.model.result import Result, metrics_of, read_result
from hpo_widgets.model.scalar import Metric, MetricSummary
from hpo_widgets.model.study import StudyRecord
from hpo_widgets.model.task import TaskRecord, TaskState
from hpo_widgets.study import Study
from hpo_widgets.widgets.picture import StudyPicture

MANY = 100
"""Changed tasks above which one query for the whole study is cheaper than one for each."""


class StudyReader:
    """Is one reader's place in the history of a study. Not safe for two threads at once."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.record: StudyRecord = study.record
        config = study.config
        self.objectives, self.repeats = config.objectives, config.repeats
        self.picture = StudyPicture(self.objectives, self.repeats)
        self._cursor = Cursor()
        self._running: dict[str, TaskRecord] = {}

    def read(self) -> bool:
        """Takes in what is new; tells whether there was anything."""
        delta = self.study.store.delta(self._cursor, self.study.id, metrics=self._metrics())
        reported = delta.cursor.scalar != self._cursor.scalar
        if delta.studies:
            self.record = delta.studies[-1]
        tasks = {task.id: task for task in delta.tasks}
        if reported:
            # Scalars are not read: the summaries of what runs tell the same at a cost that does not grow with reports.
            moved = {point.task for point in delta.scalars}
            tasks = {**{id: t for id, t in self._running.items() if id in moved or not moved}, **tasks}
        for task in tasks.values():
            if task.state is TaskState.RUNNING:
                self._running[task.id] = task
            else:
                self._running.pop(task.id, None)
        summaries = self._summaries(tasks)
        for task in tasks.values():
            found = summaries.get(task.id)
            self._put(task, read_result(self.objectives, found) if found else None)
        self._took(delta)
        # Last: when a query above failed, the next call starts from the same place.
        self._cursor = delta.cursor
        return bool(delta) or bool(tasks)

    def _metrics(self) -> Collection[Metric] | None:
        """Says whose scalars to read, see `Store.delta`: none."""
        return ()

    def _put(self, task: TaskRecord, result: Result | None) -> None:
        """Takes in where a task stands now."""
        self.picture.put(task, result)

    def _took(self, delta: Delta) -> None:
        """Takes in what else is new."""
        for request in delta.requests:
            self.picture.pace.take(request)

    def _summaries(self, tasks: Iterable[str]) -> dict[str, list[MetricSummary]]:
        store, wanted = self.study.store, list(tasks)
        if len(wanted) <= MANY:
            return {task: found for task in wanted if (found := store.task_summaries(task))}
        by_task: defaultdict[str, list[MetricSummary]] = defaultdict(list)
        for summary in store.summaries(self.study.id, metrics_of(self.objectives)):
            by_task[summary.task].append(summary)
        return by_task

    def head(self) -> dict[str, Any]:
        """Gives what a panel shows now except the chart; looks whether the process that drives the study lives."""
        # What was read says the state too: an end that came since would stand beside tasks that have not ended yet.
        state = self.study.state_of(self.record)
        return self.picture.head(self.record, state, self.study.notice, time.time())
