"""Who runs a task outside of studies: agents say who they are, and what dead ones held is given back."""

from __future__ import annotations

import os
import socket
import time
import uuid

from hpo_widgets.engine.ownership import is_alive, this_process
from hpo_widgets.model.card import AgentRecord
from hpo_widgets.model.task import Reason, TaskRecord, TaskState
from hpo_widgets.store.base import NewTask, Store

VANISHED = "its agent ended without a word, and the task with it"


def give_back(store: Store, *, retries: int = 1) -> list[TaskRecord]:
    """Settles what agents held whose process is gone; gives the tasks as they are now. Any process may do so.

    A task that had not begun waits in its queue again. One that had begun is LOST, unless it had said how it ended:
    its record stays as it is, and a new attempt with the same code and parameters waits in the queue. What belongs to
    a study is only marked: whether it runs again is its engine's to decide.

    Args:
        store: Where to look.
        retries: Attempts that may follow the first one.
    """
    found: list[TaskRecord] = []
    for agent in store.agents(serving=True):
        if is_alive(agent.owner):
            continue
        with store.transaction():
            found += [
                settled for task in store.held_tasks(agent.id) for settled in _settle(store, agent, task, retries)
            ]
            store.end_agent(agent.id, time.time())
    return found


def _settle(store: Store, agent: AgentRecord, task: TaskRecord, retries: int) -> list[TaskRecord]:
    outcome, now = store.outcome(task.id), time.time()
    if outcome is None and agent.queue and task.pid is None and not store.task_summaries(task.id):
        moved = store.move_task(task.id, TaskState.QUEUED, expect=[TaskState.RUNNING], agent=None, started=None)
        return [] if moved is None else [moved]
    if outcome is None:
        changes = {"reason": f"{Reason.LOST.value} ({VANISHED})", "error": VANISHED}
        to = TaskState.LOST
    else:
        to = TaskState.COMPLETED if outcome.ok else TaskState.FAILED
        changes = {} if outcome.ok else {"reason": Reason.FAILED.value, "error": outcome.error or ""}
    moved = store.move_task(task.id, to, expect=[TaskState.RUNNING], ended=now, **changes)
    if moved is None:
        return []
    again = to is TaskState.LOST and task.study is None and agent.queue and task.attempt < retries
    return [moved, _run_again(store, task, now)] if again else [moved]


def _run_again(store: Store, task: TaskRecord, now: float) -> TaskRecord:
    new = NewTask(
        study=None,
        trial=None,
        attempt=task.attempt + 1,
        name=task.name,
        parameters=task.parameters,
        queue=task.queue,
        code=task.code,
    )
    made = store.create_tasks([new], now)[0]
    store.put_card(made.id, store.card(task.id))
    return made


def own_it(store: Store, task: str) -> bool:
    """Makes a draft a running task of this process; tells whether it was one."""
    now, owner = time.time(), this_process()
    agent = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    with store.transaction():
        changes = {"agent": agent, "started": now, "pid": owner.pid}
        if store.move_task(task, TaskState.RUNNING, expect=[TaskState.CREATED], **changes) is None:
            return False
        store.add_agent(agent, "", 1, (), owner, now)
    return True
