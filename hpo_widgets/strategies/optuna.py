"""Optuna as a strategy: any of its samplers proposes, any of its pruners judges; nothing is stored by it."""

from __future__ import annotations

import json
import logging
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.pruners import BasePruner, NopPruner
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.latent import CategoricalLatent, IntLatent, Latent
from hpo_widgets.model.parameter_values import shown
from hpo_widgets.model.space_draws import draw_allowed
from hpo_widgets.strategies.base import Memos, Outcome, Past, Problem, Strategy
from hpo_widgets.strategies.grid import GridCursor
from hpo_widgets.strategies.optuna_constraints import VIOLATION, violation
from hpo_widgets.strategies.optuna_curve import Curve
from hpo_widgets.strategies.optuna_domains import distribution
from hpo_widgets.strategies.optuna_parts import PRUNERS, SAMPLERS, find_part, make_pruner, make_sampler
from hpo_widgets.strategies.optuna_steps import snap
from hpo_widgets.strategies.optuna_storage import TrialMemory, frozen_trial, optuna_outcome
from hpo_widgets.strategies.random import TRIES, draw_source

logger = logging.getLogger(__name__)

MAX_DUPLICATES = 20
"""Proposals in a row that were seen before until another way to an unseen member is taken."""
MADE_FOR_RANGES = ("cma:", "sepcma:")
"""Beginnings of a trial's attributes that hold a sampler's state in terms of the ranges it was made for."""
MOST_FORBIDDEN = 100
"""Proposals in a row that may break a constraint before members are drawn by chance."""
TRANSIENT = "relative_params"
"""Part of the name of system attributes that only tell other processes of a proposal in the making."""


@dataclass(slots=True)
class _Running:
    """Is a trial that has not ended, as the pruner needs it."""

    number: int
    """Its number in the Optuna study."""
    latest: int = -1
    """Largest iteration reported."""
    origins: dict[int, int] = field(default_factory=dict)
    """Step to the iteration whose value stands for it: the first one at or after the step."""
    fresh: bool = False
    """Whether it has reported since it was judged last."""
    hopeless: bool = False
    """The last judgement."""
    violation: float | None = None
    """How far it is from feasible, see `violation`; `None` when it has reported no constraint."""


class OptunaStrategy(Strategy):
    """Proposes and prunes by Optuna's samplers and pruners.

    The sampler works on latent values, so every range and distribution means what it means elsewhere. What was seen
    before is never proposed: the sampler is asked again up to `max_duplicates` times (leaving no trace of the
    duplicate), then unseen members are drawn at random, then, in a finite space, taken from the grid; when none is left
    the space is exhausted. With several objectives nothing is pruned.

    Args:
        sampler: A sampler of Optuna, or its name: tpe, gp, cmaes, qmc, random, nsga2, nsga3, brute_force. Default: TPE
            as Optuna sets it, with `group` for a conditional space.
        pruner: A pruner of Optuna, or its name: median, percentile, asha, hyperband, patient, threshold, wilcoxon,
            none. Default: median.
        sampler_options: Arguments of the sampler's class, where it is named.
        pruner_options: Arguments of the pruner's class, where it is named.
        max_duplicates: How often a duplicate is drawn again.
        **options: More sampler options.

    Raises:
        InvalidInput: For an unknown name, or one whose package is not installed.
    """

    def __init__(
        self,
        sampler: str | BaseSampler | None = None,
        pruner: str | BasePruner | None = None,
        *,
        sampler_options: Mapping[str, Any] | None = None,
        pruner_options: Mapping[str, Any] | None = None,
        max_duplicates: int = MAX_DUPLICATES,
        **options: Any,
    ) -> None:
        self.sampler = "tpe" if sampler is None else sampler
        self.pruner = "median" if pruner is None else pruner
        self.sampler_options = {**(sampler_options or {}), **options}
        self.pruner_options = dict(pruner_options or {})
        self.max_duplicates = max_duplicates
        self._check()

    def _check(self) -> None:
        problems: list[str] = []
        for kind, given, base, parts, options in (
            ("sampler", self.sampler, BaseSampler, SAMPLERS, self.sampler_options),
            ("pruner", self.pruner, BasePruner, PRUNERS, self.pruner_options),
        ):
            if isinstance(given, str):
                try:
                    find_part(parts, given, kind)
                except InvalidInput as error:
                    problems += error.problems
            elif not isinstance(given, base):
                problems.append(f"the {kind} is {shown(given)}; give its name or an object of optuna.{kind}s.")
            elif options:
                problems.append(
                    f"options {sorted(options)} were given beside a {kind} object; give them to the object."
                )
        if type(self.max_duplicates) is not int or self.max_duplicates < 0:
            problems.append(f"max_duplicates is {shown(self.max_duplicates)}; give a whole number of 0 or more.")
        if problems:
            raise InvalidInput(problems, subject="strategy")

    def setup(self, problem: Problem) -> None:
        """Takes the problem in and makes an empty study.

        Raises:
            InvalidInput: When the sampler cannot serve the problem, or refuses its options.
        """
        super().setup(problem)
        self._memory = TrialMemory()
        self._bound = False
        self._study = optuna.create_study(
            storage=self._memory,
            sampler=self._make_sampler(0),
            pruner=self._make_pruner(),
            directions=["minimize" if each.sign.minimize else "maximize" for each in problem.objectives],
        )
        # Samplers of finite spaces call it at their end, where Optuna allows it inside its own loop only.
        self._study.stop = lambda: None  # type: ignore[method-assign]
        several = len(problem.objectives) > 1
        self._prunes = not (several or problem.whole or isinstance(self._study.pruner, NopPruner))
        self._cursor = GridCursor(problem.space, self.seen)
        self._running: dict[int, _Running] = {}
        self._trials: list[int] = []
        self._domains: dict[tuple[str, ...], dict[str, BaseDistribution]] = {}
        self._exhausted = False

    def _make_sampler(self, restored: int) -> BaseSampler:
        if isinstance(self.sampler, str):
            return make_sampler(self.sampler, self.sampler_options, self.problem, restored)
        return self.sampler

    def _make_pruner(self) -> BasePruner:
        if isinstance(self.pruner, str):
            return make_pruner(self.pruner, self.pruner_options, self.problem)
        return self.pruner

    # Proposing.

    def ask(self, trial: int) -> dict[str, Any] | None:
        """Proposes a member that was not seen before; `None` when the space has no more."""
        space = self.problem.space
        tries, forbidden = self.max_duplicates + 1, MOST_FORBIDDEN
        while tries and forbidden:
            member = self._propose()
            key = space.key(member)
            allowed = space.allows(member)
            tries, forbidden = (tries - 1, forbidden) if allowed else (tries, forbidden - 1)
            if allowed and key not in self.seen:
                self.seen.add(key)
                self._run(trial, self._memory.trials[-1])
                return member
            self._memory.forget_last()
        unseen = self._unseen(trial)
        if unseen is None:
            self._exhausted = True
        else:
            self.adopt(trial, unseen)
        return unseen

    def _propose(self) -> dict[str, Any]:
        proposal = self._study.ask()

        def choose(key: str, latent: Latent) -> float:
            if isinstance(latent, CategoricalLatent):
                return int(proposal.suggest_categorical(key, range(latent.size)))
            if isinstance(latent, IntLatent):
                return proposal.suggest_int(key, latent.low, latent.high)
            return proposal.suggest_float(key, latent.low, latent.high)

        try:
            member = self.problem.space.draw(choose)
        except BaseException:
            self._memory.forget_last()
            raise
        trial = self._memory.trials[-1]
        located = {key: trial.params[key] for key in trial.params}
        trial.distributions = self._distributions(located)
        trial.system_attrs = {key: value for key, value in trial.system_attrs.items() if TRANSIENT not in key}
        if not trial.system_attrs:
            self._memory.changed_trials.discard(trial.number)
        return member

    def _unseen(self, trial: int) -> dict[str, Any] | None:
        source = draw_source(self.problem.seed or 0, trial)
        space = self.problem.space
        for _ in range(TRIES):
            member = draw_allowed(space, source)
            if space.key(member) not in self.seen:
                return member
        return None if space.size == math.inf else self._cursor.first_unseen()

    @property
    def exhausted(self) -> bool:
        """Whether the last `ask` found the space without an unseen member."""
        return self._exhausted

    def adopt(self, trial: int, parameters: Mapping[str, Any]) -> None:
        """Takes in that a trial runs with parameters made by hand; outside the space they do not reach the sampler."""
        super().adopt(trial, parameters)
        try:
            located = self.problem.space.locate(parameters)
        except InvalidInput as error:
            logger.info("%s", error, extra={"action": "adopt outside the space"})
            return
        self._run(trial, self._memory.add(located, self._distributions(located)))

    def _run(self, trial: int, frozen: FrozenTrial) -> _Running:
        self._trials.append(trial)
        running = self._running[trial] = _Running(frozen.number)
        return running

    def _distributions(self, located: Mapping[str, float]) -> dict[str, BaseDistribution]:
        """Gives the distributions of a member's live nodes; one dict for all members with the same nodes."""
        keys = tuple(located)
        known = self._domains.get(keys)
        if known is None:
            nodes = self.problem.space.nodes(located)
            known = self._domains[keys] = {key: distribution(nodes[key]) for key in keys}
        return known

    # Learning.

    def tell(self, trial: int, outcome: Outcome, values: tuple[float, ...] | None = None) -> None:
        """Teaches the sampler; a result that is missing or not finite counts as failed."""
        running = self._running.pop(trial, None)
        if running is None:
            return
        if running.violation is not None and not math.isfinite(running.violation):
            outcome = Outcome.FAILED
        elif self._bound:
            self._memory.set_trial_system_attr(running.number, VIOLATION, running.violation or 0.0)
        state, told = optuna_outcome(outcome, values, len(self.problem.objectives))
        self._study.tell(running.number, values=told, state=state)
        ended = self._memory.trials[running.number]
        ended.intermediate_values = Curve(ended.intermediate_values)  # type: ignore[assignment]

    def constrained(self, trial: int, constraints: Sequence[tuple[str, float]]) -> None:
        """Teaches how far a trial is from feasible, which TPE, GP, NSGA-II and NSGA-III heed."""
        running = self._running.get(trial)
        if running is None or not constraints:
            return
        running.violation = violation(constraints)
        if not self._bound:
            self._bind()

    def _bind(self) -> None:
        """Has every trial say how far it is from feasible: samplers compare trials that all do; who said nothing is."""
        self._bound = True
        for each in self._memory.trials:
            each.system_attrs.setdefault(VIOLATION, 0.0)

    def report(self, trial: int, iteration: int, value: float) -> None:
        """Keeps a value for the pruner, at the step it belongs to; the value nearest to the step stands for it."""
        running = self._running.get(trial)
        if running is None or not self._prunes:
            return
        trial_memory = self._memory.trials[running.number]
        self._note(running, trial_memory.intermediate_values, iteration, value)

    @staticmethod
    def _note(running: _Running, steps: dict[int, float], iteration: int, value: float) -> None:
        step = snap(iteration)
        if step is None:
            return
        running.latest = max(running.latest, iteration)
        if iteration <= running.origins.get(step, iteration):
            running.origins[step] = iteration
            running.fresh = True
            steps[step] = float(value) if math.isfinite(value) else math.nan

    def should_stop(self, trial: int) -> bool:
        """Tells whether the pruner judges a trial hopeless; never before `min_iteration_per_job`."""
        running = self._running.get(trial)
        if running is None or not self._prunes:
            return False
        if running.fresh:
            running.fresh = False
            with warnings.catch_warnings():
                # Optuna takes the best of the values so far with numpy, which warns when all are NaN.
                warnings.simplefilter("ignore", RuntimeWarning)
                running.hopeless = self._study.pruner.prune(self._study, self._memory.trials[running.number])
        return running.hopeless and running.latest >= (self.problem.min_iteration_per_job or 0)

    # Surviving a restart.

    def restore(self, past: Sequence[Past], memo: Mapping[str, Any] | None = None) -> None:
        """Rebuilds the study in bulk; trials without an outcome are running again."""
        if not past:
            self._memory.load([], dict(memo or {}))
            return
        frozen: list[FrozenTrial] = []
        for each in sorted(past, key=lambda one: one.trial):
            self.seen.add(self.problem.space.key(each.parameters))
            try:
                located = self.problem.space.locate(each.parameters)
            except InvalidInput:
                continue
            frozen.append(self._revive(each, located, len(frozen)))
        self._memory.load(frozen, dict(memo or {}))
        if any(each.constraints for each in past):
            self._bind()
        if isinstance(self.sampler, str):
            self._study.sampler = self._make_sampler(len(past))
        else:
            self._study.sampler.reseed_rng()

    def _revive(self, each: Past, located: dict[str, float], number: int) -> FrozenTrial:
        state, told = TrialState.RUNNING, None
        if each.outcome is not None:
            state, told = optuna_outcome(each.outcome, each.values, len(self.problem.objectives))
        memo = dict(each.memo or {})
        if self.problem.moved:
            memo = {key: value for key, value in memo.items() if not key.startswith(MADE_FOR_RANGES)}
        if each.constraints:
            far = violation(each.constraints)
            if math.isfinite(far):
                memo[VIOLATION] = far
            elif state.is_finished():
                state, told = TrialState.FAIL, None
        frozen = frozen_trial(number, state, located, self._distributions(located), memo)
        running = self._run(each.trial, frozen)
        if self._prunes:
            for iteration, value in each.reports:
                self._note(running, frozen.intermediate_values, iteration, value)
        if state.is_finished():
            del self._running[each.trial]
        if state == TrialState.PRUNED and frozen.intermediate_values:
            last = frozen.intermediate_values[max(frozen.intermediate_values)]
            told = None if math.isnan(last) else [last]
        if told is not None:
            frozen.values = told
        if state.is_finished():
            frozen.intermediate_values = Curve(frozen.intermediate_values)  # type: ignore[assignment]
        return frozen

    def drain_memos(self) -> Memos:
        """Gives the system attributes, of the study and by trial, that have changed since the last call."""
        memory = self._memory
        changed = {
            self._trials[number]: _jsonable(memory.trials[number].system_attrs) for number in memory.changed_trials
        }
        study = _jsonable(memory.get_study_system_attrs(0)) if memory.study_changed else None
        memory.changed_trials.clear()
        memory.study_changed = False
        return Memos(study=study, trials=changed)

    def explain(self) -> str:
        """Says which sampler and pruner are used and why."""
        sampler, why = type(self._study.sampler).__name__, self._pruning()
        group = "; group, because the space is conditional" if getattr(self._study.sampler, "_group", False) else ""
        return f"Optuna {optuna.__version__} {sampler}{group}{'; ' if why else ''}{why}."

    def _pruning(self) -> str:
        """Says what becomes of hopeless trials; nothing where somebody else says it."""
        if self.problem.whole:
            return ""
        if len(self.problem.objectives) > 1:
            return "nothing is pruned with several objectives"
        return f"{type(self._study.pruner).__name__} ends hopeless trials" if self._prunes else "nothing is pruned"


def _jsonable(attrs: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, value in attrs.items():
        try:
            json.dumps(value)
        except (TypeError, ValueError):
            logger.warning("the sampler's state %r cannot be stored; it is lost on a restart", key)
            continue
        kept[key] = value
    return kept
