"""The strategy `auto`: Optuna's samplers by turns, each where it does best and costs little beside the trials."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from optuna.study import StudyDirection
from optuna.trial import TrialState

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.study import REMARK
from hpo_widgets.strategies.auto import SINGLE, STARTUP, Facts, Ledger, candidates, remark
from hpo_widgets.strategies.base import Past, Problem
from hpo_widgets.strategies.optuna import MAX_DUPLICATES, OptunaStrategy
from hpo_widgets.strategies.optuna_parts import SAMPLERS, find_part, make_sampler

logger = logging.getLogger(__name__)

BY, COST = "auto:by", "auto:asking"
"""Keys of a trial's memo: the sampler that proposed it, and the seconds this took."""
DEMANDING = ("gp", "cmaes")
"""Samplers that need packages which Optuna does not install by itself."""


class AutoStrategy(OptunaStrategy):
    """Chooses Optuna's sampler anew for each trial: from the space, the objectives, and what asking costs.

    One history serves all samplers, so changing from one to the other loses nothing. `auto.py` has the rules.

    Args:
        reproducible: Chooses by what is proposed and found alone, whatever asking costs, so that the same seed gives
            the same proposals; `None` for when there is a seed.
        pruner: As for `OptunaStrategy`.
        pruner_options: As for `OptunaStrategy`.
        max_duplicates: As for `OptunaStrategy`.
    """

    def __init__(
        self,
        pruner: str | BasePruner | None = None,
        *,
        pruner_options: Mapping[str, Any] | None = None,
        max_duplicates: int = MAX_DUPLICATES,
        reproducible: bool | None = None,
    ) -> None:
        self._reproducible = reproducible
        super().__init__("tpe", pruner, pruner_options=pruner_options, max_duplicates=max_duplicates)

    def setup(self, problem: Problem) -> None:
        self._facts = Facts.of(problem, missing=_missing())
        self._samplers: dict[str, BaseSampler] = {}
        self._restored = 0
        self._ledger = Ledger()
        self._timeless = problem.seed is not None if self._reproducible is None else self._reproducible
        self._spared: set[str] = set()
        self._warm = False
        self._broken = ""
        self._asked_by = "tpe"
        self._attempts = 0
        super().setup(problem)
        self._say()

    def _make_sampler(self, restored: int) -> BaseSampler:
        self._samplers.clear()
        self._restored = restored
        return self._sampler("tpe")

    def _sampler(self, name: str) -> BaseSampler:
        if name not in self._samplers:
            kind, options = ("tpe", {"multivariate": False}) if name == SINGLE else (name, {})
            self._samplers[name] = make_sampler(kind, options, self.problem, self._restored)
        return self._samplers[name]

    # Proposing.

    def ask(self, trial: int) -> dict[str, Any] | None:
        """Proposes a member that was not seen before, by the best sampler that the trials' time affords."""
        self._asked_by, self._attempts = self._choose(), 0
        self._say()
        return super().ask(trial)

    @property
    def heavy(self) -> bool:
        """Whether a sampler will be asked that loads big packages or takes long."""
        return self._choose() == "gp"

    def _choose(self) -> str:
        if not self._warm:
            results = sum(each.state == TrialState.COMPLETE for each in self._memory.trials)
            self._warm = results >= STARTUP
        if not self._warm:
            return "tpe"
        found = candidates(self._facts, len(self._trials))
        return next((name for name in found if name == found[-1] or self._affords(name)), found[-1])

    def _affords(self, name: str) -> bool:
        affordable = self._timeless or self._ledger.affords(name)
        if not affordable and self._ledger.ran > 0:
            self._spared.add(name)
        return affordable

    def _propose(self) -> dict[str, Any]:
        name = self._asked_by
        if self._attempts > 0 and name == "gp":
            name = "tpe"  # it has converged on what is known; asking it again costs as much and gives as little
        if self._attempts > 0 and not self._timeless and not self._ledger.affords(name, times=self._attempts + 1):
            name = "random"
        self._attempts += 1
        if name == "gp":
            try:
                self._study.sampler = self._sampler("gp")
                with self._tamed():
                    return super()._propose()
            except Exception as error:  # noqa: BLE001 - a torch that does not load must not end what others can do
                self._give_up(error)
        self._study.sampler = self._sampler("tpe" if name == "gp" else name)
        return super()._propose()

    def _give_up(self, error: Exception) -> None:
        """Goes on without the Gaussian process."""
        logger.warning("the Gaussian process cannot propose", exc_info=error, extra={"action": "auto-without-gp"})
        self._broken = f"{type(error).__name__}: {error}".split("\n")[0][:200]
        self._facts = replace(self._facts, missing=(*self._facts.missing, "gp"))
        self._asked_by = "tpe"
        self._say()

    @contextmanager
    def _tamed(self) -> Iterator[None]:
        """Shows bad results less bad: a few huge losses would leave a Gaussian process no eye for the good ones."""
        ended = [each for each in self._memory.trials if each.state == TrialState.COMPLETE and each.values]
        before = [list(each.values) for each in ended]
        sign = 1.0 if self._study.directions[0] == StudyDirection.MINIMIZE else -1.0
        for each, value in zip(ended, tame([sign * one[0] for one in before]), strict=True):
            each.values = [sign * value]
        try:
            yield
        finally:
            for each, values in zip(ended, before, strict=True):
                each.values = values

    # Learning.

    def timed(self, trial: int, *, asked: float | None = None, ran: float | None = None) -> None:
        """Enters what asking has cost and how long a trial has run."""
        if ran is not None:
            self._ledger.ran += max(0.0, ran)
        if asked is not None:
            self._ledger.pay(self._asked_by, asked)
            running = self._running.get(trial)
            if running is not None:
                for key, value in ((BY, self._asked_by), (COST, round(asked, 6))):
                    self._memory.set_trial_system_attr(running.number, key, value)

    def restore(self, past: Sequence[Past], memo: Mapping[str, Any] | None = None) -> None:
        """Rebuilds the history and the account of times."""
        super().restore(past, memo)
        self._ledger.ran = sum(each.seconds or 0.0 for each in past)
        for memo_of in (each.memo or {} for each in past):
            by = str(memo_of.get(BY))
            self._ledger.spent[by] = self._ledger.spent.get(by, 0.0) + float(memo_of.get(COST, 0.0))
        self._say()

    def _bind(self) -> None:
        """Has every trial say how far it is from feasible, and leaves out samplers that do not heed it."""
        self._facts = replace(self._facts, constrained=True)
        super()._bind()

    # What people see.

    def explain(self) -> str:
        """Says what is chosen and why."""
        return f"{self._remark()} {super().explain()}"

    def _pruning(self) -> str:
        """Leaves to the remark what it says already."""
        return "" if self._facts.objectives > 1 else super()._pruning()

    def _remark(self) -> str:
        return remark(self._facts, len(self._trials), self._spared, self._broken)

    def _say(self) -> None:
        text = self._remark()
        if self._memory.get_study_system_attrs(0).get(REMARK) != text:
            self._memory.set_study_system_attr(0, REMARK, text)


def tame(losses: Sequence[float]) -> list[float]:
    """Gives losses with the same order; what is worse than the median grows with the logarithm only."""
    if len(losses) < 2:
        return list(losses)
    best, middle = min(losses), sorted(losses)[len(losses) // 2]
    scale = middle - best
    if scale <= 0:
        return list(losses)
    return [loss if loss <= middle else middle + scale * math.log1p((loss - middle) / scale) for loss in losses]


def _missing() -> list[str]:
    found = []
    for name in DEMANDING:
        try:
            find_part(SAMPLERS, name, "sampler")
        except InvalidInput:
            found.append(name)
    return found
