"""Ranges: uniform floats, uniform whole numbers, and floats uniform in their logarithm.

One meaning under every strategy (the intent of ClearML's documentation, reference a1): the values are min, min+step,
... <= max; the max itself only when `include_max_value`. Without a step a float range is continuous, and its grid is
101 even points (100 when the max is excluded).
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar

from hpo_widgets.model.latent import FloatLatent, IntLatent, Latent
from hpo_widgets.model.parameter_base import Parameter
from hpo_widgets.model.parameter_steps import (
    GRID_POINTS,
    TOLERANCE,
    Steps,
    as_float,
    as_int,
    exact,
    is_number,
    range_problems,
)
from hpo_widgets.model.parameter_values import plain, shown


class UniformParameterRange(Parameter):
    """Is floats from min to max, each equally likely."""

    fields: ClassVar[tuple[str, ...]] = ("name", "min_value", "max_value", "step_size", "include_max_value")

    min_value: Any
    max_value: Any
    step_size: Any
    include_max: Any

    def __init__(
        self,
        name: str | None,
        min_value: float,
        max_value: float,
        step_size: float | None = None,
        include_max_value: bool = True,
    ) -> None:
        super().__init__(name)
        self._freeze(min_value=as_float(min_value), max_value=as_float(max_value))
        self._freeze(step_size=as_float(step_size), include_max=plain(include_max_value))

    @property
    def include_max_value(self) -> Any:
        """Whether the max itself may be taken (`include_max` in ClearML's stored form)."""
        return self.include_max

    def _find_problems(self) -> list[str]:
        return range_problems(self.min_value, self.max_value, self.step_size, self.include_max, float)

    @cached_property
    def _steps(self) -> Steps | None:
        if self.step_size is None:
            return None
        return Steps.over(self.min_value, self.max_value, self.step_size, self.include_max)

    @property
    def latent(self) -> Latent:
        """The index of the step, or the value itself (for a log range its exponent)."""
        if self._steps is not None:
            return IntLatent(0, self._steps.count - 1)
        end = self.max_value if self.include_max else math.nextafter(self.max_value, self.min_value)
        return FloatLatent(self.min_value, end)

    def to_value(self, latent: float) -> Any:
        """Gives the value behind a latent one, never outside the range."""
        if self._steps is not None:
            return self._outer(self._steps.fraction(int(latent)))
        return self._outer(float(latent))

    def to_latent(self, value: Any) -> float:
        """Gives the latent value behind a value, within float rounding.

        Raises:
            InvalidInput: When the value is outside the range, between two steps, or the excluded max.
        """
        inner = self._inner(value) if is_number(value) else None
        if inner is None or (not self.include_max and value == self._end):
            raise self.not_a_member(value, self._allowed())
        if self._steps is not None:
            index = self._steps.index(inner)
            if index is None:
                raise self.not_a_member(value, self._allowed())
            return index
        latent = self.latent
        assert isinstance(latent, FloatLatent)
        near = TOLERANCE * max(abs(latent.low), abs(latent.high))
        if not latent.low - near <= inner <= latent.high + near:
            raise self.not_a_member(value, self._allowed())
        return min(latent.high, max(latent.low, inner))

    def _outer(self, inner: float | Fraction) -> float:
        return float(inner)

    def _inner(self, value: float) -> float | None:
        return float(value)

    @cached_property
    def _end(self) -> float:
        return self._outer(exact(self.max_value))

    def _allowed(self) -> str:
        step = "" if self.step_size is None else f" in steps of {self.step_size!r}"
        return f"{self.min_value!r} to {self.max_value!r}{step}{'' if self.include_max else ' without the latter'}"

    @property
    def grid_count(self) -> int:
        """The steps; without a step 101 points, 100 when the max is excluded, 1 when min is max."""
        if self._steps is not None:
            return self._steps.count
        return 1 if self.min_value == self.max_value else GRID_POINTS - (not self.include_max)

    def grid_at(self, index: int) -> Any:
        """Gives the grid value at an index."""
        if self._steps is not None:
            return self.to_value(index)
        low, high = exact(self.min_value), exact(self.max_value)
        return self._outer(low + index * (high - low) / (GRID_POINTS - 1))


class LogUniformParameterRange(UniformParameterRange):
    """Is base**e for exponents e from min to max, each exponent equally likely.

    `min_value`, `max_value` and `step_size` are exponents (ClearML's meaning); see `loguniform` for real bounds.
    """

    fields: ClassVar[tuple[str, ...]] = ("name", "min_value", "max_value", "base", "step_size", "include_max_value")

    base: Any

    def __init__(
        self,
        name: str | None,
        min_value: float,
        max_value: float,
        base: float = 10,
        step_size: float | None = None,
        include_max_value: bool = True,
    ) -> None:
        super().__init__(name, min_value, max_value, step_size, include_max_value)
        self._freeze(base=as_float(base))

    def _find_problems(self) -> list[str]:
        found = super()._find_problems()
        if not is_number(self.base) or self.base <= 0 or self.base == 1:
            found.append(f"base is {shown(self.base)}; give a number above 0 that is not 1, such as 10 or 2.")
        elif not found:
            for what, exponent in (("min_value", self.min_value), ("max_value", self.max_value)):
                if not self._is_real(exponent):
                    found.append(
                        f"{what} {exponent!r} is an exponent, and {self.base!r}**{exponent!r} is not a number a float "
                        "can hold; give a smaller exponent, or use loguniform(low, high) for real bounds."
                    )
        return found

    def _is_real(self, exponent: float) -> bool:
        try:
            power: float = self.base**exponent
        except OverflowError:
            return False
        return 0.0 < power < math.inf

    def _power(self, exponent: float | Fraction) -> float:
        if isinstance(exponent, Fraction) and exponent.denominator == 1 and self.base.is_integer():
            return float(Fraction(int(self.base)) ** int(exponent))
        return float(self.base ** float(exponent))

    @cached_property
    def _ends(self) -> tuple[float, float]:
        return self._power(exact(self.min_value)), self._power(exact(self.max_value))

    def _outer(self, inner: float | Fraction) -> float:
        first, last = self._ends
        value = min(max(first, last), max(min(first, last), self._power(inner)))
        # Rounding in the power can hit the excluded end from an exponent below it.
        if not self.include_max and value == last and inner != self.max_value:
            return math.nextafter(value, first)
        return value

    def _inner(self, value: float) -> float | None:
        if value <= 0:
            return None
        if self.base == 10:
            return math.log10(value)
        return math.log2(value) if self.base == 2 else math.log(value) / math.log(self.base)

    def _allowed(self) -> str:
        first, last = self._ends
        step = "" if self.step_size is None else f" in steps of {self.step_size!r} of the exponent"
        return f"{first!r} to {last!r}{step}{'' if self.include_max else ' without the latter'}"


class UniformIntegerParameterRange(Parameter):
    """Is whole numbers from min to max, each equally likely, never above max (ClearML may overshoot)."""

    fields: ClassVar[tuple[str, ...]] = ("name", "min_value", "max_value", "step_size", "include_max_value")

    min_value: Any
    max_value: Any
    step_size: Any
    include_max: Any

    def __init__(
        self,
        name: str | None,
        min_value: int,
        max_value: int,
        step_size: int | None = 1,
        include_max_value: bool = True,
    ) -> None:
        super().__init__(name)
        self._freeze(min_value=as_int(min_value), max_value=as_int(max_value))
        self._freeze(step_size=1 if step_size is None else as_int(step_size), include_max=plain(include_max_value))

    @property
    def include_max_value(self) -> Any:
        """Whether the max itself may be taken (`include_max` in ClearML's stored form)."""
        return self.include_max

    def _find_problems(self) -> list[str]:
        return range_problems(self.min_value, self.max_value, self.step_size, self.include_max, int)

    @cached_property
    def _steps(self) -> Steps:
        return Steps.over(self.min_value, self.max_value, self.step_size, self.include_max)

    @property
    def latent(self) -> Latent:
        """The index of the step."""
        return IntLatent(0, self._steps.count - 1)

    def to_value(self, latent: float) -> Any:
        """Gives the whole number at the index of a step."""
        return self._steps.start + int(latent) * self._steps.step

    def to_latent(self, value: Any) -> float:
        """Gives the index of the step that a number is (7.0 counts as 7).

        Raises:
            InvalidInput: When it is none of them.
        """
        index, rest = divmod(value - self.min_value, self.step_size) if is_number(value) else (-1, 1)
        if rest or not 0 <= index < self._steps.count:
            step = "" if self.step_size == 1 else f" in steps of {self.step_size}"
            last = "" if self.include_max else " without the latter"
            raise self.not_a_member(value, f"a whole number from {self.min_value} to {self.max_value}{step}{last}")
        return int(index)

    @property
    def grid_count(self) -> int:
        """How many numbers there are."""
        return self._steps.count

    def grid_at(self, index: int) -> Any:
        """Gives the number at an index."""
        return self.to_value(index)
