"""Finds a base task among what a store has recorded: tasks of studies, drafts, scripts run by hand, stored code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from hpo_widgets.errors import InvalidInput, NotFound
from hpo_widgets.model.study import StudyRecord
from hpo_widgets.model.task import TaskRecord
from hpo_widgets.store.base import Code, Store

LISTED = 5
"""Names that an error message lists."""
KINDS = ("function", "script", "notebook")
"""Kinds of code that can be run again."""


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """Is code in a store, with the parameters of the task that had it."""

    name: str
    """What people call it."""
    code: Code | None
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_runnable(self) -> bool:
        """Whether another process can run it."""
        # A function that stayed in its process has a description but no body: nobody looked for the modules it needs.
        code = self.code
        return code is not None and code.kind in KINDS and (code.kind != "function" or "modules" in code.about)


def find_recorded(store: Store, wanted: str) -> Recorded:
    """Gives what a person means: the id of a task or study, the hash of code, or the name of a task or base task.

    Of several of one name it is the newest that can be run.

    Raises:
        InvalidInput: When there is none, with the closest names, or none of them was stored so that it can be run.
    """
    found = _by_id(store, wanted) or _by_name(store, wanted)
    for each in found:
        if each.is_runnable:
            return each
    raise InvalidInput(
        f"the code of base task {wanted!r} was not stored (it ran in a thread or in a notebook, or has none); give the "
        "function, or the path of its script."
    )


def _by_id(store: Store, wanted: str) -> list[Recorded]:
    try:
        return [_of(store, store.task(wanted))]
    except NotFound:
        code = _code(store, wanted)
    if code is not None:
        return [Recorded(name=str(code.about.get("name", wanted[:8])), code=code)]
    return [_of_study(store, study) for study in store.studies() if study.id == wanted]


def _of_study(store: Store, study: StudyRecord) -> Recorded:
    name = str(study.config.get("base_name") or study.name)
    return Recorded(name=name, code=_code(store, study.config.get("code")))


def _by_name(store: Store, wanted: str) -> list[Recorded]:
    tasks = [task for task, _ in store.find_tasks()]  # newest first
    found = [_of(store, task) for task in tasks if task.name == wanted]
    studies = store.studies()  # newest first
    found += [_of_study(store, study) for study in studies if study.config.get("base_name") == wanted]
    names = {*(task.name for task in tasks), *(str(study.config.get("base_name")) for study in studies)}
    if found:
        return found
    close = get_close_matches(wanted, names, n=LISTED, cutoff=0.5)
    hint = f"close names are {', '.join(map(repr, close))}" if close else _listed(sorted(names))
    raise InvalidInput(
        f"there is no base task {wanted!r} in the store, and no file of this name; {hint}. Or give a function."
    )


def _of(store: Store, task: TaskRecord) -> Recorded:
    # The name of a trial says after a colon what it ran with.
    name = task.name if task.study is None else task.name.partition(":")[0]
    return Recorded(name=name, code=_code(store, task.code), parameters=task.parameters)


def _listed(names: Sequence[str]) -> str:
    if not names:
        return "the store has no tasks yet"
    return f"the store has {', '.join(map(repr, names[:LISTED]))}{' and more' if len(names) > LISTED else ''}"


def _code(store: Store, hash: str | None) -> Code | None:
    if hash is None:
        return None
    try:
        return store.code(hash)
    except NotFound:
        return None
