"""Who proposes new parameters for the rungs: chance, or a model of the highest rung that has enough results."""

from __future__ import annotations

import importlib
import math
import random
import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameter_values import shown
from hpo_widgets.strategies.base import Outcome, Problem, Strategy
from hpo_widgets.strategies.grid import GridCursor
from hpo_widgets.strategies.random import RandomSearch

MOST_REDRAWN = 3
"""Duplicates that a model draws again before chance takes over: proposals for short trainings must be cheap."""


class Proposals(ABC):
    """Proposes parameters that are not in `seen`, and learns what they reached on each rung."""

    def setup(self, problem: Problem, seen: set[str]) -> None:
        """Takes the problem in; `seen` is shared by all that propose."""
        self.problem, self.seen = problem, seen
        self.random = self._prepared(RandomSearch(), problem)
        self._cursor = GridCursor(problem.space, seen)

    def revive(self, trials: int) -> None:
        """Takes in how many trials there were before a restart, so that what was drawn is not drawn again."""

    def by_chance(self, trial: int) -> dict[str, Any] | None:
        """Draws by the parameters' own distributions; the rest of a small space in order."""
        drawn = self.random.ask(trial)
        if drawn is None and self.problem.space.size != math.inf:
            drawn = self._cursor.first_unseen()
            if drawn is not None:
                self.random.adopt(trial, drawn)
        return drawn

    def _prepared(self, strategy: Strategy, problem: Problem) -> Strategy:
        strategy.__dict__["_seen"] = self.seen
        strategy.setup(problem)
        return strategy

    @abstractmethod
    def propose(self, trial: int) -> dict[str, Any] | None:
        """Gives parameters that nobody has tried; `None` when there are none."""

    def learn(self, rung: int, member: int, parameters: Mapping[str, Any], values: tuple[float, ...] | None) -> None:
        """Learns what a member has reached on a rung; `None` for a failure."""

    @property
    @abstractmethod
    def name(self) -> str:
        """Who proposes, in a few words."""


class RandomProposals(Proposals):
    """Proposes at random."""

    def propose(self, trial: int) -> dict[str, Any] | None:
        """Draws."""
        return self.by_chance(trial)

    @property
    def name(self) -> str:
        """Who proposes."""
        return "chance proposes"


def good_ones(count: int, percent: float, least: int) -> int:
    """Gives how many of the results a model takes for good ones (BOHB: `top_n_percent`, and no fewer than `least`)."""
    return max(1, min(count, max(least, math.ceil(count * percent / 100))))


class ModelProposals(Proposals):
    """Proposes by Optuna's TPE, one model a rung, from the highest rung that has enough results (as BOHB does).

    Args:
        min_points_in_model: Results that a rung needs; `None` for the number of parameters and one more.
        top_n_percent: How many of 100 results count as good.
        num_samples: Candidates among which the model chooses.
        random_fraction: Proposals that chance makes all the same.

    Raises:
        InvalidInput: For numbers out of range.
    """

    def __init__(
        self,
        min_points_in_model: int | None = None,
        top_n_percent: float = 15,
        num_samples: int = 64,
        random_fraction: float = 1 / 3,
    ) -> None:
        problems = []
        if min_points_in_model is not None and (type(min_points_in_model) is not int or min_points_in_model < 1):
            problems.append(f"min_points_in_model is {shown(min_points_in_model)}; give 1 or more, or None.")
        if type(num_samples) is not int or num_samples < 1:
            problems.append(f"num_samples is {shown(num_samples)}; give a whole number of 1 or more.")
        for name, value, most in (("top_n_percent", top_n_percent, 100), ("random_fraction", random_fraction, 1)):
            if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value <= most:
                problems.append(f"{name} is {shown(value)}; give a number from 0 to {most}.")
        if problems:
            raise InvalidInput(problems, subject="strategy")
        self.min_points, self.percent = min_points_in_model, top_n_percent
        self.samples, self.random_fraction = num_samples, random_fraction

    def setup(self, problem: Problem, seen: set[str]) -> None:
        """Takes the problem in."""
        super().setup(problem, seen)
        importlib.import_module("hpo_widgets.strategies.optuna")  # a second, now and not while reports wait
        self._needed = self.min_points or len(problem.space.names) + 1
        self._seed = random.SystemRandom().getrandbits(32) if problem.seed is None else problem.seed
        self._models: dict[int, Strategy] = {}
        self._numbers: dict[int, int] = {}
        self._results: dict[int, int] = {}
        self._awaited: dict[int, tuple[int, int]] = {}
        """Member to the model that proposed it and its number there; until its first result."""

    def revive(self, trials: int) -> None:
        """Gives the models another seed than before the restart."""
        self._seed += trials

    def _model(self, rung: int) -> Strategy:
        if rung not in self._models:
            from hpo_widgets.strategies.optuna import OptunaStrategy
            from hpo_widgets.strategies.optuna_parts import sampler_takes

            options: dict[str, Any] = {"n_startup_trials": self._needed, "n_ei_candidates": self.samples}
            if sampler_takes("tpe", "gamma"):  # Optuna 6 is to have it no more; its own share of good ones holds then
                options["gamma"] = partial(good_ones, percent=self.percent, least=self._needed)
            model = OptunaStrategy(sampler="tpe", pruner="none", sampler_options=options, max_duplicates=MOST_REDRAWN)
            problem = replace(self.problem, seed=(self._seed + rung) % 2**32)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)
                self._models[rung] = self._prepared(model, problem)
        return self._models[rung]

    def propose(self, trial: int) -> dict[str, Any] | None:
        """Asks the model of the highest rung that knows enough; chance, while there is none and once in a while."""
        able = [rung for rung, count in self._results.items() if count >= self._needed + 2]
        if not able or random.Random(f"{self._seed}/{trial}/model").random() < self.random_fraction:
            return self.by_chance(trial)
        rung = max(able)
        model, number = self._model(rung), self._next(rung)
        found = model.ask(number)
        if found is not None:
            self._awaited[trial] = (rung, number)
        return found

    def _next(self, rung: int) -> int:
        number = self._numbers.get(rung, 0)
        self._numbers[rung] = number + 1
        return number

    def learn(self, rung: int, member: int, parameters: Mapping[str, Any], values: tuple[float, ...] | None) -> None:
        """Tells the rung's model; the one that proposed it learns that it need not wait."""
        outcome = Outcome.FAILED if values is None else Outcome.COMPLETE
        asked = self._awaited.pop(member, None)
        if asked is not None and asked[0] == rung:
            number = asked[1]
        else:
            if asked is not None:
                self._models[asked[0]].tell(asked[1], Outcome.FAILED)
            number = self._next(rung)
            self._model(rung).adopt(number, parameters)
        self._model(rung).tell(number, outcome, values)
        if values is not None:
            self._results[rung] = self._results.get(rung, 0) + 1

    @property
    def name(self) -> str:
        """Who proposes."""
        return "Optuna's TPE proposes from the highest rung that has enough results"
