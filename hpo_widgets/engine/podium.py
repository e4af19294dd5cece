"""The podium: which finished tasks a study keeps in sight, when it keeps only the best."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from hpo_widgets.model.objective import Objective, Values, rank, ranked_fronts
from hpo_widgets.model.result import ranking, read_result
from hpo_widgets.model.scalar import MetricSummary
from hpo_widgets.model.task import TaskRecord, TaskState


@dataclass
class Podium:
    """Keeps the best `keep` finished tasks and names those that fall off. Costs grow with what is kept, not with tasks.

    Several objectives: Pareto fronts are kept whole, as many as it takes to hold `keep` tasks, so what nothing
    dominates always stays in sight. What once fell off does not come back.
    """

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
        ordered, room = self._ordered()
        self._best = ordered[:room]
        return [task for task, _, _ in ordered[room:]]

    def fill(self, tasks: Iterable[TaskRecord], summaries: Iterable[MetricSummary]) -> set[str]:
        """Takes in finished tasks with what they have reported; gives the ids of those that do not stay in sight."""
        by_task: dict[str, list[MetricSummary]] = {}
        for summary in summaries:
            by_task.setdefault(summary.task, []).append(summary)
        hidden: set[str] = set()
        for each in tasks:
            result = read_result(self.objectives, by_task.get(each.id, ()))
            hidden.update(self.add(each.id, each.state, ranking(result)))
        return hidden

    def _ordered(self) -> tuple[list[tuple[str, bool, Values]], int]:
        """Gives all best first, and how many of them stay."""
        assert self.keep is not None
        found: list[tuple[str, bool, Values]] = []
        room = self.keep
        for pruned in (False, True):
            group = [entry for entry in self._best if entry[1] is pruned]
            numbered = [(i, entry[2]) for i, entry in enumerate(group)]
            if len(self.objectives) > 1:
                end = len(found)
                for front in ranked_fronts(self.objectives, numbered):
                    room, end = (max(room, end + len(front)) if end < room else room), end + len(front)
            found += [group[i] for i in rank(self.objectives, numbered)]
        return found, room
