"""How a task ended: pure rules from what its process, its code and people said to its final state."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hpo_widgets.agents.launcher import Exit
from hpo_widgets.model.task import Outcome, Reason, TaskState

STOP_GRACE_S = 2.0
"""Between asking a task to end and killing it, when the request does not say."""

_STATE_OF_REASON = {
    Reason.PRUNED.value: TaskState.PRUNED,
    Reason.MAX_ITERATION_PER_JOB.value: TaskState.COMPLETED,
    Reason.RUNG.value: TaskState.COMPLETED,
    Reason.LOST.value: TaskState.LOST,
}


@dataclass(frozen=True, kw_only=True)
class Stop:
    """Says why a running task was asked to end."""

    reason: str
    """A `Reason`'s value, or that and a detail in brackets."""
    grace: float = STOP_GRACE_S
    """Seconds until it is killed."""

    @classmethod
    def from_payload(cls, payload: dict[str, Any]) -> Stop:
        """Reads what a request carries: `reason`, and if given `detail` and `grace`."""
        reason = payload.get("reason", Reason.USER.value)
        text = str(reason.value if isinstance(reason, Reason) else reason)
        if payload.get("detail"):
            text = f"{text} ({payload['detail']})"
        grace = payload.get("grace")
        return cls(reason=text, grace=STOP_GRACE_S if grace is None else max(0.0, float(grace)))

    @property
    def state(self) -> TaskState:
        """The final state that the reason leads to."""
        for reason, state in _STATE_OF_REASON.items():
            if self.reason == reason or self.reason.startswith(f"{reason} ("):
                return state
        return TaskState.ABORTED


@dataclass(frozen=True, kw_only=True)
class Ending:
    """Is the final state of a task, with its reason and error."""

    state: TaskState
    reason: str | None = None
    error: str | None = None


def judge(seen: Exit, outcome: Outcome | None, stop: Stop | None, evidence: Callable[[], str]) -> Ending:
    """Tells how a task ended.

    Args:
        seen: How its process ended.
        outcome: What its code said before; `None` when it never got so far.
        stop: Why it was asked to end, `None` when it was not or had ended of itself before.
        evidence: Gives the last lines of its console; called only when nothing else says what happened.
    """
    if stop is not None and (seen.stopped or seen.lost):
        return Ending(state=stop.state, reason=stop.reason, error=seen.error if seen.lost else None)
    if outcome is not None and outcome.ok:
        return Ending(state=TaskState.COMPLETED)
    if outcome is not None:
        return Ending(state=TaskState.FAILED, reason=Reason.FAILED.value, error=outcome.error)
    if seen.lost:
        return Ending(state=TaskState.LOST, reason=f"{Reason.LOST.value} ({seen.error})", error=seen.error)
    text = seen.error or _how(seen)
    quoted = "" if seen.error else evidence()
    error = f"{text}\nIts last words:\n{quoted}" if quoted else text
    return Ending(state=TaskState.FAILED, reason=f"{Reason.FAILED.value} ({text})", error=error)


def _how(seen: Exit) -> str:
    if seen.signal is not None:
        try:
            text = f"killed by signal {seen.signal} ({signal.Signals(seen.signal).name})"
        except ValueError:
            text = f"killed by signal {seen.signal}"
        if seen.signal == signal.SIGKILL:
            text += f": not by hpo_widgets; out of memory? {_memory(seen)}"
        return text
    if seen.code == 0:
        return "exited with code 0 before its function returned (os._exit?)"
    return f"exited with code {seen.code}"


def _memory(seen: Exit) -> str:
    import psutil

    machine = psutil.virtual_memory()
    used = "" if seen.max_rss is None else f"it held {seen.max_rss / 1e9:.2f} GB at most, "
    return f"({used}{machine.available / 1e9:.2f} of {machine.total / 1e9:.2f} GB are free now)"
