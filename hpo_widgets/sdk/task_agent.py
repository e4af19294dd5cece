"""`Agent`: serves a queue of the store from a terminal, a cell or another kernel."""

from __future__ import annotations

import atexit
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hpo_widgets.agents import agent as agents
from hpo_widgets.agents.endings import Ending
from hpo_widgets.engine.ownership import this_process
from hpo_widgets.engine.run import make_launcher
from hpo_widgets.errors import InvalidInput, StoreError
from hpo_widgets.model.config import Isolation
from hpo_widgets.model.task import TaskRecord
from hpo_widgets.sdk.task_give_back import give_back
from hpo_widgets.sdk.tune import read_isolation
from hpo_widgets.store.base import Store
from hpo_widgets.store.location import open_store
from hpo_widgets.store.task_base import DEFAULT_QUEUE

LEAVE_S = 2.0
"""How long an interpreter that ends waits for its agents."""


@dataclass(frozen=True, kw_only=True)
class AgentEvent:
    """Says that a task has begun or ended."""

    task: TaskRecord
    ending: Ending | None
    """`None` when it has begun."""
    time: float
    """UTC seconds."""


class _Serving(agents.Agent):
    """Is an agent that tells what it does, and says goodbye in the store."""

    listener: Callable[[AgentEvent], None] | None = None

    def _run(self) -> None:
        try:
            super()._run()
        finally:
            try:
                self._store.end_agent(self.id, time.time())
            except StoreError as error:  # whoever starts the next agent finds this process gone
                agents.log.warning("the agent's end was not recorded: %s", error, extra={"action": "agent_left"})

    def _launch(self, task: TaskRecord) -> None:
        super()._launch(task)
        if task.id in self._busy:
            self._tell(AgentEvent(task=task, ending=None, time=time.time()))

    def _record(self, task: TaskRecord, ending: Ending, ended: float, pid: int | None) -> None:
        super()._record(task, ending, ended, pid)
        self._tell(AgentEvent(task=task, ending=ending, time=ended))

    def _tell(self, event: AgentEvent) -> None:
        if self.listener is not None:
            self.listener(event)


class Agent:
    """Runs the tasks that wait in a queue, each in a process of its own, until it is stopped.

    An agent lives in this process and ends with it; what it held then is given back by the next one that starts: a
    task that had begun is lost and runs once more as a new task, one that had not begun waits again.

    Args:
        queue: Whose tasks to run; the queue is there from the start on.
        slots: Tasks at one time.
        gpus: Devices dealt to the slots, one each, through CUDA_VISIBLE_DEVICES.
        isolation: `"fork"` (the default on Linux), `"reuse"` or `"spawn"`, see `hpo_widgets.tune`.
        retries: How often a task that was lost with its agent is run again.
        store: Where the queue is; the store in force when absent.

    Raises:
        InvalidInput: With every problem found.
    """

    def __init__(
        self,
        queue: str = DEFAULT_QUEUE,
        slots: int = 1,
        *,
        gpus: Sequence[int | str] = (),
        isolation: str | None = None,
        retries: int = 1,
        store: Store | None = None,
    ) -> None:
        problems = []
        if not isinstance(queue, str) or not queue.strip():
            problems.append(f"queue is {queue!r}; give the name of a queue, as 'default'.")
        for name, value, least in (("slots", slots, 1), ("retries", retries, 0)):
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                problems.append(f"{name} is {value!r}; give a whole number from {least} on.")
        kind = Isolation.FORK
        try:
            kind = read_isolation(isolation)
        except InvalidInput as error:
            problems += error.problems
        if kind in (Isolation.THREAD, Isolation.SAME_THREAD):
            allowed = "'fork', 'reuse' or 'spawn'"
            problems.append(f"isolation is {isolation!r}; an agent runs tasks in processes: use {allowed}.")
        if problems:
            raise InvalidInput(problems, subject="agent")
        self.queue, self.slots, self.gpus = queue, slots, tuple(str(each) for each in gpus)
        self._isolation, self._retries = kind, retries
        self._given_store = store
        self._serving: _Serving | None = None
        self.given_back: list[TaskRecord] = []
        """Tasks that it found in the hands of dead agents when it started, as they are since."""

    def __repr__(self) -> str:
        state = "serves" if self.is_alive else "does not serve"
        return f"<agent: {state} the queue {self.queue!r} with {self.slots} slots, {len(self.running)} running>"

    @property
    def store(self) -> Store:
        """Where its queue is."""
        if self._given_store is None:
            self._given_store = open_store()
        return self._given_store

    @property
    def id(self) -> str | None:
        """Its id, `None` before the start."""
        return None if self._serving is None else self._serving.id

    @property
    def is_alive(self) -> bool:
        """Whether it takes tasks, or still runs some."""
        return self._serving is not None and not self._serving.join(0)

    @property
    def running(self) -> list[str]:
        """Ids of the tasks that run now."""
        return [] if self._serving is None else self._serving.running

    @property
    def waiting(self) -> int:
        """How many tasks wait in its queue."""
        return self.store.waiting(self.queue)

    def start(self, on_event: Callable[[AgentEvent], None] | None = None) -> Agent:
        """Gives back what dead agents held, and begins to serve in the background; returns at once.

        Args:
            on_event: Called in the agent's thread when a task begins or ends; it must be quick and not raise.

        Raises:
            StoreError: When the store cannot be used.
        """
        if self.is_alive:
            return self
        store = self.store
        launcher = make_launcher(self._isolation, store, {})
        serving = _Serving(store, self.queue, launcher, slots=self.slots, gpus=self.gpus)
        serving.listener = on_event
        self.given_back = give_back(store, retries=self._retries)
        store.add_agent(serving.id, self.queue, self.slots, self.gpus, this_process(), time.time())
        serving.start()
        self._serving = serving
        atexit.register(self._leave)
        return self

    def stop(self, abort: bool = False) -> None:
        """Takes no more tasks; with `abort` ends the running ones, too. Returns at once: see `wait`."""
        if self._serving is not None:
            self._serving.stop(abort=abort)

    def wait(self, timeout: float | None = None) -> bool:
        """Waits until it has ended; tells whether it has.

        Args:
            timeout: Seconds; `None` waits for ever.

        Raises:
            Exception: What ended the agent although nobody stopped it.
        """
        if self._serving is None:
            return True
        ended = self._serving.join(timeout)
        if ended and self._serving.failure is not None:
            raise self._serving.failure
        return ended

    def _leave(self) -> None:
        if self.is_alive:
            self.stop(abort=True)
            self.wait(LEAVE_S)

    def __enter__(self) -> Agent:
        return self.start()

    def __exit__(self, *error: Any) -> None:
        """Lets the running tasks end, or ends them when leaving by an error."""
        self.stop(abort=error[0] is not None)
        self.wait()
