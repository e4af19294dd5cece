"""The store in memory: the twin of the SQLite store for tests and for searches that need not be kept.

It serves the threads of one process only: tasks run in threads, and nothing is left when the process ends.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, TypeVar

from hpo_widgets.errors import InvalidInput, NotFound, StudyBusy
from hpo_widgets.model.delta import Cursor, Delta
from hpo_widgets.model.objective import Objective, Values
from hpo_widgets.model.result import read_result, wins
from hpo_widgets.model.scalar import CONSTRAINT_TITLE, Metric, MetricSummary, Scalar
from hpo_widgets.model.set_result import set_results
from hpo_widgets.model.study import Owner, Request, RequestKind, StudyRecord, StudyState
from hpo_widgets.model.task import Outcome, TaskRecord, TaskState
from hpo_widgets.store.base import Code, NewTask, Rung, Store, Watch, closest, free_name
from hpo_widgets.store.kept import LARGEST, clean, kept
from hpo_widgets.store.memory_tables import MemoryTables, MemoryWatch
from hpo_widgets.store.memory_tasks import MemoryTasks
from hpo_widgets.store.rows import checked_columns

KINDS = ("study", "task", "request")
R = TypeVar("R", StudyRecord, TaskRecord, Request)


class MemoryStore(MemoryTasks, Store):
    """Keeps a store in dictionaries under one lock."""

    folder = None

    def __init__(self) -> None:
        super().__init__()
        self._tables = MemoryTables()
        self._lock = self._tables.lock
        self._scalars = self._tables.scalars
        self._studies: dict[str, StudyRecord] = {}
        self._tasks: dict[str, TaskRecord] = {}
        self._keys: list[str] = []
        self._queues: dict[str, dict[str, None]] = {}
        self._requests: dict[int, Request] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._codes: dict[str, Code] = {}

    def close(self) -> None:
        for watch in list(self._tables.watches):
            watch.close()

    def watch(self, *, scalars: bool = True) -> Watch:
        return MemoryWatch(self._tables.watches, scalars=scalars)

    def transaction(self) -> AbstractContextManager[None]:
        return self._tables.transaction()

    # -- studies ---------------------------------------------------------------------------------------------------
    def create_study(self, name: str, project: str, config: dict[str, Any], now: float) -> StudyRecord:
        with self.transaction():
            free = free_name(clean(name), {s.name for s in self._studies.values()})
            config = kept({**config, "name": free})
            record = StudyRecord(
                id=uuid.uuid4().hex,
                name=free,
                project=clean(project),
                state=StudyState.CREATED,
                reason=None,
                error=None,
                config=config,
                limits=kept(config.get("limits", {})),
                owner=None,
                created=float(now),
                started=None,
                ended=None,
            )
            self._tables.put(self._studies, "study", record.id, record.id, record)
            return _copied(record)

    def studies(self) -> list[StudyRecord]:
        with self._lock:
            return [_copied(s) for s in reversed(self._studies.values())]

    def study(self, name_or_id: str) -> StudyRecord:
        with self._lock:
            names = {s.name: s for s in self._studies.values()}
            found = self._studies.get(name_or_id) or names.get(clean(name_or_id))
        if found is None:
            raise closest(name_or_id, list(names), "memory")
        return _copied(found)

    def _change_study(self, study: str, changes: dict[str, Any]) -> StudyRecord:
        record = replace(self._studies[study], **_values("study", changes))
        self._tables.put(self._studies, "study", study, study, record)
        return _copied(record)

    def _check_study(self, study: str) -> None:
        if study not in self._studies:
            raise NotFound(f"no study with the id {study!r} in memory.")

    def update_study(self, study: str, **changes: Any) -> StudyRecord:
        with self.transaction():
            self._check_study(study)
            return self._change_study(study, changes)

    def own_study(self, study: str, owner: Owner, *, replacing: Owner | None, state: StudyState) -> StudyRecord:
        with self.transaction():
            self._check_study(study)
            record = self._studies[study]
            if record.owner != replacing:
                raise StudyBusy(f"the study {record.name!r} is driven by process {record.owner and record.owner.pid}.")
            return self._change_study(study, {"owner": owner, "state": state})

    def release_study(self, study: str, owner: Owner, **changes: Any) -> None:
        with self.transaction():
            if study in self._studies and self._studies[study].owner == owner:
                self._change_study(study, {"owner": None, **changes})

    # -- tasks -----------------------------------------------------------------------------------------------------
    def create_tasks(self, tasks: Sequence[NewTask], now: float) -> list[TaskRecord]:
        if not tasks:
            return []
        with self.transaction():
            return [self._create_task(t, now) for t in tasks]

    def _create_task(self, new: NewTask, now: float) -> TaskRecord:
        if new.study is not None:
            self._check_study(new.study)
        record = TaskRecord(
            id=uuid.uuid4().hex,
            key=len(self._keys) + 1,
            reason=None,
            agent=None,
            pid=None,
            created=float(now),
            started=None,
            ended=None,
            archived=False,
            error=None,
            **_values("task", vars(new)),
        )
        self._keys.append(record.id)
        self._tables.undo_by(self._keys.pop)
        self._put_task(record)
        return _copied(record)

    def _put_task(self, record: TaskRecord) -> None:
        self._tables.put(self._tasks, "task", record.study, record.id, record)
        if record.state is TaskState.QUEUED:
            self._queues.setdefault(record.queue, {})[record.id] = None

    def task(self, task: str) -> TaskRecord:
        with self._lock:
            return _copied(self._task(task))

    def _task(self, task: str) -> TaskRecord:
        if task not in self._tasks:
            raise NotFound(f"no task with the id {task!r} in memory.")
        return self._tasks[task]

    def tasks(self, study: str, states: Collection[TaskState] | None = None) -> list[TaskRecord]:
        with self._lock:
            found = [self._tasks[key] for key in self._tables.keys(study, "task")]
        wanted = (t for t in found if states is None or t.state in states)
        return [_copied(t) for t in sorted(wanted, key=lambda t: t.key)]

    def count_trials(self, study: str) -> int:
        return len({task.trial for task in self.tasks(study)} - {None})

    def best_value(self, study: str, objective: Objective) -> float | None:
        found = [(task, read_result([objective], self.task_summaries(task.id))) for task in self.tasks(study)]
        values = [value for task, result in found if wins(task, result) for value in result.values if value is not None]
        return (min if objective.sign.minimize else max)(values, default=None)

    def winning_values(self, study: str, objectives: Sequence[Objective], *, sets: bool) -> list[Values]:
        tasks = self.tasks(study)
        results = {task.id: read_result(objectives, self.task_summaries(task.id)) for task in tasks}
        if sets:
            return [
                each.mean
                for each in set_results(tasks, results, objectives)
                if each.counted and each.feasible is not False
            ]
        return [results[task.id].values for task in tasks if wins(task, results[task.id])]

    def move_task(
        self, task: str, to: TaskState, *, expect: Collection[TaskState], **changes: Any
    ) -> TaskRecord | None:
        with self.transaction():
            before = self._tasks.get(task)
            if before is None or before.state not in expect:
                return None
            self._put_task(replace(before, state=to, **_values("task", changes)))
            return self.task(task)

    def update_task(self, task: str, **changes: Any) -> None:
        with self.transaction():
            self._put_task(replace(self._task(task), **_values("task", changes)))

    def claim(self, queue: str, agent: str, limit: int, now: float) -> list[TaskRecord]:
        with self._lock:
            line = self._queues.get(queue, {})
            for id in [id for id in line if not self._waits(id, queue)]:
                del line[id]
            chosen = sorted(line, key=lambda id: self._tasks[id].key)[: max(0, limit)]
            if not chosen:
                return []
            with self.transaction():
                moved = [
                    self.move_task(id, TaskState.RUNNING, expect=(TaskState.QUEUED,), agent=agent, started=now)
                    for id in chosen
                ]
            return [t for t in moved if t is not None]

    def _waits(self, id: str, queue: str) -> bool:
        task = self._tasks.get(id)
        return task is not None and task.state is TaskState.QUEUED and task.queue == queue

    def finish(
        self, task: str, outcome: Outcome, task_key: int = 0, points: Sequence[tuple[Metric, int, float, float]] = ()
    ) -> None:
        with self._lock:
            self._task(task)
            if points:
                self.record_scalars(task_key, points)
            before = self._outcomes.get(task)
            error = None if outcome.error is None else clean(outcome.error)
            self._outcomes[task] = replace(outcome, error=error)
            self._tables.undo_by(lambda: _restore(self._outcomes, task, before))

    def outcome(self, task: str) -> Outcome | None:
        with self._lock:
            return self._outcomes.get(task)

    # -- scalars ---------------------------------------------------------------------------------------------------
    def record_scalars(self, task_key: int, points: Iterable[tuple[Metric, int, float, float]]) -> None:
        given = list(points)
        if not given:
            return
        with self._lock:
            if not 0 < task_key <= len(self._keys):
                raise NotFound("memory has no such study or task; it cannot be written to.")
            task = self._tasks[self._keys[task_key - 1]]
            scalars = [_scalar(task.id, point) for point in given]
            self._scalars.add(task.study, scalars)
            self._tables.ring(Rung.SCALARS)

    def scalars(self, task: str, metric: Metric | None = None) -> list[Scalar]:
        with self._lock:
            return self._scalars.of_task(task, None if metric is None else _named(metric))

    def reports(self, study: str, metric: Metric) -> Iterable[tuple[str, int, float]]:
        with self._lock:
            return [(s.task, s.iteration, s.value) for s in self._scalars.since(0, study, {_named(metric)})]

    def summaries(self, study: str, metrics: Collection[Metric] | None = None) -> list[MetricSummary]:
        wanted = None if metrics is None else {_named(m) for m in metrics}
        with self._lock:
            found = [s for t in self._tables.keys(study, "task") for s in self._scalars.summaries(t)]
        return [s for s in found if wanted is None or s.metric in wanted or s.metric.title == CONSTRAINT_TITLE]

    def task_summaries(self, task: str) -> list[MetricSummary]:
        with self._lock:
            return self._scalars.summaries(task)

    # -- changes ---------------------------------------------------------------------------------------------------
    def cursor(self) -> Cursor:
        with self._lock:
            if self._tables.depth:
                return Cursor(self._tables.revision - 1, self._tables.before)
            return Cursor(self._tables.revision, len(self._scalars))

    def delta(self, since: Cursor, study: str, metrics: Collection[Metric] | None = None) -> Delta:
        wanted = None if metrics is None else {_named(m) for m in metrics}
        with self._lock:
            studies, tasks, requests = (self._tables.keys(study, kind, since.revision) for kind in KINDS)
            changed = sorted((self._tasks[key] for key in tasks), key=lambda t: t.key)
            return Delta(
                cursor=self.cursor(),
                studies=tuple(_copied(self._studies[key]) for key in studies),
                tasks=tuple(_copied(t) for t in changed),
                requests=tuple(_copied(self._requests[key]) for key in sorted(requests)),
                scalars=tuple(self._scalars.since(since.scalar, study, wanted)),
            )

    def request(
        self, kind: RequestKind, *, study: str | None, task: str | None, payload: dict[str, Any], now: float
    ) -> Request:
        with self.transaction():
            if task is not None:
                of_task = self._task(task).study
                study = study or of_task
            if study is not None:
                self._check_study(study)
            number, time = len(self._requests) + 1, float(now)
            made = Request(
                id=number,
                kind=kind,
                study=study,
                task=task,
                payload=kept(payload),
                time=time,
                handled=None,
                answer=None,
            )
            self._tables.put(self._requests, "request", study, number, made)
            return _copied(made)

    def open_requests(self, *, study: str | None = None, queue: str | None = None) -> list[Request]:
        with self._lock:
            unhandled = [r for r in self._requests.values() if r.handled is None]
            of_study = [r for r in unhandled if study is not None and r.study == study and r.task is None]
            of_queue = [r for r in unhandled if queue is not None and r.task and self._task(r.task).queue == queue]
            return [_copied(r) for r in of_study + of_queue]

    def answer(self, request: int, now: float, answer: str | None = None) -> None:
        with self.transaction():
            record = self._requests.get(request)
            if record is not None and record.handled is None:
                said = None if answer is None else clean(answer)
                done = replace(record, handled=float(now), answer=said)
                self._tables.put(self._requests, "request", record.study, request, done)

    def requests(self, study: str) -> list[Request]:
        with self._lock:
            return [_copied(r) for r in self._requests.values() if r.study == study]

    # -- code ------------------------------------------------------------------------------------------------------
    def put_code(self, kind: str, body: bytes, about: dict[str, Any]) -> str:
        hash = hashlib.sha256(kind.encode() + b"\0" + body).hexdigest()
        with self._lock:
            self._codes.setdefault(hash, Code(hash=hash, kind=kind, body=bytes(body), about=kept(about)))
        return hash

    def code(self, hash: str) -> Code:
        with self._lock:
            if hash not in self._codes:
                raise NotFound(f"no code with the hash {hash!r} in memory.")
            found = self._codes[hash]
            return replace(found, about=kept(found.about))


def _values(table: str, changes: dict[str, Any]) -> dict[str, Any]:
    """Gives new values of fields as the SQLite store would give them back."""
    return {name: _value(name, changes[name]) for name in checked_columns(table, changes)}


def _value(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, (dict, list)):
        return kept(value)
    return float(value) if value is not None and name in ("created", "started", "ended") else value


def _copied(record: R) -> R:
    """Gives a record whose dictionaries its receiver may change."""
    changeable = {name: kept(value) for name, value in vars(record).items() if value and isinstance(value, dict)}
    return replace(record, **changeable) if changeable else record


def _named(metric: Metric) -> Metric:
    return Metric(clean(metric[0]), clean(metric[1]))


def _scalar(task: str, point: tuple[Metric, int, float, float]) -> Scalar:
    metric, iteration, time, value = point
    if not -LARGEST <= iteration < LARGEST:
        raise InvalidInput(f"iteration {iteration} is too large to be stored; allowed are -2**63 to 2**63 - 1.")
    return Scalar(task, _named(metric), int(iteration), float(time), float(value))


def _restore(table: dict[Any, Any], key: Any, before: Any) -> None:
    if before is None:
        del table[key]
    else:
        table[key] = before
