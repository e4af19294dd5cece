"""One run of a study in this process: takes ownership, starts its agent and its engine, and cleans up in order."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from hpo_widgets.agents.agent import Agent
from hpo_widgets.agents.forkserver import ForkLauncher
from hpo_widgets.agents.launcher import Launcher
from hpo_widgets.agents.spawn import SpawnLauncher
from hpo_widgets.agents.threads import SameThreadLauncher, ThreadLauncher
from hpo_widgets.engine.background import EngineThread
from hpo_widgets.engine.callbacks import Callbacks
from hpo_widgets.engine.engine import Engine
from hpo_widgets.engine.give_back import give_back
from hpo_widgets.engine.listeners import Conclusion, Listeners
from hpo_widgets.engine.ownership import is_alive, this_process
from hpo_widgets.engine.predicates import with_functions
from hpo_widgets.engine.resume import open_picture
from hpo_widgets.engine.thinking import Thinker
from hpo_widgets.errors import StudyBusy
from hpo_widgets.model.config import Isolation, StudyConfig
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.model.study import StudyRecord, StudyState
from hpo_widgets.model.task import LEFT, Reason
from hpo_widgets.store.base import Store
from hpo_widgets.strategies.base import Problem, Strategy
from hpo_widgets.strategies.registry import create_strategy
from hpo_widgets.strategies.repeats import Repeats

LEAVE_S = 2.0
"""How long an interpreter that ends waits for the engine's thread."""


class Run:
    """Drives a study from this process until it ends.

    Args:
        store: Where the study lies.
        record: The study.
        config: Its configuration, limits as they are in force.
        function: The base task, for tasks that run in threads of this process.
    """

    def __init__(
        self, store: Store, record: StudyRecord, config: StudyConfig, function: Callable[..., Any] | None = None
    ) -> None:
        self._store, self._record, self._config = store, record, config
        self._owner = this_process()
        self.listeners: list[Callable[[Conclusion], Any]] = []
        """Called for every task that ends, in a thread of their own."""
        self._callbacks = Callbacks(f"hpo-callbacks-{record.name}")
        self._done = threading.Event()
        functions = {} if function is None or config.code is None else {config.code: function}
        self._asked_before: set[int] = set()
        self._agent: Agent | None = None
        """Serves the study's own queue; a queue that was named is served by others."""
        if not config.queue:
            slots = config.limits.max_number_of_concurrent_tasks
            launcher = make_launcher(config.isolation, store, functions)
            self._agent = Agent(store, f"study:{record.id}", launcher, slots=slots, gpus=config.gpus, code=config.code)
        self._thread = EngineThread(self._open, self._close, f"hpo-engine-{record.name}")

    def start(self) -> None:
        """Takes the study over and starts; returns at once.

        Raises:
            StudyBusy: When a living process drives it.
        """
        if is_alive(self._record.owner):
            raise StudyBusy(
                f"the study {self._record.name!r} is driven by process "
                f"{self._record.owner and self._record.owner.pid}; steer it with study.pause(), stop(), ... from here."
            )
        self._asked_before = {request.id for request in self._store.open_requests(study=self._record.id)}
        replacing = self._record.owner
        self._store.own_study(self._record.id, self._owner, replacing=replacing, state=StudyState.RUNNING)
        self._store.update_study(self._record.id, reason=None, error=None, ended=None)
        if self._agent is not None:
            self._agent.start()
        self._thread.start()
        atexit.register(self.leave)

    @property
    def closed(self) -> bool:
        """Whether everything this run started is gone."""
        return self._done.is_set()

    @property
    def notice(self) -> str | None:
        """What is wrong just now without having ended the study."""
        engine = self._thread.engine
        trouble = self._thread.notice if engine is None else engine.notice
        if trouble:
            return trouble
        return self._callbacks.notices[-1] if self._callbacks.notices else None

    @property
    def weighed(self) -> str:
        """What the terminator in force says of the results so far; empty without one."""
        engine = self._thread.engine
        return "" if engine is None else engine.weigher.figure

    def leave(self) -> None:
        """Leaves the study as it stands because the interpreter ends; attach and resume go on with it."""
        self._thread.stop()
        self._thread.join(LEAVE_S)

    # -- in the engine's thread ------------------------------------------------------------------------------------
    def _open(self) -> Engine:
        self._config = replace(self._config, space=with_functions(self._store, self._config.space))
        opening = open_picture(
            self._store,
            self._record,
            self._config,
            time.time(),
            alive=self._serves,
            fresh=lambda request: request.id not in self._asked_before,
        )

        def make_thinker(space: SearchSpace, moved: bool, wake: Callable[[], None]) -> Thinker:
            return Thinker(self._make_strategy(), self._problem(space, moved), wake)

        tend = None if self._agent is not None else partial(give_back, self._store)
        listeners = Listeners(on_end=self._tell, on_limits=self._adapt, tend=tend)
        return Engine(self._store, self._record.id, self._config, self._owner, opening, make_thinker, listeners)

    def _serves(self, agent: str) -> bool:
        if self._agent is not None:
            return agent == self._agent.id
        return any(each.id == agent and is_alive(each.owner) for each in self._store.agents(serving=True))

    def _make_strategy(self) -> Strategy:
        spec = self._config.strategy
        if "code" in spec:
            import pickle

            found: Strategy = pickle.loads(self._store.code(spec["code"]).body)
        else:
            found = create_strategy(spec["name"], **spec.get("options", {}))
        return found if self._config.repeats == 1 else Repeats(found, self._config.repeats)

    def _problem(self, space: SearchSpace, moved: bool) -> Problem:
        config = self._config
        return Problem(
            space=space,
            objectives=config.objectives,
            seed=config.seed,
            max_jobs=config.limits.total_max_jobs,
            concurrency=config.limits.max_number_of_concurrent_tasks,
            max_iteration_per_job=config.limits.max_iteration_per_job,
            min_iteration_per_job=config.limits.min_iteration_per_job,
            moved=moved,
        )

    def _tell(self, conclusion: Conclusion) -> None:
        for listener in self.listeners:
            self._callbacks.call(listener, conclusion)

    def _adapt(self, limits: Limits) -> None:
        self._config = replace(self._config, limits=limits)
        if self._agent is not None:
            self._agent.set_slots(limits.max_number_of_concurrent_tasks)

    def _close(self, error: str | None) -> None:
        engine = self._thread.engine
        ended = error is not None or (engine is not None and engine.finished)
        try:
            if error is not None:
                changes = {"state": StudyState.FAILED, "reason": Reason.FAILED.value, "error": error}
                self._store.release_study(self._record.id, self._owner, **changes, ended=time.time())
        finally:
            # The engine has ended, it hands out work; then the agent, which ends what still runs; then what listens.
            if self._agent is not None:
                self._agent.stop(abort=True, reason=LEFT)
                self._agent.join(None if ended else LEAVE_S)
            self._callbacks.close(LEAVE_S)
            self._done.set()
            atexit.unregister(self.leave)
            self._store.update_study(self._record.id)  # changes nothing, wakes those who wait for the end


def make_launcher(isolation: Isolation, store: Store, functions: Mapping[str, Callable[..., Any]]) -> Launcher:
    """Gives what starts tasks in the way asked for.

    Args:
        isolation: How tasks are kept apart.
        store: Where their code is and where they report.
        functions: The functions themselves, by the hash of their code, for tasks in threads of this process.
    """
    match isolation:
        case Isolation.THREAD:
            return ThreadLauncher(store, functions)
        case Isolation.SAME_THREAD:
            return SameThreadLauncher(store, functions)
    if isolation is Isolation.SPAWN and sys.platform != "linux":
        return SpawnLauncher(store)  # the fork server, which also starts interpreters, needs what only Linux has
    return ForkLauncher(store, fresh=isolation is Isolation.SPAWN, reuse=isolation is Isolation.REUSE)


def default_concurrency() -> int:
    """Gives how many tasks run at one time when nobody says: the cores this process may use, at most 4."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(4, cores)
