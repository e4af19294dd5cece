"""What people give tasks, in the store in memory: the twin of the SQLite store's."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from hpo_widgets.errors import NotFound
from hpo_widgets.model.card import AgentRecord, Artifact, TaskCard
from hpo_widgets.model.study import Owner, StudyRecord
from hpo_widgets.model.task import TaskRecord, TaskState
from hpo_widgets.store.files import new_name
from hpo_widgets.store.kept import clean, kept
from hpo_widgets.store.memory_tables import MemoryTables
from hpo_widgets.store.sqlite_tasks import missing_artifact
from hpo_widgets.store.task_base import TaskStore

Key = tuple[str, str, str]


class MemoryTasks(TaskStore):
    """Is the part of the store in memory that needs its tables."""

    _tables: MemoryTables
    _tasks: dict[str, TaskRecord]
    _studies: dict[str, StudyRecord]

    def __init__(self) -> None:
        self._cards: dict[str, TaskCard] = {}
        self._artifacts: dict[Key, Artifact] = {}
        self._bodies: dict[str, bytes] = {}
        self._agents: dict[str, AgentRecord] = {}

    @abstractmethod
    def task(self, task: str) -> TaskRecord:
        """Gives one task by id."""

    @abstractmethod
    def update_task(self, task: str, **changes: Any) -> None:
        """Changes a task."""

    def _put(self, table: dict[Any, Any], key: Any, value: Any) -> None:
        before = table.get(key)
        table[key] = value
        self._tables.undo_by(_put_back(table, key, before))

    # -- cards -----------------------------------------------------------------------------------------------------
    def card(self, task: str) -> TaskCard:
        with self._tables.lock:
            self.task(task)
            return self._cards.get(task, TaskCard())

    def put_card(self, task: str, card: TaskCard) -> None:
        with self._tables.transaction():
            self.update_task(task)
            texts = {name: clean(value) for name, value in vars(card).items() if isinstance(value, str)}
            self._put(self._cards, task, replace(card, **texts, tags=tuple(clean(each) for each in card.tags)))

    def cards(self, study: str) -> dict[str, TaskCard]:
        with self._tables.lock:
            mine = sorted((each.key, each.id) for each in self._tasks.values() if each.study == study)
            return {id: self._cards[id] for _, id in mine if id in self._cards}

    def find_tasks(
        self, *, project: str | None = None, name: str | None = None, parent: str | None = None
    ) -> list[tuple[TaskRecord, TaskCard]]:
        with self._tables.lock:
            newest = sorted(self._tasks.values(), key=lambda each: -each.key)
            found = [(each, self._card_or_project(each)) for each in newest]
            return [
                (self.task(each.id), card)
                for each, card in found
                if (project is None or card.project == clean(project))
                and (name is None or each.name == clean(name))
                and (parent is None or card.parent == parent)
            ]

    def _card_or_project(self, task: TaskRecord) -> TaskCard:
        found = self._cards.get(task.id)
        if found is not None:
            return found
        return TaskCard() if task.study is None else TaskCard(project=self._studies[task.study].project)

    # -- files -----------------------------------------------------------------------------------------------------
    def put_artifact(
        self, task: str, kind: str, name: str, body: bytes | Path, *, suffix: str, about: dict[str, Any], now: float
    ) -> Artifact:
        content = body.read_bytes() if isinstance(body, Path) else bytes(body)
        with self._tables.transaction():
            self.update_task(task)
            made = Artifact(
                task=task,
                kind=clean(kind),
                name=clean(name),
                file=new_name(suffix),
                size=len(content),
                hash=hashlib.sha256(content).hexdigest(),
                time=float(now),
                about=kept(about),
            )
            before = self._artifacts.get((task, made.kind, made.name))
            self._put(self._bodies, made.file, content)
            self._put(self._artifacts, (task, made.kind, made.name), made)
            if before is not None:
                self._take(self._bodies, before.file)
            return replace(made, about=kept(made.about))

    def _take(self, table: dict[Any, Any], key: Any) -> None:
        self._tables.undo_by(_put_back(table, key, table.pop(key)))

    def artifacts(self, task: str, kind: str | None = None) -> list[Artifact]:
        with self._tables.lock:
            keys = sorted(key for key in self._artifacts if key[0] == task and kind in (None, key[1]))
            return [replace(found, about=kept(found.about)) for found in map(self._artifacts.__getitem__, keys)]

    def artifact(self, task: str, kind: str, name: str) -> Artifact:
        with self._tables.lock:
            found = self._artifacts.get((task, clean(kind), clean(name)))
            if found is None:
                raise missing_artifact(kind, name, [each.name for each in self.artifacts(task, kind)])
            return replace(found, about=kept(found.about))

    def read_artifact(self, artifact: Artifact) -> bytes:
        with self._tables.lock:
            if artifact.file not in self._bodies:
                raise NotFound(f"the file of {artifact.kind} {artifact.name!r} is gone; keep it again.")
            return self._bodies[artifact.file]

    def drop_artifact(self, task: str, kind: str, name: str) -> bool:
        key = (task, clean(kind), clean(name))
        with self._tables.transaction():
            if key not in self._artifacts:
                return False
            self._take(self._bodies, self._artifacts[key].file)
            self._take(self._artifacts, key)
            return True

    # -- agents ----------------------------------------------------------------------------------------------------
    def add_agent(self, id: str, queue: str, slots: int, gpus: tuple[str, ...], owner: Owner, now: float) -> None:
        with self._tables.transaction():
            made = AgentRecord(
                id=id, queue=clean(queue), slots=slots, gpus=tuple(gpus), owner=owner, started=float(now)
            )
            self._put(self._agents, id, made)

    def end_agent(self, id: str, now: float) -> None:
        with self._tables.transaction():
            found = self._agents.get(id)
            if found is not None and found.ended is None:
                self._put(self._agents, id, replace(found, ended=float(now)))

    def agents(self, *, serving: bool = False) -> list[AgentRecord]:
        with self._tables.lock:
            return [each for each in self._agents.values() if not serving or each.ended is None]

    def held_tasks(self, agent: str) -> list[TaskRecord]:
        with self._tables.lock:
            found = [t for t in self._tasks.values() if t.agent == agent and t.state is TaskState.RUNNING]
            return [self.task(each.id) for each in sorted(found, key=lambda each: each.key)]

    def waiting(self, queue: str) -> int:
        with self._tables.lock:
            return sum(t.queue == clean(queue) and t.state is TaskState.QUEUED for t in self._tasks.values())


def _put_back(table: dict[Any, Any], key: Any, before: Any) -> Callable[[], None]:
    def undo() -> None:
        if before is None:
            table.pop(key, None)
        else:
            table[key] = before

    return undo
