"""A study as people hold it: starts and steers a search, and reads what it found. No display code."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpo_widgets.agents.base_tasks import read_base_task
from hpo_widgets.charts.report_figures import StudyRecords
from hpo_widgets.charts.tasks_table import tasks_table
from hpo_widgets.engine.engine import Conclusion
from hpo_widgets.engine.ownership import is_alive
from hpo_widgets.engine.resume import past_tasks
from hpo_widgets.engine.run import Run
from hpo_widgets.errors import HpoError, InvalidInput, NoResult, StudyFailed, WaitInterrupted
from hpo_widgets.model.base_task import BaseTask
from hpo_widgets.model.config import StudyConfig
from hpo_widgets.model.limits import Limits, Usage, as_seconds, limit_names
from hpo_widgets.model.objective import rank
from hpo_widgets.model.result import Result, counts, metrics_of, read_result
from hpo_widgets.model.scalar import Metric, MetricSummary, Scalar
from hpo_widgets.model.study import RequestKind, StudyRecord, StudyState
from hpo_widgets.model.task import SKIPPED, Reason, TaskRecord, TaskState
from hpo_widgets.store.base import Store

if TYPE_CHECKING:
    import optuna
    import pandas as pd

LIVENESS_S = 1.0
"""How often a wait for a study of another process looks whether that process still lives."""


@dataclass(frozen=True, kw_only=True)
class TaskResult:
    """Is a task with what it has reached."""

    task: TaskRecord
    result: Result

    @property
    def id(self) -> str:
        """Id of the task."""
        return self.task.id

    @property
    def trial(self) -> int | None:
        """Number of its trial."""
        return self.task.trial

    @property
    def parameters(self) -> dict[str, Any]:
        """Name to value."""
        return dict(self.task.parameters)

    @property
    def objective(self) -> Any:
        """The objective's value; a tuple with several objectives."""
        values = self.result.values
        return values[0] if len(values) == 1 else values

    @property
    def iteration(self) -> int | None:
        """Largest iteration at which an objective was reported."""
        return self.result.iteration

    def __repr__(self) -> str:
        return f"<task {self.id[:8]}, trial {self.trial}: objective {self.objective}, {self.parameters}>"


class Study:
    """Is a handle to one study in a store: of this kernel, of another one, running or finished.

    Safe to use from any thread. Everything that steers is recorded as a request in the store, so it works the same
    from the kernel that runs the study and from any other.
    """

    def __init__(self, store: Store, id: str, *, function: Callable[..., Any] | None = None) -> None:
        self.store = store
        self.id = id
        self._function = function
        self._run: Run | None = None

    def __repr__(self) -> str:
        record = self.record
        return f"<study {record.name!r}: {self._state_text(record)}>"

    # -- what it is ------------------------------------------------------------------------------------------------
    @property
    def record(self) -> StudyRecord:
        """What the store knows of it now."""
        return self.store.study(self.id)

    @property
    def name(self) -> str:
        """Its name; unique in its store."""
        return self.record.name

    @property
    def config(self) -> StudyConfig:
        """What was asked for, limits as they are in force."""
        record = self.record
        return replace(StudyConfig.from_json(record.config), limits=Limits.from_json(record.limits))

    @property
    def state(self) -> str:
        """Where it stands: a `StudyState`'s value, or "interrupted" when the process that drove it is gone."""
        return self._state_text(self.record)

    def _state_text(self, record: StudyRecord) -> str:
        return "interrupted" if self._is_interrupted(record) else record.state.value

    def _is_interrupted(self, record: StudyRecord) -> bool:
        return record.state.is_live and not is_alive(record.owner)

    @property
    def base_task(self) -> BaseTask | None:
        """What it runs: code, parameters, and in `about` its source, environment, git commit and command line.

        The latter are captured in the background and there a few seconds after the start.
        """
        record = self.record
        return read_base_task(self.store, self.id, record.config.get("code"), record.config.get("base_name", ""))

    # -- running ---------------------------------------------------------------------------------------------------
    def start(self) -> Study:
        """Starts the search in the background, or goes on with one that was interrupted; returns at once.

        Raises:
            StudyBusy: When a living process already drives it.
        """
        record = self.record
        if record.state in (StudyState.COMPLETED, StudyState.STOPPED, StudyState.FAILED):
            raise InvalidInput(
                f"the study {record.name!r} has ended ({record.state.value}, {record.reason}); study.resume() goes on "
                "with it, under other limits if you give some."
            )
        return self._start(record)

    def _start(self, record: StudyRecord) -> Study:
        run = Run(self.store, record, self.config, self._function)
        run.start()
        self._run = run
        return self

    def resume(self, *, function: Callable[..., Any] | None = None, **limits: Any) -> Study:
        """Goes on with a study that is paused, was interrupted, or has ended; returns at once.

        Args:
            function: The base task, needed only when it could not be stored (`isolation="thread"`).
            limits: New limits, as in `set_limits`, put in force first.
        """
        if function is not None:
            self._function = function
        record = self.record
        if record.state.is_live and not self._is_interrupted(record):
            if limits:
                self.set_limits(**limits)
            self._ask(RequestKind.RESUME)
            return self
        if limits:
            changed = Limits.from_json({**record.limits, **limit_names(limits)})
            record = self.store.update_study(self.id, limits=changed.to_json())
        return self._start(record)

    def pause(self) -> None:
        """Starts no new tasks; running ones go on to their end."""
        self._ask(RequestKind.PAUSE)

    def drain(self) -> None:
        """Starts no new tasks and stops when the running ones have ended."""
        self._ask(RequestKind.DRAIN)

    def stop(self) -> None:
        """Aborts all tasks and ends the study; it can be resumed."""
        record = self.record
        if self._is_interrupted(record):
            self.store.update_study(self.id, state=StudyState.STOPPED, reason=Reason.USER.value, ended=time.time())
        elif record.state.is_live:
            self._ask(RequestKind.STOP)

    def stop_task(self, task: str) -> None:
        """Ends one task; the value it has reached counts."""
        self._ask_task(task, Reason.USER.value)

    def skip(self, task: str) -> None:
        """Ends one task and takes its value out of the search."""
        self._ask_task(task, SKIPPED)

    def enqueue(self, parameters: dict[str, Any]) -> None:
        """Runs a trial with these parameters before anything the strategy proposes.

        Raises:
            InvalidInput: When a name or value does not belong to the search space, all problems at once.
        """
        self.config.space.locate(parameters)
        self._ask(RequestKind.ENQUEUE, {"parameters": parameters})

    def set_limits(self, **limits: Any) -> None:
        """Puts other limits in force while the study runs; names as in `tune` or as in `Limits`, `None` removes one.

        Raises:
            InvalidInput: For an unknown name or a value out of range.
        """
        changes = limit_names(limits)
        Limits.from_json({**self.record.limits, **changes})
        self._ask(RequestKind.SET_LIMITS, changes)

    def _ask(self, kind: RequestKind, payload: dict[str, Any] | None = None) -> None:
        record = self.record
        if record.state is not StudyState.CREATED and (not record.state.is_live or self._is_interrupted(record)):
            raise InvalidInput(
                f"the study {record.name!r} is {self._state_text(record)}; study.resume() goes on with it."
            )
        self.store.request(kind, study=self.id, task=None, payload=payload or {}, now=time.time())

    def _ask_task(self, task: str, reason: str) -> None:
        id = self.store.task(task).id
        self.store.request(RequestKind.STOP_TASK, study=self.id, task=id, payload={"reason": reason}, now=time.time())

    # -- waiting ---------------------------------------------------------------------------------------------------
    def wait(self, timeout: float | timedelta | None = None) -> bool:
        """Waits until the study has ended; tells whether it has.

        Interrupting the wait does not interrupt the study.

        Args:
            timeout: Seconds; `None` waits for ever.

        Raises:
            StudyFailed: When the strategy or the engine raised.
            WaitInterrupted: On Ctrl-C or the notebook's stop button.
        """
        try:
            ended = self._wait(as_seconds(timeout, "timeout"))
        except KeyboardInterrupt:
            raise WaitInterrupted(
                f"the wait was interrupted; the study {self.name!r} goes on. study.stop() ends it."
            ) from None
        if ended:
            self._raise_failure()
        return ended

    def _wait(self, timeout: float | None, cancelled: threading.Event | None = None) -> bool:
        deadline = None if timeout is None else time.monotonic() + timeout
        with self.store.watch(scalars=False) as watch:
            while not self._has_ended():
                left = LIVENESS_S if deadline is None else min(LIVENESS_S, deadline - time.monotonic())
                if left <= 0 or (cancelled is not None and cancelled.is_set()):
                    return False
                watch.wait(left)
        return True

    def _has_ended(self) -> bool:
        if self._run is not None and not self._run.closed:
            return False
        record = self.record
        return not record.state.is_live or self._is_interrupted(record)

    def _raise_failure(self) -> None:
        record = self.record
        if record.state is StudyState.FAILED:
            raise StudyFailed(f"the study {record.name!r} failed; its results so far are kept.\n{record.error}")

    def __await__(self) -> Generator[Any, None, Study]:
        return self._wait_async().__await__()

    async def _wait_async(self) -> Study:
        cancelled = threading.Event()
        try:
            await asyncio.to_thread(self._wait, None, cancelled)
        finally:
            cancelled.set()
        self._raise_failure()
        return self

    # -- what it found ---------------------------------------------------------------------------------------------
    def tasks(self) -> pd.DataFrame:
        """Gives a table with a row a task: trial, id, state, reason, objective(s), iteration, duration, parameters."""
        config = self.config
        records = self.store.tasks(self.id)
        return tasks_table(records, self._results(config), config.objectives, config.space.names, time.time())

    def _results(self, config: StudyConfig) -> dict[str, Result]:
        by_task: defaultdict[str, list[MetricSummary]] = defaultdict(list)
        for summary in self.store.summaries(self.id, metrics_of(config.objectives)):
            by_task[summary.task].append(summary)
        return {id: read_result(config.objectives, found) for id, found in by_task.items()}

    def top(self, count: int | None = None) -> list[TaskResult]:
        """Gives the best tasks whose results count, best first."""
        config = self.config
        results = self._results(config)
        tasks = [t for t in self.store.tasks(self.id) if t.id in results and counts(t, results[t.id].values)]
        order = rank(config.objectives, ((i, results[t.id].values) for i, t in enumerate(tasks)))
        return [TaskResult(task=tasks[i], result=results[tasks[i].id]) for i in order[:count]]

    @property
    def best(self) -> TaskResult:
        """The best task so far.

        Raises:
            NoResult: When no task has a result that counts yet; says how they ended instead.
        """
        found = self.top(1)
        if found:
            return found[0]
        raise NoResult(self._why_no_result())

    def _why_no_result(self) -> str:
        tasks = self.store.tasks(self.id)
        counted = Counter(t.state.value for t in tasks)
        states = ", ".join(f"{n} {state}" for state, n in counted.items()) or "no task yet"
        text = f"no task of the study {self.name!r} has a result that counts yet ({states})."
        failed = [t for t in tasks if t.state is TaskState.FAILED and t.error]
        if failed:
            return f"{text} The last failure was:\n{failed[-1].error}"
        names = sorted({f"{s.metric.title}/{s.metric.series}" for s in self.store.summaries(self.id)})
        wanted = ", ".join(o.name for o in self.config.objectives)
        if any(t.state is TaskState.COMPLETED for t in tasks):
            text += f" The objective is {wanted}; the tasks reported {', '.join(names) or 'nothing'}."
        return text

    def scalars(self, task: str, title: str | None = None, series: str | None = None) -> list[Scalar]:
        """Gives what one task has reported, in order; of one metric when it is named."""
        metric = None if title is None else Metric(title, title if series is None else series)
        return self.store.scalars(self.store.task(task).id, metric)

    @property
    def usage(self) -> Usage:
        """What it has spent so far."""
        record, config, now = self.record, self.config, time.time()
        tasks = self.store.tasks(self.id)
        results = self._results(config)
        started = record.started or now
        return Usage(
            jobs=len({t.trial for t in tasks}),
            iterations=sum(r.iteration or 0 for r in results.values()),
            compute_time=sum(t.duration(now) or 0.0 for t in tasks),
            time=(record.ended or now) - started,
        )

    @property
    def notice(self) -> str | None:
        """What is wrong just now without having ended the study (a full disk, a callback that raised), else `None`."""
        return self._run.notice if self._run is not None else None

    def on_end(self, callback: Callable[[Conclusion], Any]) -> None:
        """Calls a function for every task that ends from now on, in a thread of its own, in the kernel that runs it.

        What it raises is kept in `notice` and harms nothing.
        """
        if self._run is None:
            raise HpoError("only the kernel that runs a study can call back; start or resume it here first.")
        self._run.listeners.append(callback)

    def export_html(self, path: str | Path) -> Path:
        """Writes a report that opens without a network: what was asked, the best, figures, failures; gives its path."""
        from hpo_widgets.charts.report import BEST, report_html

        config, record, top = self.config, self.record, self.top()
        page = report_html(
            StudyRecords(
                name=record.name,
                project=record.project,
                state=self.state,
                reason=record.reason,
                error=record.error,
                base_name=config.base_name,
                strategy=str(config.strategy.get("name", "")),
                started=record.started or record.created,
                objectives=config.objectives,
                space=config.space,
                tasks=self.store.tasks(self.id),
                results=self._results(config),
                limits=config.limits,
                usage=self.usage,
                best=[each.task for each in top],
                scalars={each.id: self.scalars(each.id) for each in top[:BEST]},
                now=time.time(),
            )
        )
        (written := Path(path)).write_text(page, encoding="utf-8")
        return written

    def optuna_study(self) -> optuna.Study:
        """Gives a real Optuna study of everything so far, for `optuna.visualization` and the like; a copy."""
        from hpo_widgets.strategies.optuna_export import optuna_study

        config = self.config
        past = past_tasks(self.store, self.id, config, self._results(config))
        return optuna_study(config.space, config.objectives, past)
