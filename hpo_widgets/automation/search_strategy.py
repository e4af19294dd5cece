"""ClearML's `SearchStrategy`, to be subclassed, and the two that need no other package (reference a3, a6)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hpo_widgets.automation.budget import Budget
from hpo_widgets.automation.job import ClearmlJob, ProposedJob, RecordedJob
from hpo_widgets.automation.objective import Objective
from hpo_widgets.automation.top import top_details, top_tasks
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameter_base import Parameter
from hpo_widgets.model.parameter_values import shown
from hpo_widgets.model.task import TaskRecord, TaskState
from hpo_widgets.sdk.base_code import BaseCode
from hpo_widgets.sdk.task import Task
from hpo_widgets.strategies.base import Strategy
from hpo_widgets.study import Study

NamingScheme = Callable[[str, dict[str, Any]], str]
"""From the base task's name and a job's parameters to the job's name."""
GOING = (TaskState.QUEUED, TaskState.RUNNING)


class SearchStrategy:
    """Is what ClearML's users subclass to search in a way of their own.

    Override `create_job` to propose; `monitor_job` to end hopeless jobs (give `False`); or `process_step`, which by
    default calls both. They run on a copy of this object in the engine's thread, or in a helper process when they
    take longer than 50 ms: what they set on `self` does not come back to the object you hold, and what they use has to
    be picklable. A subclass of a ready-made strategy keeps its proposals and may override `monitor_job`.

    What cannot be mapped, and says so when used: `start` (there is no loop to override), a job's `task` and `elapsed`
    inside the strategy (it sees no store and no clock), watching a job that reports nothing (`monitor_job` is called at
    each report of the only objective and whenever a job is created), another base task than the search's own.

    Args:
        base_task_id: A function, the path of a script or notebook, or a recorded task, by itself, its id or its name.
        hyper_parameters: What to search.
        objective_metric: What to optimize.
        execution_queue: Queue whose agents run the jobs, see `HyperParameterOptimizer`.
        num_concurrent_workers: Jobs at one time.
        pool_period_min: Minutes between two reports; nothing waits for it.
        time_limit_per_job: Minutes of running time of one job; `None` or 0 for no limit, as for those below.
        compute_time_limit: Minutes of running time over all jobs; then all are aborted and the search ends.
        min_iteration_per_job: No job is pruned before its objective has reached it.
        max_iteration_per_job: A job whose objective reaches it is ended and counts as complete.
        total_max_jobs: Jobs in all, never exceeded.
    """

    def __init__(
        self,
        base_task_id: Any,
        hyper_parameters: Sequence[Parameter],
        objective_metric: Objective,
        execution_queue: str | None = "default",
        num_concurrent_workers: int = 1,
        pool_period_min: float = 2.0,
        time_limit_per_job: float | None = None,
        compute_time_limit: float | None = None,
        min_iteration_per_job: int | None = None,
        max_iteration_per_job: int | None = None,
        total_max_jobs: int | None = None,
    ) -> None:
        if not isinstance(objective_metric, Objective):
            raise InvalidInput(
                f"objective_metric is {shown(objective_metric)}; give an Objective(title, series, order)."
            )
        self._base_task_id = base_task_id
        self._base_task_name = ""
        self._hyper_parameters = hyper_parameters
        self._objective_metric = objective_metric
        self._execution_queue = execution_queue
        self._num_concurrent_workers = num_concurrent_workers
        self.pool_period_minutes = pool_period_min
        self.time_limit_per_job = time_limit_per_job
        self.compute_time_limit = compute_time_limit
        self.min_iteration_per_job = min_iteration_per_job
        self.max_iteration_per_job = max_iteration_per_job
        self.total_max_jobs = total_max_jobs
        self._naming_function: NamingScheme | bool | None = None
        self._study: Study | None = None
        self._current_jobs: list[ProposedJob] = []
        self._num_jobs = 0
        self._launched: deque[ProposedJob] = deque()
        self._made = 0
        self._ask_inner: Callable[[], dict[str, Any] | None] | None = None

    # -- to override -----------------------------------------------------------------------------------------------
    def create_job(self) -> ClearmlJob | None:
        """Proposes a job, made with `helper_create_job`; `None` for nothing now."""
        parameters = self._ask_inner() if self._ask_inner is not None else None
        return None if parameters is None else self.helper_create_job(self._base_task_id, parameters)

    def monitor_job(self, job: ProposedJob) -> bool:
        """Tells whether to go on with a job; `False` has it ended as pruned if it still runs."""
        return not job.is_stopped()

    def process_step(self) -> bool:
        """Looks at each running job and creates one; tells whether there is anything to wait for.

        Called when there is room for a job. `False` with no job created ends the search when its jobs have ended.
        """
        for job in list(self._current_jobs):
            if not self.monitor_job(job):
                job.abort()
        created = self.create_job()
        if isinstance(created, ProposedJob):
            created.launch(self._execution_queue)
        return bool(self._current_jobs or self._launched)

    def proposer(self) -> Strategy | None:
        """Gives what proposes by default; `None` when `create_job` does."""
        return None

    # -- for those that override -----------------------------------------------------------------------------------
    def helper_create_job(
        self,
        base_task_id: Any = None,
        parameter_override: Mapping[str, Any] | None = None,
        task_overrides: Mapping[str, Any] | None = None,
        tags: Sequence[str] | None = None,
        parent: str | None = None,
        **kwargs: Any,
    ) -> ProposedJob:
        """Makes a job that runs the base task with these parameters over its own ones.

        Raises:
            InvalidInput: For another base task, or for anything else to override: a job here is code and parameters.
        """
        if base_task_id not in (None, self._base_task_id):
            raise InvalidInput(
                f"base_task_id is {shown(base_task_id)}; a search runs one base task: self._base_task_id."
            )
        given = {"task_overrides": task_overrides, "tags": tags, "parent": parent, **kwargs}
        if refused := sorted(name for name, value in given.items() if value):
            raise InvalidInput(f"a job takes a parameter_override only; leave out {', '.join(refused)}.")
        return self.make_job(parameter_override or {})

    def make_job(self, parameters: Mapping[str, Any]) -> ProposedJob:
        """Makes a job of these parameters."""
        self._made += 1
        return ProposedJob(f"job-{self._made}", parameters, self._take_launched)

    def _take_launched(self, job: ProposedJob) -> None:
        self._launched.append(job)
        self._num_jobs += 1

    def update_budget_per_job(self, job: ClearmlJob) -> bool:
        """Gives `False`: the search itself ends a job that has reached a limit."""
        return False

    def set_job_class(self, job_class: Any) -> None:
        """Accepts `ClearmlJob` and its subclasses; how a job is started is the search's own matter.

        Raises:
            InvalidInput: For anything else.
        """
        if not (isinstance(job_class, type) and issubclass(job_class, ClearmlJob)):
            raise InvalidInput(
                f"{shown(job_class)} is no job class; use ClearmlJob. How tasks are started is said by isolation="
                "'fork', 'spawn' or 'thread'."
            )

    def set_job_naming_scheme(self, naming_function: NamingScheme | bool | None) -> None:
        """Names jobs by `naming_function(base name, parameters)`; `False` by the base name, `None` as by default."""
        if naming_function is True or not (naming_function in (None, False) or callable(naming_function)):
            raise InvalidInput(f"the naming scheme is {shown(naming_function)}; give a function, False or None.")
        self._naming_function = naming_function

    # -- what is known of the jobs ---------------------------------------------------------------------------------
    @property
    def budget(self) -> Budget:
        """What was spent so far of what may be spent.

        Raises:
            InvalidInput: Before the search has started, and inside the strategy.
        """
        study = self._need_study("budget")
        return Budget.of(study.config.limits, study.usage)

    def get_running_jobs(self) -> Sequence[ClearmlJob]:
        """Gives the jobs that are queued or run."""
        return self._current_jobs if self._study is None else [self._recorded(t) for t in self._tasks(GOING)]

    def get_created_jobs_ids(self) -> dict[str, dict[str, Any]]:
        """Gives the parameters of all jobs so far by id."""
        return {task.id: dict(task.parameters) for task in self._tasks()}

    def get_created_jobs_tasks(self) -> dict[str, RecordedJob]:
        """Gives all jobs so far by id."""
        return {task.id: self._recorded(task) for task in self._tasks()}

    def get_top_experiments(self, top_k: int) -> list[Task]:
        """Gives the best tasks, best first; see `HyperParameterOptimizer.get_top_experiments`."""
        if self._study is None:
            return []
        return top_tasks(self._study.store, self._study.id, self._objective_metric.objectives, top_k)

    def get_top_experiments_details(
        self,
        top_k: int,
        all_metrics: bool = False,
        all_hyper_parameters: bool = False,
        only_completed: bool = False,
    ) -> list[dict[str, Any]]:
        """Gives what the best tasks are made of; see `HyperParameterOptimizer.get_top_experiments_details`."""
        if self._study is None:
            return []
        tasks = top_tasks(
            self._study.store, self._study.id, self._objective_metric.objectives, top_k, only_completed=only_completed
        )
        names = None if all_hyper_parameters else {n for p in self._hyper_parameters for n in p.names(p.name)}
        metrics = None if all_metrics else self._objective_metric.objectives
        return top_details(self._study.store, tasks, names, metrics)

    def get_top_experiments_id_metrics_pair(
        self, top_k: int, all_metrics: bool = False, only_completed: bool = False
    ) -> list[tuple[str, dict[str, Any]]]:
        """Gives (task id, metrics) of the best tasks, best first."""
        details = self.get_top_experiments_details(top_k, all_metrics=all_metrics, only_completed=only_completed)
        return [(each["task_id"], each["metrics"]) for each in details]

    def get_objective_metric(self) -> tuple[str, str] | list[tuple[str, str]]:
        """Gives (title, series) of the objective; a list of them with several."""
        return self._objective_metric.get_objective_metric()

    def _need_study(self, what: str) -> Study:
        if self._study is None:
            raise InvalidInput(f"{what} is known once the search has started, and not inside a strategy; call start().")
        return self._study

    def _tasks(self, states: Sequence[TaskState] | None = None) -> list[TaskRecord]:
        return [] if self._study is None else self._study.store.tasks(self._study.id, states)

    def _recorded(self, task: TaskRecord) -> RecordedJob:
        study = self._need_study("a job")
        return RecordedJob(Task(study.store, task.id), task.parameters, task.state, lambda: study.stop_task(task.id))

    # -- between the optimizer and the engine ----------------------------------------------------------------------
    def bind(self, base: BaseCode, study: Study | None = None) -> None:
        """Takes in what it searches over and, from the start on, the study."""
        self._base_task_name = base.name
        self._study = study

    def __getstate__(self) -> dict[str, Any]:
        """Leaves behind what stays with the one who started the search."""
        stays = {"_study": None, "_naming_function": None, "_ask_inner": None, "_base_task_id": self._base_task_name}
        return {**self.__dict__, **stays}


class RandomSearch(SearchStrategy):
    """Proposes members of the search space drawn independently, none twice; ends when 42 draws find no new one."""

    def proposer(self) -> Strategy:
        """Gives random search."""
        from hpo_widgets.strategies.registry import create_strategy

        return create_strategy("random")


class GridSearch(SearchStrategy):
    """Proposes the product of all grid values in order, the last parameter fastest, each exactly once."""

    def proposer(self) -> Strategy:
        """Gives grid search."""
        from hpo_widgets.strategies.registry import create_strategy

        return create_strategy("grid")


class ReadyStrategy(SearchStrategy):
    """Is any of hpo_widgets' own strategies behind ClearML's door."""

    def __init__(self, strategy: Strategy, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._strategy = strategy

    def proposer(self) -> Strategy:
        """Gives the strategy."""
        return self._strategy
