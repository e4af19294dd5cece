"""A study filled by hand: what the engine and the tasks would write, without either."""

from __future__ import annotations

from typing import Any

from hpo_widgets.engine.ownership import this_process
from hpo_widgets.model.config import StudyConfig
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.objective import parse_objectives
from hpo_widgets.model.scalar import Metric
from hpo_widgets.model.space_shorthand import as_space
from hpo_widgets.model.study import StudyState
from hpo_widgets.model.task import TaskState
from hpo_widgets.store.base import NewTask, Store
from hpo_widgets.study import Study

ON_THE_WAY = (TaskState.QUEUED, TaskState.RUNNING)


class Desk:
    """Writes tasks and reports into one study."""

    def __init__(self, store: Store, objective: Any, direction: Any, name: str, **limits: Any) -> None:
        self.store = store
        config = StudyConfig(
            name=name,
            space=as_space({"lr": (0.0, 1.0)}),
            objectives=parse_objectives(objective, direction),
            limits=Limits(**limits),
        )
        record = store.create_study(name, "", config.to_json(), 1000.0)
        self.metrics = [Metric(o.title, o.series) for o in config.objectives]
        self.study = Study(store, record.id)

    def run(self) -> None:
        """Makes the study running, driven by this process."""
        store, id = self.store, self.study.id
        store.own_study(id, this_process(), replacing=None, state=StudyState.RUNNING)
        store.update_study(id, started=1000.0)

    def move(self, state: StudyState, **changes: Any) -> None:
        """Puts the study into a state."""
        self.store.update_study(self.study.id, state=state, **changes)

    def start(self, trial: int, attempt: int = 0, **parameters: Any) -> str:
        """Starts a task of a trial; gives its id."""
        task = NewTask(
            study=self.study.id,
            trial=trial,
            attempt=attempt,
            name=f"train {trial}",
            parameters=parameters or {"lr": trial / 10},
            queue="q",
            code=None,
        )
        record = self.store.create_tasks([task], 1000.0 + trial)[0]
        moved = self.store.move_task(record.id, TaskState.RUNNING, expect=ON_THE_WAY, started=1000.0 + trial)
        assert moved is not None
        return record.id

    def report(self, task: str, *values: float, iteration: int = 0) -> None:
        """Reports one value an objective."""
        points = [(m, iteration, 1000.0 + iteration, v) for m, v in zip(self.metrics, values, strict=True)]
        self.store.record_scalars(self.store.task(task).key, points)

    def end(self, task: str, state: TaskState = TaskState.COMPLETED, **changes: Any) -> None:
        """Ends a task one second after its start."""
        started = self.store.task(task).started or 0.0
        self.store.move_task(task, state, expect=ON_THE_WAY, ended=started + 1.0, **changes)

    def trial(self, number: int, *values: float, state: TaskState = TaskState.COMPLETED, **parameters: Any) -> str:
        """Runs one trial from start to end."""
        task = self.start(number, **parameters)
        if values:
            self.report(task, *values)
        self.end(task, state)
        return task
