"""The store in memory: the twin of the SQLite store for tests and for searches that need not be kept.

It serves the threads of one process only: tasks run in threads, and nothing is left when the process ends.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from hpo_widgets.errors import NotFound, StudyBusy
from hpo_widgets.model.delta import Cursor, Delta
from hpo_widgets.model.scalar import Metric, MetricSummary, Scalar
from hpo_widgets.model.study import Owner, Request, RequestKind, StudyRecord, StudyState
from hpo_widgets.model.task import Outcome, TaskRecord, TaskState
from hpo_widgets.store.base import Code, NewTask, Rung, Store, Watch


class MemoryWatch(Watch):
    """Is a condition that other threads set and one thread waits on."""

    def __init__(self, watches: list[MemoryWatch], *, scalars: bool) -> None:
        self.thread = threading.get_ident()
        self.scalars = scalars
        self._event = threading.Event()
        self._watches = watches
        watches.append(self)

    def wait(self, timeout: float | None) -> Rung:
        rung = self._event.wait(timeout)
        self._event.clear()
        return Rung.STATES | Rung.SCALARS if rung else Rung.NOTHING

    def wake(self) -> None:
        self._event.set()

    def close(self) -> None:
        with contextlib.suppress(ValueError):
            self._watches.remove(self)


class MemoryStore(Store):
    """Keeps a store in dictionaries under one lock."""

    folder = None

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._undo: list[Callable[[], None]] = []
        self._revision = 0
        self._studies: dict[str, StudyRecord] = {}
        self._tasks: dict[str, TaskRecord] = {}
        self._requests: dict[int, Request] = {}
        self._changed: dict[tuple[str, Any], int] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._codes: dict[str, Code] = {}
        self._history: list[Scalar] = []
        self._curves: defaultdict[tuple[str, Metric], list[Scalar]] = defaultdict(list)
        self._watches: list[MemoryWatch] = []

    def close(self) -> None:
        for watch in list(self._watches):
            watch.close()

    def watch(self, *, scalars: bool = True) -> Watch:
        return MemoryWatch(self._watches, scalars=scalars)

    def _ring(self, *, scalars: bool) -> None:
        me = threading.get_ident()
        for watch in list(self._watches):
            if watch.thread != me and (watch.scalars or not scalars):
                watch.wake()

    # -- transactions ----------------------------------------------------------------------------------------------
    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        with self._lock:
            self._depth += 1
            if self._depth == 1:
                self._revision += 1
                self._undo.clear()
            try:
                yield
            except BaseException:
                if self._depth == 1:
                    for undo in reversed(self._undo):
                        undo()
                raise
            finally:
                self._depth -= 1
                outermost = self._depth == 0
        if outermost:
            self._ring(scalars=False)

    def _put(self, table: dict[Any, Any], kind: str, key: Any, value: Any) -> None:
        with self.transaction():
            before, revision = table.get(key), self._changed.get((kind, key))

            def undo() -> None:
                if before is None:
                    del table[key], self._changed[kind, key]
                else:
                    table[key], self._changed[kind, key] = before, revision or 0

            self._undo.append(undo)
            table[key] = value
            self._changed[kind, key] = self._revision

    # -- studies ---------------------------------------------------------------------------------------------------
    def create_study(self, name: str, project: str, config: dict[str, Any], now: float) -> StudyRecord:
        with self.transaction():
            taken = {s.name for s in self._studies.values()}
            free, number = name, 1
            while free in taken:
                number += 1
                free = f"{name}-{number}"
            record = StudyRecord(
                id=uuid.uuid4().hex,
                name=free,
                project=project,
                state=StudyState.CREATED,
                reason=None,
                error=None,
                config={**config, "name": free},
                limits=config.get("limits", {}),
                owner=None,
                created=now,
                started=None,
                ended=None,
            )
            self._put(self._studies, "study", record.id, record)
            return record

    def studies(self) -> list[StudyRecord]:
        with self._lock:
            return list(reversed(self._studies.values()))

    def study(self, name_or_id: str) -> StudyRecord:
        with self._lock:
            if name_or_id in self._studies:
                return self._studies[name_or_id]
            names = {s.name: s for s in self._studies.values()}
        if name_or_id in names:
            return names[name_or_id]
        close = get_close_matches(name_or_id, names, n=3) or list(names)[-3:]
        hint = f"Did you mean {', '.join(map(repr, close))}?" if close else "The store has no studies yet."
        raise NotFound(f"no study {name_or_id!r} in memory. {hint}")

    def update_study(self, study: str, **changes: Any) -> StudyRecord:
        with self.transaction():
            record = replace(self.study(study), **changes)
            self._put(self._studies, "study", study, record)
            return record

    def own_study(self, study: str, owner: Owner, *, replacing: Owner | None, state: StudyState) -> StudyRecord:
        with self.transaction():
            record = self.study(study)
            if record.owner != replacing:
                raise StudyBusy(f"the study {record.name!r} is driven by process {record.owner and record.owner.pid}.")
            return self.update_study(study, owner=owner, state=state)

    def release_study(self, study: str, owner: Owner, **changes: Any) -> None:
        with self.transaction():
            if self.study(study).owner == owner:
                self.update_study(study, owner=None, **changes)

    # -- tasks -----------------------------------------------------------------------------------------------------
    def create_tasks(self, tasks: Sequence[NewTask], now: float) -> list[TaskRecord]:
        with self.transaction():
            made = [
                TaskRecord(
                    id=uuid.uuid4().hex,
                    key=len(self._tasks) + 1 + i,
                    study=t.study,
                    trial=t.trial,
                    attempt=t.attempt,
                    name=t.name,
                    state=t.state,
                    reason=None,
                    parameters=t.parameters,
                    queue=t.queue,
                    agent=None,
                    code=t.code,
                    pid=None,
                    created=now,
                    started=None,
                    ended=None,
                    archived=False,
                    error=None,
                    memo=t.memo,
                )
                for i, t in enumerate(tasks)
            ]
            for record in made:
                self._put(self._tasks, "task", record.id, record)
            return made

    def task(self, task: str) -> TaskRecord:
        with self._lock:
            if task not in self._tasks:
                raise NotFound(f"no task with the id {task!r} in memory.")
            return self._tasks[task]

    def tasks(self, study: str, states: Collection[TaskState] | None = None) -> list[TaskRecord]:
        with self._lock:
            return [t for t in self._tasks.values() if t.study == study and (states is None or t.state in states)]

    def move_task(
        self, task: str, to: TaskState, *, expect: Collection[TaskState], **changes: Any
    ) -> TaskRecord | None:
        with self.transaction():
            before = self._tasks.get(task)
            if before is None or before.state not in expect:
                return None
            record = replace(before, state=to, **changes)
            self._put(self._tasks, "task", task, record)
            return record

    def update_task(self, task: str, **changes: Any) -> None:
        with self.transaction():
            self._put(self._tasks, "task", task, replace(self.task(task), **changes))

    def claim(self, queue: str, agent: str, limit: int, now: float) -> list[TaskRecord]:
        with self._lock:
            waiting = [t for t in self._tasks.values() if t.queue == queue and t.state is TaskState.QUEUED]
            if limit < 1 or not waiting:
                return []
            moved = [
                self.move_task(t.id, TaskState.RUNNING, expect=(TaskState.QUEUED,), agent=agent, started=now)
                for t in waiting[:limit]
            ]
            return [t for t in moved if t is not None]

    def finish(self, task: str, outcome: Outcome) -> None:
        with self._lock:
            self._outcomes[task] = outcome

    def outcome(self, task: str) -> Outcome | None:
        with self._lock:
            return self._outcomes.get(task)

    # -- scalars ---------------------------------------------------------------------------------------------------
    def record_scalars(self, task_key: int, points: Iterable[tuple[Metric, int, float, float]]) -> None:
        with self._lock:
            task = next(t.id for t in self._tasks.values() if t.key == task_key)
            for metric, iteration, time, value in points:
                scalar = Scalar(task, Metric(*metric), iteration, time, value)
                self._history.append(scalar)
                self._curves[task, scalar.metric].append(scalar)
        self._ring(scalars=True)

    def scalars(self, task: str, metric: Metric | None = None) -> list[Scalar]:
        with self._lock:
            curves = [c for (t, m), c in self._curves.items() if t == task and (metric is None or m == metric)]
            return [s for curve in curves for s in sorted(curve, key=lambda s: (s.iteration, s.time))]

    def reports(self, study: str, metric: Metric) -> Iterable[tuple[str, int, float]]:
        with self._lock:
            wanted = [s for s in self._history if s.metric == metric and self._tasks[s.task].study == study]
        return [(s.task, s.iteration, s.value) for s in wanted]

    def summaries(self, study: str, metrics: Collection[Metric] | None = None) -> list[MetricSummary]:
        with self._lock:
            return [s for t in self.tasks(study) for s in self.task_summaries(t.id) if not metrics or s.metric in metrics]

    def task_summaries(self, task: str) -> list[MetricSummary]:
        with self._lock:
            return [_sum_up(curve) for (t, _), curve in self._curves.items() if t == task]

    # -- changes ---------------------------------------------------------------------------------------------------
    def cursor(self) -> Cursor:
        with self._lock:
            return Cursor(self._revision, len(self._history))

    def delta(self, since: Cursor, study: str, metrics: Collection[Metric] | None = None) -> Delta:
        with self._lock:

            def new(kind: str, key: Any) -> bool:
                return self._changed[kind, key] > since.revision

            scalars = (s for s in self._history[since.scalar :] if metrics is None or s.metric in metrics)
            return Delta(
                cursor=self.cursor(),
                studies=tuple(s for s in self._studies.values() if s.id == study and new("study", s.id)),
                tasks=tuple(t for t in self._tasks.values() if t.study == study and new("task", t.id)),
                requests=tuple(r for r in self._requests.values() if r.study == study and new("request", r.id)),
                scalars=tuple(s for s in scalars if self._tasks[s.task].study == study),
            )

    def request(
        self, kind: RequestKind, *, study: str | None, task: str | None, payload: dict[str, Any], now: float
    ) -> Request:
        with self.transaction():
            number = len(self._requests) + 1
            made = Request(
                id=number, kind=kind, study=study, task=task, payload=payload, time=now, handled=None, answer=None
            )
            self._put(self._requests, "request", number, made)
            return made

    def open_requests(self, *, study: str | None = None, queue: str | None = None) -> list[Request]:
        with self._lock:
            unhandled = [r for r in self._requests.values() if r.handled is None]
            of_study = [r for r in unhandled if study is not None and r.study == study and r.task is None]
            of_queue = [r for r in unhandled if queue is not None and r.task and self.task(r.task).queue == queue]
            return of_study + of_queue

    def answer(self, request: int, now: float, answer: str | None = None) -> None:
        with self.transaction():
            record = self._requests[request]
            if record.handled is None:
                self._put(self._requests, "request", request, replace(record, handled=now, answer=answer))

    def requests(self, study: str) -> list[Request]:
        with self._lock:
            return [r for r in self._requests.values() if r.study == study]

    # -- code ------------------------------------------------------------------------------------------------------
    def put_code(self, kind: str, body: bytes, about: dict[str, Any]) -> str:
        hash = hashlib.sha256(kind.encode() + b"\0" + body).hexdigest()
        with self._lock:
            self._codes.setdefault(hash, Code(hash=hash, kind=kind, body=body, about=about))
        return hash

    def code(self, hash: str) -> Code:
        with self._lock:
            if hash not in self._codes:
                raise NotFound(f"no code with the hash {hash!r} in memory.")
            return self._codes[hash]


def _sum_up(curve: list[Scalar]) -> MetricSummary:
    last = max(curve, key=lambda s: (s.iteration, s.time))
    finite = [s for s in curve if math.isfinite(s.value)]
    low = min(finite, key=lambda s: s.value, default=None)
    high = max(finite, key=lambda s: s.value, default=None)
    return MetricSummary(
        task=last.task,
        metric=last.metric,
        count=len(curve),
        last=[s for s in curve if (s.iteration, s.time) == (last.iteration, last.time)][-1].value,
        last_iteration=last.iteration,
        min=low and low.value,
        min_iteration=low and low.iteration,
        max=high and high.value,
        max_iteration=high and high.iteration,
    )
