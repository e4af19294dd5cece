"""What people give a task: name, project, type, tags, comment, parent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from difflib import get_close_matches
from enum import Enum, StrEnum
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.card import TaskCard
from hpo_widgets.sdk.task_find import tags_of
from hpo_widgets.sdk.task_states import TaskBase


class TaskTypes(StrEnum):
    """Types of tasks, as in ClearML."""

    training = "training"
    testing = "testing"
    inference = "inference"
    data_processing = "data_processing"
    application = "application"
    monitor = "monitor"
    controller = "controller"
    optimizer = "optimizer"
    service = "service"
    qc = "qc"
    custom = "custom"


class TaskCards(TaskBase):
    """Is the part of a task that people have written."""

    def _with_project(self) -> TaskCard:
        """Gives its card; that of a trial without one names its study's project."""
        card, study = self._card, self._record.study
        return card if card.project or study is None else replace(card, project=self._store.study(study).project)

    def _put(self, **changes: Any) -> None:
        with self._store.transaction():
            self._store.put_card(self.id, replace(self._with_project(), **changes))

    @property
    def name(self) -> str:
        """Its name."""
        return self._record.name

    def set_name(self, name: str) -> None:
        """Changes its name."""
        self._store.update_task(self.id, name=str(name))

    @property
    def project(self) -> str:
        """Its project; "" for none."""
        return self._with_project().project

    def get_project_name(self) -> str:
        """Gives `project`."""
        return self.project

    def set_project(self, project_id: str | None = None, project_name: str | None = None) -> None:
        """Moves it to a project, which need not be there yet."""
        self._put(project=str(project_name if project_name is not None else project_id or ""))

    @property
    def task_type(self) -> str:
        """One of `Task.TaskTypes`."""
        return self._card.type

    @property
    def parent(self) -> str | None:
        """Id of the task it was made from."""
        return self._card.parent

    def set_parent(self, parent: Any) -> None:
        """Changes its parent: a task, its id or `None`."""
        self._put(parent=getattr(parent, "id", parent))

    @property
    def comment(self) -> str:
        """What people wrote about it."""
        return self._card.comment

    def set_comment(self, comment: str) -> None:
        """Changes the comment."""
        self._put(comment=str(comment))

    def get_tags(self) -> list[str]:
        """Gives its tags in the order they were added, after those that every trial of a study has (reference a2)."""
        return list(tags_of(self._record, self._card))

    def get_system_tags(self) -> list[str]:
        """Gives `["archived"]` for an archived task."""
        return ["archived"] if self.archived else []

    def add_tags(self, tags: str | Iterable[str]) -> None:
        """Adds tags that it does not have."""
        given = [tags] if isinstance(tags, str) else [str(each) for each in tags]
        with self._store.transaction():
            self._put(tags=tuple(dict.fromkeys([*self._card.tags, *given])))

    def set_tags(self, tags: Iterable[str]) -> None:
        """Replaces its tags."""
        self._put(tags=tuple(dict.fromkeys(str(each) for each in tags)))

    @property
    def archived(self) -> bool:
        """Whether it is hidden in lists."""
        return self._record.archived

    def get_archived(self) -> bool:
        """Gives `archived`."""
        return self.archived

    def set_archived(self, archive: bool) -> None:
        """Hides it in lists, or shows it again; nothing is deleted."""
        self._store.update_task(self.id, archived=bool(archive))

    def reload(self) -> None:
        """Does nothing: every question reads the store."""


def type_of(given: Any) -> str:
    """Reads a task type.

    Raises:
        InvalidInput: For one that is unknown.
    """
    text = given.value if isinstance(given, Enum) else given
    types = [each.value for each in TaskTypes]
    if text not in types:
        close = get_close_matches(str(text), types, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise InvalidInput(f"task_type is {given!r}; there are {', '.join(types)}.{hint}")
    return str(text)
