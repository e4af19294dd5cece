"""Optuna's samplers and pruners by name, with their options checked."""

from __future__ import annotations

import importlib.util
import inspect
import warnings
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameter_values import shown
from hpo_widgets.strategies.base import Problem


@dataclass(frozen=True, kw_only=True)
class Part:
    """Is a class of Optuna under our name."""

    name: str
    optuna_name: str
    needs: tuple[str, ...] = ()
    """Packages that Optuna does not install by itself."""


SAMPLERS = (
    Part(name="tpe", optuna_name="TPESampler"),
    Part(name="gp", optuna_name="GPSampler", needs=("torch", "scipy")),
    Part(name="cmaes", optuna_name="CmaEsSampler", needs=("cmaes",)),
    Part(name="qmc", optuna_name="QMCSampler", needs=("scipy",)),
    Part(name="random", optuna_name="RandomSampler"),
    Part(name="nsga2", optuna_name="NSGAIISampler"),
    Part(name="nsga3", optuna_name="NSGAIIISampler"),
    Part(name="brute_force", optuna_name="BruteForceSampler"),
)
PRUNERS = (
    Part(name="median", optuna_name="MedianPruner"),
    Part(name="percentile", optuna_name="PercentilePruner"),
    Part(name="asha", optuna_name="SuccessiveHalvingPruner"),
    Part(name="successive_halving", optuna_name="SuccessiveHalvingPruner"),
    Part(name="hyperband", optuna_name="HyperbandPruner"),
    Part(name="patient", optuna_name="PatientPruner"),
    Part(name="threshold", optuna_name="ThresholdPruner"),
    Part(name="wilcoxon", optuna_name="WilcoxonPruner", needs=("scipy",)),
    Part(name="none", optuna_name="NopPruner"),
)


def find_part(parts: tuple[Part, ...], name: str, kind: str) -> Part:
    """Finds a part by our name or Optuna's class name, whatever the case and the hyphens.

    Raises:
        InvalidInput: For an unknown name, or when a package it needs is not installed.
    """
    known = {_folded(text): part for part in parts for text in (part.name, part.optuna_name)}
    part = known.get(_folded(name))
    if part is None:
        names = [each.name for each in parts]
        close = get_close_matches(_folded(name), [_folded(each) for each in names], n=1, cutoff=0.5)
        hint = f" Did you mean {known[close[0]].name!r}?" if close else ""
        raise InvalidInput(f"the {kind} {shown(name)} is unknown; use one of {', '.join(names)}.{hint}")
    if missing := [package for package in part.needs if importlib.util.find_spec(package) is None]:
        packages = " and ".join(missing)
        raise InvalidInput(
            f"the {kind} {part.name!r} needs the package {packages}, which is not installed; "
            f"run `pip install {' '.join(missing)}`, or use another {kind}."
        )
    return part


def _folded(name: str) -> str:
    return "".join(letter for letter in str(name).casefold() if letter.isalnum())


def sampler_takes(name: str, option: str) -> bool:
    """Tells whether the installed Optuna's sampler has an option."""
    maker = getattr(optuna.samplers, find_part(SAMPLERS, name, "sampler").optuna_name)
    return option in inspect.signature(maker).parameters


def optuna_seed(seed: int | None, restored: int) -> int | None:
    """Gives the seed of a sampler: after a restart another one, so that its first draws are not made again."""
    if seed is None:
        return None
    if restored == 0 and 0 <= seed < 2**32:
        return seed
    return zlib.crc32(f"{seed}/{restored}".encode())


def make_sampler(name: str, options: Mapping[str, Any], problem: Problem, restored: int) -> BaseSampler:
    """Makes a sampler for a problem.

    Args:
        name: Our name or Optuna's.
        options: Arguments of Optuna's class.
        problem: Gives the seed; a conditional space turns on TPE's `group`.
        restored: Trials known from before a restart.

    Raises:
        InvalidInput: For unknown options or ones Optuna refuses, and when the sampler cannot serve the problem.
    """
    part = find_part(SAMPLERS, name, "sampler")
    several = len(problem.objectives) > 1
    if several and part.name == "cmaes":
        raise InvalidInput("the sampler 'cmaes' serves one objective only; use tpe, nsga2 or nsga3 for several.")
    if part.name == "brute_force" and problem.space.size == float("inf"):
        raise InvalidInput("the sampler 'brute_force' needs a finite space; give every range a step, or use tpe.")
    defaults: dict[str, Any] = {"seed": optuna_seed(problem.seed, restored)}
    if part.name == "qmc":
        # The place in the sequence is kept under a key made of the seed, which must outlive a restart.
        defaults = {"seed": optuna_seed(problem.seed, 0) or 0, "warn_independent_sampling": False}
    elif part.name in ("gp", "cmaes"):
        defaults["warn_independent_sampling"] = False
    elif (
        part.name == "tpe" and problem.space.is_conditional and not several and options.get("multivariate") is not False
    ):
        defaults["group"] = True
    made = _build(getattr(optuna.samplers, part.optuna_name), part.name, "sampler", {**defaults, **options})
    assert isinstance(made, BaseSampler)
    return made


def make_pruner(name: str, options: Mapping[str, Any], problem: Problem) -> BasePruner:
    """Makes a pruner for a problem; the iteration limits become the resources of asha and hyperband.

    Raises:
        InvalidInput: For unknown options or ones Optuna refuses.
    """
    part = find_part(PRUNERS, name, "pruner")
    given = dict(options)
    defaults: dict[str, Any] = {}
    least = problem.min_iteration_per_job
    if part.optuna_name == "SuccessiveHalvingPruner" and least:
        defaults["min_resource"] = least
    elif part.name == "hyperband":
        defaults = {"min_resource": least or 1}
        if problem.max_iteration_per_job:
            defaults["max_resource"] = problem.max_iteration_per_job
    elif part.name == "percentile":
        defaults["percentile"] = 25.0
    elif part.name == "patient":
        inner = given.pop("wrapped_pruner", given.pop("wrapped", "median"))
        defaults = {"patience": 5}
        given["wrapped_pruner"] = make_pruner(inner, {}, problem) if isinstance(inner, str) else inner
    made = _build(getattr(optuna.pruners, part.optuna_name), part.name, "pruner", {**defaults, **given})
    assert isinstance(made, BasePruner)
    return made


def _build(maker: type, name: str, kind: str, arguments: dict[str, Any]) -> Any:
    allowed = [each for each in inspect.signature(maker).parameters if each not in ("self", "args", "kwargs")]
    if unknown := [each for each in arguments if each not in allowed]:
        raise InvalidInput(
            f"the {kind} {name!r} has no option {', '.join(map(repr, unknown))}; its options are {', '.join(allowed)}."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            return maker(**arguments)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"the {kind} {name!r} refuses its options: {error}") from error
