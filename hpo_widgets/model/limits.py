"""What a study may spend, what it has spent, and the difference."""

from __future__ import annotations

import contextlib
import math
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import timedelta
from difflib import get_close_matches
from typing import Any

from hpo_widgets.errors import InvalidInput

REGRET, EMMR, STAGNATION = "regret", "emmr", "stagnation"
TERMINATORS = (REGRET, EMMR, STAGNATION)
"""Rules of Optuna that say of a study's results whether going on is worth it."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Declares what a study may spend. `None` means no limit. Times are seconds."""

    max_number_of_concurrent_tasks: int = 1
    """Queued and running tasks at one time."""
    total_max_jobs: int | None = None
    """Trials in all; a retry of a lost or failed task is the same trial."""
    optimization_time_limit: float | None = None
    """Seconds from the start of the study to its end; time while paused counts too, time without an engine does not."""
    compute_time_limit: float | None = None
    """Seconds of running time summed over all tasks; when spent, all are aborted."""
    time_limit_per_job: float | None = None
    """Seconds of running time of one task; time in the queue does not count."""
    min_iteration_per_job: int | None = None
    """No task is pruned before its objective has reached this iteration."""
    max_iteration_per_job: int | None = None
    """A task whose objective reaches this iteration is ended and counts as complete."""
    save_top_k_tasks_only: int | None = None
    """Finished tasks below this rank are archived (nothing is deleted); `None` or <= 0 keeps all."""
    retries: int = 0
    """How often a failed task is run again with the same parameters; a lost one is run again at least once."""

    patience: int | None = None
    """Trials in a row that end without a better value: then nothing new is proposed, and the study ends with what runs
    unless that is better. Failed trials do not count. For one objective."""
    min_gain: float | None = None
    """How much better a value must be to count as better for `patience`, in the objective's own unit."""
    target: float | None = None
    """A trial that ends with this value or a better one ends the study. For one objective."""
    terminator: str | None = None
    """Optuna's rule that says when going on is not worth it, one of `TERMINATORS`: then nothing new is proposed, and
    the study ends with what runs. For one objective."""
    expected_gain: float | None = None
    """The rule ends the study when it expects less than this still to be gained, in the objective's own unit."""

    def __post_init__(self) -> None:
        problems = list(self._problems())
        if problems:
            raise InvalidInput(problems, subject="limits")

    def _problems(self) -> list[str]:
        found: list[str] = []
        counts = {"max_number_of_concurrent_tasks": 1, "total_max_jobs": 1, "min_iteration_per_job": 0}
        counts |= {"max_iteration_per_job": 1, "retries": 0, "patience": 1}
        for name, least in counts.items():
            value = getattr(self, name)
            missing_is_fine = name not in ("max_number_of_concurrent_tasks", "retries")
            if value is None and missing_is_fine:
                continue
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                found.append(
                    f"{name} is {value!r}; give a whole number of at least {least}{_or_none(missing_is_fine)}."
                )
        for name in ("optimization_time_limit", "compute_time_limit", "time_limit_per_job"):
            value = getattr(self, name)
            if value is None:
                continue
            if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 < value < math.inf:
                found.append(f"{name} is {value!r}; give seconds above 0{_or_none(True)}.")
        found += self._gain_problems()
        low, high = self.min_iteration_per_job, self.max_iteration_per_job
        if isinstance(low, int) and isinstance(high, int) and low > high:
            found.append(f"min_iteration_per_job {low} is above max_iteration_per_job {high}; swap or lower it.")
        keep = self.save_top_k_tasks_only
        if keep is not None and (not isinstance(keep, int) or isinstance(keep, bool)):
            found.append(f"save_top_k_tasks_only is {keep!r}; give a whole number, or None to keep all.")
        return found

    def _gain_problems(self) -> list[str]:
        found: list[str] = []
        allowed = {"min_gain": "a number of 0 or more", "target": "a number that is not infinite"}
        allowed["expected_gain"] = "a number above 0"
        for name, what in allowed.items():
            value = getattr(self, name)
            if value is None:
                continue
            is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
            is_number = is_number and abs(value) <= sys.float_info.max
            if not is_number or (name != "target" and value < 0) or (name == "expected_gain" and value == 0):
                found.append(f"{name} is {value!r}; give {what}{_or_none(True)}.")
        if self.min_gain is not None and self.patience is None:
            found.append(f"min_gain is {self.min_gain!r} without patience; give patience too, or leave both out.")
        return found + self._terminator_problems()

    def _terminator_problems(self) -> list[str]:
        rule, gain = self.terminator, self.expected_gain
        if rule is not None and rule not in TERMINATORS:
            return [f"terminator is {rule!r}; give one of {', '.join(TERMINATORS)}{_or_none(True)}."]
        if rule == STAGNATION and gain is not None:
            return [f"expected_gain is {gain!r}, and stagnation only counts results; leave one of the two out."]
        if rule == REGRET and gain is None:
            return ["terminator is 'regret' without expected_gain, below which it ends the study; give it too."]
        return []

    @property
    def rule(self) -> str | None:
        """The terminator in force: the one that is named, else the one that goes with `expected_gain`."""
        return self.terminator or (None if self.expected_gain is None else REGRET)

    @property
    def keep(self) -> int | None:
        """How many finished tasks stay unarchived, `None` for all (ClearML: None, 0 and -1 keep all)."""
        top = self.save_top_k_tasks_only
        return top if top is not None and top > 0 else None

    def to_json(self) -> dict[str, Any]:
        """Gives the stored form: only what differs from the defaults."""
        return {f.name: v for f in fields(self) if (v := getattr(self, f.name)) != f.default}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Limits:
        """Reads the stored form.

        Raises:
            InvalidInput: For an unknown name or a value out of range.
        """
        known = {f.name for f in fields(cls)}
        allowed = ", ".join(sorted(known))
        unknown = [f"{name!r} is not a limit; the limits are {allowed}." for name in data if name not in known]
        if unknown:
            raise InvalidInput(unknown, subject="limits")
        return cls(**data)


def _or_none(allowed: bool) -> str:
    return ", or None for no limit" if allowed else ""


def as_seconds(value: float | timedelta | None, name: str) -> float | None:
    """Reads a duration given as seconds or `timedelta`.

    Raises:
        InvalidInput: When it is neither.
    """
    if value is None:
        return None
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        with contextlib.suppress(OverflowError):
            return float(value)
    raise InvalidInput(f"{name} is {value!r}; give seconds or a timedelta, or None for no limit.")


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Says what a study has spent so far."""

    jobs: int = 0
    """Trials created."""
    iterations: int = 0
    """Sum over tasks of the largest iteration their objective reached; what another task had done is not theirs."""
    compute_time: float = 0.0
    """Seconds of running time summed over all tasks, running ones included."""
    time: float = 0.0
    """Seconds since the start of the study (until its end, once it has ended)."""


def remaining(limits: Limits, usage: Usage) -> dict[str, float]:
    """Gives the fraction left of each limit, 0..1; 1 where there is no limit (reference b, never negative)."""

    def left(used: float, limit: float | None) -> float:
        return 1.0 if limit is None else min(1.0, max(0.0, 1.0 - used / limit))

    both = limits.total_max_jobs is not None and limits.max_iteration_per_job is not None
    iterations = (limits.total_max_jobs or 0) * (limits.max_iteration_per_job or 0) if both else None
    return {
        "jobs": left(usage.jobs, limits.total_max_jobs),
        "iterations": left(usage.iterations, iterations),
        "compute_time": left(usage.compute_time, limits.compute_time_limit),
        "time": left(usage.time, limits.optimization_time_limit),
    }


LIMIT_WORDS = {
    "concurrency": "max_number_of_concurrent_tasks",
    "max_jobs": "total_max_jobs",
    "time_limit": "optimization_time_limit",
    "job_time_limit": "time_limit_per_job",
    "keep_top": "save_top_k_tasks_only",
}
"""Short names of limits, as in `tune`, and what they stand for."""


def in_short_words(problems: Iterable[str]) -> list[str]:
    """Gives problems with limits in the names of `tune`."""
    short = {long: word for word, long in LIMIT_WORDS.items()}
    long = re.compile(rf"\b({'|'.join(short)})\b")
    return [long.sub(lambda found: short[found[0]], each) for each in problems]


def limit_names(given: dict[str, Any]) -> dict[str, Any]:
    """Spells limits out, durations in seconds.

    Raises:
        InvalidInput: For a name that is no limit, with the closest ones.
    """
    known = {*LIMIT_WORDS, *(each.name for each in fields(Limits))}
    short = sorted(known - set(LIMIT_WORDS.values()))
    problems = []
    for name in (name for name in given if name not in known):
        close = get_close_matches(name, sorted(known), n=1)
        meant = f"did you mean {close[0]}?" if close else f"the limits are {', '.join(short)}."
        problems.append(f"{name!r} is not a limit; {meant}")
    if problems:
        raise InvalidInput(problems, subject="limits")
    found = {LIMIT_WORDS.get(name, name): value for name, value in given.items()}
    return {name: value.total_seconds() if isinstance(value, timedelta) else value for name, value in found.items()}
