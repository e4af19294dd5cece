"""The relay: a task that goes on with what another has begun gets its checkpoints, and both records say so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hpo_widgets.model.scalar import Metric
from hpo_widgets.model.stint import HANDOVER, Handover, Stint
from hpo_widgets.model.task import RUN_AGAIN, Reason, TaskRecord
from hpo_widgets.store.base import NewTask, Store


def hand_over(store: Store, new: NewTask, known: Mapping[int | None, str]) -> NewTask:
    """Gives a task to record what the task that it goes on with has left; the other's record names its trial.

    Args:
        store: Written to, inside the transaction that records the task.
        new: The task; one that goes on with none comes back as it is, and so does a retry, which has it already.
        known: Ids of tasks by trial, as far as they are known.
    """
    stint = Stint.of(new.memo)
    if stint is None or stint.follows is None or Handover.of(new.memo) is not None or new.study is None:
        return new
    if stint.follows in known:
        source = store.task(known[stint.follows])
    else:
        source = next(task for task in reversed(store.tasks(new.study)) if task.trial == stint.follows)
    own, before = Stint.of(source.memo), Handover.of(source.memo)
    handover = Handover(
        checkpoint=source.id if before is None else before.checkpoint, before=own.budget if own is not None else 0
    )
    store.update_task(source.id, reason=with_detail(source.reason or "completed", f"promoted: trial {new.trial}"))
    return replace(new, memo={**(new.memo or {}), HANDOVER: handover.to_json()})


def merged(task: TaskRecord, memo: Mapping[str, Any]) -> dict[str, Any]:
    """Gives what the strategy wants kept of a task, with what the task was handed."""
    kept = (task.memo or {}).get(HANDOVER)
    return dict(memo) if kept is None else {**memo, HANDOVER: kept}


def began(task: TaskRecord, iteration: int) -> TaskRecord | None:
    """Gives the task with the iteration that it went on from, seen from its first report; `None` when it is no news."""
    handover = Handover.of(task.memo)
    if handover is None or handover.since is not None or iteration < 0:
        return None
    since = replace(handover, since=handover.went_on_from(iteration))
    return replace(task, memo={**(task.memo or {}), HANDOVER: since.to_json()})


def anew(memo: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Gives the memo of a task for the run that replaces it: where that begins is not known before it reports."""
    handover = Handover.of(memo)
    if memo is None or handover is None:
        return None if memo is None else dict(memo)
    return {**memo, HANDOVER: replace(handover, since=None).to_json()}


def caught_up(store: Store, task: TaskRecord, metric: Metric) -> TaskRecord:
    """Gives a task of an engine that is gone with where it began, when that was reported and not written down."""
    known, handover = task, Handover.of(task.memo)
    if handover is not None and handover.since is None:
        first = min((each.iteration for each in store.scalars(task.id, metric)), default=-1)
        known = began(task, first) or task
    said = said_at_end(known, known.memo) if known.state.is_final else None
    known = known if said is None else replace(known, reason=said)
    if known != task:
        store.update_task(known.id, memo=known.memo, reason=known.reason)
    return known


def said_at_end(task: TaskRecord, memo: Mapping[str, Any] | None) -> str | None:
    """Gives the reason to record for a task that went on with another: where it began; `None` for all other tasks."""
    handover, stint = Handover.of(memo), Stint.of(memo)
    if handover is None or stint is None or handover.since is None or task.reason in PLAIN:
        return None
    how = f"went on from iteration {handover.since}" if handover.since else "begun anew"
    return with_detail(task.reason or "completed", f"trial {stint.follows} {how}")


PLAIN = (Reason.FAILED.value, Reason.LOST.value, RUN_AGAIN)
"""Reasons that stay as they are: what counts is the error, or the run that replaces it."""


def with_detail(reason: str, detail: str) -> str:
    """Adds a detail in brackets to a reason that may have some; once."""
    if detail in reason:
        return reason
    return f"{reason[:-1]}; {detail})" if reason.endswith(")") else f"{reason} ({detail})"
