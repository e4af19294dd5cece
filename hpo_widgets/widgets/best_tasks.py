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
Costed = tuple[Costs, Entry]


class BestTasks:
    """Keeps the best tasks whose results count, best first; with several objectives, those nobody dominates."""

    def __init__(self, objectives: Sequence[Objective]) -> None:
        self._objectives = objectives
        self._single: list[tuple[float, int, Entry]] = []
        self._front: list[Costed] = []
        self._seen: set[int] = set()
        self._stopped: dict[int, Entry] = {}
        """Those that ended only because the study was stopped: they count until it goes on."""

    def put(self, task: TaskRecord, result: Result | None) -> None:
        """Takes in a task; only the first call with a final state that may win has an effect.

        One that was stopped with its study counts until that goes on.
        """
        if task.interrupted:
            self._stopped.pop(task.key, None)
            if result is not None and wins(task, result):
                self._stopped[task.key] = task, result
            return
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
        stopped = [(costs(self._objectives, entry[1].values), entry) for entry in self._stopped.values()]
        if len(self._objectives) == 1:
            keyed = ((own[0], entry[0].key, entry) for own, entry in stopped)
            return [entry for _, _, entry in sorted([*self._single, *keyed], key=lambda each: each[:2])[:SHOWN]]
        entries = [*_not_beaten(self._front, stopped), *_not_beaten(stopped, [*self._front, *stopped])]
        order = rank(self._objectives, ((i, result.values) for i, (_, result) in enumerate(entries)))
        return [entries[i] for i in order[:SHOWN]]


def _not_beaten(these: Sequence[Costed], others: Sequence[Costed]) -> list[Entry]:
    return [entry for own, entry in these if not any(dominates(other, own) for other, _ in others)]
