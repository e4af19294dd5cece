"""Exact arithmetic for stepped ranges: no point is lost to float rounding (reference d4)."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from hpo_widgets.model.parameter_values import LARGEST_EXACT, plain, shown

GRID_POINTS = 101
"""Grid values of a range without a step: both ends and 99 between (ClearML, reference a1)."""
TOLERANCE = 1e-9
"""Relative distance within which a float that was written and read back still counts as the same."""


def exact(number: float) -> Fraction:
    """Gives the number that its shortest text names: 0.1 is one tenth."""
    return Fraction(repr(number))


@dataclass(frozen=True, slots=True)
class Steps:
    """Is the numbers (start + index * step) / den for index 0..count-1; dividing rounds once, correctly."""

    start: int
    step: int
    den: int
    count: int

    @classmethod
    def over(cls, low: float, high: float, step: float, include_high: bool) -> Steps:
        """Makes low, low+step, ... <= high; the high end itself, or what rounds to it, only when it is included."""
        first, size = exact(low), exact(step)
        steps, rest = divmod(exact(high) - first, size)
        count = max(1, int(steps) + (0 if rest <= size * Fraction(TOLERANCE) and not include_high else 1))
        den = math.lcm(first.denominator, size.denominator)
        return cls(int(first * den), int(size * den), den, count)

    def at(self, index: int) -> float:
        """Gives the float nearest to the number at an index."""
        return (self.start + index * self.step) / self.den

    def fraction(self, index: int) -> Fraction:
        """Gives the number at an index."""
        return Fraction(self.start + index * self.step, self.den)

    def nearest(self, value: float) -> int:
        """Gives the index of the number nearest to a value; it may lie beyond either end."""
        top, bottom = value.as_integer_ratio()
        size = self.step * bottom
        return (2 * (top * self.den - self.start * bottom) + size) // (2 * size)

    def index(self, value: float) -> int | None:
        """Gives the index of a number, or `None` when it is none of them within rounding."""
        index = self.nearest(value)
        if not 0 <= index < self.count:
            return None
        near = max(1e-6 * (self.step / self.den), 4 * math.ulp(value))
        return index if abs(self.at(index) - value) <= near else None


def as_float(value: Any) -> Any:
    """Turns whole numbers and numpy numbers into floats; leaves all else for `number_problem` to name."""
    value = plain(value)
    if type(value) is int:
        try:
            return float(value)
        except OverflowError:
            return value
    return value


def as_int(value: Any) -> Any:
    """Turns whole floats and numpy numbers into ints; leaves all else for `number_problem` to name."""
    value = plain(value)
    return int(value) if type(value) is float and value.is_integer() else value


def is_number(value: Any) -> bool:
    """Tells whether a value is a finite int or float (True and False are none)."""
    return type(value) is int or (type(value) is float and math.isfinite(value))


def number_problem(what: str, value: Any, kind: type) -> str | None:
    """Says why a bound or step is not a number of this kind."""
    if type(value) is kind and is_number(value):
        return None
    return f"{what} is {shown(value)}; give a {'whole' if kind is int else 'finite'} number."


def range_problems(low: Any, high: Any, step: Any, include_high: Any, kind: type) -> list[str]:
    """Lists what is wrong with the bounds and the step of a range."""
    bounds = {"min_value": low, "max_value": high} | ({} if step is None else {"step_size": step})
    found = [text for what, value in bounds.items() if (text := number_problem(what, value, kind))]
    if type(include_high) is not bool:
        found.append(f"include_max_value is {shown(include_high)}; give True or False.")
    if found:
        return found
    if low > high:
        found.append(f"min_value {shown(low)} is above max_value {shown(high)}; swap them.")
    elif low == high and not include_high:
        found.append(f"min_value and max_value are both {low!r} and max_value is excluded, so no value is left.")
    elif not high - low <= sys.float_info.max:
        found.append(f"the range from {shown(low)} to {shown(high)} is wider than a float can hold; narrow it.")
    if step is not None and step <= 0:
        found.append(f"step_size is {step!r}; give a number above 0, or None for no step.")
    elif step is not None and not found and exact(high) - exact(low) > exact(step) * LARGEST_EXACT:
        found.append(f"step_size {step!r} makes more than 2**53 values; use a larger step.")
    return found
