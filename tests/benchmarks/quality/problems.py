"""What is searched: functions, real learners and recorded tables, each with one space that every policy sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

NOMINAL_S = 30.0
"""Seconds that a trial is said to take where nobody has recorded it: stands for training something real."""


@dataclass(frozen=True)
class Float:
    """Is a range of floats, even on the exponent when `log`."""

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True)
class Int:
    """Is a range of whole numbers, both ends included."""

    low: int
    high: int


@dataclass(frozen=True)
class Choice:
    """Is a choice without order."""

    values: tuple[Any, ...]


Range = Float | Int | Choice


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Is what one evaluation shows."""

    loss: float
    """What the policy is told, less is better; with the noise of one training where the problem has some."""
    regret: float
    """How far from the optimum it really is; the loss itself where no optimum is known."""
    seconds: float = NOMINAL_S


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Is one thing to optimize."""

    name: str
    family: str
    space: Mapping[str, Range]
    evaluate: Callable[[Mapping[str, Any], int], Seen]
    """Of parameters and a seed (which repetition of a noisy training is seen)."""


@cache
def problems() -> dict[str, Problem]:
    """Gives all problems by name; tables are read when they are used first."""
    from functions import functions
    from learners import learners
    from tables import tables

    return {problem.name: problem for problem in (*functions(), *learners(), *tables())}
