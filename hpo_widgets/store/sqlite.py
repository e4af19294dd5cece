"""The store on SQLite in WAL mode: one file that every process of a search writes itself."""

from __future__ import annotations

import contextlib
import hashlib
import math
import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

from hpo_widgets.errors import NotFound, StudyBusy
from hpo_widgets.model.delta import Cursor, Delta
from hpo_widgets.model.objective import Objective, Sign, Values
from hpo_widgets.model.result import metrics_of
from hpo_widgets.model.scalar import CONSTRAINT_TITLE, Metric, MetricSummary, Scalar
from hpo_widgets.model.study import Owner, Request, RequestKind, StudyRecord, StudyState
from hpo_widgets.model.task import UNCOUNTED, Outcome, TaskRecord, TaskState
from hpo_widgets.store import rows
from hpo_widgets.store.base import Code, NewTask, Store, Watch, closest, free_name
from hpo_widgets.store.bell import Bell
from hpo_widgets.store.connection import Connections
from hpo_widgets.store.folder import FILE_NAME, make_folder
from hpo_widgets.store.kept import clean, load_json
from hpo_widgets.store.migrations import prepare
from hpo_widgets.store.polling import PollingWatch
from hpo_widgets.store.session import Session
from hpo_widgets.store.sqlite_tasks import SqliteTasks
from hpo_widgets.store.trouble import readable
from hpo_widgets.store.values import joined

R = TypeVar("R")


class SqliteStore(SqliteTasks, Store):
    """Keeps a store in a folder: `store.sqlite`, and beside it the logs and checkpoints of its tasks.

    Args:
        folder: Made when missing, readable by its owner only, with a `.gitignore` of its own.
        create: Whether a missing folder may be made; a task process must find it there.
    """

    folder: Path

    def __init__(self, folder: Path | str, *, create: bool = True) -> None:
        self.folder = Path(folder).absolute()
        if create:
            make_folder(self.folder)
        self._connections = Connections(self.folder / FILE_NAME)
        try:
            prepare(self._connections)
        except BaseException:
            self._connections.close()
            raise
        self._bell = Bell(self.folder / "bells")
        self._session = Session(self._connections, self._bell)
        self._metrics: dict[Metric, int] = {}

    def close(self) -> None:
        self._bell.close()
        self._connections.close()

    def forget_thread(self) -> None:
        self._connections.forget_thread()

    def warm_up(self) -> None:
        """Does ahead what the first report of a task's process would wait for."""
        self._session.warm_up()

    def is_present(self) -> bool:
        """Tells whether the store still lies where it was opened."""
        return self._connections.is_present()

    def watch(self, *, scalars: bool = True) -> Watch:
        self._connections.check_present()
        # Windows has no named pipes, and neither have some file systems.
        with contextlib.suppress(OSError, AttributeError):
            return self._bell.watch(scalars=scalars)
        return PollingWatch(self._session, scalars=scalars)

    def transaction(self) -> AbstractContextManager[None]:
        return self._session.transaction()

    def _records(self, make: Callable[[Any], R], found: Iterable[Any]) -> list[R]:
        with readable(self._connections.path):
            return [make(row) for row in found]

    # -- studies ---------------------------------------------------------------------------------------------------
    def create_study(self, name: str, project: str, config: dict[str, Any], now: float) -> StudyRecord:
        with self.transaction():
            free = free_name(clean(name), {row["name"] for row in self._session.read("study_names")})
            config = {**config, "name": free}
            found = self._session.write(
                "insert_study",
                id=uuid.uuid4().hex,
                name=free,
                project=project,
                state=StudyState.CREATED,
                config=config,
                limits=config.get("limits", {}),
                created=now,
            )
            return self._records(rows.study_record, found)[0]

    def studies(self) -> list[StudyRecord]:
        return self._records(rows.study_record, self._session.read("studies"))

    def study(self, name_or_id: str) -> StudyRecord:
        read = self._session.read
        found = read("study_by_id", id=name_or_id) or read("study_by_name", name=name_or_id)
        if found:
            return self._records(rows.study_record, found)[0]
        raise closest(name_or_id, [row["name"] for row in read("study_names")], self.folder)

    def update_study(self, study: str, **changes: Any) -> StudyRecord:
        found = self._session.change("study", study, changes)
        if not found:
            raise NotFound(f"no study with the id {study!r} in {self.folder}.")
        return self._records(rows.study_record, found)[0]

    def own_study(self, study: str, owner: Owner, *, replacing: Owner | None, state: StudyState) -> StudyRecord:
        with self.transaction():
            found = self._session.write("own_study", id=study, owner=owner, state=state, replacing=replacing)
            if not found:
                record = self.study(study)
                raise StudyBusy(f"the study {record.name!r} is driven by process {record.owner and record.owner.pid}.")
            return self._records(rows.study_record, found)[0]

    def release_study(self, study: str, owner: Owner, **changes: Any) -> None:
        self._session.change("study", study, {"owner": None, **changes}, "owner = :_owner", _owner=owner)

    # -- tasks -----------------------------------------------------------------------------------------------------
    def create_tasks(self, tasks: Sequence[NewTask], now: float) -> list[TaskRecord]:
        if not tasks:
            return []
        with self.transaction():
            found = [
                self._session.write("insert_task", **{**vars(t), "id": uuid.uuid4().hex, "created": now})[0]
                for t in tasks
            ]
        return self._records(rows.task_record, found)

    def task(self, task: str) -> TaskRecord:
        found = self._session.read("task_by_id", id=task)
        if not found:
            raise NotFound(f"no task with the id {task!r} in {self.folder}.")
        return self._records(rows.task_record, found)[0]

    def tasks(self, study: str, states: Collection[TaskState] | None = None) -> list[TaskRecord]:
        if states is None:
            found = self._session.read("tasks_of_study", study=study)
        else:
            found = self._session.read("tasks_in_states", study=study, states=[state.value for state in states])
        return self._records(rows.task_record, found)

    def count_trials(self, study: str) -> int:
        return int(self._session.read("count_trials", study=study)[0][0])

    def best_value(self, study: str, objective: Objective) -> float | None:
        sign, bounds = objective.sign, self._bounds()
        for metric in self._named(metrics_of([objective])):
            given = {"metric": metric, "extreme": _extreme(sign), "constraints": bounds, "uncounted": [*UNCOUNTED]}
            found = self._session.read("best_value", study=study, **given)[0]
            return None if found[0] is None else float(found[0 if sign.minimize else 1])
        return None

    def winning_values(self, study: str, objectives: Sequence[Objective], *, sets: bool) -> list[Values]:
        columns = []
        for each in objectives:
            given = {"extreme": _extreme(each.sign), "uncounted": [*UNCOUNTED]}
            numbers = self._named(metrics_of([each]))
            columns += [self._session.read_plain("counted_values", study=study, metric=n, **given) for n in numbers]
        bounds = self._bounds()
        broken = self._session.read_plain("broken_constraints", study=study, constraints=bounds) if bounds else []
        return joined(columns, broken, len(objectives), sets=sets)

    def _bounds(self) -> list[int]:
        return [number for number, each in self._named().items() if each.title == CONSTRAINT_TITLE]

    def move_task(
        self, task: str, to: TaskState, *, expect: Collection[TaskState], **changes: Any
    ) -> TaskRecord | None:
        allowed = ", ".join(f"'{state.value}'" for state in expect)
        found = self._session.change("task", task, {"state": to, **changes}, f"state IN ({allowed})")
        return self._records(rows.task_record, found)[0] if found else None

    def update_task(self, task: str, **changes: Any) -> None:
        if not self._session.change("task", task, changes, pressing=False):
            raise NotFound(f"no task with the id {task!r} in {self.folder}.")

    def claim(self, queue: str, agent: str, limit: int, now: float) -> list[TaskRecord]:
        if limit < 1 or not self._session.read("waiting", queue=queue):
            return []
        found = self._session.write("claim", pressing=False, queue=queue, agent=agent, limit=limit, now=now)
        return sorted(self._records(rows.task_record, found), key=lambda task: task.key)

    def finish(
        self, task: str, outcome: Outcome, task_key: int = 0, points: Sequence[tuple[Metric, int, float, float]] = ()
    ) -> None:
        # Nobody watches for the outcome: the agent reads it when the process has ended.
        ending = {"task": task, "ok": outcome.ok, "error": outcome.error}
        if not points:
            self._session.put("finish", **ending)
            return
        self._session.append(self._rows(task_key, points), ("finish", {k: rows.dump(v) for k, v in ending.items()}))

    def outcome(self, task: str) -> Outcome | None:
        found = self._session.read("outcome", task=task)
        return Outcome(ok=bool(found[0]["ok"]), error=found[0]["error"]) if found else None

    # -- scalars ---------------------------------------------------------------------------------------------------
    def record_scalars(self, task_key: int, points: Iterable[tuple[Metric, int, float, float]]) -> None:
        values = self._rows(task_key, points)
        if values:
            self._session.append(values)

    def _rows(
        self, task_key: int, points: Iterable[tuple[Metric, int, float, float]]
    ) -> list[tuple[int, int, int, float, float]]:
        known = self._metrics
        return [
            (task_key, known.get(metric) or self._number(metric), iteration, time, value)
            for metric, iteration, time, value in points
        ]

    def _number(self, metric: Metric) -> int:
        names = {"title": metric[0], "series": metric[1]}
        found = self._session.read("metric_key", **names)
        if not found:
            self._session.put("insert_metric", **names)
            found = self._session.read("metric_key", **names)
        number = int(found[0]["key"])
        if not self._session.in_transaction:  # rolled back, it would be another metric's number
            self._metrics[Metric(*metric)] = number
        return number

    def _named(self, wanted: Collection[Metric] | None = None) -> dict[int, Metric]:
        """Gives the metrics (those of `wanted` that there are) by number."""
        names = {number: Metric(title, series) for number, title, series in self._session.read_plain("metrics")}
        if wanted is None:
            return names
        known = {(clean(title), clean(series)) for title, series in wanted}
        return {number: metric for number, metric in names.items() if metric in known}

    def _of_metrics(
        self, query: str, metrics: Collection[Metric] | None, **values: Any
    ) -> tuple[list[tuple[Any, ...]], dict[int, Metric]]:
        """Runs a query that comes in two forms, for all metrics and for some; gives the names of the metrics too."""
        if metrics is None:
            found = self._session.read_plain(query, **values)  # first: a metric has its name before its first point
            return found, self._named() if found else {}
        names = self._named(metrics)
        return self._session.read_plain(f"{query}_of_metrics", metrics=list(names), **values) if names else [], names

    def scalars(self, task: str, metric: Metric | None = None) -> list[Scalar]:
        key = self._session.read("task_key", task=task)
        if not key:
            return []
        wanted = None if metric is None else [metric]
        found, names = self._of_metrics("scalars_of_task", wanted, key=key[0]["key"])
        return rows.scalar_records(found, names, {key[0]["key"]: task})

    def _ids(self, study: str) -> dict[int, str]:
        return dict(self._session.read_plain("task_ids", study=study))

    def reports(self, study: str, metric: Metric) -> Iterable[tuple[str, int, float]]:
        with self._session.view():
            found = [
                row
                for number in self._named([metric])
                for row in self._session.read_plain("reports_of_study", study=study, metric=number)
            ]
            ids = self._ids(study) if found else {}
        return [(ids[task], at, math.nan if value is None else value) for task, at, value in found]

    def summaries(self, study: str, metrics: Collection[Metric] | None = None) -> list[MetricSummary]:
        wanted = None if metrics is None else [*metrics, *self._constraints()]
        return rows.summary_records(*self._of_metrics("summaries_of_study", wanted, study=study))

    def _constraints(self) -> list[Metric]:
        return [each for each in self._named().values() if each.title == CONSTRAINT_TITLE]

    def task_summaries(self, task: str) -> list[MetricSummary]:
        return rows.summary_records(*self._of_metrics("summaries_of_task", None, task=task))

    # -- changes ---------------------------------------------------------------------------------------------------
    def cursor(self) -> Cursor:
        return self._session.cursor()

    def delta(self, since: Cursor, study: str, metrics: Collection[Metric] | None = None) -> Delta:
        read, names = self._session.read, {"study": study, "revision": since.revision}
        with self._session.view():
            end = self._session.cursor()
            changed = end.revision > since.revision or self._session.in_transaction
            studies = read("delta_study", **names) if changed else []
            tasks = read("delta_tasks", **names) if changed else []
            requests = read("delta_requests", **names) if changed else []
            scalars = self._new_scalars(since, end, study, metrics)
        return Delta(
            cursor=end,
            studies=tuple(self._records(rows.study_record, studies)),
            tasks=tuple(self._records(rows.task_record, tasks)),
            requests=tuple(self._records(rows.request_record, requests)),
            scalars=tuple(scalars),
        )

    def _new_scalars(
        self, since: Cursor, end: Cursor, study: str, metrics: Collection[Metric] | None
    ) -> Iterable[Scalar]:
        if metrics is not None and not metrics:
            return ()
        if since.scalar <= 0:
            found, names = self._of_metrics("all_scalars", metrics, study=study)
            return rows.scalar_records(found, names, self._ids(study) if found else {})
        if end.scalar <= since.scalar and not self._session.in_transaction:
            return ()
        found, names = self._of_metrics("delta_scalars", metrics, study=study, scalar=since.scalar)
        ids = {key: self._session.read_plain("task_id", key=key)[0][0] for key in {row[0] for row in found}}
        return rows.scalar_records(found, names, ids)

    def request(
        self, kind: RequestKind, *, study: str | None, task: str | None, payload: dict[str, Any], now: float
    ) -> Request:
        found = self._session.write("insert_request", kind=kind, study=study, task=task, payload=payload, time=now)
        return self._records(rows.request_record, found)[0]

    def open_requests(self, *, study: str | None = None, queue: str | None = None) -> list[Request]:
        found = [] if study is None else self._session.read("open_requests_of_study", study=study)
        found += [] if queue is None else self._session.read("open_requests_of_queue", queue=queue)
        return self._records(rows.request_record, found)

    def answer(self, request: int, now: float, answer: str | None = None) -> None:
        self._session.write("answer", key=request, now=now, answer=answer)

    def requests(self, study: str) -> list[Request]:
        return self._records(rows.request_record, self._session.read("requests_of_study", study=study))

    # -- code ------------------------------------------------------------------------------------------------------
    def put_code(self, kind: str, body: bytes, about: dict[str, Any]) -> str:
        hash = hashlib.sha256(kind.encode() + b"\0" + body).hexdigest()
        self._session.put("insert_code", hash=hash, kind=kind, body=body, about=about)
        return hash

    def code(self, hash: str) -> Code:
        found = self._session.read("code", hash=hash)
        if not found:
            raise NotFound(f"no code with the hash {hash!r} in {self.folder}.")
        return self._records(lambda row: Code(**{**dict(row), "about": load_json(row["about"])}), found)[0]


def _extreme(sign: Sign) -> str:
    """Gives what of a run counts: its smallest, largest or last value."""
    return sign.value.removesuffix("_global") if sign.is_global else "last"
