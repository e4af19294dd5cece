"""Lets a custom `SearchStrategy` drive a study: ClearML's jobs on one side, ask and tell on the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hpo_widgets.automation.job import ProposedJob
from hpo_widgets.automation.search_strategy import SearchStrategy
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameter_choices import DiscreteParameterRange
from hpo_widgets.model.task import TaskState
from hpo_widgets.strategies.base import Memos, Outcome, Problem, Strategy

HOOKS = ("create_job", "helper_create_job", "monitor_job", "process_step")
"""Methods that a subclass overrides to search in a way of its own."""
MOST_FORBIDDEN = 100
"""Jobs in a row that may break a constraint."""
ENDED = {
    Outcome.COMPLETE: TaskState.COMPLETED,
    Outcome.PRUNED: TaskState.PRUNED,
    Outcome.FAILED: TaskState.FAILED,
}


def engine_strategy(search: SearchStrategy) -> Strategy:
    """Gives the strategy that the engine asks on behalf of a search strategy.

    Raises:
        InvalidInput: When it proposes nothing, or overrides what has no counterpart.
    """
    if hasattr(search, "start"):
        raise InvalidInput(
            f"{type(search).__name__} overrides start(), and there is no loop to override; override process_step()."
        )
    customized = [hook for hook in HOOKS if getattr(type(search), hook) is not getattr(SearchStrategy, hook)]
    inner = search.proposer()
    if not customized and inner is not None:
        return inner
    if inner is None and not {"create_job", "process_step"} & set(customized):
        raise InvalidInput(f"{type(search).__name__} proposes nothing; override create_job() in a subclass.")
    return JobStrategy(search, inner)


class JobStrategy(Strategy):
    """Asks a search strategy for jobs and tells their jobs what becomes of them.

    Args:
        search: The strategy in ClearML's style.
        inner: What proposes when `create_job` is not overridden.
    """

    def __init__(self, search: SearchStrategy, inner: Strategy | None = None) -> None:
        self._search = search
        self._inner = inner
        self._jobs: dict[int, ProposedJob] = {}
        self._exhausted = False
        self._asked: int | None = None

    def setup(self, problem: Problem) -> None:
        """Takes the problem in."""
        super().setup(problem)
        if self._inner is not None:
            self._inner.setup(problem)
        # A value that nobody searches is part of every job, as in the template that ClearML clones.
        self._fixed = {
            each.name: each.values[0]
            for each in problem.space
            if isinstance(each, DiscreteParameterRange) and len(each.values) == 1
        }

    def objections(self, problem: Problem) -> list[str]:
        """Lists why what proposes cannot serve a problem."""
        return [] if self._inner is None else self._inner.objections(problem)

    def ask(self, trial: int) -> dict[str, Any] | None:
        """Gives the parameters of the next job that the search strategy launches and that keeps the constraints.

        Raises:
            InvalidInput: When it launches one after another that breaks them.
        """
        broken: list[str] = []
        for _ in range(MOST_FORBIDDEN):
            job = self._next(trial)
            if job is None:
                return None
            parameters = {**self._fixed, **job.task_parameter_override}
            broken = self.problem.space.broken(parameters)
            if not broken:
                self._begin(trial, job)
                self.seen.add(self.problem.space.key(parameters))
                return parameters
            self._end(job, TaskState.ABORTED)
            if self._inner is not None:  # keeps them itself and is asked once a trial
                break
        raise InvalidInput(
            [
                f"{type(self._search).__name__} has proposed what is forbidden; let create_job() keep it: {text}"
                for text in broken
            ],
            subject="constraints",
        )

    def _next(self, trial: int) -> ProposedJob | None:
        """Runs a step of the search strategy, unless a job of the last one is left."""
        launched, goes_on = self._search._launched, True
        if not launched:
            goes_on = self._step(trial)
        if not launched:
            self._exhausted = self._inner.exhausted if self._inner is not None else not goes_on
            return None
        return launched.popleft()

    def _step(self, trial: int) -> bool:
        self._asked = trial
        self._search._ask_inner = self._ask_inner
        try:
            return bool(self._search.process_step())
        finally:
            self._asked = self._search._ask_inner = None

    def _ask_inner(self) -> dict[str, Any] | None:
        """Asks what proposes, once a step: a trial's number is asked for once."""
        trial, self._asked = self._asked, None
        return None if self._inner is None or trial is None else self._inner.ask(trial)

    @property
    def exhausted(self) -> bool:
        """Whether the last step created no job and waits for none."""
        return self._exhausted

    def _begin(self, trial: int, job: ProposedJob) -> None:
        job.trial = trial
        self._jobs[trial] = job
        if job not in self._search._current_jobs:
            self._search._current_jobs.append(job)

    def adopt(self, trial: int, parameters: Mapping[str, Any]) -> None:
        """Takes in a job that the search strategy has not created itself."""
        super().adopt(trial, parameters)
        job = self._search.make_job(parameters)
        job.launch()
        self._search._launched.remove(job)
        self._begin(trial, job)
        if self._inner is not None:
            self._inner.adopt(trial, parameters)

    def report(self, trial: int, iteration: int, value: float) -> None:
        """Tells a job of a point of its objective."""
        if trial in self._jobs:
            self._jobs[trial].take_report(self.problem.objectives[0], iteration, value)
        if self._inner is not None:
            self._inner.report(trial, iteration, value)

    def should_stop(self, trial: int) -> bool:
        """Asks `monitor_job`; `False` and `abort()` both end the job."""
        hopeless = self._inner is not None and self._inner.should_stop(trial)
        job = self._jobs.get(trial)
        if job is None or job.is_stopped():
            return hopeless
        return not self._search.monitor_job(job) or job.aborted or hopeless

    def stop_detail(self, trial: int) -> str | None:
        """Says on which rung the inner strategy ends a job; `None` for one that `monitor_job` has ended."""
        return None if self._inner is None else self._inner.stop_detail(trial)

    def tell(self, trial: int, outcome: Outcome, values: tuple[float, ...] | None = None) -> None:
        """Ends a job."""
        job = self._jobs.pop(trial, None)
        if job is not None:
            if values is not None:
                job.values = values
            self._end(job, ENDED[outcome])
        if self._inner is not None:
            self._inner.tell(trial, outcome, values)

    def _end(self, job: ProposedJob, state: TaskState) -> None:
        job.state = state
        self._search._current_jobs[:] = [each for each in self._search._current_jobs if each is not job]

    def drain_memos(self) -> Memos:
        """Gives what the inner strategy wants kept."""
        return self._inner.drain_memos() if self._inner is not None else Memos()

    def restore(self, past: Sequence[Any], memo: Mapping[str, Any] | None = None) -> None:
        """Takes in what happened before a restart, job by job; what other searches found is no job of this one."""
        inner, self._inner = self._inner, None
        super().restore([each for each in past if each.trial >= 0], memo)
        self._inner = inner
        if inner is not None:
            inner.restore(past, memo)

    def explain(self) -> str:
        """Says which class proposes."""
        return f"{type(self._search).__name__}: a search strategy of your own."
