"""The agent: takes tasks from a queue, gives each a slot, stops those it is asked to, and records how they ended."""

from __future__ import annotations

import contextvars
import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from hpo_widgets.agents.console import tail_of
from hpo_widgets.agents.endings import Ending, Stop, judge
from hpo_widgets.agents.jobs import JobMaker, thread_limits, usable_cores
from hpo_widgets.agents.launcher import Exit, Launcher
from hpo_widgets.errors import HpoError, StoreUnavailable
from hpo_widgets.model.study import Request, RequestKind
from hpo_widgets.model.task import Reason, TaskRecord, TaskState
from hpo_widgets.store.base import Store, Watch

FIRST_RETRY_S = 0.1
LONGEST_RETRY_S = 5.0
"""Between two tries while the store cannot be written: doubled each time."""

log = logging.getLogger(__name__)


@dataclass
class _Slot:
    """Is one concurrent place with the task in it."""

    index: int
    task: TaskRecord
    stop: Stop | None = None
    pid: int | None = None
    """Its process, once that has begun."""


class Agent:
    """Serves one queue in one thread, driven by events.

    An agent moves tasks past QUEUED and never judges a study: what to stop, and what to run again, is the engine's.

    Args:
        store: Where tasks are; opened by this process.
        queue: Whose tasks to take.
        launcher: How to start them; owned by the agent from now on.
        slots: How many at once.
        gpus: Dealt to the slots: slot i sees `gpus[i % len(gpus)]`.
        cores: Shared by the slots; `None` for all that this process may use.
        code: Hash of the code that its tasks will run, where that is known: then it gets ready for it at once, and
            takes no task before, so that no task's time is spent on it.
    """

    def __init__(
        self,
        store: Store,
        queue: str,
        launcher: Launcher,
        *,
        slots: int = 1,
        gpus: Sequence[Any] = (),
        cores: int | None = None,
        code: str | None = None,
    ) -> None:
        self.id = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._store = store
        self._queue = queue
        self._launcher = launcher
        self._slots = max(0, slots)
        self._gpus = tuple(str(gpu) for gpu in gpus)
        self._cores = cores or usable_cores()
        self._code = code
        self._jobs = JobMaker(store)
        self._busy: dict[str, _Slot] = {}
        # What waits for its turn, in memory while the store cannot be reached: nothing is dropped, all is tried again.
        self._claimed: list[TaskRecord] = []
        self._seen: list[Exit] = []
        self._endings: list[tuple[TaskRecord, Ending, float, int | None]] = []
        self._ready = threading.Event()
        self._leaving = False
        self._abort: Stop | None = None
        self._watch: Watch | None = None
        self._thread: threading.Thread | None = None
        self.failure: BaseException | None = None
        """What ended the agent although nobody stopped it: a damaged store, or a fault of its own."""

    # -- from any thread -------------------------------------------------------------------------------------------
    def start(self) -> None:
        """Begins to take tasks; returns when the agent is listening.

        Raises:
            StoreError: When the store cannot be watched.
        """
        if self._thread is not None:
            return
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._run,), name="hpo-agent", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self.failure is not None:
            raise self.failure

    def stop(self, abort: bool = True, reason: str = Reason.USER.value) -> None:
        """Takes no more tasks; with `abort` ends the running ones too, for a reason. Returns at once: see `join`."""
        if abort and self._abort is None:
            self._abort = Stop(reason=reason)
        self._leaving = True
        self._wake()

    def join(self, timeout: float | None = None) -> bool:
        """Waits until the agent has ended, with the state of every task recorded; tells whether it has."""
        if self._thread is None:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def set_slots(self, n: int) -> None:
        """Changes how many tasks run at once; with fewer, the running ones go on."""
        self._slots = max(0, n)
        self._wake()

    @property
    def running(self) -> list[str]:
        """Ids of the tasks that run now."""
        return list(self._busy)

    def _wake(self) -> None:
        watch = self._watch
        if watch is not None:
            watch.wake()

    # -- in the agent's thread -------------------------------------------------------------------------------------
    def _run(self) -> None:
        try:
            with self._store.watch(scalars=False) as self._watch:
                self._launcher.start(self._wake)
                self._ready.set()
                self._prepare()
                self._loop(self._watch)
        except Exception as error:
            self.failure = error
            log.exception("the agent %s failed", self.id, extra={"action": "agent_failed"})
        finally:
            self._watch = None
            self._ready.set()
            self._launcher.close()

    def _loop(self, watch: Watch) -> None:
        retry = 0.0
        while True:
            try:
                self._turn()
                retry = 0.0
            except StoreUnavailable as error:
                retry = min(LONGEST_RETRY_S, retry * 2 or FIRST_RETRY_S)
                log.warning("the store cannot be reached: %s", error, extra={"action": "store_unavailable"})
            if self._leaving and not (self._busy or self._claimed or self._endings):
                return
            watch.wait(retry or None)

    def _turn(self) -> None:
        """Does all that is due. May be left by `StoreUnavailable` at any point and called again."""
        for id, pid in self._launcher.started():
            if id in self._busy:
                self._busy[id].pid = pid
        self._take_exits()
        self._write()
        self._launch_claimed()
        self._handle_requests()
        if self._abort is not None:
            self._abort_all(self._abort)
        self._record_pids()

    def _record_pids(self) -> None:
        """Records the processes of tasks that run; of one that has ended meanwhile it is recorded with its end."""
        for id, slot in self._busy.items():
            if slot.pid != slot.task.pid:
                self._store.update_task(id, pid=slot.pid)
                slot.task = replace(slot.task, pid=slot.pid)

    def _take_exits(self) -> None:
        self._seen += self._launcher.exits()
        while self._seen:
            slot = self._busy.get(self._seen[0].task)
            if slot is not None:
                self._endings.append((slot.task, self._judge(self._seen[0], slot), self._seen[0].time, slot.pid))
                del self._busy[self._seen[0].task]
            del self._seen[0]

    def _write(self) -> None:
        """Records what has ended and claims what there are slots for, in one transaction."""
        free = 0 if self._leaving else self._slots - len(self._busy) - len(self._claimed)
        if not self._endings:
            self._claimed += self._claim(free)
            return
        with self._store.transaction():
            for task, ending, ended, pid in self._endings:
                self._record(task, ending, ended, pid)
            claimed = self._claim(free)
        self._endings.clear()
        self._claimed += claimed

    def _prepare(self) -> None:
        if self._code is not None:
            try:
                self._launcher.prepare(self._code, thread_limits(self._cores, self._slots))
            except HpoError as error:  # the first task meets it again, and fails with it or waits
                log.warning("not ready before the first task: %s", error, extra={"action": "prepare_failed"})

    def _claim(self, free: int) -> list[TaskRecord]:
        if free <= 0 or not self._launcher.ready:
            return []
        return self._store.claim(self._queue, self.id, free, time.time())

    def _record(self, task: TaskRecord, ending: Ending, ended: float, pid: int | None) -> None:
        self._store.move_task(
            task.id,
            ending.state,
            expect=[TaskState.RUNNING],
            ended=ended,
            reason=ending.reason,
            error=ending.error,
            pid=pid,
        )

    def _judge(self, seen: Exit, slot: _Slot) -> Ending:
        outcome = self._store.outcome(seen.task)
        return judge(seen, outcome, slot.stop, lambda: tail_of(self._store.folder, seen.task))

    def _launch_claimed(self) -> None:
        while self._claimed:
            task = self._claimed[0]
            if self._abort is not None:
                ending = Ending(state=self._abort.state, reason=self._abort.reason)
                self._endings.append((task, ending, time.time(), None))
            else:
                self._launch(task)
            del self._claimed[0]
            if self._endings:  # it never began: its slot takes the next one
                self._write()

    def _launch(self, task: TaskRecord) -> None:
        taken = {slot.index for slot in self._busy.values()}
        index = next(i for i in range(len(taken) + 1) if i not in taken)
        try:
            env = thread_limits(self._cores, self._slots)
            job = self._jobs.make(task, slot=index, gpus=self._gpus, env=env)
            self._busy[task.id] = _Slot(index=index, task=task)
            self._launcher.launch(job)
        except StoreUnavailable:
            self._busy.pop(task.id, None)
            raise
        except Exception as error:  # noqa: BLE001 - one task that cannot be started must not stop the others
            self._busy.pop(task.id, None)
            text = f"it could not be started: {error if isinstance(error, HpoError) else repr(error)}"
            ending = Ending(state=TaskState.FAILED, reason=f"{Reason.FAILED.value} ({text})", error=text)
            self._endings.append((task, ending, time.time(), None))

    # -- stops -----------------------------------------------------------------------------------------------------
    def _handle_requests(self) -> None:
        for request in self._store.open_requests(queue=self._queue):
            if request.kind is RequestKind.STOP_TASK and request.task is not None:
                self._stop_task(request, request.task, Stop.from_payload(request.payload))

    def _stop_task(self, request: Request, id: str, stop: Stop) -> None:
        slot = self._busy.get(id)
        now = time.time()
        if slot is not None:
            self._stop_running(slot, stop)
            self._store.answer(request.id, now)
            return
        waiting = [TaskState.QUEUED]
        moved = self._store.move_task(id, TaskState.ABORTED, expect=waiting, ended=now, reason=stop.reason)
        if moved is not None:
            self._store.answer(request.id, now)
            return
        task = self._store.task(id)
        if task.state.is_final:
            self._store.answer(request.id, now, f"the task had already ended: {task.state.value}.")
        # Else another agent runs it and will answer.

    def _stop_running(self, slot: _Slot, stop: Stop) -> None:
        # What has said how it ended keeps its own end, although its process still has things to do.
        if slot.stop is None and self._store.outcome(slot.task.id) is None:
            slot.stop = stop
        self._launcher.stop(slot.task.id, stop.grace)

    def _abort_all(self, stop: Stop) -> None:
        for slot in self._busy.values():
            if slot.stop is None:
                self._stop_running(slot, stop)
