"""Which parameter set comes next, decided in one transaction of the store by whichever process asks."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hpo_widgets.dialects.comet import CometConfig
from hpo_widgets.engine.judging import judge_end, retry
from hpo_widgets.model.config import StudyConfig
from hpo_widgets.model.objective import Values
from hpo_widgets.model.space import parameters_key
from hpo_widgets.model.task import TaskRecord
from hpo_widgets.strategies.base import Outcome, Problem, Strategy
from hpo_widgets.strategies.registry import create_strategy


@dataclass(frozen=True, kw_only=True)
class Issue:
    """Is a parameter set to run."""

    parameters: dict[str, Any]
    trial: int
    """Set x repeats + repeat."""
    attempt: int = 0


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

    Args:
        comet: What was asked for.
        config: The same as a study.
    """

    def __init__(self, comet: CometConfig, config: StudyConfig) -> None:
        self._comet, self._config = comet, config
        # A grid holds its whole numbers as such already; on a scale they are floats to the strategy.
        self._whole = frozenset() if comet.algorithm == "grid" else comet.whole
        self._repeats, self._most = comet.trials, comet.most_sets
        shuffled = comet.algorithm == "grid" and comet.spec["randomize"]
        self._strategy = ShuffledGrid() if shuffled else create_strategy(config.strategy["name"])
        self._strategy.setup(
            Problem(space=config.space, objectives=config.objectives, seed=config.seed, max_jobs=self._most)
        )
        self._numbers: dict[int, int] = {}
        self._told: set[int] = set()
        self._asked = 0

    @property
    def most(self) -> int:
        """How many different sets there will be at most."""
        return self._most

    def next(self, tasks: Sequence[TaskRecord], values: Mapping[str, Values]) -> tuple[Issue | None, bool]:
        """Gives what to run now, and whether all there is to do is done for good.

        A set that was lost or failed comes first (by the retry rules), then the missing repeats of the sets begun,
        then a new one.
        """
        last = {task.trial: task for task in tasks if task.trial is not None}
        for trial, task in last.items():
            if (again := retry(task, self._config.limits)) is not None:
                return Issue(parameters=again.parameters, trial=trial, attempt=again.attempt), False
        by_set: defaultdict[int, list[TaskRecord]] = defaultdict(list)
        for trial, task in last.items():
            by_set[trial // self._repeats].append(task)
        for number, runs in by_set.items():
            if len(runs) < self._repeats:
                free = next(t for t in range(number * self._repeats, (number + 1) * self._repeats) if t not in last)
                return Issue(parameters=runs[0].parameters, trial=free), False
        self._learn(by_set, values)
        if len(by_set) < self._most:
            found = self._propose(len(by_set), {parameters_key(runs[0].parameters) for runs in by_set.values()})
            if found is not None:
                return Issue(parameters=found, trial=len(by_set) * self._repeats), False
        return None, all(task.state.is_final for task in last.values())

    def _learn(self, by_set: Mapping[int, Sequence[TaskRecord]], values: Mapping[str, Values]) -> None:
        """Shows the strategy the sets of other processes and the mean of those whose repeats have all ended."""
        for number, runs in by_set.items():
            if number in self._told:
                continue
            if number not in self._numbers:
                self._numbers[number], self._asked = self._asked, self._asked + 1
                self._strategy.adopt(self._numbers[number], self._inward(runs[0].parameters))
            if not all(run.state.is_final for run in runs):
                continue
            scores = [got[1][0] for run in runs if (got := judge_end(run, values[run.id]))[1]]
            self._told.add(number)
            if scores:
                mean = sum(scores) / len(scores)
                self._strategy.tell(self._numbers[number], Outcome.COMPLETE, (mean,))
            else:
                self._strategy.tell(self._numbers[number], Outcome.FAILED)

    def _propose(self, number: int, taken: set[str]) -> dict[str, Any] | None:
        """Asks until a set is new after rounding, `retryLimit` times more at most."""
        for _ in range(self._comet.spec["retryLimit"] + 1):
            asked, self._asked = self._asked, self._asked + 1
            found = self._strategy.ask(asked)
            if found is None:
                return None
            outward = {name: round(value) if name in self._whole else value for name, value in found.items()}
            if parameters_key(outward) not in taken:
                self._numbers[number] = asked
                return outward
            self._strategy.tell(asked, Outcome.FAILED)
        return None

    def _inward(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        if not self._whole:
            return dict(parameters)
        spaces = {each.name: each for each in self._config.space}
        return {
            name: spaces[name].to_value(spaces[name].to_latent(value)) if name in self._whole else value
            for name, value in parameters.items()
        }
