"""Finds tasks by what people remember of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from difflib import get_close_matches
from typing import Any

from hpo_widgets.errors import InvalidInput, NotFound
from hpo_widgets.model.card import TaskCard
from hpo_widgets.model.task import TaskRecord
from hpo_widgets.sdk.task_states import STATUS
from hpo_widgets.store.base import Store

FILTERS = ("status", "type", "parent", "tags", "system_tags", "order_by", "page", "page_size")
"""Keys of `task_filter` that mean something here."""

Found = tuple[TaskRecord, TaskCard]


def find_tasks(
    store: Store,
    *,
    ids: Collection[str] | None = None,
    project: str | Sequence[str] | None = None,
    name: str | None = None,
    tags: Sequence[str] = (),
    allow_archived: bool = True,
    task_filter: dict[str, Any] | None = None,
) -> list[Found]:
    """Lists tasks, newest first.

    Args:
        store: Where to look.
        ids: Only these.
        project: Of this project, or of one of several; `None` for any.
        name: Regular expression that is somewhere in the name.
        tags: All of these; one that begins with "-" must be absent.
        allow_archived: Whether archived ones are among them.
        task_filter: ClearML's: status, type, parent, tags, page and page_size; order_by ("-" for descending).

    Raises:
        InvalidInput: For a filter that is unknown, or a name that is no regular expression.
    """
    wanted = dict(task_filter or {})
    unknown = sorted(set(wanted) - set(FILTERS))
    if unknown:
        raise InvalidInput(f"task_filter has {', '.join(unknown)}; there are {', '.join(FILTERS)}.")
    projects = [project] if isinstance(project, str) else project
    one = projects[0] if projects is not None and len(projects) == 1 else None
    pattern = _pattern(name)
    found = [
        (task, card)
        for task, card in store.find_tasks(project=one, parent=wanted.get("parent"))
        if (ids is None or task.id in ids)
        and (projects is None or card.project in projects)
        and (pattern is None or pattern.search(task.name))
        and (allow_archived or not task.archived)
        and _has_tags(tags_of(task, card), [*tags, *wanted.get("tags", ())])
        and STATUS[task.state] in _many(wanted.get("status"), STATUS[task.state])
        and card.type in _many(wanted.get("type"), card.type)
    ]
    return _page(_ordered(found, _many(wanted.get("order_by"))), wanted)


def _pattern(name: str | None) -> re.Pattern[str] | None:
    try:
        return None if name is None else re.compile(name)
    except re.error as error:
        raise InvalidInput(f"task_name {name!r} is no regular expression ({error}); use re.escape(name).") from None


def _many(value: Any, otherwise: Any = None) -> list[Any]:
    if value is None:
        return [] if otherwise is None else [otherwise]
    return [value] if isinstance(value, str) else list(value)


def tags_of(task: TaskRecord, card: TaskCard) -> tuple[str, ...]:
    """Gives the tags of a task; those that ClearML gives the children of an optimizer come first (reference a2)."""
    return card.tags if task.study is None else ("optimization", f"opt: {task.study}", *card.tags)


def _has_tags(there: Collection[str], tags: Sequence[str]) -> bool:
    return all(tag[1:] not in there if tag.startswith("-") else tag in there for tag in tags)


def _ordered(found: list[Found], order: Sequence[str]) -> list[Found]:
    keys = {
        "name": lambda each: each[0].name,
        "created": lambda each: each[0].created,
        "last_update": lambda each: each[0].ended or each[0].started or each[0].created,
        "started": lambda each: each[0].started or 0.0,
    }
    for each in reversed(order):
        key = each.lstrip("-")
        if key not in keys:
            raise InvalidInput(f"order_by has {each!r}; there are {', '.join(keys)}, with a '-' before for descending.")
        found = sorted(found, key=keys[key], reverse=each.startswith("-"))
    return found


def _page(found: list[Found], wanted: dict[str, Any]) -> list[Found]:
    size = wanted.get("page_size")
    if size is None:
        return found
    start = int(wanted.get("page", 0)) * int(size)
    return found[start : start + int(size)]


def newest(
    store: Store, project: str | None, name: str | None, tags: Sequence[str], allow_archived: bool
) -> TaskRecord:
    """Gives the newest task of exactly this name and project.

    Raises:
        InvalidInput: When there is none, with the closest names.
    """
    for task, card in store.find_tasks(project=project, name=name):
        if _has_tags(tags_of(task, card), tags) and (allow_archived or not task.archived):
            return task
    raise InvalidInput(_none_such(store, project, name))


def _none_such(store: Store, project: str | None, name: str | None) -> str:
    there = store.find_tasks()
    of = "" if project is None else f" in the project {project!r}"
    names = list(dict.fromkeys(task.name for task, card in there if project in (None, card.project)))
    if not names and project is not None:
        projects = sorted({card.project for _, card in there})
        return f"no task {name!r}{of}; there are the projects {', '.join(map(repr, projects)) or '(none yet)'}."
    close = get_close_matches(name or "", names, n=3) or names[:5]
    hint = f"there are {', '.join(map(repr, close))}" if close else "there are none yet"
    return f"no task {name!r}{of}; {hint}."


def by_id(store: Store, id: str) -> TaskRecord:
    """Gives a task by its id.

    Raises:
        InvalidInput: When there is none.
    """
    try:
        return store.task(id)
    except NotFound as error:
        raise InvalidInput(f"{error} Task.get_tasks() lists all.") from None
