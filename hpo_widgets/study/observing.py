"""What goes on while a study runs: who serves it, what its tasks take of the machine, what they print."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from functools import cached_property

from hpo_widgets.agents.console import LogPart, read_log
from hpo_widgets.agents.load import Load, LoadMeter
from hpo_widgets.engine.ownership import is_alive
from hpo_widgets.errors import NotFound
from hpo_widgets.model.card import Artifact
from hpo_widgets.model.scalar import MetricSummary
from hpo_widgets.model.task import TaskRecord, TaskState
from hpo_widgets.study.stored import StoredStudy


@dataclass(frozen=True, kw_only=True)
class Server:
    """Is one agent that serves a study's queue."""

    name: str
    """Its id; of a study's own agent "this study"."""
    host: str
    slots: int


@dataclass(frozen=True, kw_only=True)
class Resources:
    """Says who serves a study and what its running tasks take."""

    servers: tuple[Server, ...]
    pending: int
    """Tasks of the study that wait for a slot."""
    running: tuple[TaskRecord, ...]
    loads: dict[str, Load]
    """By task id; those on other hosts, or not begun yet, are missing."""
    gpus: tuple[dict[str, object], ...]
    """Graphics cards of this machine: index, name, percent busy, bytes used and in all."""


class Observing(StoredStudy):
    """Watches a study from any process of the machine."""

    @cached_property
    def _meter(self) -> LoadMeter:
        return LoadMeter()

    def resources(self) -> Resources:
        """Gives who serves the study and what its running tasks take now; processor use is since the last call."""
        record, host = self.record, socket.gethostname()
        own = record.state.is_live and is_alive(record.owner)
        servers = []
        if own and record.owner is not None:
            slots = self.config.limits.max_number_of_concurrent_tasks
            servers.append(Server(name="this study", host=record.owner.host, slots=slots))
        queue = self.config.queue
        serving = [each for each in self.store.agents(serving=True) if queue and each.queue == queue]
        servers += [Server(name=a.id, host=a.owner.host, slots=a.slots) for a in serving if is_alive(a.owner)]
        running = self.store.tasks(self.id, (TaskState.RUNNING,))
        here = {t.pid: t.id for t in running if t.pid is not None and (t.agent or "").startswith(f"{host}-")}
        loads = self._meter.measure(here) if here else {}
        return Resources(
            servers=tuple(servers),
            pending=len(self.store.tasks(self.id, (TaskState.QUEUED,))),
            running=tuple(running),
            loads={here[pid]: load for pid, load in loads.items()},
            gpus=tuple(self._meter.gpus()),
        )

    def log(self, task: str, since: int = 0) -> LogPart:
        """Gives what a task printed from byte `since` of its output on, and where to go on reading.

        A log is kept up to 1 MB: its beginning and its end, with a line that says how much is missing between.
        """
        own = self.store.task(task)
        if self.store.folder is None:
            return LogPart(text="", offset=since)
        return read_log(self.store.folder, own.id, since)

    def task(self, task: str) -> TaskRecord:
        """Gives one task of the study by its id.

        Raises:
            NotFound: When the study has no such task.
        """
        found = self.store.task(task)
        if found.study != self.id:
            raise NotFound(f"the task {task!r} does not belong to the study {self.record.name!r}.")
        return found

    def metrics(self, task: str) -> list[MetricSummary]:
        """Gives the summary of each metric that a task has reported."""
        return self.store.task_summaries(self.task(task).id)

    def artifacts(self, task: str) -> list[Artifact]:
        """Lists the files kept with a task; reads none of them."""
        return self.store.artifacts(self.task(task).id)
