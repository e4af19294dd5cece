"""Whether going on is worth it: Optuna's terminator, asked when a trial has ended, away from the engine's thread."""

from __future__ import annotations

import logging
import math
import pickle
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from hpo_widgets.engine.desk import Raised
from hpo_widgets.engine.thinking import Helper
from hpo_widgets.model.config import StudyConfig
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.objective import Objective
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.model.task import Reason, TaskRecord
from hpo_widgets.strategies.base import Outcome
from hpo_widgets.strategies.terminators import NEEDS, Verdict, results_needed, terminator_problems

if TYPE_CHECKING:
    from hpo_widgets.strategies.optuna_terminator import Terminator

logger = logging.getLogger(__name__)

REST = 4.0
"""Seconds of rest after each second of weighing: it takes a fifth of the time at most. To load it once comes on top."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """Is a result that counts."""

    parameters: dict[str, Any]
    value: float


def result_of(task: TaskRecord, end: tuple[Outcome, tuple[float, ...] | None] | None) -> Ended | None:
    """Gives what counts of how a set has ended with a task: a finite, feasible value; not one of a lower rung."""
    if end is None or end[0] is not Outcome.COMPLETE or not end[1] or not math.isfinite(end[1][0]):
        return None
    if (task.reason or "").startswith(Reason.RUNG.value):
        return None  # after a part of the training it is worse for that alone
    return Ended(parameters=task.parameters, value=end[1][0])


class Scales:
    """Takes results in and weighs them, not more often than its rests allow. Belongs to one thread.

    Args:
        make: Makes what judges, at the first results; loads Optuna.
        clock: Seconds; to measure how long weighing takes.
    """

    def __init__(self, make: Callable[[], Terminator], clock: Callable[[], float] = time.monotonic) -> None:
        self._make = make
        self._terminator: Terminator | None = None
        self._clock = clock
        self._rests_until = -math.inf
        self._broken = False

    def handle(self, results: Iterable[Ended]) -> list[Verdict | Raised]:
        """Learns results, then weighs all unless it rests. An exception comes back as `Raised`, once."""
        if self._broken:
            return []
        try:
            if self._terminator is None:
                self._terminator = self._make()
            begin = self._clock()
            self._terminator.learn((each.parameters, each.value) for each in results)
            if begin < self._rests_until:
                return []
            verdict = self._terminator.judge()
        except Exception:  # noqa: BLE001 - whatever a model raises on these results ends nothing, and is shown
            self._broken = True
            return [Raised(error=traceback.format_exc())]
        end = self._clock()
        self._rests_until = end + REST * (end - begin)
        return [verdict]


def _terminator(limits: Limits, space: SearchSpace, objective: Objective, seed: int | None) -> Terminator:
    from hpo_widgets.strategies.optuna_terminator import Terminator

    return Terminator(limits, space, objective, seed)


class Weigher:
    """Says when the terminator in force holds going on for not worth it. Belongs to the engine's thread.

    A rule that only counts is asked in this thread; one that fits a model in a process of its own, which begins once
    there are results enough. So the strategy can propose meanwhile, and nothing that goes wrong there harms it.

    Args:
        config: Of the study, limits as they are in force.
        read: Gives the results so far, of what the engine has been told.
        wake: Called, from another thread, when there is a verdict.
        anew: Whether it had ended the study before: going on is a person's wish for more, so it takes as many results
            again as at the beginning.
    """

    def __init__(
        self, config: StudyConfig, read: Callable[[], list[Ended]], wake: Callable[[], None], anew: bool = False
    ) -> None:
        self._config, self._read, self._wake, self._anew = config, read, wake, anew
        self._helper: Helper | None = None
        self._limits = config.limits
        self._begin()

    def _begin(self) -> None:
        self.close()
        self.enough: str | None = None
        """What the terminator said, once it has ended the study."""
        self.notice: str | None = None
        """Why it cannot judge."""
        self._figure = ""
        self._helper = None
        self._scales: Scales | None = None
        self._said: list[Verdict | Raised] = []
        self._unsent: list[Ended] = []
        self._is_read = self._due = False
        self._count, self._needed = 0, results_needed(self._limits)
        if problems := terminator_problems(self._limits, self._config.objectives):
            self.notice = f"{problems[0]} It does nothing."

    def put(self, limits: Limits, config: StudyConfig | None = None) -> None:
        """Puts other limits in force, or another space: it begins anew if that changes what it says."""
        old, self._limits = self._limits, limits
        if config is not None or (old.rule, old.expected_gain) != (limits.rule, limits.expected_gain):
            self._config, self._anew = config or self._config, self._anew and config is not None
            self._begin()

    def learn(self, task: TaskRecord, end: tuple[Outcome, tuple[float, ...] | None] | None) -> None:
        """Takes in how a set has ended with the end of a task."""
        self._due = True
        if self.enough is not None or self.notice is not None:
            return
        if self._is_read and (found := result_of(task, end)) is not None:
            self._add([found])

    def _add(self, results: list[Ended]) -> None:
        self._unsent += [replace(each, parameters=dict(self._config.completed(each.parameters))) for each in results]
        self._count += len(results)

    def weigh(self) -> str | None:
        """Hands over what has ended since and takes in what was said; gives why the study ends, once it does.

        Raises:
            StoreUnavailable: When the results so far cannot be read; the next call tries again.
        """
        if self._limits.rule is None or self.notice is not None or self.enough is not None:
            return self.enough
        if self._due and not self._is_read:
            self._add(self._read())
            self._is_read = True
            if self._anew:
                self._needed += self._count
        if self._due and self._unsent and self._count >= self._needed:
            self._send()
        self._due = False
        self._hear()
        return self.enough

    def _send(self) -> None:
        results, self._unsent = tuple(self._unsent), []
        if self._helper is None and self._scales is None:
            self._open()
        if self._helper is not None:
            self._helper.send(results)
        elif self._scales is not None:
            self._said += self._scales.handle(results)

    def _open(self) -> None:
        config = self._config
        space = config.space.with_constraints(())  # whose functions may not travel, and nobody asks
        scales = Scales(partial(_terminator, self._limits, space, config.objectives[0], config.seed))
        if not NEEDS[self._limits.rule or ""]:
            self._scales = scales
            return
        try:
            self._helper = Helper(pickle.dumps(scales), self._wake, "the terminator")
        except OSError as error:
            self._said.append(Raised(error=f"no process could be started for it: {error}"))

    def _hear(self) -> None:
        for said in [*self._said, *(self._helper.received() if self._helper is not None else ())]:
            match said:
                case Verdict(enough=True, said=text):
                    self.enough = self._figure = text
                case Verdict(said=text):
                    self._figure = text
                    logger.info("the search goes on: %s", text, extra={"action": "terminator-said"})
                case Raised(error=error):
                    last = error.strip().splitlines()[-1]
                    self.notice = f"the terminator {self._limits.rule!r} failed, the search goes on without it: {last}"
                    logger.warning("the terminator failed:\n%s", error, extra={"action": "terminator-failed"})
        self._said = []
        if self.enough is not None or self.notice is not None:
            self.close()

    @property
    def figure(self) -> str:
        """What the terminator in force said last, or how far it is from its first word; from any thread."""
        rule = self._limits.rule
        if rule is None or self.notice is not None:
            return ""
        return self._figure or f"{rule}: {self._count} of the {self._needed} results that it needs"

    def told(self, why: Reason) -> str:
        """Gives why the study has ended: with what the terminator said, or why one that was asked for said nothing."""
        if why is Reason.TERMINATOR:
            detail = self.enough
        elif self._limits.rule is None or why in (Reason.USER, Reason.FAILED):
            detail = None
        elif self.notice is not None:
            detail = "the terminator could not judge"
        elif self._is_read and self._helper is None and self._scales is None:
            detail = f"the terminator had {self._count} of the {self._needed} results that it needs"
        else:
            detail = None
        return why.value if detail is None else f"{why.value} ({detail})"

    def close(self) -> None:
        """Ends the helper, if there is one."""
        if self._helper is not None:
            self._helper.close()
