"""What to do next: a pure function of the picture of a study and the time."""

from __future__ import annotations

from dataclasses import dataclass

from hpo_widgets.engine.picture import Live, Picture
from hpo_widgets.model.study import StudyState
from hpo_widgets.model.task import Reason


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Lists what to do now, and when to look again if nothing happens before."""

    stops: tuple[tuple[str, Reason], ...] = ()
    """Tasks to end, and why."""
    retries: int = 0
    """How many waiting retries to start."""
    enqueued: int = 0
    """How many trials made by hand to start."""
    asks: int = 0
    """How many proposals to ask of the strategy: none or one."""
    finish: tuple[StudyState, Reason | None] | None = None
    """The state to end the study in, and why; `None` while it goes on."""
    wake_at: float | None = None
    """UTC seconds of the next deadline; `None` when only an event can change anything."""


def plan(picture: Picture, now: float) -> Plan:
    """Decides what to do at `now` (UTC seconds). Changes nothing."""
    ending = picture.ending or _spent(picture, now)
    stops = _stops(picture, now, ending)
    retries = enqueued = asks = 0
    if ending is None and picture.error is None and picture.state is StudyState.RUNNING:
        room = picture.limits.max_number_of_concurrent_tasks - len(picture.live) - picture.asking - picture.unsaved
        retries = _clamp(len(picture.retries), room)
        if not picture.asking:  # one proposal at a time: trial numbers have no gaps
            left = _trials_left(picture)
            enqueued = _clamp(len(picture.enqueued), room - retries, left)
            if not (picture.exhausted or picture.starved or picture.stalls or picture.enough):
                asks = _clamp(room - retries - enqueued, left - enqueued, 1)
    # A study that winds up does not wait for a proposal that it would not use.
    winding_up = ending is not None or picture.error is not None or picture.state is StudyState.DRAINING
    thinking = picture.asking and not winding_up
    idle = not (picture.live or thinking or picture.unsaved or retries or enqueued or asks)
    return Plan(
        stops=stops,
        retries=retries,
        enqueued=enqueued,
        asks=asks,
        finish=_finish(picture, ending) if idle else None,
        wake_at=_next_deadline(picture, now) if ending is None else None,
    )


def _clamp(*values: int) -> int:
    return max(0, min(values))


def _trials_left(picture: Picture) -> int:
    most = picture.limits.total_max_jobs
    return 2**31 if most is None else most - picture.jobs - picture.asking


def _spent(picture: Picture, now: float) -> Reason | None:
    limits = picture.limits
    if limits.optimization_time_limit is not None and now - picture.started >= limits.optimization_time_limit:
        return Reason.OPTIMIZATION_TIME_LIMIT
    if limits.compute_time_limit is not None and picture.running_time(now) >= limits.compute_time_limit:
        return Reason.COMPUTE_TIME_LIMIT
    if picture.objective is not None and picture.progress.reached(limits.target, picture.objective):
        return Reason.TARGET
    return None


def _stops(picture: Picture, now: float, ending: Reason | None) -> tuple[tuple[str, Reason], ...]:
    found = []
    for id, live in picture.live.items():
        reason = ending or _own_limit(picture, live, now)
        if reason is not None and live.stopping is None:
            found.append((id, reason))
    return tuple(found)


def _own_limit(picture: Picture, live: Live, now: float) -> Reason | None:
    most = picture.limits.max_iteration_per_job
    if most is not None and live.iteration is not None and live.iteration >= most:
        return Reason.MAX_ITERATION_PER_JOB
    longest = picture.limits.time_limit_per_job
    if longest is not None and (live.task.duration(now) or 0.0) >= longest:
        return Reason.TIME_LIMIT_PER_JOB
    return None


def _finish(picture: Picture, ending: Reason | None) -> tuple[StudyState, Reason | None] | None:
    if picture.error is not None:
        return StudyState.FAILED, Reason.FAILED
    if ending is Reason.USER or picture.state is StudyState.DRAINING:
        return StudyState.STOPPED, Reason.USER
    if ending is not None:
        return StudyState.COMPLETED, ending
    if picture.state is StudyState.PAUSED or picture.retries:
        return None
    if _trials_left(picture) <= 0:
        return StudyState.COMPLETED, Reason.TOTAL_MAX_JOBS
    if picture.stalls and not picture.enqueued:
        return StudyState.COMPLETED, Reason.PATIENCE
    if picture.enough and not picture.enqueued:
        return StudyState.COMPLETED, Reason.TERMINATOR
    if (picture.exhausted or picture.starved) and not picture.enqueued:
        return StudyState.COMPLETED, Reason.EXHAUSTED
    return None


def _next_deadline(picture: Picture, now: float) -> float | None:
    limits, running = picture.limits, [live for live in picture.live.values() if live.task.started is not None]
    deadlines: list[float] = []
    if limits.optimization_time_limit is not None:
        deadlines.append(picture.started + limits.optimization_time_limit)
    if limits.compute_time_limit is not None and running:
        deadlines.append(now + (limits.compute_time_limit - picture.running_time(now)) / len(running))
    if limits.time_limit_per_job is not None:
        longest = limits.time_limit_per_job
        deadlines += [(live.task.started or now) + longest for live in running if live.stopping is None]
    return min(deadlines, default=None)
