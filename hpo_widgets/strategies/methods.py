"""What can be chosen: every strategy of the registry with its options, read from the strategies themselves."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from hpo_widgets.strategies.registry import MAKERS, OPTUNA_NAMES

SENTENCES = {
    "auto": "Chooses among Optuna's samplers for each trial, and says why.",
    "grid": "Every combination of the grid, in order.",
    "random": "Draws at random, never the same twice.",
    "optuna": "Any sampler of Optuna with any pruner.",
    "tpe": "Learns from what was good so far (Optuna's default).",
    "gp": "A Gaussian process: few, expensive trials of numbers.",
    "cmaes": "Evolution by covariance: many trials of numbers.",
    "qmc": "Spreads evenly over the space, like random without gaps.",
    "nsga2": "Genetic search for several objectives.",
    "nsga3": "Genetic search for four and more objectives.",
    "brute_force": "Every combination of a finite space.",
    "bohb": "Many short trainings, long ones for the best; a model proposes (HyperBand Bayesian Optimization).",
    "hyperband": "Many short trainings, long ones for the best; chance proposes.",
    "asha": "Every training starts short, the best third goes on, again and again.",
}
"""What people read of a strategy; one that is not here is described by its own docstring."""
PLAIN = {"bool", "int", "float", "str", "None", "Optional", "typing"}
"""Words of annotations of arguments that a person can type."""


@dataclass(frozen=True, kw_only=True)
class Option:
    """Is one option of a strategy."""

    name: str
    default: Any = None
    """What holds when nobody says; JSON."""
    empty: str = "Optuna decides"
    """What a field shows when that is `None`."""
    choices: tuple[str, ...] = ()
    """The only texts it takes."""
    note: str = ""
    """What it does, in one sentence."""


@dataclass(frozen=True, kw_only=True)
class Method:
    """Is one strategy to choose."""

    name: str
    """As in the registry."""
    sentence: str
    options: tuple[Option, ...] = ()


@cache
def methods() -> tuple[Method, ...]:
    """Lists the strategies of the registry, each with the options that it takes by name and JSON can hold."""
    return tuple(Method(name=name, sentence=_sentence(name, maker), options=_options(name)) for name, maker in _known())


def _known() -> list[tuple[str, Callable[..., Any]]]:
    first = [name for name in ("auto", "tpe", "random", "grid") if name in MAKERS]
    return [(name, MAKERS[name]) for name in (*first, *(each for each in MAKERS if each not in first))]


def _sentence(name: str, maker: Callable[..., Any]) -> str:
    return SENTENCES.get(name) or (inspect.getdoc(maker) or name).split("\n")[0]


def _options(name: str) -> tuple[Option, ...]:
    if name in ("auto", "optuna") or name in OPTUNA_NAMES:
        from hpo_widgets.strategies.optuna_options import optuna_options

        return optuna_options(None if name == "optuna" else name)
    notes = _notes(MAKERS[name])
    return tuple(replace(each, empty="as usual", note=notes.get(each.name, "")) for each in plain_options(MAKERS[name]))


def _notes(maker: Callable[..., Any]) -> dict[str, str]:
    """Gives what the docstring of a class of ours says of each argument."""
    described = (inspect.getdoc(maker) or "").partition("Args:\n")[2].partition("\n\n")[0]
    found = re.findall(r"^    (\w+): (.*(?:\n {5,}.*)*)", described, flags=re.MULTILINE)
    return {name: " ".join(text.replace("`", "").split()) for name, text in found}


def plain_options(maker: Callable[..., Any], leave_out: tuple[str, ...] = ()) -> tuple[Option, ...]:
    """Gives the arguments that a class or function takes by name and that a person can type."""
    found = inspect.signature(maker).parameters.values()
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return tuple(
        Option(name=each.name, default=each.default, choices=_choices(each))
        for each in found
        if each.kind in named and each.name not in leave_out and _can_be_typed(each)
    )


def _choices(each: inspect.Parameter) -> tuple[str, ...]:
    """Gives the texts of a `Literal`; an annotation is a text itself where annotations are put off."""
    annotation = inspect.formatannotation(each.annotation).strip("'\"")
    said = re.fullmatch(r"(?:typing\.)?Literal\[(.*)\]", annotation)
    return ast.literal_eval(f"({said[1]},)") if said is not None else ()


def _can_be_typed(each: inspect.Parameter) -> bool:
    if each.default is None:
        words = re.findall(r"\w+", inspect.formatannotation(each.annotation))
        return bool(words) and set(words) <= PLAIN
    return isinstance(each.default, (bool, int, float, str))
