"""Which parameter set comes next, decided in one transaction of the store by whichever process asks."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from hpo_widgets.comet.ending import GIVEN_BACK, INTERRUPTED
from hpo_widgets.dialects.comet import CometConfig
from hpo_widgets.engine.judging import judge_end, retry
from hpo_widgets.engine.picture import Start
from hpo_widgets.model.config import StudyConfig
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.space import parameters_key
from hpo_widgets.model.task import SKIPPED, TaskRecord, TaskState
from hpo_widgets.strategies.base import Outcome, Problem, Strategy
from hpo_widgets.strategies.registry import create_strategy

TOLD = -1
"""Stands for the strategy's number of a set about which it has been told all."""


@dataclass(frozen=True, kw_only=True)
class Issue:
    """Is a parameter set to run."""

    parameters: dict[str, Any]
    trial: int
    """Set x repeats + repeat."""
    attempt: int = 0
    by_hand: bool = False
    """Whether a person has asked for it."""


@dataclass(frozen=True, kw_only=True)
class Prior:
    """Is a set of a search before this one, with what it scored."""

    parameters: dict[str, Any]
    score: float
    """Mean over its runs."""


class ShuffledGrid(Strategy):
    """Proposes every grid point once, in an order that the seed decides."""

    def setup(self, problem: Problem) -> None:
        """Takes the problem in."""
        super().setup(problem)
        size = problem.space.grid_size
        self._order = iter(random.Random(problem.seed).sample(range(size), size))

    def ask(self, trial: int) -> dict[str, Any] | None:
        """Proposes the next point that nobody has run; `None` when there is none."""
        for index in self._order:
            member = self.problem.space.grid_at(index)
            if self.problem.space.key(member) not in self.seen:
                self.adopt(trial, member)
                return member
        return None


class Sets:
    """Proposes sets and learns from them. Knows the store's tasks by what it is shown; holds no lock itself.

    Showing a task and asking for the next set cost the same however many sets there were.

    Args:
        comet: What was asked for.
        config: The same as a study.
        prior: Sets of a search before this one: the strategy learns from them and does not propose them again.
    """

    def __init__(self, comet: CometConfig, config: StudyConfig, prior: Sequence[Prior] = ()) -> None:
        self._comet, self._config, self._limits = comet, config, config.limits
        # A grid holds its whole numbers as such already; on a scale they are floats to the strategy.
        self._whole = frozenset() if comet.algorithm == "grid" else comet.whole
        self._ranges = {each.name: each for each in config.space}
        self._repeats, self._declared = comet.trials, comet.most_sets
        shuffled = comet.algorithm == "grid" and comet.spec["randomize"]
        self._strategy = ShuffledGrid() if shuffled else create_strategy(config.strategy["name"])
        problem = Problem(space=config.space, objectives=config.objectives, seed=config.seed, max_jobs=self.most)
        self._strategy.setup(problem)
        self._asked = 0
        self._numbers: dict[int, int] = {}
        self._proposed: tuple[dict[str, Any], int] | None = None
        """The set that the strategy proposed last and its number there, until a new set is seen in the store."""
        self._last: dict[int, TaskRecord] = {}
        self._scores: dict[int, float | None] = {}
        self._again: dict[int, Start] = {}
        self._short: dict[int, int] = {}
        self._parameters: list[dict[str, Any]] = []
        self._taken: set[str] = set()
        self._going: set[int] = set()
        self._gave_up = False
        for each in prior:
            self._remember(each)

    @property
    def most(self) -> int:
        """How many different sets there will be at most."""
        limit = self._limits.total_max_jobs
        return self._declared if limit is None else -(-limit // self._repeats)

    @property
    def count(self) -> int:
        """How many sets were begun."""
        return len(self._parameters)

    @property
    def going(self) -> list[str]:
        """Ids of the tasks that run."""
        return [self._last[trial].id for trial in self._going]

    @property
    def is_done(self) -> bool:
        """Whether nothing runs and nothing waits to run again; asked after `next` gave nothing."""
        return not (self._going or self._again or self._short)

    @property
    def is_exhausted(self) -> bool:
        """Whether it ends because there are no other sets, not because of their number."""
        return self._gave_up or self.count >= self._config.space.size

    def limit(self, limits: Limits) -> None:
        """Puts other limits in force."""
        self._limits = limits
        for trial in self._last:
            self._settle(trial)

    def show(self, task: TaskRecord, value: float | None) -> None:
        """Takes in a task as it is now, in the order of creation where several are new.

        Args:
            task: Of this search.
            value: Its score if it has ended and has one.
        """
        trial = task.trial
        before = None if trial is None else self._last.get(trial)
        if trial is None or (before is not None and before.key > task.key):
            return
        number = trial // self._repeats
        if number >= self.count:
            self._begin(number, task)
        if before is None:
            self._short[number] -= 1
            if not self._short[number]:
                del self._short[number]
        self._last[trial], self._scores[trial] = task, value
        self._settle(trial)

    def _begin(self, number: int, task: TaskRecord) -> None:
        names = self._config.space.names
        parameters = {name: task.parameters[name] for name in names if name in task.parameters}
        self._parameters.append(parameters)
        key = parameters_key(parameters)
        self._taken.add(key)
        self._short[number] = self._repeats
        proposed, self._proposed = self._proposed, None
        if proposed is not None and parameters_key(proposed[0]) == key:
            self._numbers[number] = proposed[1]
            return
        if proposed is not None:  # it was never recorded: the store could not be written
            self._strategy.tell(proposed[1], Outcome.FAILED)
        self._numbers[number] = self._adopt(parameters)

    def _adopt(self, parameters: Mapping[str, Any]) -> int:
        asked, self._asked = self._asked, self._asked + 1
        self._strategy.adopt(asked, self._inward(parameters))
        return asked

    def _remember(self, prior: Prior) -> None:
        self._taken.add(parameters_key(prior.parameters))
        self._strategy.tell(self._adopt(prior.parameters), Outcome.COMPLETE, (prior.score,))

    def _settle(self, trial: int) -> None:
        """Finds what follows from the present state of the last run of a trial."""
        task = self._last[trial]
        again = _retry(task, self._scores[trial], self._limits)
        self._again.pop(trial, None)
        if again is not None:
            self._again[trial] = again
        if task.state.is_final:
            self._going.discard(trial)
        else:
            self._going.add(trial)
        if task.state.is_final and again is None:
            self._learn(trial // self._repeats)

    def _learn(self, number: int) -> None:
        """Teaches the strategy the mean of a set, once all of its repeats have ended for good."""
        trials = range(number * self._repeats, (number + 1) * self._repeats)
        if number in self._short or any(t in self._going or t in self._again for t in trials):
            return
        asked = self._numbers[number]
        if asked == TOLD:
            return
        ends = [judge_end(self._last[trial], (self._scores[trial],)) for trial in trials]
        scores = [values[0] for _, values in ends if values]
        if scores:
            self._strategy.tell(asked, Outcome.COMPLETE, (fmean(scores),))
        else:
            self._strategy.tell(asked, Outcome.FAILED)
        self._numbers[number] = TOLD

    def next(self, by_hand: Mapping[str, Any] | None = None) -> Issue | None:
        """Gives what to run now; `None` when there is nothing.

        A set that was lost or failed comes first (by the retry rules), then the missing repeats of the sets begun,
        then one that a person asked for, then one of the strategy's.

        Args:
            by_hand: A set that a person has asked for.
        """
        if self._again:
            trial = min(self._again)
            again = self._again[trial]
            return Issue(parameters=again.parameters, trial=trial, attempt=again.attempt)
        if self._short:
            number = min(self._short)
            first = number * self._repeats
            free = next(trial for trial in range(first, first + self._repeats) if trial not in self._last)
            return Issue(parameters=dict(self._parameters[number]), trial=free)
        trial = self.count * self._repeats
        if by_hand is not None:
            return Issue(parameters=dict(by_hand), trial=trial, by_hand=True)
        found = self._propose() if self.count < self.most else None
        return None if found is None else Issue(parameters=found, trial=trial)

    def _propose(self) -> dict[str, Any] | None:
        """Asks until a set is new after rounding, `retryLimit` times more at most."""
        if self._proposed is not None:  # it was never recorded: the store could not be written
            return dict(self._proposed[0])
        for _ in range(self._comet.spec["retryLimit"] + 1):
            asked, self._asked = self._asked, self._asked + 1
            found = self._strategy.ask(asked)
            if found is None:
                if self._comet.algorithm == "random":
                    continue  # the draws of the next number are others
                break
            outward = {name: round(value) if name in self._whole else value for name, value in found.items()}
            if parameters_key(outward) not in self._taken:
                self._proposed = (outward, asked)
                return dict(outward)
            self._strategy.tell(asked, Outcome.FAILED)
        self._gave_up = True
        return None

    def _inward(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        def inward(name: str, value: Any) -> Any:
            known = self._ranges.get(name)
            if known is None or name not in self._whole or not known.contains(value):
                return value
            return known.to_value(known.to_latent(value))

        return {name: inward(name, value) for name, value in parameters.items()} if self._whole else dict(parameters)


def _retry(task: TaskRecord, score: float | None, limits: Limits) -> Start | None:
    """Gives the run that replaces one that was not completed, by the retry rules; `None` when it has had its chances.

    One that was interrupted, or whose loop was left before it had a score, runs again at least once; one that a person
    skipped is over.
    """
    interrupted = task.reason == INTERRUPTED
    if task.state is not TaskState.ABORTED or task.trial is None or task.reason == SKIPPED:
        return retry(task, limits)
    if score is not None and not interrupted:
        return None
    chances = max(1, limits.retries) if (task.reason or "").startswith(GIVEN_BACK) else limits.retries
    if task.attempt >= chances:
        return None
    return Start(parameters=task.parameters, trial=task.trial, attempt=task.attempt + 1)
