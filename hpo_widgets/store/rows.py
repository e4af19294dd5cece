"""Rows of the SQLite store to records and back; one place that knows both spellings."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from hpo_widgets.model.scalar import Metric, MetricSummary, Scalar
from hpo_widgets.model.study import Owner, Request, RequestKind, StudyRecord, StudyState
from hpo_widgets.model.task import TaskRecord, TaskState
from hpo_widgets.store.kept import clean, dump_json, load_json

COLUMNS = {
    "study": {f.name for f in fields(StudyRecord)} - {"id"},
    "task": {f.name for f in fields(TaskRecord)} - {"id", "key"},
}
"""Columns that may be changed."""


def checked_columns(table: str, names: Iterable[str]) -> Iterable[str]:
    """Gives names of columns back; raises `TypeError` for one that is not a field of the record or never changes."""
    unknown = sorted(set(names) - COLUMNS[table])
    if unknown:
        known = ", ".join(sorted(COLUMNS[table]))
        raise TypeError(f"a {table} has no {', '.join(unknown)} to change; there are {known}.")
    return names


def dump(value: Any) -> Any:
    """Gives what a column holds for a field's value."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, (TaskState, StudyState, RequestKind)):
        return value.value
    if isinstance(value, Owner):
        return dump_json(value.to_json())
    if isinstance(value, (dict, list)):
        return dump_json(value)
    return value


def _real(value: Any) -> float | None:
    """RETURNING gives a whole number as it was bound, before the column makes it a float."""
    return None if value is None else float(value)


def task_record(row: sqlite3.Row | dict[str, Any]) -> TaskRecord:
    """Reads a row of `task`."""
    found = dict(row)
    del found["revision"]
    found["state"] = TaskState(found["state"])
    found["archived"] = bool(found["archived"])
    found["parameters"] = load_json(found["parameters"])
    found["memo"] = load_json(found["memo"])
    for name in ("created", "started", "ended"):
        found[name] = _real(found[name])
    return TaskRecord(**found)


def study_record(row: sqlite3.Row) -> StudyRecord:
    """Reads a row of `study`."""
    found = dict(row)
    del found["revision"], found["key"]
    owner = load_json(found["owner"])
    found["state"] = StudyState(found["state"])
    found["owner"] = Owner(**owner) if owner else None
    for name in ("config", "limits", "memo"):
        found[name] = load_json(found[name])
    for name in ("created", "started", "ended"):
        found[name] = _real(found[name])
    return StudyRecord(**found)


def request_record(row: sqlite3.Row) -> Request:
    """Reads a row of `request`."""
    return Request(
        id=row["key"],
        kind=RequestKind(row["kind"]),
        study=row["study"],
        task=row["task"],
        payload=load_json(row["payload"]),
        time=float(row["time"]),
        handled=_real(row["handled"]),
        answer=row["answer"],
    )


def scalar_records(found: Iterable[Any], metrics: Mapping[int, Metric], tasks: Mapping[int, str]) -> list[Scalar]:
    """Reads rows (task number, metric number, iteration, time, value); NULL is NaN."""
    nan = math.nan
    return [Scalar(tasks[t], metrics[m], i, at, nan if value is None else value) for t, m, i, at, value in found]


def summary_records(found: Iterable[Any], metrics: Mapping[int, Metric]) -> list[MetricSummary]:
    """Reads rows of the summary queries; a last value of NULL is NaN."""
    nan = math.nan
    return [
        MetricSummary(
            task=task,
            metric=metrics[metric],
            points=count,
            last=nan if last is None else last,
            last_iteration=last_iteration,
            min=low,
            min_iteration=low_iteration,
            max=high,
            max_iteration=high_iteration,
        )
        for task, metric, count, last, last_iteration, low, low_iteration, high, high_iteration in found
    ]
