"""Opens the picture of a study from the store: a new one, or one whose engine died at any moment."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hpo_widgets.engine import desk, relay
from hpo_widgets.engine.judging import judge_end, run_again
from hpo_widgets.engine.last_signs import agent_signs, go_on
from hpo_widgets.engine.picture import Live, Opening, Picture, set_end
from hpo_widgets.engine.progress import Progress, replayed
from hpo_widgets.engine.weighing import Ended, result_of
from hpo_widgets.model.config import StudyConfig
from hpo_widgets.model.gathering import Gathering
from hpo_widgets.model.result import Result, metrics_of, read_result
from hpo_widgets.model.scalar import MetricSummary
from hpo_widgets.model.stint import own_iterations
from hpo_widgets.model.study import Request, RequestKind, StudyRecord, StudyState
from hpo_widgets.model.task import RUN_AGAIN, Reason, TaskRecord, TaskState
from hpo_widgets.store.base import Store
from hpo_widgets.strategies.base import Outcome, Past, PastTask

LOGGED = "logged"
"""Key of a task's memo that holds what Comet's `log_parameter` and `log_other` were given."""
VANISHED = "its process ended together with the engine that had started it"


def open_picture(
    store: Store,
    record: StudyRecord,
    config: StudyConfig,
    now: float,
    alive: Callable[[str], bool],
    fresh: Callable[[Request], bool] = lambda _: False,
) -> Opening:
    """Reads what a study knows of its tasks; marks running tasks of agents that are gone as lost.

    The time since the last sign of life counts for nothing: neither the study nor a lost task ran then.

    Args:
        store: Where the study lies; this process owns the study.
        record: The study.
        config: Its configuration, limits as they are in force.
        now: UTC seconds.
        alive: Tells whether the agent of an id still serves.
        fresh: Tells of a request whether it was made after this run was begun, which opens the picture a bit later.
    """
    (metric, *_) = metrics_of(config.objectives)
    with store.transaction():
        started = go_on(store, record, now)
        held = store.tasks(record.id)
        signs = agent_signs(store, held)
        for task in held:
            if task.state is TaskState.RUNNING and (task.agent is None or not alive(task.agent)):
                store.move_task(
                    task.id,
                    TaskState.LOST,
                    expect=(TaskState.RUNNING,),
                    reason=Reason.LOST.value,
                    ended=signs[task.agent],
                    error=VANISHED,
                )
        requests = _still_wanted(store, record.id, now, fresh)
        cursor = store.cursor()
        tasks = [_replaced(store, relay.caught_up(store, task, metric)) for task in store.tasks(record.id)]
    results = _results(store, record.id, config)
    only = config.objectives[0] if len(config.objectives) == 1 else None
    picture = Picture(
        state=StudyState.RUNNING,
        limits=config.limits,
        started=started,
        objective=only,
        gathering=Gathering(config.repeats),
    )
    last_runs: dict[int, TaskRecord] = {}
    for task in tasks:
        _take_in(picture, task, results[task.id], now)
        if task.trial is not None:
            last_runs[task.trial] = task
    picture.jobs = max(last_runs, default=-1) + 1
    last = {task.id for task in last_runs.values()}
    picture.spared.update(task.trial for task in tasks if task.interrupted and task.id not in last)
    picture.retries.extend(start for task in last_runs.values() if (start := run_again(picture, task)) is not None)
    if only is not None:
        # Going on after patience ran out is a person's wish for more: it runs out anew.
        since = record.ended if record.reason == Reason.PATIENCE.value and record.ended is not None else -math.inf
        picture.progress = _progress(last_runs.values(), results, picture, since)
    waiting = {start.trial for start in picture.retries}
    past = _past(store, record.id, config, last_runs, results, waiting)
    restore = desk.Restore(past=past, memo=record.memo)
    moved = _has_moved(store, record.id)
    anew = (record.reason or "").startswith(Reason.TERMINATOR.value)
    return Opening(picture=picture, cursor=cursor, restore=restore, requests=requests, moved=moved, anew=anew)


def _replaced(store: Store, task: TaskRecord) -> TaskRecord:
    """Gives a task of a study that goes on; what was stopped with it runs again, so its values count no longer."""
    if task.state is not TaskState.ABORTED or not task.interrupted or task.reason == RUN_AGAIN:
        return task
    store.update_task(task.id, reason=RUN_AGAIN)
    return replace(task, reason=RUN_AGAIN)


def _progress(tasks: Iterable[TaskRecord], results: Mapping[str, Result], picture: Picture, since: float) -> Progress:
    """Gives how far the only objective has come; trials that ended before `since` do not use up patience."""
    assert picture.objective is not None
    again = {start.trial for start in picture.retries}
    ends = list(_ends((task for task in tasks if task.trial not in again), results, picture.gathering))
    found = replayed((end for _, end in ends if end is not None), picture.objective, picture.limits)
    late = sum((task.ended or 0.0) > since for task, _ in ends)
    return replace(found, since=min(found.since, late))


def _ends(
    tasks: Iterable[TaskRecord], results: Mapping[str, Result], gathering: Gathering
) -> Iterator[tuple[TaskRecord, tuple[Outcome, tuple[float, ...] | None] | None]]:
    """Gives the tasks that have ended, in that order, each with how its set has ended with it, see `set_end`."""
    ended = sorted(
        (task for task in tasks if task.state.is_final), key=lambda task: (task.ended or 0.0, task.trial or 0)
    )
    for task in ended:
        result = results[task.id]
        yield task, set_end(gathering, task, *judge_end(task, result.values), result.feasible)


def read_results(store: Store, study: str, config: StudyConfig, picture: Picture) -> list[Ended]:
    """Gives what counts of the sets of a running study whose end the engine has been told, oldest first."""
    untold = {live.task.trial for live in picture.live.values()} | {start.trial for start in picture.retries}
    last_runs = {task.trial: task for task in store.tasks(study) if task.trial is not None}
    tasks = (task for trial, task in last_runs.items() if trial not in untold)
    ends = _ends(tasks, _results(store, study, config), Gathering(config.repeats))
    return [found for task, end in ends if (found := result_of(task, end)) is not None]


def read_history(
    store: Store, study: str, config: StudyConfig, *, going: set[int | None], again: set[int | None]
) -> desk.Restore:
    """Gives what a new strategy has to be told of a running study; its state as a whole is left behind.

    Args:
        store: Where the study lies.
        study: Its id.
        config: Its configuration.
        going: Trials whose end has not been told yet, whatever the store says by now.
        again: Trials that start once more.
    """
    last_runs = {task.trial: task for task in store.tasks(study) if task.trial is not None}
    past = _past(store, study, config, last_runs, _results(store, study, config), again, going)
    return desk.Restore(past=past, memo=None)


def warm_past(config: StudyConfig) -> tuple[Past, ...]:
    """Gives what other searches had found, as trials with numbers below 0: the strategy learns from them first."""
    first = -len(config.warm_start)
    return tuple(
        Past(trial=first + number, parameters=parameters, outcome=Outcome.COMPLETE, values=each.values)
        for number, each in enumerate(config.warm_start)
        if config.space.contains(parameters := config.completed(each.parameters))
    )


def _has_moved(store: Store, study: str) -> bool:
    return any(
        request.kind is RequestKind.SET_SPACE and request.handled is not None and request.answer is None
        for request in store.requests(study)
    )


def _still_wanted(store: Store, study: str, now: float, fresh: Callable[[Request], bool]) -> tuple[Request, ...]:
    """Gives what is asked for; a pause or stop of before the start is answered: going on overrules it."""
    lasting = {RequestKind.ENQUEUE, RequestKind.SET_LIMITS, RequestKind.SET_SPACE}
    wanted = []
    for request in store.open_requests(study=study):
        if request.kind in lasting or fresh(request):
            wanted.append(request)
        else:
            store.answer(request.id, now, "the study was started again after this was asked.")
    return tuple(wanted)


def _results(store: Store, study: str, config: StudyConfig) -> defaultdict[str, Result]:
    by_task: defaultdict[str, list[MetricSummary]] = defaultdict(list)
    for summary in store.summaries(study, metrics_of(config.objectives)):
        by_task[summary.task].append(summary)
    empty = read_result(config.objectives, ())
    found: defaultdict[str, Result] = defaultdict(lambda: empty)
    found.update({id: read_result(config.objectives, each) for id, each in by_task.items()})
    return found


def _take_in(picture: Picture, task: TaskRecord, result: Result, now: float) -> None:
    if task.state.is_final:
        picture.compute_time += task.duration(now) or 0.0
        picture.iterations += own_iterations(result.iteration, task.memo)
    elif task.state is not TaskState.CREATED:
        picture.live[task.id] = Live(task=task, iteration=result.iteration)


def _past(
    store: Store,
    study: str,
    config: StudyConfig,
    last_runs: dict[int, TaskRecord],
    results: defaultdict[str, Result],
    waiting: set[int | None],
    going: Collection[int | None] = (),
) -> tuple[Past, ...]:
    reports = _reports(store, study, config)
    found = []
    for trial, task in sorted(last_runs.items()):
        goes_on = trial in waiting or trial in going or not task.state.is_final
        outcome, values = (None, None) if goes_on else judge_end(task, results[task.id].values)
        # A run that starts again reports from its beginning: what the lost one reported would be told twice.
        told = () if trial in waiting else tuple(reports.get(task.id, ()))
        found.append(
            Past(
                trial=trial,
                parameters=config.completed(task.parameters),
                outcome=outcome,
                values=values,
                reports=told,
                memo=task.memo,
                seconds=None if outcome is None else task.duration(task.ended or 0.0),
                constraints=() if outcome is None else results[task.id].constraints,
            )
        )
    return tuple(found)


def _reports(store: Store, study: str, config: StudyConfig) -> defaultdict[str, list[tuple[int, float]]]:
    found: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
    if len(config.objectives) == 1:
        for id, iteration, value in store.reports(study, metrics_of(config.objectives)[0]):
            found[id].append((iteration, value))
    return found


def past_tasks(store: Store, study: str, config: StudyConfig, results: Mapping[str, Result]) -> list[PastTask]:
    """Gives the last run of each trial of a study with all that a person wants to see of it in an export."""
    reports = _reports(store, study, config)
    empty = read_result(config.objectives, ())
    last_runs = {task.trial: task for task in store.tasks(study) if task.trial is not None}
    found = []
    for trial, task in sorted(last_runs.items()):
        ending = judge_end(task, results.get(task.id, empty).values) if task.state.is_final else (None, None)
        outcome, values = ending
        memo = dict(task.memo or {})
        logged: dict[str, dict[str, Any]] = memo.pop(LOGGED, {})
        found.append(
            PastTask(
                trial=trial,
                parameters=config.completed(task.parameters),
                outcome=outcome,
                values=values,
                reports=tuple(reports[task.id]),
                constraints=results.get(task.id, empty).constraints,
                memo=memo or None,
                user_attrs={**logged.get("parameters", {}), **logged.get("others", {})},
                task=task.id,
                state=task.state.value,
                datetime_start=None if task.started is None else datetime.fromtimestamp(task.started, UTC),
                datetime_complete=None if task.ended is None else datetime.fromtimestamp(task.ended, UTC),
            )
        )
    return found
