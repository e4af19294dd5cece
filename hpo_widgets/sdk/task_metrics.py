"""What a task has reported, with ClearML's method names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hpo_widgets.model.scalar import SINGLE_VALUE_ITERATION, SINGLE_VALUE_TITLE
from hpo_widgets.model.stint import Stint
from hpo_widgets.sdk.task_running import handle_of, own, under_agent
from hpo_widgets.sdk.task_states import TaskBase


class TaskMetrics(TaskBase):
    """Is the part of a task that reads its scalars."""

    def get_last_scalar_metrics(self) -> dict[str, dict[str, dict[str, float | None]]]:
        """Gives {title: {series: {"last", "min", "max"}}}; min and max are of finite values, `None` without any."""
        found: dict[str, dict[str, dict[str, float | None]]] = {}
        for each in self._store.task_summaries(self.id):
            values = {"last": each.last, "min": each.min, "max": each.max}
            found.setdefault(each.metric.title, {})[each.metric.series] = values
        return found

    def get_reported_scalars(
        self, max_samples: int = 0, x_axis: str = "iter"
    ) -> dict[str, dict[str, dict[str, list[float]]]]:
        """Gives {title: {series: {"name", "x", "y"}}} of every reported point, single values left out.

        Args:
            max_samples: Points of a series at most, spread evenly with the last one kept; 0 for all.
            x_axis: `"iter"`, `"timestamp"` (milliseconds from the first point) or `"iso_time"` (seconds, UTC).
        """
        found: dict[str, dict[str, Any]] = {}
        for each in self._store.scalars(self.id):
            if each.iteration == SINGLE_VALUE_ITERATION:
                continue
            empty = {"name": each.metric.series, "x": [], "y": []}
            series = found.setdefault(each.metric.title, {}).setdefault(each.metric.series, empty)
            series["x"].append(each.iteration if x_axis == "iter" else each.time)
            series["y"].append(each.value)
        for series in (each for title in found.values() for each in title.values()):
            _thin(series, max_samples)
            if x_axis == "timestamp":
                series["x"] = [round((at - series["x"][0]) * 1000) for at in series["x"]]
        return found

    @property
    def budget(self) -> int | None:
        """Iteration of its objective up to which it may go, in a search with rungs (bohb, hyperband, asha).

        `None` elsewhere. What the task's own process reads stays as it was at the task's start.
        """
        running = under_agent()
        if running is not None and running.id == self.id:
            return running.budget
        stint = Stint.of(self._record.memo)
        return None if stint is None else stint.budget

    @property
    def checkpoint_dir(self) -> Path:
        """A folder for its checkpoints, kept with the study; a promoted trial finds those it goes on with in it.

        Write a checkpoint before its iteration is reported: a task may be ended as soon as it has reported.
        """
        running = under_agent()
        here = running is not None and running.id == self.id
        return (running if here and running is not None else handle_of(self._store, self._record)).checkpoint_dir

    def get_reported_single_values(self) -> dict[str, float]:
        """Gives the last of each value that was reported without an iteration, by name."""
        summaries = self._store.task_summaries(self.id)
        return {each.metric.series: each.last for each in summaries if each.metric.title == SINGLE_VALUE_TITLE}

    def get_reported_single_value(self, name: str) -> float | None:
        """Gives one of them, `None` when it was not reported."""
        return self.get_reported_single_values().get(name)

    def report_constraint(self, name: str, value: Any) -> None:
        """Reports how far it is from what it must keep to: it is feasible while all it reported are 0 or less.

        Durable on return; the last value of a name holds. What breaks a constraint is never among the best of a search.

        Raises:
            TypeError: When the name is no text or the value no number.
        """
        running = under_agent() or own()
        here = running is not None and running.id == self.id
        (running if here and running is not None else handle_of(self._store, self._record)).report_constraint(
            name, value
        )

    def get_last_iteration(self) -> int:
        """Gives the largest iteration it has reported, 0 when it has reported none."""
        iterations = [each.last_iteration for each in self._store.task_summaries(self.id)]
        return max((each for each in iterations if each != SINGLE_VALUE_ITERATION), default=0)


def _thin(series: dict[str, Any], most: int) -> None:
    count = len(series["x"])
    if 0 < most < count:
        step = (count - 1) / max(1, most - 1)
        chosen = [count - 1] if most == 1 else [round(i * step) for i in range(most)]
        series["x"], series["y"] = ([series[axis][i] for i in chosen] for axis in ("x", "y"))
