"""Drafts: tasks that wait for nothing, and what is checked before they wait in a queue."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from hpo_widgets.errors import InvalidInput, NotFound
from hpo_widgets.model.card import TaskCard
from hpo_widgets.model.task import TaskRecord, TaskState
from hpo_widgets.sdk.parameters import unknown_names
from hpo_widgets.store.base import NewTask, Store


def draft(store: Store, name: str, parameters: Mapping[str, Any], code: str | None, card: TaskCard) -> TaskRecord:
    """Records a task that waits for nothing."""
    new = NewTask(
        study=None, trial=None, name=name, parameters=dict(parameters), queue="", code=code, state=TaskState.CREATED
    )
    with store.transaction():
        made = store.create_tasks([new], time.time())[0]
        store.put_card(made.id, card)
    return made


def check_queue(store: Store, name: str | None, id: str | None) -> str:
    """Gives the queue that is meant.

    Raises:
        InvalidInput: For none, two, or one that is not there, with those that are.
    """
    queues = store.queues()
    wanted = name if name is not None else id
    one = (name is None) != (id is None)
    if wanted is None or not one or wanted not in queues:
        given = f"queue {wanted!r} is unknown" if one else "give one queue, by name or id"
        raise InvalidInput(
            f"{given}; there are {', '.join(map(repr, queues))}. An agent makes one: hpo-widgets agent --queue NAME, "
            "or Agent(queue=NAME).start()."
        )
    return wanted


def check_names(store: Store, record: TaskRecord, parent: str | None) -> None:
    """Checks that a clone has no parameter that its template does not have; a template without any takes all.

    Raises:
        InvalidInput: With the closest names.
    """
    try:
        template = None if parent is None else store.task(parent)
    except NotFound:
        return
    if template is None or template.code != record.code or not template.parameters:
        return  # a parent may be any task: only what runs the same code is a template
    problems = unknown_names(record.parameters, template.parameters)
    if problems:
        raise InvalidInput(problems, subject=f"the task {record.name!r}, made from {template.name!r}")
