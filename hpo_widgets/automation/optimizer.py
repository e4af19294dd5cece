"""ClearML's `HyperParameterOptimizer`: a search over a base task, behind ClearML's names (reference a2, a3)."""

from __future__ import annotations

import contextlib
import time
import warnings
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hpo_widgets.automation.arguments import UNSAID_QUEUE, Arguments, read_arguments
from hpo_widgets.automation.minutes import MINUTE_S, period_of
from hpo_widgets.automation.objective import Objective, read_objectives
from hpo_widgets.automation.reporter import JobCallback, Reporter
from hpo_widgets.automation.search_strategy import GOING, RandomSearch, SearchStrategy
from hpo_widgets.automation.time_limit import TimeLimit
from hpo_widgets.automation.top import top_tasks
from hpo_widgets.errors import InvalidInput, StudyFailed
from hpo_widgets.model.config import StudyConfig
from hpo_widgets.model.parameters import Parameter, UniformIntegerParameterRange
from hpo_widgets.sdk.capture import capture_in_background
from hpo_widgets.sdk.queues import choose_queue, queue_problems
from hpo_widgets.sdk.task import Task
from hpo_widgets.sdk.tune import keep_constraints, keep_strategy, say_if_taken
from hpo_widgets.store.base import Store
from hpo_widgets.store.location import open_store
from hpo_widgets.study import Study

LARGEST_SEED = 2**31 - 1
LIVE = ("created", "running", "paused", "draining")
"""States of a study that goes on."""


class HyperParameterOptimizer:
    """Searches for the best parameters of a base task. Nothing runs before `start`; times are minutes.

    All that is wrong with the arguments is said at once, here, before anything is recorded.

    Args:
        base_task_id: A function; the path of a script or notebook; or a recorded task, by itself, its id or its name:
            its code runs with its own parameters overridden by the searched ones.
        hyper_parameters: Named ranges. "Section/name" reaches a function as `name`.
        objective_metric_title: Title of the metric, or a list of titles for several objectives.
        objective_metric_series: Series of the metric, or a list.
        objective_metric_sign: `"min"` or `"max"` for the last value, `"min_global"` or `"max_global"` for the best
            value of the whole run, or a list.
        optimizer_class: `RandomSearch`, `GridSearch`, `OptimizerOptuna`, a subclass of `SearchStrategy` or one of
            hpo_widgets' strategies: as class, instance or name. An instance of a `SearchStrategy` is used with its own
            arguments; those given here beside it must not differ.
        max_number_of_concurrent_tasks: Jobs at one time.
        execution_queue: Queue whose agents run the jobs (`hpo-widgets agent --queue NAME`); `None` runs them here.
            "default" is used when an agent serves it; without one the jobs run here. See `start`.
        optimization_time_limit: Minutes from the start to the end of the search; `None` or 0 for no limit.
        compute_time_limit: Minutes of running time over all jobs; then all are aborted and the search ends.
        auto_connect_task: Accepted. What was asked for is always recorded, with the study.
        always_create_task: Accepted. A study is always recorded.
        spawn_project: Project of the study and its tasks.
        save_top_k_tasks_only: Finished tasks below this rank are archived, not deleted; `None` or <= 0 keeps all.
        name: Name of the study; "Optimizing: <base task>" when absent. A taken name gets a number appended.
        seed: Makes the proposals reproducible; drawn from `RandomSeed` when absent, so `set_random_seed` does too.
        isolation: `"fork"`, `"spawn"` or `"thread"`, see `hpo_widgets.tune`.
        gpus: Devices dealt to the jobs, one each.
        retries: How often a failed job is run again.
        repeats: Runs of each parameter set, whose mean counts: each is a job, and none is pruned. See
            `hpo_widgets.tune`.
        constraints: What must hold between parameters: texts such as "`General/low` < `General/high`" and functions of
            a dict of parameters. What breaks one is never run. See `hpo_widgets.tune`.
        warm_start: What was found before, for the strategy to learn from first; one or a list, see `hpo_widgets.tune`.
        store: Where to keep it; the store in force when absent.
        **optimizer_kwargs: Arguments of the strategy: pool_period_min, time_limit_per_job, total_max_jobs,
            min_iteration_per_job, max_iteration_per_job, and for `OptimizerOptuna` its own.

    Raises:
        InvalidInput: With every problem found.
    """

    def __init__(
        self,
        base_task_id: Any,
        hyper_parameters: Sequence[Parameter],
        objective_metric_title: str | Sequence[str],
        objective_metric_series: str | Sequence[str],
        objective_metric_sign: str | Sequence[str] = "min",
        optimizer_class: Any = RandomSearch,
        max_number_of_concurrent_tasks: int = 10,
        execution_queue: str | None = UNSAID_QUEUE,
        optimization_time_limit: float | None = None,
        compute_time_limit: float | None = None,
        auto_connect_task: Any = True,
        always_create_task: bool = False,
        spawn_project: str | None = None,
        save_top_k_tasks_only: int | None = None,
        *,
        name: str | None = None,
        seed: int | None = None,
        isolation: str | None = None,
        gpus: Sequence[int | str] = (),
        retries: int = 0,
        repeats: int = 1,
        constraints: Any = None,
        warm_start: Any = None,
        store: Store | None = None,
        **optimizer_kwargs: Any,
    ) -> None:
        given = {
            "base_task_id": base_task_id,
            "hyper_parameters": hyper_parameters,
            "objective_metric": (objective_metric_title, objective_metric_series, objective_metric_sign),
            "execution_queue": execution_queue,
            "num_concurrent_workers": max_number_of_concurrent_tasks,
            "compute_time_limit": compute_time_limit,
        }
        self._store = store
        self._seed = seed
        self._arguments: Arguments = read_arguments(
            given,
            optimizer_class,
            optimizer_kwargs,
            lambda: self._place,
            optimization_time_limit=optimization_time_limit,
            save_top_k_tasks_only=save_top_k_tasks_only,
            retries=retries,
            repeats=repeats,
            isolation=isolation,
            constraints=constraints,
            warm_start=warm_start,
        )
        self.optimizer: SearchStrategy = self._arguments.search
        self.base_task_id = base_task_id
        self.hyper_parameters = hyper_parameters
        self.max_number_of_concurrent_tasks = self._arguments.limits.max_number_of_concurrent_tasks
        self.execution_queue = self.optimizer._execution_queue
        self._queue_was_said = execution_queue is not UNSAID_QUEUE
        self._name = name or f"Optimizing: {self._arguments.base.name}"
        self._asked_name = name or ""
        self._project = spawn_project or ""
        self._gpus = tuple(str(gpu) for gpu in gpus)
        self._time_limit = TimeLimit()
        self._report_period_min: float | None = None
        self._study: Study | None = None
        self._reporter: Reporter | None = None

    @property
    def _place(self) -> Store:
        if self._store is None:
            self._store = open_store()
        return self._store

    # -- running ---------------------------------------------------------------------------------------------------
    @property
    def study(self) -> Study | None:
        """The study behind it, `None` before the start: all that hpo_widgets can do with a search."""
        return self._study

    @property
    def id(self) -> str | None:
        """Id of the study, for `get_optimizer_top_experiments` and `hpo_widgets.attach`; `None` before the start."""
        return None if self._study is None else self._study.id

    def start(self, job_complete_callback: JobCallback | None = None) -> bool:
        """Starts the search in the background and returns at once; a second call does nothing. Gives `True`.

        Args:
            job_complete_callback: Called once for every job that has ended and has a value, in the reporter's thread:
                (job_id, objective_value, objective_iteration, job_parameters, top_performance_job_id). Value and
                iteration are numbers, lists only with several objectives; the iteration of a single value is `None`.
                The parameters have the job's final "status". A job that will run again is not ended yet.

        Raises:
            CannotShip: When the function, or one that is a constraint, cannot be sent to processes, naming what stands
                in the way.
            InvalidInput: When the time limit has passed already, or no living agent serves the queue.
        """
        return self._start(job_complete_callback, self.execution_queue)

    def start_locally(self, job_complete_callback: JobCallback | None = None) -> bool:
        """Does what `start` does, on this machine, in processes of the search's own: the queue is not used."""
        return self._start(job_complete_callback, None)

    def _start(self, job_complete_callback: JobCallback | None, wanted: str | None) -> bool:
        if self._study is not None:
            return True
        arguments, store = self._arguments, self._place
        queue = self._queue(wanted)
        limits = self._time_limit.at_start(arguments.limits, time.time())
        base = arguments.base.keep(store, arguments.isolation, arguments.space.names)
        self.optimizer.bind(arguments.base)
        config = StudyConfig(
            name=self._name,
            asked_name=self._asked_name,
            project=self._project,
            space=keep_constraints(store, arguments.space),
            objectives=self.optimizer._objective_metric.objectives,
            limits=limits,
            strategy=keep_strategy(store, arguments.strategy),
            seed=self._draw_seed(),
            code=base.code,
            base_name=arguments.base.recorded_name,
            isolation=arguments.isolation,
            gpus=self._gpus,
            queue=queue,
            repeats=arguments.repeats,
            warm_start=arguments.learned,
        )
        record = store.create_study(config.name, config.project, config.to_json(), time.time())
        say_if_taken(record)
        study = Study(store, record.id, function=base.function)
        reporter = Reporter(study, job_complete_callback, self.optimizer._naming_function, self._report_period())
        self._study, self._reporter = study.start(), reporter
        capture_in_background(store, record.id, folder=arguments.base.folder, command=arguments.base.command)
        self.optimizer.bind(arguments.base, study)
        reporter.start()
        return True

    def _queue(self, wanted: str | None) -> str:
        kind = self._arguments.isolation
        queue, note = choose_queue(wanted, lambda: self._place, kind, self._gpus)
        if problems := queue_problems(queue, kind, lambda: self._place, self._gpus) if queue else []:
            problems[-1] += "\nTo run the jobs here instead: execution_queue=None, or start_locally()."
            raise InvalidInput(problems, subject="HyperParameterOptimizer")
        if note and self._queue_was_said:
            warnings.warn(note, stacklevel=4)
        return queue

    def _draw_seed(self) -> int:
        if self._seed is not None:
            return self._seed
        seed: int = UniformIntegerParameterRange("seed", 0, LARGEST_SEED).get_value()["seed"]
        return seed

    def stop(self, timeout: float | None = None, wait_for_reporter: bool | None = True) -> None:
        """Aborts all jobs and ends the search.

        Args:
            timeout: Minutes to wait for the end; `None` does not wait for it.
            wait_for_reporter: Whether to wait until every job has ended and the callbacks were called.
        """
        if self._study is None or self._reporter is None:
            return
        self._study.stop()
        if timeout is not None:
            with contextlib.suppress(StudyFailed):  # it has ended, which is all that was asked for
                self._study.wait(period_of(timeout, "timeout"))
        if wait_for_reporter:
            self._reporter.join()

    def wait(self, timeout: float | None = None) -> bool:
        """Waits for the end of the search and of its last callback; tells whether it came. `True` before the start.

        Interrupting the wait does not interrupt the search.

        Args:
            timeout: Minutes; `None` waits for ever.

        Raises:
            StudyFailed: When the strategy raised; its traceback is in it.
        """
        if self._study is None or self._reporter is None:
            return True
        deadline = None if timeout is None else time.monotonic() + period_of(timeout, "timeout")

        def left() -> float | None:
            return None if deadline is None else max(0.0, deadline - time.monotonic())

        try:
            return self._study.wait(left())
        finally:
            if self._study.state not in LIVE:
                self._reporter.join(left())

    def is_active(self) -> bool:
        """Tells whether it runs or has not been started yet."""
        return self._study is None or self.is_running()

    def is_running(self) -> bool:
        """Tells whether it runs."""
        return self._study is not None and self._study.state in LIVE

    # -- time ------------------------------------------------------------------------------------------------------
    def set_time_limit(self, in_minutes: float | None = None, specific_time: datetime | None = None) -> None:
        """Sets when the search ends, also while it runs; nothing given removes the limit.

        Args:
            in_minutes: Minutes from this call.
            specific_time: The moment itself, which wins; local time when it has no zone.
        """
        self._time_limit.set(in_minutes, specific_time, time.time())
        if self._study is not None:
            self._study.set_limits(time_limit=self._time_limit.seconds_of(self._study.record, time.time()))

    def get_time_limit(self) -> datetime | None:
        """Gives when the search ends, in local time; `None` without a limit, or when it counts from a start to come."""
        moment = self._time_limit.moment(None if self._study is None else self._study.record)
        return None if moment is None else datetime.fromtimestamp(moment)  # noqa: DTZ006 - ClearML's have no zone

    def elapsed(self) -> float:
        """Gives the minutes from the start until now or the end; -1.0 before the start."""
        if self._study is None:
            return -1.0
        record, now = self._study.record, time.time()
        return ((record.ended or now) - (record.started or now)) / MINUTE_S

    def reached_time_limit(self) -> bool:
        """Tells whether the search has lasted as long as it may; `False` without a limit."""
        return self._study is not None and self._time_limit.is_reached(self._study.record, time.time())

    def set_report_period(self, report_period_minutes: float) -> None:
        """Sets how often a report is written to the log; the search itself never waits for one."""
        period = period_of(report_period_minutes, "report_period_minutes")
        self._report_period_min = report_period_minutes
        if self._reporter is not None:
            self._reporter.set_period(period)

    def _report_period(self) -> float:
        minutes = self.optimizer.pool_period_minutes if self._report_period_min is None else self._report_period_min
        return period_of(minutes, "pool_period_min")

    # -- what it found ---------------------------------------------------------------------------------------------
    @property
    def objective_metric(self) -> Objective:
        """What is optimized."""
        return self.optimizer._objective_metric

    def get_optimizer(self) -> SearchStrategy:
        """Gives the strategy, with its jobs and budget."""
        return self.optimizer

    def set_default_job_class(self, job_class: Any) -> None:
        """Accepts `ClearmlJob`; see `SearchStrategy.set_job_class`."""
        self.optimizer.set_job_class(job_class)

    def get_num_active_experiments(self) -> int:
        """Gives how many tasks are queued or run."""
        return len(self.get_active_experiments())

    def get_active_experiments(self) -> list[Task]:
        """Gives the tasks that are queued or run."""
        if self._study is None:
            return []
        return [Task(self._study.store, t.id) for t in self._study.store.tasks(self._study.id, GOING)]

    def get_top_experiments(self, top_k: int) -> list[Task]:
        """Gives the best tasks so far, best first, as `hpo_widgets.Task`: those that completed, or were aborted with a
        value.

        Tasks that run, were pruned, failed, are lost or archived, or have no finite value are not among them. Several
        objectives are ordered by Pareto front. With repeats: the first run of each set, by the sets' means.
        """
        return self.optimizer.get_top_experiments(top_k)

    def get_top_experiments_details(
        self,
        top_k: int,
        all_metrics: bool = False,
        all_hyper_parameters: bool = False,
        only_completed: bool = False,
    ) -> list[dict[str, Any]]:
        """Gives {task_id, hyper_parameters, metrics} of the best tasks, best first.

        Args:
            top_k: How many at most.
            all_metrics: Whether to give every metric instead of the objectives'.
            all_hyper_parameters: Whether to give the template's own parameters too. Values keep their types.
            only_completed: Whether to leave out aborted tasks.
        """
        return self.optimizer.get_top_experiments_details(
            top_k, all_metrics=all_metrics, all_hyper_parameters=all_hyper_parameters, only_completed=only_completed
        )

    @classmethod
    def get_optimizer_top_experiments(
        cls,
        objective_metric_title: str | Sequence[str],
        objective_metric_series: str | Sequence[str],
        objective_metric_sign: str | Sequence[str],
        optimizer_task_id: str,
        top_k: int,
        *,
        store: Store | None = None,
    ) -> list[Task]:
        """Gives the best tasks of any study in the store under any objective, its own or another.

        Args:
            objective_metric_title: As in the constructor, lists included.
            objective_metric_series: As in the constructor.
            objective_metric_sign: As in the constructor.
            optimizer_task_id: Id or name of the study.
            top_k: How many at most.
            store: Where it is; the store in force when absent.

        Raises:
            NotFound: With the closest names.
        """
        objectives = read_objectives(objective_metric_title, objective_metric_series, objective_metric_sign)
        place = store if store is not None else open_store()
        return top_tasks(place, place.study(optimizer_task_id).id, objectives, top_k)
