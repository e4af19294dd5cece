"""What `auto` decides: which sampler proposes the next trial, from the problem and from what asking has cost so far.

The rules are the measured ones of tests/benchmarks/quality: results.md there says how well they do.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Collection
from dataclasses import dataclass, field

from hpo_widgets.model.latent import CategoricalLatent
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.strategies.base import Problem

MOST_ASKING = 0.05
"""Share of the trials' own running time that asking may take."""
MARGIN = 0.8
"""Part of that share that is planned with; the rest is for an ask that takes longer than the one before."""
STARTUP = 10
"""Trials with a result before a model proposes; up to then TPE draws at random."""
MOST_GP = 250
"""Trials up to which a Gaussian process proposes: its asking grows faster than the square of their number."""
LONG = 500
"""Trials in all from which a search of numbers is long: from trial `MOST_GP` on CMA-ES proposes.

Measured on Ackley-5, Hartmann6 and Rosenbrock-8, three seeds each, 400 trials by TPE and 400 more by either: CMA-ES
ended lower eight times of nine, once equal; on Ackley-5 5 to 50 times lower.
"""
FINE = 20
"""Values of a stepped number from which it is as good as continuous."""
MANY = 1000
"""Trials in all from which a search of several objectives is genetic from its start.

Measured on ZDT1 to ZDT3 in 8 dimensions, two seeds: TPE's hypervolume is far ahead at 100 and 300 trials, about equal
at 600; at 1000 and 1500 (one seed, ZDT1 and ZDT2) NSGA-II's is equal on one and ahead on the other. Going over from one
to the other on the way is worse than either: genetic search then begins anew.
"""
MOST_OBJECTIVES = 3
"""Objectives up to which NSGA-II is the genetic search, and NSGA-III above."""
SINGLE = "tpe_single"
"""TPE that looks at each parameter by itself, as Optuna 4 did unasked.

Measured over 20 seeds, 100 evaluations, Optuna 4's default against Optuna 5's: Optuna 5's is far ahead on the test
functions and the tables of neural networks (50 to 98 % of the pairs), not on the noisy tables of HPOBench (40 to 56 %).
Both by turns, one trial in four each, beside a Gaussian process: results.md has what that wins.
"""
FIRST_S = {"gp": 2.0, "tpe": 0.005, SINGLE: 0.005, "cmaes": 0.002, "nsga2": 0.002, "nsga3": 0.002}
"""Seconds that the first ask of a sampler is taken to need, its imports included."""
FADING = 0.8
"""What is left, at the next ask, of what a dear ask has taught to expect."""
NAMES = {
    "gp": "a Gaussian process",
    "tpe": "TPE",
    "cmaes": "CMA-ES",
    "nsga2": "NSGA-II",
    "nsga3": "NSGA-III",
    "random": "random draws",
}
"""What people read."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Is what of a problem the choice depends on."""

    objectives: int
    conditional: bool
    numbers: int
    """Parameters with an order, that are not fixed."""
    choices: int
    """Parameters without one, that are not fixed."""
    coarse: int = 0
    """Those of the numbers that have few values."""
    long: bool = False
    """Whether there may be `LONG` trials or more."""
    many: bool = False
    """Whether there will be `MANY` trials or more."""
    constrained: bool = False
    """Whether trials report constraints of their own, which CMA-ES does not heed."""
    whole: bool = False
    """Whether trials are not pruned whatever it thinks of them; whoever decided that says so."""
    missing: tuple[str, ...] = ()
    """Samplers whose packages are not installed."""

    @classmethod
    def of(cls, problem: Problem, missing: Collection[str] = ()) -> Facts:
        """Reads them from a problem."""
        numbers, choices, coarse = _count(problem.space)
        return cls(
            objectives=len(problem.objectives),
            conditional=problem.space.is_conditional,
            numbers=numbers,
            choices=choices,
            coarse=coarse,
            long=problem.max_jobs is None or problem.max_jobs >= LONG,
            many=problem.max_jobs is not None and problem.max_jobs >= MANY,
            whole=problem.whole,
            missing=tuple(sorted(missing)),
        )


def _count(space: SearchSpace) -> tuple[int, int, int]:
    """Counts what is searched: parameters with an order, without, and with an order but few values."""
    numbers = choices = coarse = 0
    space = space.with_constraints(())  # any member will do, also one that is forbidden
    nodes = space.nodes(space.locate(space.grid_at(0)))
    for latent in nodes.values():
        if isinstance(latent, CategoricalLatent):
            choices += latent.size > 1
        elif latent.size > 1:
            numbers += 1
            coarse += latent.size < FINE
    return numbers, choices, coarse


def candidates(facts: Facts, trials: int) -> tuple[str, ...]:
    """Gives samplers for the next trial, the best one first; the first that asking's budget affords is taken.

    Args:
        facts: The problem.
        trials: How many were proposed before it.
    """
    if facts.objectives > 1:
        genetic = "nsga2" if facts.objectives <= MOST_OBJECTIVES else "nsga3"
        return (genetic, "random") if facts.many else ("tpe", genetic, "random")
    cheap = ("cmaes",) if "cmaes" in _fitting(facts) else ()
    if _evolves(facts, trials):
        return ("cmaes", "random")
    if "gp" in _fitting(facts) and trials < MOST_GP:
        first = ("gp", SINGLE, "gp", "tpe")[trials % 4]
        return (first, *(("tpe",) if first != "tpe" else ()), *cheap, "random")
    return ("tpe", *cheap, "random")


def _evolves(facts: Facts, trials: int) -> bool:
    return "cmaes" in _fitting(facts) and facts.long and not facts.coarse and trials >= MOST_GP


def _fitting(facts: Facts) -> set[str]:
    """Gives those of the demanding samplers that can serve a problem of one objective here."""
    found = set()
    if not facts.conditional and facts.numbers + facts.choices > 0:
        found.add("gp")
        if facts.numbers > 1 and not facts.choices and not facts.constrained:
            found.add("cmaes")
    return found - set(facts.missing)


def remark(facts: Facts, trials: int, spared: Collection[str] = (), broken: str = "") -> str:
    """Says in one sentence what is chosen and why.

    Args:
        facts: The problem.
        trials: How many were proposed so far.
        spared: Samplers whose asking was too slow for these trials at least once.
        broken: What the Gaussian process failed with.
    """
    parts = [
        "one objective" if facts.objectives == 1 else f"{facts.objectives} objectives",
        "a conditional space" if facts.conditional else _kinds(facts),
    ]
    if facts.constrained:
        parts.append("with constraints that trials report")
    if facts.objectives > 1:
        first = candidates(facts, trials)[0]
        what = f"{NAMES[first]} proposes"
        if facts.many:
            parts.append(f"{MANY} trials or more")
    elif _evolves(facts, trials):
        what = f"{NAMES['cmaes']} proposes"
        parts.append(f"{MOST_GP} of many trials are over")
    elif "gp" in _fitting(facts) and trials < MOST_GP:
        what = f"{NAMES['gp']} and TPE propose in turn"
    else:
        what = "TPE proposes"
        if trials >= MOST_GP and "gp" in _fitting(facts):
            parts.append(f"more than {MOST_GP} trials, which is too many for {NAMES['gp']}")
    text = f"auto: {what} ({', '.join(parts)})"
    if facts.objectives > 1 and not facts.whole:
        text += "; nothing is pruned with several objectives"
    slow = [NAMES[name] for name in ("gp", "tpe") if name in spared]
    if slow:
        share = f"{MOST_ASKING:.0%} of the trials' time"
        text += f"; quicker ones stand in where {' or '.join(slow)} would take over {share}"
    if broken:
        text += f"; without a Gaussian process, which failed ({broken})"
    elif "gp" in facts.missing and facts.objectives == 1 and not facts.conditional and trials < MOST_GP:
        lacking = [name for name in ("torch", "scipy") if importlib.util.find_spec(name) is None]
        text += f"; a Gaussian process would take turns with it if {' and '.join(lacking) or 'torch'} could be imported"
    return text + "."


def _kinds(facts: Facts) -> str:
    counted = ((facts.numbers, "number"), (facts.choices, "choice"))
    return " and ".join(f"{count} {kind}{'s' * (count > 1)}" for count, kind in counted if count) or "a fixed space"


@dataclass(kw_only=True)
class Ledger:
    """Keeps account of what asking has cost and of how long the trials have run; all in seconds."""

    spent: dict[str, float] = field(default_factory=dict)
    """Of asking so far, by sampler."""
    ran: float = 0.0
    """Of the trials that have ended."""
    costs: dict[str, float] = field(default_factory=dict)
    """Of a sampler's last asks, older ones faded; its first, which loads packages, is left out."""
    asked: set[str] = field(default_factory=set)
    """Samplers that were asked at all, by this process."""

    def pay(self, sampler: str, seconds: float) -> None:
        """Enters an ask."""
        self.spent[sampler] = self.spent.get(sampler, 0.0) + seconds
        if sampler in self.asked:
            self.costs[sampler] = max(seconds, FADING * self.costs.get(sampler, 0.0))
        self.asked.add(sampler)

    def affords(self, sampler: str, times: int = 1) -> bool:
        """Tells whether asking a sampler so many times leaves asking within its share of the trials' time."""
        expected = times * self.costs.get(sampler, FIRST_S.get(sampler, 0.0) / (10 if sampler in self.asked else 1))
        if self.ran == 0.0:  # nobody has measured a trial yet
            return sampler == "tpe" or expected <= FIRST_S["tpe"]
        # A Gaussian process pays for all: where it once took far longer than expected, the quick ones are not denied.
        payers = set(self.spent) if sampler == "gp" else set(self.spent) - {"gp"}
        spent = sum(self.spent[payer] for payer in payers)
        return spent + expected <= MOST_ASKING * MARGIN * self.ran
