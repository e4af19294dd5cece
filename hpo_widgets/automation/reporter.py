"""The reporter of a running optimizer: calls the completion callback, names jobs, and writes a report now and then."""

from __future__ import annotations

import contextvars
import logging
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from typing import Any

from hpo_widgets.automation.search_strategy import NamingScheme
from hpo_widgets.engine.judging import retry
from hpo_widgets.errors import StoreUnavailable, StudyFailed
from hpo_widgets.model.delta import Cursor
from hpo_widgets.model.limits import Limits, remaining
from hpo_widgets.model.objective import Objective, Values
from hpo_widgets.model.result import metrics_of, read_result, wins
from hpo_widgets.model.scalar import SINGLE_VALUE_ITERATION
from hpo_widgets.model.task import TaskRecord
from hpo_widgets.sdk.task_states import STATUS
from hpo_widgets.study import Study

logger = logging.getLogger(__name__)

JobCallback = Callable[[str, Any, Any, dict[str, Any], str | None], Any]
"""`(job_id, objective_value, objective_iteration, job_parameters, top_performance_job_id)`"""
LIVENESS_S = 1.0
"""How often it looks whether the search has ended, when nothing tells it."""
REST_S = 0.02
"""Least time between two looks: jobs of a few milliseconds are looked at together."""
LEAST_PERIOD_S = 1.0
"""Between two reports, whatever was asked for."""
KEPT_NOTICES = 50


class Champion:
    """Keeps the best task so far; one that is merely as good does not replace it."""

    def __init__(self, objectives: tuple[Objective, ...]) -> None:
        self.id: str | None = None
        self._objectives = objectives
        self._values: Values = ()

    def offer(self, id: str, values: Values) -> None:
        """Takes in a task that counts."""
        if self.id is None or self._beats(values):
            self.id, self._values = id, values

    def _beats(self, values: Values) -> bool:
        pairs = [(o, a, b) for o, a, b in zip(self._objectives, values, self._values, strict=True)]
        worse = any(a is None or b is None or o.better(b, a) for o, a, b in pairs)
        return not worse and any(a != b for _, a, b in pairs)


class Reporter:
    """Is a thread that follows one study until it has ended; every finished job passes exactly once.

    Args:
        study: Started before the reporter is.
        callback: Told of every finished job that has a value.
        naming: Names new jobs, see `SearchStrategy.set_job_naming_scheme`.
        period: Seconds between two reports.
    """

    def __init__(
        self, study: Study, callback: JobCallback | None, naming: NamingScheme | bool | None, period: float
    ) -> None:
        self._period = period
        self._wake: Callable[[], None] = lambda: None
        self.notices: deque[str] = deque(maxlen=KEPT_NOTICES)
        """Tracebacks of callbacks and naming schemes that raised, newest last."""
        self._study, self._callback, self._naming = study, callback, naming
        config = study.config
        self._objectives, self._base_name = config.objectives, config.base_name
        self._limits: Limits = config.limits
        self._champion = Champion(self._objectives)
        self._cursor = Cursor()
        self._named: set[str] = set()
        self._told: set[str] = set()
        self._reports = 0
        context = contextvars.copy_context()
        name = f"hpo-reporter-{study.name}"
        self._thread = threading.Thread(target=context.run, args=(self._main,), name=name, daemon=True)

    def start(self) -> None:
        """Starts the thread and returns at once."""
        self._thread.start()

    def set_period(self, seconds: float) -> None:
        """Sets the time between two reports, from now on."""
        self._period = seconds
        self._wake()

    def join(self, timeout: float | None = None) -> bool:
        """Waits until the last report is written; tells whether it is. At once when a callback asks."""
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _main(self) -> None:
        last = time.monotonic()
        with self._study.store.watch(scalars=False) as watch:
            self._wake = watch.wake
            ended = False
            while not ended:
                try:
                    # First whether it has ended, then what happened: so nothing that happened before is missed.
                    ended = self._has_ended()
                    self._read()
                except StoreUnavailable as error:
                    ended = False
                    logger.warning("the store cannot be read: %s", error, extra={"action": "store-unavailable"})
                due = last + max(LEAST_PERIOD_S, self._period)
                if time.monotonic() >= due and not ended:
                    self._try_report()
                    last = time.monotonic()
                elif not ended:
                    watch.wait(min(LIVENESS_S, due - time.monotonic()))
                    time.sleep(REST_S)
            self._wake = lambda: None
        self._try_report()

    def _has_ended(self) -> bool:
        if self._study.record.state.is_live:
            return False
        try:
            return self._study.wait(0)
        except StudyFailed:
            return True

    def _read(self) -> None:
        delta = self._study.store.delta(self._cursor, self._study.id, ())
        for record in delta.studies:
            self._limits = Limits.from_json(record.limits)
        for task in delta.tasks:
            if task.id not in self._named:
                self._name(task)
                self._named.add(task.id)
            if task.state.is_final and task.id not in self._told:
                self._finish(task)
                self._told.add(task.id)
        self._cursor = delta.cursor

    def _name(self, task: TaskRecord) -> None:
        if self._naming is None:
            return
        name = self._base_name
        if callable(self._naming):
            named = self._guarded(self._naming, self._base_name, dict(task.parameters))
            name = str(named) if named else task.name
        self._study.store.update_task(task.id, name=name)

    def _finish(self, task: TaskRecord) -> None:
        # What was stopped with the study runs again only if somebody goes on with that: for this search it has ended.
        if not task.interrupted and retry(task, self._limits) is not None:
            return  # the job runs again
        wanted = metrics_of(self._objectives)
        summaries = {s.metric: s for s in self._study.store.task_summaries(task.id)}
        result = read_result(self._objectives, summaries.values())
        values = result.values
        if wins(task, result):
            self._champion.offer(task.id, values)
        if self._callback is None or None in values:
            return
        last = [summaries[metric].last_iteration for metric in wanted]
        iterations = [None if each == SINGLE_VALUE_ITERATION else each for each in last]
        one = len(values) == 1
        self._guarded(
            self._callback,
            task.id,
            values[0] if one else list(values),
            iterations[0] if one else iterations,
            {**task.parameters, "status": STATUS[task.state]},
            self._champion.id,
        )

    def _guarded(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Calls what a person has given; what it raises is kept as a notice and harms nothing."""
        try:
            return function(*arguments)
        except Exception:  # noqa: BLE001 - a person's code may raise anything, and the search goes on
            self.notices.append(traceback.format_exc())
            logger.error("a callback raised:\n%s", self.notices[-1], extra={"action": "callback-failed"})
            return None

    def _try_report(self) -> None:
        try:
            self._report()
        except StoreUnavailable as error:
            logger.warning("a report is left out: %s", error, extra={"action": "store-unavailable"})

    def _report(self) -> None:
        self._reports += 1
        study = self._study
        usage = study.usage
        best = next(iter(study.top(1)), None)
        shown = "no result yet" if best is None else f"best {best.objective} by {best.id} with {best.parameters}"
        budget = ", ".join(f"{name} {fraction:.0%}" for name, fraction in remaining(self._limits, usage).items())
        logger.info(
            "report %d of %r: %d jobs; %s; remaining budget: %s",
            self._reports,
            study.name,
            usage.jobs,
            shown,
            budget,
            extra={"action": "report"},
        )
