"""The engine under random events: in whatever order, jobs and slots are never overrun and nothing is lost."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

from hands import Hands
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hpo_widgets.errors import StoreUnavailable
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.parameter_ranges import UniformParameterRange
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.model.study import RequestKind, StudyState
from hpo_widgets.model.task import Reason, TaskState
from hpo_widgets.store.memory import MemoryStore


class FullDisk(MemoryStore):
    """Refuses a number of transactions."""

    refusals = 0

    def create_tasks(self, *args: Any, **kwargs: Any) -> Any:
        if self.refusals:
            self.refusals -= 1
            raise StoreUnavailable("no space left")
        return super().create_tasks(*args, **kwargs)


class EngineMachine(RuleBasedStateMachine):
    """Drives a study with a random agent, random people, crashes and a disk that fills up."""

    @initialize(jobs=st.integers(1, 8), concurrency=st.integers(1, 3), retries=st.integers(0, 2))
    def begin(self, jobs: int, concurrency: int, retries: int) -> None:
        self.jobs = jobs
        self.concurrency = concurrency
        limits = Limits(total_max_jobs=jobs, max_number_of_concurrent_tasks=concurrency, retries=retries)
        self.disk = FullDisk()
        self.hands = Hands(limits=limits, store=self.disk)
        self.stopped = False

    @rule()
    def step(self) -> None:
        try:
            self.hands.step()
        except StoreUnavailable:
            assert self.disk.refusals >= 0

    @rule(count=st.integers(1, 3))
    def claim(self, count: int) -> None:
        self.hands.claim(count)

    @rule(data=st.data(), value=st.one_of(st.floats(-1e6, 1e6), st.just(math.nan)), iteration=st.integers(0, 20))
    def report(self, data: st.DataObject, value: float, iteration: int) -> None:
        running = self.hands.tasks(TaskState.RUNNING)
        if running:
            self.hands.report(data.draw(st.sampled_from(running)), value, iteration)

    @rule(data=st.data(), state=st.sampled_from([TaskState.COMPLETED, TaskState.FAILED, TaskState.LOST]))
    def end(self, data: st.DataObject, state: TaskState) -> None:
        running = self.hands.tasks(TaskState.RUNNING)
        if running:
            self.hands.end(data.draw(st.sampled_from(running)), state)

    @rule()
    def obey(self) -> None:
        self.hands.obey()

    @precondition(lambda self: not self.hands.engine.finished)
    @rule(kind=st.sampled_from([RequestKind.PAUSE, RequestKind.RESUME]))
    def pause_or_resume(self, kind: RequestKind) -> None:
        self.hands.ask(kind)

    @precondition(lambda self: not self.hands.engine.finished)
    @rule(n=st.integers(0, 1000))
    def enqueue(self, n: int) -> None:
        self.hands.ask(RequestKind.ENQUEUE, parameters={"x": 0.5, "n": n})

    @precondition(lambda self: not self.hands.engine.finished)
    @rule(high=st.floats(0.1, 2.0))
    def change_the_space(self, high: float) -> None:
        space = SearchSpace([UniformParameterRange("x", 0.0, high)]).to_json()
        self.hands.ask(RequestKind.SET_SPACE, space=space)

    @rule(data=st.data())
    def stop_a_task(self, data: st.DataObject) -> None:
        live = self.hands.tasks(TaskState.RUNNING, TaskState.QUEUED)
        if live:
            task = data.draw(st.sampled_from(live))
            payload = {"reason": Reason.USER.value}
            self.hands.store.request(
                RequestKind.STOP_TASK, study=self.hands.study, task=task.id, payload=payload, now=self.hands.now
            )

    @precondition(lambda self: not self.hands.engine.finished)
    @rule()
    def crash(self) -> None:
        self.hands.crash()

    @precondition(lambda self: not self.hands.engine.finished)
    @rule()
    def stop_the_study_and_go_on(self) -> None:
        self.disk.refusals = 0
        self.hands.ask(RequestKind.STOP)
        while not self.hands.engine.finished:
            self.hands.step()
            self.hands.obey()
        self.hands.open()

    @rule(count=st.integers(1, 3))
    def fill_the_disk(self, count: int) -> None:
        self.disk.refusals = count

    @invariant()
    def slots_are_never_overrun(self) -> None:
        if hasattr(self, "hands"):
            live = self.hands.tasks(TaskState.RUNNING, TaskState.QUEUED)
            assert len(live) <= self.concurrency

    @invariant()
    def jobs_are_never_overrun_and_numbered_without_gaps(self) -> None:
        if hasattr(self, "hands"):
            trials = sorted({t.trial for t in self.hands.tasks() if t.trial is not None})
            assert trials == list(range(len(trials)))
            assert len(trials) <= self.jobs

    @invariant()
    def a_trial_has_one_live_run_and_completes_once(self) -> None:
        if hasattr(self, "hands"):
            live = Counter(t.trial for t in self.hands.tasks(TaskState.RUNNING, TaskState.QUEUED))
            done = Counter(t.trial for t in self.hands.tasks(TaskState.COMPLETED))
            assert all(n == 1 for n in live.values())
            assert all(n == 1 for n in done.values())
            assert not set(live) & set(done)

    def teardown(self) -> None:
        if not hasattr(self, "hands"):
            return
        self.disk.refusals = 0
        if not self.hands.engine.finished:
            self.hands.ask(RequestKind.RESUME)
            self.hands.run_out()
        self.hands.obey()
        record = self.hands.store.study(self.hands.study)
        assert (record.state, record.owner) == (StudyState.COMPLETED, None)
        assert {t.trial for t in self.hands.tasks()} == set(range(self.jobs))
        assert all(t.state.is_final for t in self.hands.tasks())
        assert not any(t.interrupted for t in {t.trial: t for t in self.hands.tasks()}.values())
        assert all(r.handled is not None for r in self.hands.store.requests(self.hands.study))


EngineMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestEngineMachine = EngineMachine.TestCase
