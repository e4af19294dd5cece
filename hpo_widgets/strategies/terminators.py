"""What Optuna's terminators need, said before anything starts; the rules themselves are in `optuna_terminator`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec

from hpo_widgets.model.limits import EMMR, REGRET, STAGNATION, Limits
from hpo_widgets.model.objective import Objective

NEEDS = {REGRET: ("torch", "scipy"), EMMR: ("torch", "scipy"), STAGNATION: ()}
"""Packages that Optuna does not install by itself; a rule that needs some fits a model, which takes its time."""
LEAST = 20
"""Results that a rule begins with, as in Optuna."""
LEAST_FOR_OWN_MARK = 30
"""Results from which `emmr` makes its own mark where no `expected_gain` is given, as in Optuna."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Is what a terminator says of the results so far."""

    enough: bool
    """Whether going on is not worth it."""
    said: str
    """The rule and its figure."""


def results_needed(limits: Limits) -> int:
    """Gives with how many results the terminator in force begins."""
    return LEAST_FOR_OWN_MARK if limits.rule == EMMR and limits.expected_gain is None else LEAST


def early_end_problems(limits: Limits, objectives: Sequence[Objective]) -> list[str]:
    """Lists why what is to end such a study early cannot judge it; none when nothing is."""
    found = terminator_problems(limits, objectives)
    if len(objectives) > 1 and (limits.patience is not None or limits.target is not None):
        found.append("patience and target judge one objective, and there are several; leave them out.")
    return found


def terminator_problems(limits: Limits, objectives: Sequence[Objective]) -> list[str]:
    """Lists why the terminator in force cannot judge such a study; none when no terminator is asked for."""
    rule = limits.rule
    if rule is None:
        return []
    if len(objectives) > 1:
        return ["terminator and expected_gain judge one objective, and there are several; leave them out."]
    if missing := [package for package in NEEDS[rule] if find_spec(package) is None]:
        named = f"the terminator {rule!r}" if limits.terminator else "expected_gain"
        instead = "patience" if limits.expected_gain is not None else "the terminator 'stagnation' or patience"
        return [
            f"{named} needs the package {' and '.join(missing)}, which is not installed; run "
            f"`pip install {' '.join(missing)}`, or use {instead} instead."
        ]
    if find_spec("optuna.terminator") is None:
        return [
            f"the terminator {rule!r} needs optuna.terminator, which Optuna {version('optuna')} does not have; run "
            "`pip install 'optuna<6'`, or use patience instead."
        ]
    return []
