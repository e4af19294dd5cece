"""ClearML's job: inside a custom strategy what it has proposed, outside a task that runs or has run."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from hpo_widgets.errors import HpoError
from hpo_widgets.model.objective import Objective, Values
from hpo_widgets.model.task import TaskState
from hpo_widgets.sdk.task import Task
from hpo_widgets.sdk.task_states import STATUS


class ClearmlJob:
    """Says where a job stands. Made by `SearchStrategy.helper_create_job` or read from the study, not by hand."""

    def __init__(self, id: str, parameters: Mapping[str, Any]) -> None:
        self._id = id
        self.task_parameter_override: dict[str, Any] = dict(parameters)
        self.state = TaskState.CREATED
        self.trial: int | None = None

    def __repr__(self) -> str:
        return f"<job {self._id[:8]}: {self.status()}, {self.task_parameter_override}>"

    def task_id(self) -> str:
        """Gives its id; inside a strategy one of the strategy's own, for a task comes to be after it is proposed."""
        return self._id

    def status(self, force: bool = False) -> str:
        """Gives ClearML's word for its state."""
        return STATUS[self.state]

    def is_pending(self) -> bool:
        """Tells whether it has not begun."""
        return self.state in (TaskState.CREATED, TaskState.QUEUED)

    def is_running(self) -> bool:
        """Tells whether it runs."""
        return self.state is TaskState.RUNNING

    def is_stopped(self) -> bool:
        """Tells whether it has ended, in whatever way."""
        return self.state.is_final

    def is_completed(self) -> bool:
        """Tells whether it ran to its end."""
        return self.state is TaskState.COMPLETED

    def is_failed(self) -> bool:
        """Tells whether it failed or was lost."""
        return self.state in (TaskState.FAILED, TaskState.LOST)

    def is_aborted(self) -> bool:
        """Tells whether a person, a limit or the strategy ended it."""
        return self.state in (TaskState.ABORTED, TaskState.PRUNED)


class ProposedJob(ClearmlJob):
    """Is a job as the strategy that proposed it sees it: its parameters, and its objective's points as they come.

    What is beyond a strategy (its task, console, other metrics, running time) raises and says what to use instead.
    """

    def __init__(self, id: str, parameters: Mapping[str, Any], launched: Callable[[ProposedJob], None]) -> None:
        super().__init__(id, parameters)
        self._launched = launched
        self.values: Values = ()
        self.raw: tuple[tuple[int, float] | None, ...] = ()
        self.aborted = False
        """Whether the strategy has asked for its end."""
        self._low, self._high = math.inf, -math.inf

    def launch(self, queue_name: str | None = None) -> bool:
        """Hands it to the search, which runs it as the next trial; gives `True`."""
        if self.state is TaskState.CREATED:
            self.state = TaskState.QUEUED
            self._launched(self)
        return True

    def abort(self) -> None:
        """Has it ended, at the latest with its objective's next report."""
        self.aborted = True

    def iterations(self) -> int:
        """Gives the last iteration of its objective, -1 before the first report (as ClearML does)."""
        return max((point[0] for point in self.raw if point is not None), default=-1)

    def take_report(self, objective: Objective, iteration: int, value: float) -> None:
        """Takes in a point of its only objective."""
        self.state = TaskState.RUNNING
        last = self.raw[0] if self.raw else None
        if last is None or iteration >= last[0]:
            self.raw = ((iteration, value),)
        if math.isfinite(value):
            self._low, self._high = min(self._low, value), max(self._high, value)
        low, high = (self._low, self._high) if self._low <= self._high else (None, None)
        self.values = (objective.read(self.raw[0][1], low, high),)  # type: ignore[index]

    def elapsed(self) -> NoReturn:
        """Raises: strategies see no clock.

        Raises:
            HpoError: Always.
        """
        raise HpoError("a strategy sees no clock; end long jobs with time_limit_per_job=<minutes>.")

    @property
    def task(self) -> NoReturn:
        """Raises: strategies see no store.

        Raises:
            HpoError: Always.
        """
        raise HpoError(
            "inside a strategy a job has no task yet; read its objective with "
            "self._objective_metric.get_objective(job), or its task outside with optimizer.get_active_experiments()."
        )


class RecordedJob(ClearmlJob):
    """Is a job of a study as it stood when it was asked for."""

    def __init__(self, task: Task, parameters: Mapping[str, Any], state: TaskState, stop: Callable[[], None]):
        super().__init__(task.id, parameters)
        self.task = task
        self.state = state
        self._stop = stop

    def abort(self) -> None:
        """Asks the study to end it; the value it has reached counts."""
        self._stop()
