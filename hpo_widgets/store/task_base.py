"""The part of a store's interface that people's own tasks need: cards, files, and who serves queues."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from hpo_widgets.model.card import AgentRecord, Artifact, TaskCard
from hpo_widgets.model.study import Owner
from hpo_widgets.model.task import TaskRecord

DEFAULT_QUEUE = "default"
"""The queue that is there before anybody serves one."""


class TaskStore(ABC):
    """Keeps what people give tasks. The guarantees of `Store` hold; text that is not Unicode is spelled out."""

    # -- cards -----------------------------------------------------------------------------------------------------
    @abstractmethod
    def card(self, task: str) -> TaskCard:
        """Gives what people gave a task; the default card when they gave nothing. Raises `NotFound` for no task."""

    @abstractmethod
    def put_card(self, task: str, card: TaskCard) -> None:
        """Keeps a task's card in place of the one before. Raises `NotFound` for no task."""

    @abstractmethod
    def cards(self, study: str) -> dict[str, TaskCard]:
        """Gives what people gave the tasks of a study, by task id in the order of creation; only of those that have."""

    @abstractmethod
    def find_tasks(
        self, *, project: str | None = None, name: str | None = None, parent: str | None = None
    ) -> list[tuple[TaskRecord, TaskCard]]:
        """Lists tasks, newest first: all, or those of a project, of a name, of a parent (`None` is any).

        A task of a study that has no card of its own is in its study's project.
        """

    # -- files -----------------------------------------------------------------------------------------------------
    @abstractmethod
    def put_artifact(
        self, task: str, kind: str, name: str, body: bytes | Path, *, suffix: str, about: dict[str, Any], now: float
    ) -> Artifact:
        """Keeps a file with a task in place of the one before of this kind and name; all of it or nothing.

        Args:
            task: Id of the task; raises `NotFound` when there is none.
            kind: See `Artifact`.
            name: See `Artifact`.
            body: The content, or a file to copy.
            suffix: Ending of the file's name, as `.json`; letters and digits only, else it is left out.
            about: JSON to know without reading the file.
            now: UTC seconds.
        """

    @abstractmethod
    def artifacts(self, task: str, kind: str | None = None) -> list[Artifact]:
        """Lists the files of a task by kind and name."""

    @abstractmethod
    def artifact(self, task: str, kind: str, name: str) -> Artifact:
        """Describes one file. Raises `NotFound` with the names there are."""

    @abstractmethod
    def read_artifact(self, artifact: Artifact) -> bytes:
        """Gives a file's content; loads none of it. Raises `NotFound` when it is gone."""

    @abstractmethod
    def drop_artifact(self, task: str, kind: str, name: str) -> bool:
        """Removes a file and its entry; tells whether there was one."""

    # -- agents ----------------------------------------------------------------------------------------------------
    @abstractmethod
    def add_agent(self, id: str, queue: str, slots: int, gpus: tuple[str, ...], owner: Owner, now: float) -> None:
        """Records an agent that begins to serve a queue (the empty name: only a task of its own process)."""

    @abstractmethod
    def end_agent(self, id: str, now: float) -> None:
        """Records that an agent serves no longer; does nothing the second time."""

    @abstractmethod
    def agents(self, *, serving: bool = False) -> list[AgentRecord]:
        """Lists agents, oldest first: all there ever were, or those that have not said that they left."""

    @abstractmethod
    def held_tasks(self, agent: str) -> list[TaskRecord]:
        """Lists the running tasks of an agent."""

    @abstractmethod
    def waiting(self, queue: str) -> int:
        """Counts the tasks that wait in a queue."""

    def queues(self) -> list[str]:
        """Lists the queues there are: the default one, and all that an agent ever served."""
        return sorted({DEFAULT_QUEUE, *(each.queue for each in self.agents() if each.queue)})
