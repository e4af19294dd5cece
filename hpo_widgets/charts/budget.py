"""The budget of a study: what each limit allows, what is used, what is left, and when it will be spent."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from hpo_widgets.charts.pace import RECENT, Pace
from hpo_widgets.model.limits import Limits, Usage, remaining
from hpo_widgets.model.result import Result
from hpo_widgets.model.stint import own_iterations
from hpo_widgets.model.study import Request, StudyRecord
from hpo_widgets.model.task import TaskRecord, TaskState


@dataclass(frozen=True, kw_only=True)
class BudgetLine:
    """Is one limit of a study."""

    name: str
    """`jobs`, `iterations`, `compute_time` or `time`; the last two in seconds."""
    used: float
    limit: float | None
    """`None` where there is no limit."""
    remaining: float
    """Percent left, 0..100; 100 where there is no limit."""
    spent_in: float | None
    """Seconds until it is spent at the present pace; `None` when nothing moves or there is no limit."""

    def to_json(self) -> list[Any]:
        """Gives the form that travels."""
        return [self.name, self.used, self.limit, self.remaining, self.spent_in]


class Spending:
    """Sums up what a study spends; costs grow with what is put in. Not safe for two threads at once."""

    def __init__(self) -> None:
        self._trials: set[int | None] = set()
        self._iterations: dict[int, int] = {}
        self._sum = 0
        self._spent: dict[int, float] = {}
        self._compute = 0.0
        self._running: dict[int, float] = {}
        self._last_end: float | None = None
        self._latest: deque[int] = deque(maxlen=RECENT)
        """Iterations of the trials that have ended last."""
        self._pace = Pace()
        self._done: set[int | None] = set()

    def put(self, task: TaskRecord, result: Result | None) -> None:
        """Takes in where a task stands now."""
        self._trials.add(task.trial)
        iteration = own_iterations(None if result is None else result.iteration, task.memo)
        self._sum += iteration - self._iterations.get(task.key, 0)
        self._iterations[task.key] = iteration
        if task.state is TaskState.RUNNING:
            self._running[task.key] = task.started or task.created
        elif task.state.is_final and task.key not in self._spent:
            self._running.pop(task.key, None)
            ended = task.ended or task.created
            self._spent[task.key] = task.duration(ended) or 0.0
            self._compute += self._spent[task.key]
            self._latest.append(iteration)
            self._last_end = max(ended, self._last_end or ended)
            self._pace.put(task)
            self._done.add(task.trial)
        if not task.state.is_final:  # a trial that runs again is not done
            self._done.discard(task.trial)

    def take(self, request: Request) -> None:
        """Takes in what was asked of the study, in order."""
        self._pace.take(request)

    @property
    def running(self) -> int:
        """How many tasks run."""
        return len(self._running)

    def usage(self, record: StudyRecord, now: float, *, live: bool) -> Usage:
        """Gives what was spent; of a study that is not live, until its end or the last that happened in it."""
        signs = [*self._running.values(), *([] if self._last_end is None else [self._last_end])]
        end = now if live else record.ended or max(signs, default=record.started or now)
        running = sum(max(0.0, end - began) for began in self._running.values())
        return Usage(
            jobs=len(self._trials),
            iterations=self._sum,
            compute_time=self._compute + running,
            time=max(0.0, end - record.started) if record.started is not None else 0.0,
        )

    def lines(self, record: StudyRecord, now: float, *, live: bool, moving: bool) -> list[BudgetLine]:
        """Gives a line a limit, in the order jobs, iterations, compute time, time.

        Args:
            record: The study.
            now: UTC seconds.
            live: Whether time passes for it.
            moving: Whether new trials start.
        """
        limits, usage = Limits.from_json(record.limits), self.usage(record, now, live=live)
        left = remaining(limits, usage)
        of = {
            "jobs": (float(usage.jobs), limits.total_max_jobs),
            "iterations": (float(usage.iterations), _all_iterations(limits)),
            "compute_time": (usage.compute_time, limits.compute_time_limit),
            "time": (usage.time, limits.optimization_time_limit),
        }
        ends = self._forecast(limits, usage, now, live=live, moving=moving)
        return [
            BudgetLine(name=name, used=used, limit=limit, remaining=round(100 * left[name], 1), spent_in=ends.get(name))
            for name, (used, limit) in of.items()
        ]

    def _forecast(
        self, limits: Limits, usage: Usage, now: float, *, live: bool, moving: bool
    ) -> dict[str, float | None]:
        found: dict[str, float | None] = {}
        if live and limits.optimization_time_limit is not None:
            found["time"] = max(0.0, limits.optimization_time_limit - usage.time)
        if live and limits.compute_time_limit is not None and self._running:
            found["compute_time"] = max(0.0, limits.compute_time_limit - usage.compute_time) / len(self._running)
        if not moving:
            return found
        if limits.total_max_jobs is not None:
            # The last jobs have begun long before they end: what counts is what has ended.
            found["jobs"] = self._pace.until(limits.total_max_jobs - len(self._done), now)
        most = _all_iterations(limits)
        if most is not None and sum(self._latest) > 0:
            a_trial = sum(self._latest) / len(self._latest)
            found["iterations"] = self._pace.until((most - usage.iterations) / a_trial, now)
        return found


def end_of(lines: list[BudgetLine]) -> float | None:
    """Gives seconds until the first limit is spent, `None` when that cannot be said."""
    return min((line.spent_in for line in lines if line.spent_in is not None), default=None)


def _all_iterations(limits: Limits) -> int | None:
    if limits.total_max_jobs is None or limits.max_iteration_per_job is None:
        return None
    return limits.total_max_jobs * limits.max_iteration_per_job
