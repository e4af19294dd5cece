"""Why a study has ended, in words for people; what is recorded stays the `Reason`'s value."""

from __future__ import annotations

from hpo_widgets.model.limits import Limits
from hpo_widgets.model.task import Reason

MINUTE, HOUR = 60.0, 3600.0


def why_ended(reason: str | None, limits: Limits) -> str:
    """Says why a study has ended, as "all 50 trials are done"; what has no words of its own comes as it is.

    Args:
        reason: As it is recorded: a `Reason`'s value, or that and a detail in brackets.
        limits: In force at the end; they give the numbers.

    Returns:
        An empty text without a reason, and for a failure: the state says that already, and the error the rest.
    """
    value, bracket, detail = (reason or "").partition(" (")
    detail = detail.removesuffix(")") if bracket else ""
    try:
        known = Reason(value)
    except ValueError:
        return reason or ""
    if known is Reason.TERMINATOR:
        return f"going on is not worth it: {detail}" if detail else "going on is not worth it"
    said = _words(known, limits)
    return f"{said}; {detail}" if detail and said else said or detail


def _words(reason: Reason, limits: Limits) -> str:
    match reason:
        case Reason.TOTAL_MAX_JOBS:
            return _all_trials(limits.total_max_jobs)
        case Reason.OPTIMIZATION_TIME_LIMIT:
            return f"its time{_of(limits.optimization_time_limit)} is over"
        case Reason.COMPUTE_TIME_LIMIT:
            return f"its computing time{_of(limits.compute_time_limit)} is spent"
        case Reason.PATIENCE:
            return f"no better value in {limits.patience} trials" if limits.patience else "no better value any more"
        case Reason.TARGET:
            return "the target is reached" if limits.target is None else f"the target {limits.target:g} is reached"
        case Reason.EXHAUSTED:
            return "nothing is left to try"
        case Reason.USER:
            return "by hand"
        case Reason.FAILED:
            return ""
    return str(reason.value)


def _all_trials(count: int | None) -> str:
    if count is None:
        return "all trials are done"
    return "the one trial is done" if count == 1 else f"all {count} trials are done"


def _of(seconds: float | None) -> str:
    if seconds is None:
        return ""
    for unit, word in ((HOUR, "h"), (MINUTE, "min")):
        if seconds >= 2 * unit or (seconds >= unit and seconds % unit == 0):
            return f" of {seconds / unit:.3g} {word}"
    return f" of {seconds:.3g} s"
