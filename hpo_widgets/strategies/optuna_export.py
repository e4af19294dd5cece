"""A real Optuna study with the parameters' own values, for `optuna.visualization` and optuna-dashboard."""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial, TrialState

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.objective import Objective
from hpo_widgets.model.parameter_values import plain
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.strategies.base import Outcome, PastTask
from hpo_widgets.strategies.optuna_constraints import CONSTRAINT
from hpo_widgets.strategies.optuna_export_ranges import Column, columns
from hpo_widgets.strategies.optuna_storage import EPOCH, optuna_outcome


def optuna_study(
    space: SearchSpace, objectives: Sequence[Objective], past: Iterable[PastTask], name: str | None = None
) -> optuna.Study:
    """Gives an Optuna study in memory with every trial under its parameters' own names and values.

    Ranges become Optuna's own (log ranges `log=True`), widened where a hand-made trial lies outside. Values that Optuna
    cannot hold (lists, dicts) become their text. A completed trial without finite values is shown as failed; a task
    that has not begun as waiting. Constraints that trials reported are Optuna's too. Trial attributes:
    `trial` (our number), `task`, `state`, `constraints`, and what is in `user_attrs`.
    """
    tasks = sorted(past, key=lambda each: each.trial)
    ranges = columns(space, [each.parameters for each in tasks])
    with _quiet():
        study = optuna.create_study(
            storage=optuna.storages.InMemoryStorage(),
            study_name=name,
            directions=["minimize" if each.sign.minimize else "maximize" for each in objectives],
        )
        study.set_metric_names([each.name for each in objectives])
        for number, each in enumerate(tasks):
            study.add_trial(_trial(each, number, ranges, len(objectives)))
    return study


def copy_to_storage(study: optuna.Study, storage: str, name: str) -> str:
    """Copies a study into an Optuna storage under a free name, and gives that name.

    Raises:
        InvalidInput: When the storage cannot be opened.
    """
    try:
        place = optuna.storages.get_storage(storage)
        taken = {each.study_name for each in place.get_all_studies()}
    except Exception as error:  # what a storage raises is as many as there are databases
        raise InvalidInput(f"the Optuna storage {storage!r} cannot be used: {error}") from error
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    with _quiet():
        target = optuna.create_study(storage=place, study_name=free, directions=study.directions)
        for key, value in study.user_attrs.items():
            target.set_user_attr(key, value)
        target.set_metric_names(study.metric_names or [])
        target.add_trials(study.get_trials(deepcopy=False))
    return free


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps Optuna from announcing the study, without touching the verbosity the user has set."""
    announcers = [logging.getLogger(f"optuna.storages.{each}") for each in ("_in_memory", "_rdb.storage")]
    before = [each.level for each in announcers]
    for each in announcers:
        each.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        for each, level in zip(announcers, before, strict=True):
            each.setLevel(level)


def _trial(each: PastTask, number: int, ranges: Mapping[str, Column], count: int) -> FrozenTrial:
    params, distributions = _parameters(each, ranges)
    state, values = _state(each, count)
    reported = {name: math.inf if math.isnan(value) else value for name, value in each.constraints}
    begun, ended = _local(each.datetime_start), _local(each.datetime_complete)
    return FrozenTrial(
        number=number,
        trial_id=number,
        state=state,
        value=None,
        values=values,
        params=params,
        distributions=distributions,
        user_attrs={
            "trial": each.trial,
            "task": each.task,
            "state": each.state,
            **({"constraints": reported} if reported else {}),
            **each.user_attrs,
        },
        system_attrs={CONSTRAINT + name: value for name, value in reported.items()},
        intermediate_values={step: value for step, value in each.reports if step >= 0},
        datetime_start=None if state == TrialState.WAITING else begun or ended or EPOCH,
        datetime_complete=(ended or begun or EPOCH) if state.is_finished() else None,
    )


def _local(moment: datetime | None) -> datetime | None:
    """Gives the naive local time that Optuna's plots compare with the clock."""
    return None if moment is None else moment.astimezone().replace(tzinfo=None)


def _parameters(each: PastTask, ranges: Mapping[str, Column]) -> tuple[dict[str, Any], dict[str, BaseDistribution]]:
    params: dict[str, Any] = {}
    distributions: dict[str, BaseDistribution] = {}
    for name, value in each.parameters.items():
        column = ranges[name]
        params[name] = column.shown(plain(value))
        distributions[name] = column.distribution
    return params, distributions


def _state(each: PastTask, count: int) -> tuple[TrialState, list[float] | None]:
    if each.outcome is None:
        return (TrialState.WAITING if each.datetime_start is None else TrialState.RUNNING), None
    if each.outcome is Outcome.PRUNED:
        last = [value for step, value in sorted(each.reports) if step >= 0][-1:]
        return TrialState.PRUNED, last if count == 1 and last and not math.isnan(last[0]) else None
    return optuna_outcome(each.outcome, each.values, count)
