"""How an experiment ended, and what is recorded of it.

Comet's rule: an experiment is completed when a value was logged under `spec.metric`, else it was not, and
`retryAssignLimit` gives its set out again (reference a10). What an error ended is failed whatever it had logged, with
the traceback. What a person interrupted half-way is aborted and given out again by the next one that asks, like what a
dead process held; so is what a `break` left before it had a value.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hpo_widgets.model.scalar import Metric, MetricSummary
from hpo_widgets.model.task import Reason, TaskState

GIVEN_BACK = f"{Reason.USER.value} ("
"""Beginning of the reasons for which a set without a value runs again: its loop was left, nobody had judged it."""
INTERRUPTED = f"{GIVEN_BACK}the loop was interrupted)"
"""Reason of what Ctrl-C or the notebook's stop button ended: it runs again, whatever it had reached by then."""
LISTED = 12
"""Names of metrics that a message lists."""


@dataclass(frozen=True, kw_only=True)
class Ending:
    """Says who or what ended an experiment; the default is its own end."""

    error: str | None = None
    """Traceback of the error that ended its loop."""
    left: str | None = None
    """What left it behind: a `break`, the end of the process."""
    stopped: str | None = None
    """A person's reason to end it."""


def ending_of(error: BaseException | None, left: str) -> Ending:
    """Gives the ending of an experiment that was open when a cell or a process ended.

    Args:
        error: What ended that; `None` for its own end.
        left: What to say when nothing was wrong.
    """
    if error is None or (isinstance(error, SystemExit) and not error.code):
        return Ending(left=left)
    if isinstance(error, KeyboardInterrupt):
        return Ending(stopped=INTERRUPTED)
    return Ending(error="".join(traceback.format_exception(error)))


def name_of(metric: Metric) -> str:
    """Gives the name under which a metric was logged."""
    return metric.title if metric.title == metric.series else f"{metric.title}/{metric.series}"


def outcome(
    ending: Ending, wanted: Metric, reported: Sequence[MetricSummary]
) -> tuple[TaskState, dict[str, Any], str | None]:
    """Gives the final state of an experiment, what is recorded with it, and what to warn of.

    Args:
        ending: How it ended.
        wanted: The metric of the search.
        reported: What it has logged.
    """
    if ending.error is not None:
        return TaskState.FAILED, {"reason": Reason.FAILED.value, "error": ending.error}, None
    if ending.stopped is not None:
        return TaskState.ABORTED, {"reason": ending.stopped}, None
    names = sorted({name_of(each.metric) for each in reported})
    if name_of(wanted) in names:
        return TaskState.COMPLETED, {}, None
    listed = f"{', '.join(names[:LISTED]) or 'none'}{' and more' if len(names) > LISTED else ''}"
    missing = f"the metric {name_of(wanted)!r} was never logged; logged were: {listed}."
    if ending.left is not None:
        return TaskState.ABORTED, {"reason": f"{GIVEN_BACK}{ending.left})", "error": missing}, None
    advice = f"{missing} Log it, or name one of these as spec's metric (the context's prefix belongs to the name)."
    return TaskState.FAILED, {"reason": Reason.FAILED.value, "error": advice if names else missing}, missing
