"""Keywords that a function does not take: the error names the closest ones, and what other tools' words are here."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import ParamSpec, TypeVar

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
