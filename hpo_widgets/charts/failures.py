"""Failures that are one failure: grouped by where and how they were raised, with what their parameters share."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hpo_widgets.model.parameter_values import canonical
from hpo_widgets.model.task import TaskRecord, TaskState

FAILED = (TaskState.FAILED, TaskState.LOST)
LISTED = 200
"""Tasks of a group that are named; the count counts all."""
GROUPS = 50
LONGEST_VALUE = 300
LONGEST = 20_000
"""Characters of a traceback that are kept: its end, which says what happened."""

_FRAME = re.compile(r'^\s*File "(?P<file>[^"]*)", line (?P<line>\d+), in (?P<name>.*)$', re.MULTILINE)
_VARYING = re.compile(r"0x[0-9a-fA-F]+|[0-9a-f]{32}|[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|'[^'\n]*'|\"[^\"\n]*\"")


@dataclass(frozen=True, kw_only=True)
class Shared:
    """Says what the parameters of failed tasks have in common."""

    name: str
    values: tuple[Any, ...]
    """One value, or the lowest and the highest."""
    elsewhere: int
    """Tasks that did not fail this way although they have the value, too."""

    def to_json(self) -> list[Any]:
        """Gives the form that travels."""
        return [self.name, [_text(value) for value in self.values], self.elsewhere]


@dataclass(frozen=True, kw_only=True)
class FailureGroup:
    """Is one failure and the tasks that met it."""

    key: str
    title: str
    """The line that says what happened, of the newest one."""
    traceback: str
    """Of the newest one."""
    count: int
    tasks: tuple[tuple[int | None, str, int], ...]
    """Trial number, id and the store's number, newest first, at most `LISTED`."""
    shared: tuple[Shared, ...]

    def to_json(self) -> dict[str, Any]:
        """Gives the form that travels."""
        shared = [each.to_json() for each in self.shared]
        return {**vars(self), "tasks": [list(each) for each in self.tasks], "shared": shared}


def failure_key(error: str) -> str:
    """Gives 16 hexadecimal digits that are equal for tracebacks of one failure: same frames, same exception."""
    frames = [f"{found['file']}:{found['line']}:{found['name']}" for found in _FRAME.finditer(error)]
    text = "\n".join([*frames[-8:], _VARYING.sub("…", last_line(error))])
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def last_line(error: str) -> str:
    """Gives the line of a traceback that says what happened."""
    lines = [line for line in error.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "no message"


def group_failures(tasks: Sequence[TaskRecord]) -> list[FailureGroup]:
    """Gives the failures among all tasks of a study, the most frequent first, at most `GROUPS`.

    What was lost only because its study was left runs again and is none.
    """
    groups: dict[str, list[TaskRecord]] = {}
    for task in tasks:
        if task.state in FAILED and not task.interrupted:
            groups.setdefault(failure_key(task.error or task.reason or task.state.value), []).append(task)
    found = []
    largest = sorted(groups.items(), key=lambda item: -len(item[1]))[:GROUPS]
    for key, members in largest:
        inside = {task.key for task in members}
        others = [t for t in tasks if t.key not in inside and t.state.is_final]
        newest = max(members, key=lambda task: (task.ended or 0.0, task.key))
        text = newest.error or newest.reason or newest.state.value
        ordered = sorted(members, key=lambda task: -task.key)[:LISTED]
        found.append(
            FailureGroup(
                key=key,
                title=last_line(text)[:500],
                traceback=text[-LONGEST:],
                count=len(members),
                tasks=tuple((task.trial, task.id, task.key) for task in ordered),
                shared=tuple(shared_parameters([t.parameters for t in members], [t.parameters for t in others])),
            )
        )
    return found


def shared_parameters(inside: Sequence[Mapping[str, Any]], outside: Sequence[Mapping[str, Any]]) -> list[Shared]:
    """Gives what failed parameter sets have in common and the others have not all, the most telling first.

    A value that all have; or, for numbers, the interval they lie in when few others lie there. What does not tell them
    from the others (a constant, a range that the others fill, too) is left out.
    """
    if len(inside) < 2:
        return []
    found: list[Shared] = []
    for name in dict.fromkeys(name for each in inside for name in each):
        values = [each[name] for each in inside if name in each]
        if len(values) < len(inside):
            continue
        others = [each[name] for each in outside if name in each]
        common = _common(name, values, others)
        if common is not None and (common.elsewhere < len(others) / 2 or (not others and len(common.values) == 1)):
            found.append(common)
    return sorted(found, key=lambda each: each.elsewhere)


def _common(name: str, values: list[Any], others: Iterable[Any]) -> Shared | None:
    texts = {canonical(value) for value in values}
    if len(texts) == 1:
        return Shared(name=name, values=(values[0],), elsewhere=sum(canonical(each) in texts for each in others))
    if not all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        return None
    low, high = min(values), max(values)
    return Shared(name=name, values=(low, high), elsewhere=sum(_between(low, each, high) for each in others))


def _text(value: Any) -> str:
    """Gives a value as people read it: numbers with five digits, texts as they are."""
    text = f"{value:.5g}" if isinstance(value, float) else str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def _between(low: Any, value: Any, high: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high
