"""The desk at which a strategy sits: messages in, replies out; the same in the engine's thread and in a process."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameter_values import shown
from hpo_widgets.strategies.base import Outcome, Past, Problem, Strategy


@dataclass(frozen=True, kw_only=True)
class Ask:
    """Asks for the parameters of a trial."""

    trial: int


@dataclass(frozen=True, kw_only=True)
class Adopt:
    """Tells of a trial made by hand."""

    trial: int
    parameters: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Tell:
    """Tells how a trial ended."""

    trial: int
    outcome: Outcome
    values: tuple[float, ...] | None
    seconds: float | None = None
    """How long its task ran."""
    constraints: tuple[tuple[str, float], ...] = ()
    """What it reported as constraints, by name."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """Tells what a running trial reported; `judge` asks whether to stop it."""

    trial: int
    iteration: int
    value: float
    judge: bool


@dataclass(frozen=True, kw_only=True)
class Restore:
    """Tells of all trials so far, after a restart."""

    past: tuple[Past, ...]
    memo: dict[str, Any] | None


Message = Ask | Adopt | Tell | Report | Restore


@dataclass(frozen=True, kw_only=True)
class Proposed:
    """Answers an `Ask`: parameters, or `None` when there is nothing to propose (for now, or for ever)."""

    trial: int
    parameters: dict[str, Any] | None
    exhausted: bool
    seconds: float
    """How long the strategy thought."""


@dataclass(frozen=True, kw_only=True)
class StopTrial:
    """Says that a running trial is not worth going on with."""

    trial: int
    rung: str | None = None
    """The rung that it has reached, its result counts; `None` when it is pruned."""


@dataclass(frozen=True, kw_only=True)
class Raised:
    """Says that the strategy raised; nothing more can be asked of it."""

    error: str


@dataclass(frozen=True, kw_only=True)
class Remember:
    """Gives what must be stored so that the strategy can be restored."""

    study: dict[str, Any] | None
    trials: dict[int, dict[str, Any]] = field(default_factory=dict)


Reply = Proposed | StopTrial | Raised | Remember


class Desk:
    """Hands messages to one strategy and collects its replies. Belongs to one thread.

    Args:
        strategy: Not set up yet.
        problem: What to set it up with.
        clock: Seconds; to measure how long an `ask` takes.
    """

    def __init__(self, strategy: Strategy, problem: Problem, clock: Callable[[], float] = time.perf_counter) -> None:
        self._strategy = strategy
        self._clock = clock
        self._broken = False
        self._space = problem.space
        strategy.setup(problem)

    @property
    def heavy(self) -> bool:
        """Whether the next `ask` is known to take long."""
        try:
            return not self._broken and self._strategy.heavy
        except Exception:  # noqa: BLE001 - a strategy is anybody's code; what is wrong with it will show in `ask`
            return False

    def handle(self, message: Message) -> list[Reply]:
        """Carries out one message. An exception of the strategy comes back as `Raised`, once; then it is left alone."""
        if self._broken:
            return []
        try:
            replies = self._dispatch(message)
            memos = self._strategy.drain_memos()
        except Exception:  # noqa: BLE001 - a strategy is anybody's code; the study fails with its traceback
            self._broken = True
            return [Raised(error=traceback.format_exc())]
        if memos.study or memos.trials:
            replies.insert(0, Remember(study=memos.study, trials=memos.trials))
        return replies

    def _check(self, parameters: dict[str, Any] | None) -> None:
        """Refuses what is no proposal, or breaks a constraint: a strategy of one's own may not look at them."""
        if not isinstance(parameters, dict | None):
            raise InvalidInput(
                f"the strategy proposed {shown(parameters)}; ask gives a dict of values by name, or None."
            )
        if parameters is not None and (broken := self._space.broken(parameters)):
            raise InvalidInput(broken, subject="the strategy's proposal")

    def _dispatch(self, message: Message) -> list[Reply]:
        match message:
            case Ask(trial=trial):
                begin = self._clock()
                parameters = self._strategy.ask(trial)
                seconds = self._clock() - begin
                self._check(parameters)
                self._strategy.timed(trial, asked=seconds)
                exhausted = parameters is None and self._strategy.exhausted
                return [Proposed(trial=trial, parameters=parameters, exhausted=exhausted, seconds=seconds)]
            case Adopt(trial=trial, parameters=parameters):
                self._strategy.adopt(trial, parameters)
            case Tell(trial=trial, outcome=outcome, values=values, seconds=ran, constraints=constraints):
                if ran is not None:
                    self._strategy.timed(trial, ran=ran)
                if constraints:
                    self._strategy.constrained(trial, constraints)
                self._strategy.tell(trial, outcome, values)
            case Report(trial=trial, iteration=iteration, value=value, judge=judge):
                self._strategy.report(trial, iteration, value)
                if judge and self._strategy.should_stop(trial):
                    return [StopTrial(trial=trial, rung=self._strategy.stop_detail(trial))]
            case Restore(past=past, memo=memo):
                self._strategy.restore(past, memo)
        return []
