"""Keywords of a front door: those it does not take, with what other tools call them, and of which kind values are."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, ParamSpec, TypeVar

from hpo_widgets.model.parameter_values import plain, shown

P = ParamSpec("P")
R = TypeVar("R")


def with_words(elsewhere: Mapping[str, str]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Makes a function say of a keyword that it does not take which one is meant.

    Args:
        elsewhere: Words of other tools, to ours.
    """

    def dress(function: Callable[P, R]) -> Callable[P, R]:
        known = list(inspect.signature(function).parameters)

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            problems = [_problem(name, known, elsewhere) for name in kwargs if name not in known]
            if problems:
                name = function.__name__
                raise TypeError(f"{name}: {' '.join(problems)} help(hpo_widgets.{name}) lists them.")
            return function(*args, **kwargs)

        return call

    return dress


def _problem(name: str, known: list[str], elsewhere: Mapping[str, str]) -> str:
    if name in elsewhere:
        return f"{name} is {elsewhere[name]} here."
    close = get_close_matches(name, known, n=3)
    return f"there is no {name!r}{'; did you mean ' + ' or '.join(close) + '?' if close else '.'}"


def kind_problems(name: Any, project: Any, gpus: Any, seed: Any) -> list[str]:
    """Lists what is of another kind than a name, a project, devices or a seed can be."""
    texts = {"name": name or "", "project": project}
    found = [f"{word} is {shown(each)}; give text." for word, each in texts.items() if not isinstance(each, str)]
    if isinstance(gpus, str) or not isinstance(gpus, Iterable):
        found.append(f"gpus is {shown(gpus)}; give a list of devices, as [0, 1].")
    if seed is not None and type(plain(seed)) is not int:
        found.append(f"seed is {shown(seed)}; give a whole number, or None.")
    return found


def listed_sets(given: Any) -> list[Any]:
    """Gives parameter sets, or one, as a list; what is no set is told when it is looked for in the space."""
    many = isinstance(given, Iterable) and not isinstance(given, (str, Mapping))
    return [] if given is None else list(given) if many else [given]
