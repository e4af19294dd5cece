"""What a study has found, read from its store."""

from __future__ import annotations

import math
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpo_widgets.agents.notebook_kind import executed_notebook
from hpo_widgets.charts.sets_table import sets_table
from hpo_widgets.charts.tasks_table import tasks_table
from hpo_widgets.engine.last_signs import study_sign
from hpo_widgets.engine.resume import past_tasks
from hpo_widgets.errors import InvalidInput, NoResult, NotFound
from hpo_widgets.model.config import StudyConfig
from hpo_widgets.model.front import hypervolume
from hpo_widgets.model.limits import Usage
from hpo_widgets.model.objective import Values, costs, first_ranked, is_rankable, rank, ranked_fronts
from hpo_widgets.model.result import Result, metrics_of, read_result, wins
from hpo_widgets.model.scalar import Metric, MetricSummary, Scalar
from hpo_widgets.model.set_result import SetResult, best_first, set_results
from hpo_widgets.model.stint import own_iterations
from hpo_widgets.model.study import StudyRecord
from hpo_widgets.model.task import TaskRecord, TaskState
from hpo_widgets.strategies.base import PastTask
from hpo_widgets.study.stored import StoredStudy

if TYPE_CHECKING:
    import optuna
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class TaskResult:
    """Is a task with what it has reached."""

    task: TaskRecord
    result: Result
    spread: Values | None = None
    """With repeats: standard deviation of each objective over the runs of its set, whose mean is its result."""

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


class Results(StoredStudy):
    """Reads what a study has found; each call reads the store anew."""

    def tasks(self) -> pd.DataFrame:
        """Gives a table with a row a task: trial, id, state, reason, objective(s), iteration, duration, parameters.

        With repeats also set, and mean and spread of each objective over the set's runs.
        """
        config = self.config
        records = self.store.tasks(self.id)
        results = self._results(config)
        sets = self._sets(config) if config.repeats > 1 else None
        return tasks_table(records, results, config.objectives, config.space.names, self._now(self.record), sets)

    def sets(self) -> pd.DataFrame:
        """Gives a table with a row a parameter set, best mean first: runs, mean and spread of its results, parameters.

        Runs with equal parameters are one set: repeats, and retries too. Mean and spread (standard deviation) are over
        the runs whose results count.
        """
        config = self.config
        return sets_table(self._sets(config), config.objectives, config.space.names)

    def top_sets(self, count: int | None = None) -> list[SetResult]:
        """Gives the parameter sets that have a result, best mean first."""
        return [each for each in self._sets(self.config) if each.counted and each.feasible is not False][:count]

    def best_set(self) -> str:
        """Says what the set with the best mean has reached, as "loss 0.25 ± 0.03 over 3 runs with x=2".

        Raises:
            NoResult: When no run has a result that counts yet.
        """
        found = self.top_sets(1)
        if found:
            return found[0].describe(self.config.objectives)
        raise NoResult(self.why_no_result())

    def _sets(self, config: StudyConfig) -> list[SetResult]:
        found = set_results(self.store.tasks(self.id), self._results(config), config.objectives)
        return best_first(found, config.objectives)

    def _results(self, config: StudyConfig) -> dict[str, Result]:
        by_task: defaultdict[str, list[MetricSummary]] = defaultdict(list)
        for summary in self.store.summaries(self.id, metrics_of(config.objectives)):
            by_task[summary.task].append(summary)
        return {id: read_result(config.objectives, found) for id, found in by_task.items()}

    def glance(self) -> tuple[int, Values]:
        """Gives how many trials it has and the best values so far, none before there is a result; for lists of studies.

        The store counts: no task is read.
        """
        config = self.config
        trials = self.store.count_trials(self.id)
        if config.repeats == 1 and len(config.objectives) == 1:
            value = self.store.best_value(self.id, config.objectives[0])
            return trials, () if value is None else (value,)
        found = self.store.winning_values(self.id, config.objectives, sets=config.repeats > 1)
        return trials, first_ranked(config.objectives, found)

    def top(self, count: int | None = None) -> list[TaskResult]:
        """Gives the best tasks whose results count and that have broken no constraint, best first.

        With repeats: one of each parameter set, with the mean of its runs as its result.
        """
        config = self.config
        results = self._results(config)
        if config.repeats > 1:
            return self._top_of_sets(results)[:count]
        tasks = [t for t in self.store.tasks(self.id) if t.id in results and wins(t, results[t.id])]
        order = rank(config.objectives, ((i, results[t.id].values) for i, t in enumerate(tasks)))
        return [TaskResult(task=tasks[i], result=results[tasks[i].id]) for i in order[:count]]

    def _top_of_sets(self, results: dict[str, Result]) -> list[TaskResult]:
        """Gives of each set its first run that counts, with the set's mean as its result."""
        tasks = {task.id: task for task in self.store.tasks(self.id)}
        found = []
        for each in self.top_sets():
            first = next(id for id in each.tasks if id in results and wins(tasks[id], results[id]))
            mean = replace(results[first], values=each.mean)
            found.append(TaskResult(task=tasks[first], result=mean, spread=each.spread))
        return found

    def front(self) -> list[TaskResult]:
        """Gives the Pareto front: the tasks that no other one beats in every objective; those apart from others first.

        With one objective: all that have the best value.
        """
        found = self.top()
        fronts = ranked_fronts(self.config.objectives, ((i, each.result.values) for i, each in enumerate(found)))
        return [found[i] for i in fronts[0]] if fronts else []

    def hypervolume(self, reference: Sequence[float] | None = None) -> float:
        """Gives how much lies between the Pareto front and a reference point; more is better.

        Args:
            reference: One value an objective, as they were reported; what is worse than it in any counts nothing. The
                worst value found of each when absent: compare two studies, or two moments, by one given reference.

        Raises:
            InvalidInput: When it is not one finite number an objective.
            NoResult: When no task has a result that counts yet.
        """
        objectives = self.config.objectives
        found = [costs(objectives, each.result.values) for each in self.top()]
        if not found:
            raise NoResult(self.why_no_result())
        if reference is None:
            return hypervolume(found, tuple(max(column) for column in zip(*found, strict=True)))
        given = tuple(reference)
        if len(given) != len(objectives) or not is_rankable(given):
            names = ", ".join(each.name for each in objectives)
            raise InvalidInput(f"the reference is {given!r}; give one finite number an objective ({names}).")
        return hypervolume(found, costs(objectives, given))

    @property
    def best(self) -> TaskResult:
        """The best task so far.

        Raises:
            NoResult: When no task has a result that counts yet; says how they ended instead.
        """
        found = self.top(1)
        if found:
            return found[0]
        raise NoResult(self.why_no_result())

    @property
    def best_params(self) -> dict[str, Any]:
        """The parameters of `best`, name to value, as Optuna calls them.

        Raises:
            NoResult: As `best`.
        """
        return self.best.parameters

    @property
    def best_value(self) -> Any:
        """The objective of `best`, as Optuna calls it; a tuple with several objectives.

        Raises:
            NoResult: As `best`.
        """
        return self.best.objective

    def count_states(self, tasks: Sequence[TaskRecord]) -> Counter[str]:
        """Counts its tasks by state; what ran in a process that is gone is lost, though nobody has said so yet."""
        record = self.record
        dead = self._is_interrupted(record) and record.runs_its_tasks
        running = TaskState.LOST if dead else TaskState.RUNNING
        return Counter((running if task.state is TaskState.RUNNING else task.state).value for task in tasks)

    def why_no_result(self) -> str:
        """Says how its tasks ended instead of giving a result."""
        tasks = self.store.tasks(self.id)
        counted = self.count_states(tasks)
        states = ", ".join(f"{n} {state}" for state, n in counted.items()) or "no task yet"
        text = f"no task of the study {self.name!r} has a result that counts yet ({states})."
        failed = [t for t in tasks if t.state is TaskState.FAILED and t.error]
        if failed:
            return f"{text} The last failure was:\n{failed[-1].error}"
        reported = self.store.summaries(self.id)
        names = sorted({f"{s.metric.title}/{s.metric.series}" for s in reported})
        objectives = set(metrics_of(self.config.objectives))
        wanted = ", ".join(o.name for o in self.config.objectives)
        if broken := sum(not each.feasible for each in self._results(self.config).values()):
            text += f" {broken} of them broke a constraint."
        if any(s.metric in objectives and not math.isfinite(s.last) for s in reported):
            text += f" What they reported as {wanted} was NaN or infinite, which counts for nothing."
        elif any(t.state is TaskState.COMPLETED for t in tasks):
            text += f" The objective is {wanted}; the tasks reported {', '.join(names) or 'nothing'}."
        return text

    def scalars(self, task: str, title: str | None = None, series: str | None = None) -> list[Scalar]:
        """Gives what one task has reported, in order; of one metric when it is named."""
        metric = None if title is None else Metric(title, title if series is None else series)
        return self.store.scalars(self.store.task(task).id, metric)

    def notebook(self, task: str) -> Path:
        """Gives the path of a task's executed notebook, as far as it has come: open it in JupyterLab.

        Raises:
            NotFound: When the task is no notebook's, or has not begun.
        """
        record = self.store.task(task)
        path = executed_notebook(self.store, record.id)
        if path is None:
            raise NotFound(f"the task {record.name!r} ({record.state.value}) has no executed notebook.")
        return path

    def _now(self, record: StudyRecord) -> float:
        """Gives until when time passes for it: now, its end, or its last sign of life when its process died."""
        runs = record.state.is_live and not self._is_interrupted(record)
        return time.time() if runs else study_sign(self.store, record)

    @property
    def usage(self) -> Usage:
        """What it has spent so far."""
        record, config = self.record, self.config
        now = self._now(record)
        tasks = self.store.tasks(self.id)
        results = self._results(config)
        started = record.started or now
        return Usage(
            jobs=len({t.trial for t in tasks}),
            iterations=sum(own_iterations(results[t.id].iteration, t.memo) for t in tasks if t.id in results),
            compute_time=sum(max(0.0, t.duration(now) or 0.0) for t in tasks),
            time=max(0.0, now - started),
        )

    def optuna_study(self) -> optuna.Study:
        """Gives a real Optuna study of everything so far, for `optuna.visualization` and the like; a copy."""
        from hpo_widgets.strategies.optuna_export import optuna_study

        config = self.config
        return optuna_study(config.space, config.objectives, self.past())

    def past(self) -> list[PastTask]:
        """Gives the last run of each trial, with all that an export or a figure shows of it."""
        config = self.config
        return past_tasks(self.store, self.id, config, self._results(config))
