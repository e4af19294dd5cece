"""What people give tasks, in the SQLite store: cards, files and agents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hpo_widgets.errors import NotFound
from hpo_widgets.model.card import AgentRecord, Artifact, TaskCard
from hpo_widgets.model.study import Owner
from hpo_widgets.model.task import TaskRecord
from hpo_widgets.store import files, rows
from hpo_widgets.store.kept import clean, dump_json, load_json
from hpo_widgets.store.session import Session
from hpo_widgets.store.task_base import TaskStore
from hpo_widgets.store.trouble import readable

CARD = ("project", "type", "tags", "parent", "comment")


class SqliteTasks(TaskStore):
    """Is the part of the SQLite store that needs a session and the folder."""

    folder: Path
    _session: Session

    # -- cards -----------------------------------------------------------------------------------------------------
    def card(self, task: str) -> TaskCard:
        found = self._session.read("card", task=task)
        if found:
            with readable(self._session.path):
                return _card(dict(found[0]))
        self._check_task(task)
        return TaskCard()

    def _check_task(self, task: str) -> None:
        if not self._session.read("task_key", task=task):
            raise NotFound(f"no task with the id {task!r} in {self.folder}.")

    def put_card(self, task: str, card: TaskCard) -> None:
        with self._session.transaction():
            self._check_task(task)
            self._session.write("put_card", task=task, **{**vars(card), "tags": list(card.tags)})
            self._session.change("task", task, {})  # readers of the task look again

    def cards(self, study: str) -> dict[str, TaskCard]:
        found = [dict(row) for row in self._session.read("cards", study=study)]
        with readable(self._session.path):
            return {row.pop("task"): _card(row) for row in found}

    def find_tasks(
        self, *, project: str | None = None, name: str | None = None, parent: str | None = None
    ) -> list[tuple[TaskRecord, TaskCard]]:
        found = self._session.read("find_tasks", project=project, name=name, parent=parent)
        with readable(self._session.path):
            return [_task_and_card(dict(row)) for row in found]

    # -- files -----------------------------------------------------------------------------------------------------
    def put_artifact(
        self, task: str, kind: str, name: str, body: bytes | Path, *, suffix: str, about: dict[str, Any], now: float
    ) -> Artifact:
        self._check_task(task)
        dump_json(about)  # before anything is written
        kept = files.keep_file(self.folder, task, body, suffix)
        entry: dict[str, Any] = {"task": task, "kind": clean(kind), "name": clean(name)}
        try:
            with self._session.transaction():
                before = self._session.read("artifact", **entry)
                self._session.write(
                    "put_artifact", **entry, file=kept.name, size=kept.size, hash=kept.hash, time=now, about=about
                )
                self._session.change("task", task, {})
        except BaseException:
            files.remove(files.artifact_path(self.folder, task, kept.name))
            raise
        self._forget_files(task, before)
        return self.artifact(task, kind, name)

    def artifacts(self, task: str, kind: str | None = None) -> list[Artifact]:
        with readable(self._session.path):
            return [_artifact(dict(row)) for row in self._session.read("artifacts", task=task, kind=kind)]

    def artifact(self, task: str, kind: str, name: str) -> Artifact:
        found = self._session.read("artifact", task=task, kind=kind, name=name)
        if not found:
            raise missing_artifact(kind, name, [each.name for each in self.artifacts(task, kind)])
        with readable(self._session.path):
            return _artifact(dict(found[0]))

    def read_artifact(self, artifact: Artifact) -> bytes:
        try:
            return files.artifact_path(self.folder, artifact.task, artifact.file).read_bytes()
        except FileNotFoundError:
            raise NotFound(f"the file of {artifact.kind} {artifact.name!r} is gone; keep it again.") from None

    def drop_artifact(self, task: str, kind: str, name: str) -> bool:
        with self._session.transaction():
            before = self._session.read("artifact", task=task, kind=kind, name=name)
            self._session.write("drop_artifact", task=task, kind=kind, name=name)
        self._forget_files(task, before)
        return bool(before)

    def _forget_files(self, task: str, entries: list[Any]) -> None:
        if self._session.in_transaction:  # that may come to nothing, and the entries back: their files stay
            return
        for row in entries:
            files.remove(files.artifact_path(self.folder, task, row["file"]))

    # -- agents ----------------------------------------------------------------------------------------------------
    def add_agent(self, id: str, queue: str, slots: int, gpus: tuple[str, ...], owner: Owner, now: float) -> None:
        self._session.write("insert_agent", id=id, queue=queue, slots=slots, gpus=list(gpus), owner=owner, started=now)

    def end_agent(self, id: str, now: float) -> None:
        self._session.write("end_agent", id=id, now=now)

    def agents(self, *, serving: bool = False) -> list[AgentRecord]:
        found = self._session.read("agents_serving" if serving else "agents")
        with readable(self._session.path):
            return [_agent(dict(row)) for row in found]

    def held_tasks(self, agent: str) -> list[TaskRecord]:
        found = self._session.read("held_tasks", agent=agent)
        with readable(self._session.path):
            return [rows.task_record(row) for row in found]

    def waiting(self, queue: str) -> int:
        return int(self._session.read("count_waiting", queue=queue)[0][0])


def missing_artifact(kind: str, name: str, names: list[str]) -> NotFound:
    """Gives the error for a file that is not there, with the names there are."""
    there = f"there are {', '.join(map(repr, names))}." if names else "the task has none."
    return NotFound(f"no {kind} {name!r}; {there}")


def _card(row: dict[str, Any]) -> TaskCard:
    return TaskCard(**{**row, "tags": tuple(load_json(row["tags"]))})


def _task_and_card(row: dict[str, Any]) -> tuple[TaskRecord, TaskCard]:
    held = {name: row.pop(f"card_{name}") for name in CARD}
    project = row.pop("study_project") or ""
    card = TaskCard(project=project) if held["tags"] is None else _card(held)
    return rows.task_record(row), card


def _artifact(row: dict[str, Any]) -> Artifact:
    return Artifact(**{**row, "time": float(row["time"]), "about": load_json(row["about"])})


def _agent(row: dict[str, Any]) -> AgentRecord:
    del row["key"]
    row["gpus"] = tuple(load_json(row["gpus"]))
    row["owner"] = Owner(**load_json(row["owner"]))
    row["ended"] = None if row["ended"] is None else float(row["ended"])
    return AgentRecord(**row)
