"""The best tasks of a search, under any objective: rank first, cut after (reference a3, d14, d15)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.objective import Objective, rank
from hpo_widgets.model.parameter_values import shown
from hpo_widgets.model.result import metrics_of, read_result, wins
from hpo_widgets.model.scalar import MetricSummary
from hpo_widgets.model.set_result import best_first, set_results
from hpo_widgets.model.task import TaskState
from hpo_widgets.sdk.task import Task
from hpo_widgets.store.base import Store


def top_tasks(
    store: Store, study: str, objectives: Sequence[Objective], top_k: int, *, only_completed: bool = False
) -> list[Task]:
    """Gives the best tasks of a study, best first.

    Only tasks whose result counts are there: completed, or aborted after they had reported a finite value. Running,
    queued, pruned, failed, lost and archived ones are not, nor are those that broke a constraint. Several objectives:
    by Pareto front. With repeats: the first run that counts of each parameter set, by the sets' means.

    Args:
        store: Where the study is.
        study: Its id.
        objectives: What to rank by.
        top_k: How many at most.
        only_completed: Whether to leave out aborted ones.

    Raises:
        InvalidInput: For a number below 0 or none.
    """
    if type(top_k) is not int or top_k < 0:
        raise InvalidInput(f"top_k is {shown(top_k)}; give a whole number of 0 or more.")
    by_task: defaultdict[str, list[MetricSummary]] = defaultdict(list)
    for summary in store.summaries(study, metrics_of(objectives)):
        by_task[summary.task].append(summary)
    able = []
    for task in store.tasks(study):
        result = read_result(objectives, by_task.get(task.id, ()))
        enough = task.state is TaskState.COMPLETED or not only_completed
        if enough and wins(task, result) and not task.archived:
            able.append((task, result))
    if store.study(study).config.get("repeats", 1) > 1:
        sets = set_results((task for task, _ in able), {task.id: result for task, result in able}, objectives)
        return [Task(store, each.tasks[0]) for each in best_first(sets, objectives)[:top_k]]
    order = rank(objectives, ((i, result.values) for i, (_, result) in enumerate(able)))
    return [Task(store, able[i][0].id) for i in order[:top_k]]


def top_details(
    store: Store,
    tasks: Sequence[Task],
    names: Collection[str] | None,
    objectives: Sequence[Objective] | None,
) -> list[dict[str, Any]]:
    """Gives task_id, hyper_parameters and metrics of tasks, in the order given.

    Args:
        store: Where they are.
        tasks: Which ones.
        names: Parameters to give, `None` for all; values keep their types.
        objectives: Whose metrics to give, `None` for all.
    """
    wanted = None if objectives is None else set(metrics_of(objectives))
    found = []
    for task in tasks:
        parameters = store.task(task.id).parameters
        metrics = {
            f"{each.metric.title}/{each.metric.series}": _metric(each)
            for each in store.task_summaries(task.id)
            if wanted is None or each.metric in wanted
        }
        kept = {name: value for name, value in parameters.items() if names is None or name in names}
        found.append({"task_id": task.id, "hyper_parameters": kept, "metrics": metrics})
    return found


def _metric(summary: MetricSummary) -> dict[str, Any]:
    return {
        "metric": summary.metric.title,
        "variant": summary.metric.series,
        "value": summary.last,
        "min_value": summary.min,
        "min_value_iteration": summary.min_iteration,
        "max_value": summary.max,
        "max_value_iteration": summary.max_iteration,
        "count": summary.points,
    }
