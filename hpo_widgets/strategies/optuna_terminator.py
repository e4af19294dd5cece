"""Optuna's terminators: whether the results of a study so far say that going on is not worth it.

Sources: `regret` is Makarova et al. 2022 (https://proceedings.mlr.press/v188/makarova22a.html), `emmr` is Ishibashi et
al. 2023 (https://proceedings.mlr.press/v206/ishibashi23a.html). The module `optuna.terminator` is deprecated since 4.9
and goes with 6.0 (https://github.com/optuna/optuna/pull/6668); only its evaluators are used here, which do not warn.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from importlib import import_module
from statistics import pstdev
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.study import StudyDirection
from optuna.terminator import (
    BaseImprovementEvaluator,
    BestValueStagnationEvaluator,
    EMMREvaluator,
    MedianErrorEvaluator,
    RegretBoundEvaluator,
)
from optuna.trial import FrozenTrial, TrialState

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.limits import EMMR, STAGNATION, Limits
from hpo_widgets.model.objective import Objective
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.strategies.optuna_domains import distribution
from hpo_widgets.strategies.optuna_parts import optuna_seed
from hpo_widgets.strategies.optuna_storage import frozen_trial
from hpo_widgets.strategies.terminators import NEEDS, Verdict, results_needed

STAGNANT = 30
"""Results without a better one after which more are not worth it, as in Optuna."""
MOST = 1000
"""Results that a model is fitted to at most, half of them the newest and half the best: its memory is their square."""


class Terminator:
    """Keeps the results of a study and weighs them by one of Optuna's rules.

    A model is fitted to the parameters that all results have; in a conditional space the others look like chance to it,
    so that it expects more still to be gained than there is.

    Args:
        limits: Say the rule, and below which gain it ends the study.
        space: What is searched, without constraints; results outside of it are left out where a model is fitted.
        objective: The only one.
        seed: Makes the figures reproducible.
    """

    def __init__(self, limits: Limits, space: SearchSpace, objective: Objective, seed: int | None = None) -> None:
        assert limits.rule is not None
        self._rule, self._least = limits.rule, limits.expected_gain
        self._needed = results_needed(limits)
        self._space = space
        self._direction = StudyDirection.MINIMIZE if objective.sign.minimize else StudyDirection.MAXIMIZE
        self._trials: list[FrozenTrial] = []
        self._domains: dict[tuple[str, ...], dict[str, BaseDistribution]] = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            self._evaluator = self._make(optuna_seed(seed, 0))
            self._own_mark = MedianErrorEvaluator(self._evaluator)

    def _make(self, seed: int | None) -> BaseImprovementEvaluator:
        for package in NEEDS[self._rule]:
            import_module(package)  # now, not while the first judgement is timed
        if self._rule == STAGNATION:
            return BestValueStagnationEvaluator(STAGNANT)
        return EMMREvaluator(seed=seed) if self._rule == EMMR else RegretBoundEvaluator(seed=seed)

    def learn(self, results: Iterable[tuple[Mapping[str, Any], float]]) -> None:
        """Takes in parameters and finite values of trials, in the order in which they ended."""
        for parameters, value in results:
            located: dict[str, float] = {}
            if self._rule != STAGNATION:
                try:
                    located = self._space.locate(parameters)
                except InvalidInput:
                    continue
            ranges = self._distributions(located)
            params = {key: located[key] for key in ranges}
            trial = frozen_trial(len(self._trials), TrialState.COMPLETE, params, ranges, {})
            trial.value = value
            self._trials.append(trial)

    def _distributions(self, located: Mapping[str, float]) -> dict[str, BaseDistribution]:
        """Gives the distributions of what varies; one dict for all results with the same nodes."""
        keys = tuple(located)
        known = self._domains.get(keys)
        if known is None:
            nodes = self._space.nodes(located)
            varying = [key for key in keys if nodes[key].size > 1]
            known = self._domains[keys] = {key: distribution(nodes[key]) for key in varying}
        return known

    def judge(self) -> Verdict:
        """Weighs the results so far; fits a model, seconds and more with hundreds of results, unless it only counts.

        Raises:
            InvalidInput: When the results have nothing in common that a model could be fitted to.
        """
        if self._rule == STAGNATION:
            left = self._evaluator.evaluate(self._trials, self._direction)
            said = f"{self._rule}: {STAGNANT - left:.0f} results in a row without a better one"
            return Verdict(enough=left < 0, said=said)
        if len(self._trials) < self._needed:
            said = f"{self._rule}: {len(self._trials)} results within the ranges, and it needs {self._needed}"
            return Verdict(enough=False, said=said)
        if not set.intersection(*(set(each.params) for each in self._trials)):
            raise InvalidInput("the trials have no parameter in common that a model could be fitted to; use patience=.")
        chosen = self._chosen()
        gain = float(self._evaluator.evaluate(chosen, self._direction))
        unit = pstdev(each.value or 0.0 for each in chosen) if self._rule == EMMR else 1.0  # of its values, in ours
        least = self._least
        if least is None:
            least = float(self._own_mark.evaluate(list(self._trials), self._direction)) * unit
        enough = gain * unit < least
        relation = "below" if enough else "not below"
        return Verdict(enough=enough, said=f"{self._rule}: expected gain {gain * unit:.3g} is {relation} {least:.3g}")

    def _chosen(self) -> list[FrozenTrial]:
        if len(self._trials) <= MOST:
            return self._trials
        older, newest = self._trials[: -MOST // 2], self._trials[-MOST // 2 :]
        sign = 1.0 if self._direction is StudyDirection.MINIMIZE else -1.0
        best = sorted(older, key=lambda each: sign * (each.value or 0.0))[: MOST // 2]
        return sorted([*best, *newest], key=lambda each: each.number)
