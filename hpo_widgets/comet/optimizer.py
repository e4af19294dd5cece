"""`Optimizer`: issues parameter sets to the user's own loop, from a config or by the id of one that was begun."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import random
import sys
import time
import traceback
import uuid
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hpo_widgets.comet.experiment import Experiment
from hpo_widgets.comet.sets import Issue, Sets
from hpo_widgets.dialects.comet import read_config
from hpo_widgets.engine.give_back import give_back
from hpo_widgets.engine.judging import task_name
from hpo_widgets.engine.ownership import is_alive, this_process
from hpo_widgets.errors import HpoError, InvalidInput, NotFound
from hpo_widgets.model.config import StudyConfig
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.objective import Values, parse_objectives
from hpo_widgets.model.result import metrics_of, read_result
from hpo_widgets.model.scalar import MetricSummary
from hpo_widgets.model.study import StudyRecord, StudyState
from hpo_widgets.model.task import Reason, TaskRecord, TaskState
from hpo_widgets.sdk.task_running import handle_of
from hpo_widgets.store.base import NewTask, Store
from hpo_widgets.store.location import open_store

LOG = logging.getLogger(__name__)
VARIABLES = ("HPO_WIDGETS_OPTIMIZER_ID", "COMET_OPTIMIZER_ID")
"""Environment variables that name an optimizer to go on with; the first one that is set counts."""
LIVENESS_S = 1.0
"""How often a process that waits for others looks whether they still live."""
IGNORED = ("api_key", "optimizer_id", "workspace", "project_name")
"""Arguments that mean something with Comet's servers only."""
STRATEGIES = {"random": "random", "grid": "grid", "bayes": "tpe"}


class Optimizer:
    """Issues the parameter sets of one search. Several processes may hold one by its id.

    Args:
        config: A dict, the path of a config file, or the id of an optimizer that was begun.
        trials: Repeats of each set, instead of what the config says.
        verbose: 0 says nothing.
        experiment_class: "Experiment", or that class: experiments are `hpo_widgets.comet.Experiment`.
        api_key: Accepted; there is no server.
        **kwargs: `optimizer_id`, `workspace` and `project_name` are accepted; a search has its folder only.

    Raises:
        InvalidInput: For a config with problems, all at once, or for what this version has not, before anything is
            recorded.
        NotFound: For a text that is neither a file nor an id.
    """

    def __init__(
        self,
        config: str | os.PathLike[str] | Mapping[str, Any] | None = None,
        trials: int | None = None,
        verbose: int = 1,
        experiment_class: Any = "Experiment",
        api_key: str | None = None,
        **kwargs: Any,
    ) -> None:
        _refuse(experiment_class, kwargs)
        self._store: Store = open_store()
        known = next((os.environ[name] for name in VARIABLES if os.environ.get(name)), None)
        self.id = known if known else _begun(self._store, config, trials)
        if known is not None and isinstance(config, Mapping):
            LOG.warning("the optimizer %s of the environment goes on; the config given is not used.", known)
        record = _find(self._store, self.id)
        self.id = record.id
        self._comet = read_config(record.config["comet"])
        self._config = StudyConfig.from_json(record.config)
        self._sets = Sets(self._comet, self._config)
        self._agent: str | None = None
        self._open: dict[str, Experiment] = {}
        if verbose:
            LOG.info("COMET_OPTIMIZER_ID=%s", self.id)

    def __repr__(self) -> str:
        return f"<optimizer {self.id}>"

    def get_id(self) -> str:
        """Gives its id: 32 hexadecimal digits, for `hpo.attach`, for other processes, for later."""
        return self.id

    # -- the loop --------------------------------------------------------------------------------------------------
    def get_experiments(self, **experiment_kwargs: Any) -> Iterator[Experiment]:
        """Gives experiments until nothing is left; each ends when the next one is asked for, the last one too."""
        while (experiment := self.next(**experiment_kwargs)) is not None:
            yield experiment

    def next(self, **experiment_kwargs: Any) -> Experiment | None:
        """Ends the experiment before and gives the next one; `None` when nothing is left.

        While other processes still run sets it waits: one that dies gives its set back.
        """
        for experiment in list(self._open.values()):
            experiment.end()
        task = self._take()
        if task is None:
            return None
        running = handle_of(self._store, task)
        experiment = Experiment(running, lambda error: self._finish(task, error))
        self._open[task.id] = experiment
        return experiment

    def end(self, experiment: Experiment) -> None:
        """Ends an experiment and records its score: the best value ever logged under the metric."""
        experiment.end()

    def _take(self) -> TaskRecord | None:
        with self._store.watch(scalars=False) as watch:
            while True:
                task, wait = self._claim()
                if not wait:
                    return task
                watch.wait(LIVENESS_S)

    def _claim(self) -> tuple[TaskRecord | None, bool]:
        """Takes the next set, all or nothing; tells whether it may pay to wait for sets of other processes."""
        now = time.time()
        with self._store.transaction():
            give_back(self._store)
            record = self._owned(self._store.study(self.id), now)
            if record.state is StudyState.STOPPED:
                return None, False
            tasks = self._store.tasks(self.id)
            issue, done = self._sets.next(tasks, self._values())
            if issue is not None:
                return self._begin(issue, now), False
            if done and not record.state.is_final:
                changes = {"state": StudyState.COMPLETED, "reason": Reason.EXHAUSTED.value, "ended": now}
                if record.owner is None:
                    self._store.update_study(self.id, **changes)
                else:
                    self._store.release_study(self.id, record.owner, **changes)
            others = [t for t in tasks if not t.state.is_final and t.agent != self._agent]
            return None, bool(others)

    def _owned(self, record: StudyRecord, now: float) -> StudyRecord:
        """Makes this process the owner when the one before is gone: a study with none counts as interrupted."""
        if record.state.is_final or is_alive(record.owner):
            return record
        if record.started is None:
            self._store.update_study(self.id, started=now)
        return self._store.own_study(self.id, this_process(), replacing=record.owner, state=StudyState.RUNNING)

    def _begin(self, issue: Issue, now: float) -> TaskRecord:
        if self._agent is None:
            agent = f"optimizer-{os.getpid()}-{uuid.uuid4().hex[:8]}"
            self._store.add_agent(agent, "", 1, (), this_process(), now)
            self._agent = agent
            atexit.register(self._leave, os.getpid())
        new = NewTask(
            study=self.id,
            trial=issue.trial,
            attempt=issue.attempt,
            name=task_name(self._config.name, issue.parameters),
            parameters=issue.parameters,
            queue="",
            code=None,
            state=TaskState.CREATED,
        )
        made = self._store.create_tasks([new], now)[0]
        changes = {"agent": self._agent, "started": now, "pid": os.getpid()}
        begun = self._store.move_task(made.id, TaskState.RUNNING, expect=[TaskState.CREATED], **changes)
        assert begun is not None
        return begun

    def _finish(self, task: TaskRecord, error: str | None) -> None:
        self._open.pop(task.id, None)
        names = sorted({f"{s.metric.title}/{s.metric.series}" for s in self._store.task_summaries(task.id)})
        wanted = f"{self._config.objectives[0].title}/{self._config.objectives[0].series}"
        if error is None and wanted not in names:
            logged = ", ".join(dict.fromkeys(n.split("/")[0] if len(set(n.split("/"))) == 1 else n for n in names))
            error = f"the metric {self._comet.spec['metric']!r} was never logged; logged were: {logged or 'none'}."
            warnings.warn(f"experiment {task.id[:8]}: {error}", stacklevel=4)
        to = TaskState.COMPLETED if error is None else TaskState.FAILED
        changes = {} if error is None else {"reason": Reason.FAILED.value, "error": error}
        self._store.move_task(task.id, to, expect=[TaskState.RUNNING], ended=time.time(), **changes)

    def _leave(self, pid: int) -> None:
        """Ends what is open when the process ends: as failed when an error ended it, which `last_value` holds."""
        last = getattr(sys, "last_value", None)
        if isinstance(last, KeyboardInterrupt):  # nobody has judged the sets: the next process that asks runs them
            return
        error = None if last is None else "".join(traceback.format_exception(last))
        for experiment in list(self._open.values()) if os.getpid() == pid else ():
            with contextlib.suppress(HpoError):  # the next process that asks finds this one gone
                experiment._end(error)

    # -- what is known ---------------------------------------------------------------------------------------------
    def _values(self) -> Mapping[str, Values]:
        by_task: defaultdict[str, list[MetricSummary]] = defaultdict(list)
        for summary in self._store.summaries(self.id, metrics_of(self._config.objectives)):
            by_task[summary.task].append(summary)
        empty = read_result(self._config.objectives, ()).values
        found: defaultdict[str, Values] = defaultdict(lambda: empty)
        found.update({id: read_result(self._config.objectives, each).values for id, each in by_task.items()})
        return found

    def status(self) -> dict[str, Any]:
        """Gives what Comet's status holds: the config, how far it is, times in milliseconds since 1970."""
        record, tasks = self._store.study(self.id), self._store.tasks(self.id)
        size = self._config.space.grid_size if self._comet.algorithm == "grid" else self._config.space.size
        sets = {task.trial // self._comet.trials for task in tasks if task.trial is not None}

        def milliseconds(moment: float | None) -> int | None:
            return None if moment is None else int(moment * 1000)

        return {
            **self._comet.to_json(),
            "id": self.id,
            "name": self._comet.name or self.id,
            "configSpaceSize": "infinite" if size == float("inf") else int(size),
            "maxCombo": self._comet.spec["maxCombo"],
            "comboCount": len(sets),
            "suggestion_count": len(tasks),
            "retryCount": sum(task.attempt > 0 for task in tasks),
            "predictor": None,
            "startTime": milliseconds(record.started or record.created),
            "endTime": milliseconds(record.ended),
            "lastUpdateTime": milliseconds(max((t.ended or t.created for t in tasks), default=record.created)),
            "state": {"seed": self._comet.spec["seed"], "sequence_i": len(sets), "total": self._sets.most},
            "status": "completed" if record.state.is_final else "running",
            "version": "2.0.1",
        }


def _refuse(experiment_class: Any, kwargs: Mapping[str, Any]) -> None:
    """Checks that nothing is asked for that would be left out in silence."""
    problems = []
    if experiment_class not in ("Experiment", Experiment):
        problems.append(
            f"experiment_class is {experiment_class!r}; this version makes hpo_widgets.comet.Experiment, leave it out."
        )
    if kwargs.get("parent") is not None:
        problems.append("parent is not part of this version; hpo.attach(id) gives the trials of an earlier search.")
    problems += [
        f"{name!r} is no argument of Optimizer; it takes config, trials, verbose, {', '.join(IGNORED)}."
        for name in kwargs
        if name not in (*IGNORED, "parent")
    ]
    if problems:
        raise InvalidInput(problems, subject="Optimizer")


def _begun(store: Store, config: Any, trials: int | None) -> str:
    """Gives the id of the optimizer meant: a new one for a dict or a file, else the one of this id."""
    if config is None:
        raise InvalidInput("config is None; give a dict, the path of a config file, or the id of an optimizer.")
    if isinstance(config, Mapping):
        return _record(store, config, trials)
    path = Path(os.fspath(config))
    if path.is_file():
        return _record(store, path.read_text(encoding="utf-8"), trials)
    return _find(store, str(config)).id


def _find(store: Store, id: str) -> StudyRecord:
    try:
        record = store.study(id)
    except NotFound as error:
        raise NotFound(f"{id!r} is neither a file nor the id of an optimizer: {error}") from None
    if "comet" not in record.config:
        raise InvalidInput(f"the study {record.name!r} was not begun by an Optimizer; use hpo.attach({id!r}).")
    return record


def _record(store: Store, given: str | Mapping[str, Any], trials: int | None) -> str:
    comet = read_config(given)
    seed = comet.spec["seed"] if comet.spec["seed"] is not None else random.SystemRandom().getrandbits(31)
    full = comet.to_json() | {"spec": comet.spec | {"seed": seed}}
    comet = read_config(full if trials is None else full | {"trials": trials})
    sign = "min_global" if comet.spec["objective"] == "minimize" else "max_global"
    config = StudyConfig(
        name=comet.name or "optimizer",
        project="",
        space=comet.space(),
        objectives=parse_objectives(comet.spec["metric"], sign),
        limits=Limits(total_max_jobs=comet.most_sets * comet.trials, retries=comet.spec["retryAssignLimit"]),
        strategy={"name": STRATEGIES[comet.algorithm], "options": {}},
        seed=seed,
        base_name=comet.name or "experiment",
    )
    return store.create_study(config.name, "", {**config.to_json(), "comet": comet.to_json()}, time.time()).id
