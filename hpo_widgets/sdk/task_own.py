"""The process's own task: begun by `Task.init`, ended with the process or by `close`."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

from hpo_widgets.engine.give_back import give_back, own_it
from hpo_widgets.errors import HpoError, InvalidInput
from hpo_widgets.model.card import TaskCard
from hpo_widgets.model.task import Reason, TaskRecord, TaskState
from hpo_widgets.sdk.task_code import main_script, put_script
from hpo_widgets.sdk.task_find import by_id
from hpo_widgets.sdk.task_running import handle_of, own, set_own, store_of
from hpo_widgets.store.base import NewTask, Store


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Says what task a process begins."""

    project: str
    name: str
    card: TaskCard
    reuse: bool | str
    """Whether a draft of this name is used again, or the id of one."""


class _Process:
    """Holds what the process has said about its end."""

    error: str | None = None
    hooked: bool = False


def default_name() -> str:
    """Gives the name of a task for which nobody gave one."""
    script = main_script()
    return "notebook" if script is None else script.stem


def begin(open_store: Callable[[], Store], wanted: Wanted) -> tuple[Store, str]:
    """Begins a task of this process, or gives the one it has begun; gives its store and id.

    Raises:
        InvalidInput: When it has begun one of another name.
    """
    running = own()
    if running is not None:
        store = store_of(running)
        record, card = store.task(running.id), store.card(running.id)
        if (card.project, record.name) == (wanted.project, wanted.name):
            return store, record.id
        raise InvalidInput(
            f"this process has begun the task {record.name!r} of the project {card.project!r}; end it with "
            "Task.current_task().close() before you begin another one."
        )
    store = open_store()
    give_back(store)
    script = main_script()
    code = None if script is None else put_script(store, script, sys.argv[1:])
    record = _draft(store, wanted, code)
    if not own_it(store, record.id):
        raise InvalidInput(f"the task {record.name!r} was begun by another process meanwhile; call Task.init again.")
    set_own(handle_of(store, record))
    _hook()
    return store, record.id


def _draft(store: Store, wanted: Wanted, code: str | None) -> TaskRecord:
    found = _reusable(store, wanted)
    with store.transaction():
        if found is None:
            new = NewTask(
                study=None, trial=None, name=wanted.name, parameters={}, queue="", code=code, state=TaskState.CREATED
            )
            found = store.create_tasks([new], time.time())[0]
        store.put_card(found.id, wanted.card)
        if code is not None:
            store.update_task(found.id, code=code)
    return found


def _reusable(store: Store, wanted: Wanted) -> TaskRecord | None:
    if isinstance(wanted.reuse, str):
        record = by_id(store, wanted.reuse)
        if record.state is not TaskState.CREATED:
            raise InvalidInput(f"reuse_last_task_id is {wanted.reuse!r}: that task is {record.state.value}, no draft.")
        return record
    if not wanted.reuse:
        return None
    for record, card in store.find_tasks(project=wanted.project, name=wanted.name):
        if record.state is TaskState.CREATED and record.study is None and card.parent is None and record.code is None:
            return record
    return None


def end(error: str | None) -> None:
    """Ends the process's own task, as failed when there is an error."""
    running = own()
    if running is None:
        return
    store = store_of(running)
    running.flush()
    to = TaskState.COMPLETED if error is None else TaskState.FAILED
    reason = None if error is None else Reason.FAILED.value
    record = store.task(running.id)
    store.move_task(running.id, to, expect=[TaskState.RUNNING], ended=time.time(), reason=reason, error=error)
    if record.agent is not None:
        store.end_agent(record.agent, time.time())
    set_own(None)


def hand_over(store: Store, record: TaskRecord, queue: str | None) -> None:
    """Makes the process's own task a draft, or a waiting one, which the process no longer runs.

    Raises:
        InvalidInput: When it is not the process's own.
    """
    running = own()
    mine = running is not None and running.id == record.id
    if record.state is TaskState.RUNNING and not mine:
        raise InvalidInput(f"the task {record.name!r} runs elsewhere; only its own process can hand it over.")
    to = TaskState.CREATED if queue is None else TaskState.QUEUED
    allowed = [TaskState.RUNNING, TaskState.CREATED]
    changes = {"queue": queue or "", "agent": None, "pid": None, "started": None}
    if store.move_task(record.id, to, expect=allowed, **changes) is None:
        raise InvalidInput(f"the task {record.name!r} is {record.state.value}; enqueue a clone: Task.clone(task).")
    if mine:
        if record.agent is not None:
            store.end_agent(record.agent, time.time())
        set_own(None)


def _hook() -> None:
    if _Process.hooked:
        return
    _Process.hooked = True
    before = sys.excepthook

    def note(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        _Process.error = "".join(traceback.format_exception(kind, error, trace))
        before(kind, error, trace)

    sys.excepthook = note
    process = os.getpid()

    def leave() -> None:
        if os.getpid() == process:
            with contextlib.suppress(HpoError):  # the next agent that starts finds the process gone
                end(_Process.error)

    atexit.register(leave)
