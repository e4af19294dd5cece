"""Takes parameter sets from the store for this process, and records how they ended."""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from hpo_widgets.comet.ending import Ending, outcome
from hpo_widgets.comet.phases import read_prior
from hpo_widgets.comet.requests import Requests
from hpo_widgets.comet.sets import Issue, Sets
from hpo_widgets.comet.surroundings import warn
from hpo_widgets.dialects.comet import read_config
from hpo_widgets.engine.give_back import give_back
from hpo_widgets.engine.judging import task_name
from hpo_widgets.engine.ownership import is_alive, this_process
from hpo_widgets.model.card import TaskCard
from hpo_widgets.model.config import StudyConfig
from hpo_widgets.model.delta import Cursor
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.result import metrics_of, read_result
from hpo_widgets.model.scalar import MetricSummary
from hpo_widgets.model.study import Owner, StudyRecord, StudyState
from hpo_widgets.model.task import Reason, TaskRecord, TaskState
from hpo_widgets.store.base import NewTask, Store
from hpo_widgets.store.location import open_store

LIVENESS_S = 1.0
"""How often a process looks whether the others still live."""
MANY = 20
"""Ended tasks from which on their values are read at once."""


class Issuer:
    """Shares one search with all processes that hold its id; one thread at a time.

    It follows a cursor: asking for a set costs what is new in the store, not what there is.

    Args:
        store: Where the search lies.
        id: The search.
    """

    def __init__(self, store: Store, id: str) -> None:
        self.store, self.id = store, id
        self.record = store.study(id)
        self.comet = read_config(self.record.config["comet"])
        self.config = replace(StudyConfig.from_json(self.record.config), limits=Limits.from_json(self.record.limits))
        self.held: set[str] = set()
        """Tasks that this process has taken and not ended."""
        self._requests = Requests()
        self._cursor = Cursor()
        self._ended: set[int] = set()
        self._reported: dict[str, Sequence[MetricSummary]] = {}
        """What tasks that this process has just ended had logged."""
        self._agent: str | None = None
        self._me: Owner | None = None
        self._pid = os.getpid()
        self._tended = 0.0
        self._has_asked = False

    @cached_property
    def sets(self) -> Sets:
        """What decides which set comes next; made at the first use, for that loads the strategy."""
        return Sets(self.comet, self.config, read_prior(self.store, self.record, self.config))

    # -- taking ----------------------------------------------------------------------------------------------------
    def take(self, project: str = "") -> TaskRecord | None:
        """Gives the next set as a running task of this process; `None` when nothing is left.

        While other processes still run sets, or the search is paused, it waits: one that dies gives its set back.

        Args:
            project: For people; recorded with the task.
        """
        self._look_around_after_fork()
        if self._cursor == Cursor():
            self.look()  # what takes long to learn is learned before the store is held
        task, wait = self._claim(project)
        if not wait:
            return task
        with self.store.watch(scalars=False) as watch:
            while True:
                task, wait = self._claim(project)
                if not wait:
                    return task
                watch.wait(LIVENESS_S)

    def look(self) -> None:
        """Takes in what is new in the store."""
        delta = self.store.delta(self._cursor, self.id, ())
        fresh = [task for task in delta.tasks if task.key not in self._ended]
        values = self._values([task for task in fresh if task.state.is_final])
        for record in delta.studies:
            if record.limits != self.record.limits:
                self.config = replace(self.config, limits=Limits.from_json(record.limits))
                self.sets.limit(self.config.limits)
            self.record = record
        for task in fresh:
            self.sets.show(task, values.get(task.id))
        self._ended.update(task.key for task in fresh if task.state.is_final)
        self._requests.take_in(delta.requests)
        self._cursor = delta.cursor

    def _values(self, ended: Sequence[TaskRecord]) -> dict[str, float | None]:
        by_task: defaultdict[str, Sequence[MetricSummary]] = defaultdict(list)
        if len(ended) > MANY:
            for each in self.store.summaries(self.id, metrics_of(self.config.objectives)):
                by_task[each.task] = [each]
        else:
            for task in ended:
                known = self._reported.pop(task.id, None)
                by_task[task.id] = self.store.task_summaries(task.id) if known is None else known
        return {task.id: read_result(self.config.objectives, by_task[task.id]).values[0] for task in ended}

    def _claim(self, project: str) -> tuple[TaskRecord | None, bool]:
        """Takes the next set, all or nothing; tells whether it may pay to wait for what others do."""
        now = time.time()
        with self._transaction():
            self.look()
            self._own(now)
            self._requests.carry_out(self, now)
            if self.record.state.is_final:
                return None, False
            limit = self.config.limits.optimization_time_limit
            if limit is not None and now - (self.record.started or now) >= limit:
                self._conclude(StudyState.COMPLETED, Reason.OPTIMIZATION_TIME_LIMIT, now)
                return None, False
            issue = self._next()
            if (issue is None or now - self._tended >= LIVENESS_S) and self._tend(now):
                issue = issue or self._next()
            if issue is not None:
                return self._begin(issue, project, now), False
            self.conclude_if_done(now)
            waits = not self.record.state.is_final and (self._is_paused or bool(self._others()))
            return None, waits

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            with self.store.transaction():
                yield
        except BaseException:
            # What was seen inside may have come to nothing: all is read anew.
            self.__dict__.pop("sets", None)
            self._cursor, self._requests, self._ended = Cursor(), Requests(), set()
            raise

    @property
    def _is_paused(self) -> bool:
        return self.record.state is StudyState.PAUSED

    def _others(self) -> bool:
        return any(task not in self.held for task in self.sets.going)

    def _next(self) -> Issue | None:
        if self.record.state is not StudyState.RUNNING:
            return None
        by_hand = self._requests.by_hand
        return self.sets.next(None if by_hand is None else by_hand.payload["parameters"])

    def _tend(self, now: float) -> bool:
        """Gives back what dead processes held; tells whether there was any."""
        self._tended = now
        found = give_back(self.store)
        if found:
            self.look()
        return bool(found)

    def _own(self, now: float) -> None:
        """Makes this process the owner when the one before is gone: a search with none counts as interrupted."""
        owner = self.record.owner
        first, self._has_asked = not self._has_asked, True
        if self._me is None:
            self._me = this_process()
        if self.record.state.is_final or owner == self._me or is_alive(owner):
            return
        if self.record.started is None:
            self.store.update_study(self.id, started=now)
        # Whoever begins anew goes on; whoever only inherits leaves a pause as it is.
        state = StudyState.RUNNING if first or not self.record.state.is_live else self.record.state
        self.record = self.store.own_study(self.id, self._me, replacing=owner, state=state)

    def _begin(self, issue: Issue, project: str, now: float) -> TaskRecord:
        new = NewTask(
            study=self.id,
            trial=issue.trial,
            attempt=issue.attempt,
            name=task_name(self.config.name, issue.parameters),
            parameters=issue.parameters,
            queue="",
            code=None,
            state=TaskState.CREATED,
        )
        made = self.store.create_tasks([new], now)[0]
        if project:
            self.store.put_card(made.id, TaskCard(project=project))
        if issue.by_hand:
            self._requests.answer_by_hand(self, now)
        return self.hold(made, TaskState.CREATED, now)

    def hold(self, task: TaskRecord, expect: TaskState, now: float) -> TaskRecord:
        """Makes a task a running one of this process; one that another process has taken changes hands."""
        if self._agent is None:
            self._me = self._me or this_process()
            agent = f"optimizer-{os.getpid()}-{uuid.uuid4().hex[:8]}"
            self.store.add_agent(agent, "", 1, (), self._me, now)
            self._agent = agent
        changes = {"agent": self._agent, "started": task.started or now, "pid": os.getpid()}
        begun = self.store.move_task(task.id, TaskState.RUNNING, expect=[expect], **changes)
        assert begun is not None
        self.held.add(task.id)
        return begun

    def _look_around_after_fork(self) -> None:
        if self._pid == os.getpid():
            return
        # What the parent holds stays the parent's; a connection must not be used on both sides.
        if self.store.folder is not None:
            self.store = open_store(self.store.folder)
        self._pid, self._agent, self._me, self._has_asked = os.getpid(), None, None, False
        self.held = set()

    # -- ending ----------------------------------------------------------------------------------------------------
    def finish(self, task: str, ending: Ending) -> None:
        """Records how a task of this process ended; the second time it does nothing."""
        now = time.time()
        wanted = metrics_of(self.config.objectives)[0]
        with self._transaction():
            self._requests.take_in(each for each in self.store.open_requests(queue="") if each.task == task)
            stop = self._requests.answer_stop(self, task, now)
            if stop is not None and ending.error is None:
                ending = Ending(stopped=stop)
            reported = self.store.task_summaries(task)
            to, changes, missing = outcome(ending, wanted, reported)
            self.store.move_task(task, to, expect=[TaskState.RUNNING], ended=now, **changes)
            self.held.discard(task)
            self._reported[task] = reported
            follows = "sets" in self.__dict__  # a process that only reports does not load the strategy
            if follows and (self.sets.count >= self.sets.most or self.record.state is StudyState.DRAINING):
                self.look()
                self.conclude_if_done(now)
        if missing is not None:
            warn(f"experiment {task[:8]}: {missing}")

    def conclude_if_done(self, now: float) -> None:
        """Ends the search when nothing runs and nothing is left to run."""
        if self.record.state is StudyState.DRAINING and not self.sets.going:
            self._conclude(StudyState.STOPPED, Reason.USER, now)
        elif self.record.state is StudyState.RUNNING and self.sets.is_done and self._requests.by_hand is None:
            reason = Reason.EXHAUSTED if self.sets.is_exhausted else Reason.TOTAL_MAX_JOBS
            self._conclude(StudyState.COMPLETED, reason, now)

    def _conclude(self, state: StudyState, reason: Reason, now: float) -> None:
        self.change_state(state, reason=reason.value, ended=now)
        self._requests.refuse_all(self, f"the study ended: {reason.value}", now)

    def change_state(self, state: StudyState, **changes: Any) -> None:
        """Moves the search to a state; one that is over has no owner."""
        if state.is_final and self.record.owner is not None:
            self.store.release_study(self.id, self.record.owner, state=state, **changes)
            self.record = self.store.study(self.id)
        else:
            self.record = self.store.update_study(self.id, state=state, **changes)

    def must_stop(self, task: str) -> bool:
        """Tells whether a person has asked for the end of a task or of its search."""
        self.look()
        return self.record.state is StudyState.STOPPED or self._requests.asks_to_stop(task)

    def refresh(self) -> StudyRecord:
        """Gives the search as it is now."""
        self.record = self.store.study(self.id)
        return self.record

    def leave(self) -> None:
        """Says that this process takes no more; what it holds without a word goes back to the others."""
        agent, self._agent = self._agent, None
        if agent is None or self._pid != os.getpid():
            return
        now = time.time()
        with self.store.transaction():
            for task in self.store.held_tasks(agent):
                changes = {"reason": f"{Reason.LOST.value} (nobody made an experiment of it)", "ended": now}
                self.store.move_task(task.id, TaskState.LOST, expect=[TaskState.RUNNING], **changes)
            self.store.end_agent(agent, now)
