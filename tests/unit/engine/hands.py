"""A study driven by hand: an engine stepped by the test, and an agent that is the test itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hpo_widgets.engine.engine import Engine
from hpo_widgets.engine.listeners import Conclusion, Listeners
from hpo_widgets.engine.resume import open_picture
from hpo_widgets.engine.thinking import Thinker
from hpo_widgets.model.config import StudyConfig
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.objective import Objective, Sign
from hpo_widgets.model.parameters import UniformIntegerParameterRange, UniformParameterRange
from hpo_widgets.model.scalar import Metric
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.model.study import Owner, Request, RequestKind, StudyState
from hpo_widgets.model.task import Reason, TaskRecord, TaskState
from hpo_widgets.store.base import Store
from hpo_widgets.store.memory import MemoryStore
from hpo_widgets.strategies.base import Problem, Strategy
from hpo_widgets.strategies.random import RandomSearch

LOSS = Metric("loss", "loss")
FINAL_STATE = {
    Reason.PRUNED.value: TaskState.PRUNED,
    Reason.MAX_ITERATION_PER_JOB.value: TaskState.COMPLETED,
    Reason.RUNG.value: TaskState.COMPLETED,
}


@dataclass
class Hands:
    """Is a study, its engine, and an agent's two hands. Time stands still unless the test moves it."""

    limits: Limits = field(default_factory=Limits)
    objectives: tuple[Objective, ...] = (Objective("loss", "loss", Sign.MIN),)
    store: Store = field(default_factory=MemoryStore)
    strategy: type[Strategy] = RandomSearch
    now: float = 1000.0
    agent: str = "agent-0"
    conclusions: list[Conclusion] = field(default_factory=list)

    def __post_init__(self) -> None:
        space = SearchSpace([UniformParameterRange("x", 0.0, 1.0), UniformIntegerParameterRange("n", 0, 1000)])
        config = StudyConfig(
            name="hands", space=space, objectives=self.objectives, limits=self.limits, seed=1, code="c"
        )
        self.study = self.store.create_study("hands", "", config.to_json(), self.now).id
        self.generation = 0
        self.open()

    def open(self) -> None:
        """Opens the engine, as a new process would after the last one died at this very moment."""
        self.generation += 1
        owner = Owner(host="here", pid=self.generation, born=0.0)
        record = self.store.study(self.study)
        self.store.own_study(self.study, owner, replacing=record.owner, state=StudyState.RUNNING)
        config = StudyConfig.from_json(record.config)
        config = StudyConfig(**{**config.__dict__, "limits": Limits.from_json(record.limits)})
        opening = open_picture(self.store, record, config, self.now, alive=lambda agent: agent == self.agent)

        def make_thinker(space: SearchSpace, moved: bool, wake: Any) -> Thinker:
            problem = Problem(space=space, objectives=self.objectives, seed=1, moved=moved)
            return Thinker(self.strategy(), problem, wake)

        listeners = Listeners(on_end=self.conclusions.append)
        self.engine = Engine(
            self.store, self.study, config, owner, opening, make_thinker, listeners, clock=lambda: self.now
        )

    def crash(self) -> None:
        """Ends engine and agent as `kill -9` does and opens the study again: what ran is lost."""
        self.agent = f"agent-{self.generation}"
        self.open()

    def step(self) -> float | None:
        """Lets the engine do all there is to do now."""
        return None if self.engine.finished else self.engine.step()

    def claim(self, count: int = 1) -> list[TaskRecord]:
        """Starts waiting tasks."""
        return self.store.claim(self.engine.queue, self.agent, count, self.now)

    def report(self, task: TaskRecord, value: float, iteration: int = 0, metric: Metric = LOSS) -> None:
        """Reports a point as the task would."""
        self.store.record_scalars(task.key, [(metric, iteration, self.now, value)])

    def end(self, task: TaskRecord, state: TaskState = TaskState.COMPLETED, reason: str | None = None) -> None:
        """Ends a running task."""
        self.store.move_task(task.id, state, expect=(TaskState.RUNNING,), ended=self.now, reason=reason)

    def obey(self) -> list[tuple[str, str]]:
        """Ends the tasks that somebody asked to end, as the agent does; gives (task, reason)."""
        done = []
        for request in self.store.open_requests(queue=self.engine.queue):
            assert request.task is not None
            reason = str(request.payload["reason"])
            state = FINAL_STATE.get(reason, TaskState.ABORTED)
            waiting = (TaskState.RUNNING, TaskState.QUEUED)
            said = f"{reason} ({request.payload['detail']})" if "detail" in request.payload else reason
            if self.store.move_task(request.task, state, expect=waiting, ended=self.now, reason=said):
                done.append((request.task, reason))
            self.store.answer(request.id, self.now)
        return done

    def ask(self, kind: RequestKind, **payload: Any) -> Request:
        """Asks something of the study."""
        return self.store.request(kind, study=self.study, task=None, payload=payload, now=self.now)

    def tasks(self, *states: TaskState) -> list[TaskRecord]:
        """Lists tasks in some states, or all."""
        return self.store.tasks(self.study, states or None)

    def run_out(self, value: float = 1.0) -> None:
        """Runs every task to a good end until the study ends."""
        for _ in range(10_000):
            self.step()
            self.obey()
            if self.engine.finished:
                return
            for task in self.claim(100):
                self.report(task, value + task.key)
            for task in self.tasks(TaskState.RUNNING):
                self.end(task)
        raise AssertionError("the study did not end")
