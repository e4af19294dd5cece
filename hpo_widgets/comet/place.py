"""Where an experiment reports: a set of an optimizer, the task that an agent runs here, or a task of its own."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hpo_widgets.agents.console_marks import mark
from hpo_widgets.agents.reporter import RunningTask
from hpo_widgets.comet.ending import Ending
from hpo_widgets.comet.issuer import Issuer
from hpo_widgets.comet.leaving import Leaving
from hpo_widgets.engine.resume import LOGGED
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.card import TaskCard
from hpo_widgets.model.task import TaskRecord, TaskState
from hpo_widgets.sdk import task_own
from hpo_widgets.sdk.task_running import handle_of, own, store_of, under_agent
from hpo_widgets.store.base import Store
from hpo_widgets.store.location import open_store


@dataclass(frozen=True, kw_only=True)
class Place:
    """Is the task of an experiment and what can be done to it from here."""

    running: RunningTask
    store: Store
    keep: Callable[[dict[str, Any]], None]
    """Keeps what was logged besides metrics, all of it, durable on return."""
    finish: Callable[[Ending], None]
    others: Mapping[str, Any] = field(default_factory=dict)
    """What is known beside it from the start."""
    must_stop: Callable[[], bool] = lambda: False


class Assignment(dict[str, Any]):
    """Is what `next_data` gives: a dict that can be sent to another process, and knows its search in this one."""

    def __init__(self, data: Mapping[str, Any], seat: Seat | None = None) -> None:
        super().__init__(data)
        self.seat = seat

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)


class Seat:
    """Is this process's part in a search: the tasks it has taken, and what becomes of them when it leaves."""

    def __init__(self, issuer: Issuer) -> None:
        self.issuer = issuer
        self._ends: dict[str, Callable[[Ending], None]] = {}
        self._pid = os.getpid()
        self.metadata: dict[str, Any] | None = None
        self.leaving = Leaving(self.end, lambda: list(self.ends), issuer.leave)

    @property
    def ends(self) -> dict[str, Callable[[Ending], None]]:
        """How to end what has become an experiment in this process, by task; a parent's are not a fork's to end."""
        if self._pid != os.getpid():
            self._ends, self._pid = {}, os.getpid()
        return self._ends

    def end(self, task: str, ending: Ending) -> None:
        """Ends an experiment if it is open."""
        ends = self.ends.get(task)
        if ends is not None:
            ends(ending)

    def place(self, task: TaskRecord, others: Mapping[str, Any]) -> Place:
        """Gives where the experiment of a task reports."""
        issuer = self.issuer

        def finish(ending: Ending) -> None:
            issuer.finish(task.id, ending)
            self.ends.pop(task.id, None)
            mark(next(reversed(self.ends), None))

        mark(task.id)
        return Place(
            running=handle_of(issuer.store, task),
            store=issuer.store,
            keep=lambda logged: issuer.store.update_task(task.id, memo={LOGGED: logged}),
            finish=finish,
            others=others,
            must_stop=lambda: issuer.must_stop(task.id),
        )


def assignment(seat: Seat, task: TaskRecord) -> Assignment:
    """Gives a task in the words of Comet's server (reference a10)."""
    repeats = seat.issuer.comet.trials
    data = {
        "id": seat.issuer.id,
        "pid": task.id,
        "trial": (task.trial or 0) % repeats + 1,
        "count": (task.trial or 0) // repeats + 1,
        "parameters": dict(task.parameters),
        "status": "assigned",
        "score": None,
        "epoch": None,
        "tries": task.attempt + 1,
        "startTime": milliseconds(task.started),
        "endTime": None,
        "lastUpdateTime": milliseconds(task.started),
    }
    return Assignment(data, seat)


def milliseconds(moment: float | None) -> int | None:
    """Gives a time as Comet does: whole milliseconds since 1970."""
    return None if moment is None else int(moment * 1000)


def place_of_assignment(given: Mapping[str, Any]) -> tuple[Place, Seat]:
    """Gives where an experiment of an assignment reports; one that another process took changes hands.

    Raises:
        InvalidInput: For something that `next_data` has not given, or a set that has ended.
    """
    try:
        id, pid = str(given["id"]), str(given["pid"])
    except (KeyError, TypeError):
        raise InvalidInput(
            f"optimizer_data is {given!r:.200}; give what Optimizer.next_data() or get_parameters() gave."
        ) from None
    seat = given.seat if isinstance(given, Assignment) else None
    if seat is None:
        seat = Seat(Issuer(open_store(), id))
    task = seat.issuer.store.task(pid)
    if task.state is not TaskState.RUNNING:
        raise InvalidInput(f"the set {pid[:8]} is {task.state.value}; ask the optimizer for the next one.")
    if pid not in seat.issuer.held:
        task = seat.issuer.hold(task, TaskState.RUNNING, time.time())
    seat.leaving.begin()
    others = {
        "optimizer_id": id,
        "optimizer_pid": pid,
        "optimizer_trial": given.get("trial", 1),
        "optimizer_count": given.get("count"),
        "optimizer_name": seat.issuer.comet.name or id,
        "optimizer_metric": seat.issuer.comet.spec["metric"],
        "optimizer_objective": seat.issuer.comet.spec["objective"],
        "optimizer_parameters": json.dumps(dict(task.parameters), default=str),
    }
    return seat.place(task, {key: value for key, value in others.items() if value is not None}), seat


def place_here(project: str) -> Place:
    """Gives where an experiment outside of an optimizer reports: the task that an agent runs here, else a new one.

    One that this process has begun before is ended first, as in Comet.
    """
    running = under_agent()
    if running is not None:
        store = store_of(running)
        return Place(
            running=running, store=store, keep=_artifact_keeper(store, running.id), finish=lambda _: running.flush()
        )
    task_own.end(None)
    name = task_own.default_name()
    wanted = task_own.Wanted(project=project, name=name, card=TaskCard(project=project), reuse=False)
    store, id = task_own.begin(open_store, wanted)
    mine = own()
    assert mine is not None

    def finish(ending: Ending) -> None:
        current = own()
        if current is not None and current.id == id:
            task_own.end(ending.error)

    def keep(logged: dict[str, Any]) -> None:
        parameters = {**store.task(id).parameters, **logged.get("parameters", {})}
        store.update_task(id, parameters=parameters, memo={LOGGED: logged})

    return Place(running=mine, store=store, keep=keep, finish=finish)


def _artifact_keeper(store: Store, task: str) -> Callable[[dict[str, Any]], None]:
    """Keeps what was logged in a file of the task: its parameters and memo belong to the engine that made it."""

    def keep(logged: dict[str, Any]) -> None:
        body = json.dumps(logged, indent=1, default=str).encode()
        about = {"type": "json", "preview": body.decode()[:2000]}
        store.put_artifact(task, "artifact", LOGGED, body, suffix=".json", about=about, now=time.time())

    return keep
