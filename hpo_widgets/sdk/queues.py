"""Who serves the queues of a store now: asked before tasks are handed to one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any

from hpo_widgets.engine.ownership import is_alive
from hpo_widgets.model.config import Isolation
from hpo_widgets.store.base import Store
from hpo_widgets.store.task_base import DEFAULT_QUEUE

HERE = (Isolation.THREAD, Isolation.SAME_THREAD)
"""Tasks that share this process's memory: no agent can run them."""


def served_queues(store: Store) -> dict[str, int]:
    """Gives the queues that living agents serve, and with how many slots."""
    found: dict[str, int] = {}
    for agent in store.agents(serving=True):
        if agent.queue and is_alive(agent.owner):
            found[agent.queue] = found.get(agent.queue, 0) + agent.slots
    return found


def queue_problems(
    queue: Any, isolation: Isolation, open_store: Callable[[], Store], gpus: Sequence[Any] = ()
) -> list[str]:
    """Lists why tasks cannot be handed to a queue: nobody serves it, or they would have to run in this process."""
    if not isinstance(queue, str) or not queue.strip():
        return [f"queue is {queue!r}; give the name of a queue, as 'default', or leave it out."]
    problems = []
    if isolation in HERE:
        problems.append(f"isolation {isolation.value!r} runs tasks in this process; leave it or the queue out.")
    if gpus:
        problems.append("gpus belong to the agents that serve a queue; start those with --gpus and leave it out here.")
    served = served_queues(open_store())
    if queue not in served:
        close = get_close_matches(queue, served, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"start one with: hpo-widgets agent --queue {queue}"
        listed = ", ".join(map(repr, sorted(served))) or "none"
        problems.append(f"no agent serves the queue {queue!r} (served are: {listed}); {hint}")
    return problems


def choose_queue(
    name: str | None,
    open_store: Callable[[], Store],
    isolation: Isolation = Isolation.FORK,
    gpus: Sequence[Any] = (),
) -> tuple[str, str | None]:
    """Gives the queue that is meant, empty for none, and what to say of it.

    ClearML's samples name `default` without more thought: where it cannot be used the tasks run here. Any other name
    is meant, see `queue_problems`.
    """
    if name != DEFAULT_QUEUE:
        return name or "", None
    if isolation in HERE or gpus:
        return "", None
    if name in served_queues(open_store()):
        return name, None
    return "", f"no agent serves the queue {name!r}; the tasks run here."
