"""Where a task stands, in ClearML's words, and what moves it that is not an agent's business."""

from __future__ import annotations

import time
from collections.abc import Collection

from hpo_widgets.agents.console import log_path, read_log
from hpo_widgets.engine.give_back import give_back, own_it
from hpo_widgets.errors import HpoError, InvalidInput
from hpo_widgets.model.card import TaskCard
from hpo_widgets.model.study import RequestKind
from hpo_widgets.model.task import Reason, TaskRecord, TaskState
from hpo_widgets.sdk.task_running import own, set_own, under_agent
from hpo_widgets.store.base import Store

STATUS = {
    TaskState.CREATED: "created",
    TaskState.QUEUED: "queued",
    TaskState.RUNNING: "in_progress",
    TaskState.COMPLETED: "completed",
    TaskState.PRUNED: "stopped",
    TaskState.ABORTED: "stopped",
    TaskState.FAILED: "failed",
    TaskState.LOST: "failed",
}
"""ClearML's word for each state (reference a8)."""
LIVENESS_S = 5.0
"""How often a wait for a task looks whether the agents of the store still live."""


class TaskBase:
    """Is one task in a store; reads the store at each question. Safe from any thread."""

    def __init__(self, store: Store, id: str) -> None:
        self._store = store
        self.id = id

    @property
    def task_id(self) -> str:
        """Its id."""
        return self.id

    @property
    def _record(self) -> TaskRecord:
        return self._store.task(self.id)

    @property
    def _card(self) -> TaskCard:
        return self._store.card(self.id)

    @property
    def _runs_here(self) -> bool:
        """Whether this is the code of the task, started by an agent."""
        running = under_agent()
        return running is not None and running.id == self.id

    def __eq__(self, other: object) -> bool:
        return self.id == other.id if isinstance(other, TaskBase) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        record = self._record
        return f"<task {self.id[:8]} {record.name!r}: {STATUS[record.state]}>"


class TaskStates(TaskBase):
    """Is the part of a task that knows where it stands."""

    @property
    def status(self) -> str:
        """ClearML's word for its state; a pruned task is "stopped", a lost one "failed"."""
        return STATUS[self._record.state]

    def get_status(self) -> str:
        """Gives `status`."""
        return self.status

    @property
    def reason(self) -> str | None:
        """Why it did not complete: pruned, which limit, user, failed, lost; with the error's last line."""
        return self._record.reason

    @property
    def error(self) -> str | None:
        """The traceback, signal or exit code of a failure."""
        return self._record.error

    def get_status_message(self) -> str | None:
        """Gives `error`, or `reason` when there is none."""
        record = self._record
        return record.error or record.reason

    def wait_for_status(
        self,
        status: Collection[str] = ("completed", "stopped", "closed"),
        raise_on_status: Collection[str] | None = ("failed",),
        check_interval_sec: float = 60.0,
        *,
        timeout: float | None = None,
    ) -> bool:
        """Waits until the task has a status; tells whether it has. It waits on events: the interval is accepted.

        Args:
            status: ClearML's words to wait for.
            raise_on_status: Words that raise instead.
            check_interval_sec: Has no meaning here.
            timeout: Seconds; `None` waits for ever.

        Raises:
            HpoError: When the task reaches a status of `raise_on_status`; the message holds its error.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._store.watch(scalars=False) as watch:
            while True:
                record = self._record
                now = STATUS[record.state]
                if now in (raise_on_status or ()):
                    raise HpoError(
                        f"the task {record.name!r} is {now} ({record.reason}).\n{record.error or ''}".rstrip()
                    )
                left = LIVENESS_S if deadline is None else deadline - time.monotonic()
                if now in status or left <= 0:
                    return now in status
                if not watch.wait(min(LIVENESS_S, left)):
                    give_back(self._store)

    # -- ends ------------------------------------------------------------------------------------------------------
    def mark_started(self, force: bool = False) -> None:
        """Makes a draft a running task of this process, which then has to end it with another `mark_`."""
        if not own_it(self._store, self.id):
            raise InvalidInput(f"the task {self._record.name!r} is {self.status}; only a draft can be started.")

    def mark_completed(
        self, ignore_errors: bool = True, status_message: str | None = None, force: bool = False
    ) -> None:
        """Ends a task as completed. In the task's own code this is what returning does."""
        if not self._runs_here:
            self._end(TaskState.COMPLETED, None, status_message, force)

    def completed(self, ignore_errors: bool = True) -> None:
        """Does what `mark_completed` does."""
        self.mark_completed(ignore_errors)

    def mark_failed(
        self,
        ignore_errors: bool = True,
        status_reason: str | None = None,
        status_message: str | None = None,
        force: bool = False,
    ) -> None:
        """Ends a task as failed.

        Raises:
            HpoError: In the code of a task that an agent runs: its failure is an error that leaves the code.
        """
        text = status_message or status_reason or "it was marked as failed"
        if self._runs_here:
            raise HpoError(text)
        self._end(TaskState.FAILED, f"{Reason.FAILED.value} ({status_reason or text})", text, force)

    def mark_stopped(self, force: bool = False, status_message: str | None = None) -> None:
        """Ends a task as aborted by a person; an agent that runs it is asked to."""
        record = self._record
        if record.state.is_final:
            return
        if record.state is TaskState.RUNNING and not self._is_own(record):
            payload = {"reason": Reason.USER.value, "detail": status_message}
            self._store.request(RequestKind.STOP_TASK, study=None, task=self.id, payload=payload, now=time.time())
            return
        self._end(TaskState.ABORTED, Reason.USER.value, status_message, force=True)

    def mark_stop_request(self, force: bool = False, status_message: str | None = None) -> None:
        """Does what `mark_stopped` does."""
        self.mark_stopped(force, status_message)

    def _is_own(self, record: TaskRecord) -> bool:
        """Tells whether the task runs in a process of its own making (`Task.init`), not under an agent."""
        return any(each.id == record.agent and not each.queue for each in self._store.agents(serving=True))

    def _end(self, to: TaskState, reason: str | None, text: str | None, force: bool) -> None:
        record = self._record
        mine = record.state is TaskState.RUNNING and self._is_own(record)
        allowed = [TaskState.RUNNING] if mine else [TaskState.CREATED, TaskState.QUEUED] if force else []
        changes = {"ended": time.time(), "reason": reason, "error": None if to is TaskState.COMPLETED else text}
        if self._store.move_task(self.id, to, expect=allowed, **changes) is None:
            hint = "its agent says how it ends" if record.state is TaskState.RUNNING else "force=True ends a draft"
            raise InvalidInput(f"the task {record.name!r} is {STATUS[record.state]}: {hint}.")
        if record.agent is not None:
            self._store.end_agent(record.agent, time.time())
        running = own()
        if running is not None and running.id == self.id:
            set_own(None)

    # -- console ---------------------------------------------------------------------------------------------------
    def get_reported_console_output(self, number_of_reports: int = 1) -> list[str]:
        """Gives the last lines of its console, the newest last; an empty list when nothing was written.

        Args:
            number_of_reports: How many lines.
        """
        if self._store.folder is None or not log_path(self._store.folder, self.id).exists():
            return []
        return read_log(self._store.folder, self.id).text.splitlines()[-max(1, number_of_reports) :]
