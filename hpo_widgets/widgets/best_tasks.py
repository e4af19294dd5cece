"""The best tasks of a study, kept up to date at a cost that does not grow with the number of tasks."""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence

from hpo_widgets.model.front import Costs, dominates
from hpo_widgets.model.objective import Objective, costs, rank
from hpo_widgets.model.result import Result, wins
from hpo_widgets.model.task import TaskRecord

SHOWN = 5
FRONT = 200
"""Tasks of a Pareto front, the newest, among which the shown ones are chosen: ranking costs their square."""

Entry = tuple[TaskRecord, Result]


class BestTasks:
    """Keeps the best tasks whose results count, best first; with several objectives, those nobody dominates."""

    def __init__(self, objectives: Sequence[Objective]) -> None:
        self._objectives = objectives
        self._single: list[tuple[float, int, Entry]] = []
        self._front: list[tuple[Costs, Entry]] = []
        self._seen: set[int] = set()

    def put(self, task: TaskRecord, result: Result | None) -> None:
        """Takes in a task; only the first call with a final state that may win has an effect."""
        if result is None or task.key in self._seen or not wins(task, result):
            return
        self._seen.add(task.key)
        own = costs(self._objectives, result.values)
        if len(self._objectives) == 1:
            insort(self._single, (own[0], task.key, (task, result)), key=lambda entry: entry[:2])
            del self._single[SHOWN:]
        elif not any(dominates(other, own) for other, _ in self._front):
            self._front = [(c, entry) for c, entry in self._front if not dominates(own, c)]
            self._front = [*self._front, (own, (task, result))][-FRONT:]

    def top(self) -> list[Entry]:
        """Gives up to `SHOWN` tasks, best first."""
        if len(self._objectives) == 1:
            return [entry for _, _, entry in self._single]
        entries = [entry for _, entry in self._front]
        order = rank(self._objectives, ((i, result.values) for i, (_, result) in enumerate(entries)))
        return [entries[i] for i in order[:SHOWN]]
