"""The best parameter sets of a study that runs each several times, by the mean of their runs so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean

from hpo_widgets.model.objective import Objective, rank
from hpo_widgets.model.result import Result, counts
from hpo_widgets.model.space import parameters_key
from hpo_widgets.model.task import TaskRecord
from hpo_widgets.widgets.best_tasks import SHOWN, Entry


@dataclass
class _Set:
    """Is a set of which a run has a result that counts."""

    task: TaskRecord
    """Its first run."""
    runs: dict[int, Result] = field(default_factory=dict)
    """By the store's number of the task."""

    def entry(self) -> Entry:
        columns = zip(*(each.values for each in self.runs.values()), strict=True)
        mean = tuple(fmean(float(v) for v in column if v is not None) for column in columns)
        return self.task, replace(next(iter(self.runs.values())), values=mean)


class BestSets:
    """Keeps the sets, best first, each as its first run with the set's mean; a set with a broken constraint is out."""

    def __init__(self, objectives: Sequence[Objective]) -> None:
        self._objectives = objectives
        self._sets: dict[str, _Set] = {}

    def put(self, task: TaskRecord, result: Result | None) -> None:
        """Takes in a task; only the first call with a final state that counts has an effect.

        One that was stopped with its study counts until that goes on.
        """
        if task.interrupted and (own := self._sets.get(parameters_key(task.parameters))) is not None:
            own.runs.pop(task.key, None)
        if result is not None and counts(task, result.values):
            self._sets.setdefault(parameters_key(task.parameters), _Set(task)).runs.setdefault(task.key, result)

    def top(self) -> list[Entry]:
        """Gives up to `SHOWN` sets, best first."""
        begun = (each for each in self._sets.values() if each.runs)
        able = [each.entry() for each in begun if all(run.feasible for run in each.runs.values())]
        order = rank(self._objectives, ((i, result.values) for i, (_, result) in enumerate(able)))
        return [able[i] for i in order[:SHOWN]]
