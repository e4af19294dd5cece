"""The podium: which finished tasks a study keeps in sight, when it keeps only the best."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from hpo_widgets.model.objective import Objective, Values, rank
from hpo_widgets.model.result import read_result
from hpo_widgets.model.scalar import MetricSummary
from hpo_widgets.model.task import TaskRecord, TaskState


@dataclass
class Podium:
    """Keeps the best `keep` finished tasks and names those that fall off. Costs grow with `keep`, not with tasks."""

    objectives: Sequence[Objective]
    keep: int | None
    _best: list[tuple[str, bool, Values]] = field(default_factory=list)

    def add(self, task: str, state: TaskState, values: Values) -> list[str]:
        """Takes in a finished task; gives the ids of tasks to archive because of it, itself perhaps among them.

        Failed and lost tasks stay in sight: they want attention. Pruned ones rank after all others.
        """
        if self.keep is None or state in (TaskState.FAILED, TaskState.LOST):
            return []
        self._best.append((task, state is TaskState.PRUNED, values))
        if len(self._best) <= self.keep:
            return []
        ordered = self._ordered()
        self._best = ordered[: self.keep]
        return [task for task, _, _ in ordered[self.keep :]]

    def fill(self, tasks: Iterable[TaskRecord], summaries: Iterable[MetricSummary]) -> set[str]:
        """Takes in finished tasks with what they have reported; gives the ids of those that do not stay in sight."""
        by_task: dict[str, list[MetricSummary]] = {}
        for summary in summaries:
            by_task.setdefault(summary.task, []).append(summary)
        hidden: set[str] = set()
        for each in tasks:
            hidden.update(self.add(each.id, each.state, read_result(self.objectives, by_task.get(each.id, ())).values))
        return hidden

    def _ordered(self) -> list[tuple[str, bool, Values]]:
        found: list[tuple[str, bool, Values]] = []
        for pruned in (False, True):
            group = [entry for entry in self._best if entry[1] is pruned]
            found += [group[i] for i in rank(self.objectives, ((i, entry[2]) for i, entry in enumerate(group)))]
        return found
