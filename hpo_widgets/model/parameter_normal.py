"""Normal and lognormal parameters: the latent value is a quantile, so that every strategy draws the distribution.

Without bounds the tails are cut at a quantile of 1e-9 (about six sigma). With a step the value is rounded to the
nearest of min_value + k*step, or of the multiples of the step when there is no min_value; for a lognormal parameter
only those above 0. The grid without a step is the middles of 101 slices of equal probability.
"""

from __future__ import annotations

import math
from functools import cached_property
from statistics import NormalDist
from typing import Any, ClassVar

from hpo_widgets.model.latent import FloatLatent, Latent
from hpo_widgets.model.parameter_base import Parameter
from hpo_widgets.model.parameter_steps import GRID_POINTS, TOLERANCE, Steps, as_float, exact, is_number, number_problem
from hpo_widgets.model.parameter_values import LARGEST_EXACT

TAIL = 1e-9
"""Probability beyond each end that is never drawn."""


class NormalParameterRange(Parameter):
    """Is floats of a normal distribution, cut to min..max where given (both included)."""

    fields: ClassVar[tuple[str, ...]] = ("name", "mu", "sigma", "min_value", "max_value", "step_size")

    mu: Any
    sigma: Any
    min_value: Any
    max_value: Any
    step_size: Any

    def __init__(
        self,
        name: str | None,
        mu: float,
        sigma: float,
        min_value: float | None = None,
        max_value: float | None = None,
        step_size: float | None = None,
    ) -> None:
        super().__init__(name)
        self._freeze(mu=as_float(mu), sigma=as_float(sigma), step_size=as_float(step_size))
        self._freeze(min_value=as_float(min_value), max_value=as_float(max_value))

    def _find_problems(self) -> list[str]:
        given = {field: getattr(self, field) for field in self.fields[1:]}
        optional = ("min_value", "max_value", "step_size")
        found = [
            text
            for what, value in given.items()
            if not (what in optional and value is None) and (text := number_problem(what, value, float))
        ]
        if found:
            return found
        if self.sigma <= 0:
            found.append(f"sigma is {self.sigma!r}; give a number above 0.")
        if self.step_size is not None and self.step_size <= 0:
            found.append(f"step_size is {self.step_size!r}; give a number above 0, or None for no step.")
        if self.min_value is not None and self.max_value is not None and self.min_value > self.max_value:
            found.append(f"min_value {self.min_value!r} is above max_value {self.max_value!r}; swap them.")
        found += self._bound_problems()
        return found or self._reach_problems()

    def _bound_problems(self) -> list[str]:
        return []

    def _reach_problems(self) -> list[str]:
        try:
            low, high = self._ends
        except OverflowError:
            return ["mu and sigma reach beyond what a float can hold; make them smaller or give min and max."]
        if not (math.isfinite(low) and math.isfinite(high)):
            return ["mu and sigma reach beyond what a float can hold; make them smaller or give min and max."]
        slice_low, slice_high = self._quantiles
        if (slice_low >= slice_high and self.min_value != self.max_value) or low > high:
            return [
                f"between min_value {self.min_value!r} and max_value {self.max_value!r} lies less than {TAIL} of the "
                f"distribution with mu {self.mu!r} and sigma {self.sigma!r}; move the bounds nearer to mu."
            ]
        if self.step_size is None:
            return []
        if exact(high) - exact(low) > exact(self.step_size) * LARGEST_EXACT:
            return [f"step_size {self.step_size!r} makes more than 2**53 values; use a larger step."]
        if self._require_steps().count < 1:
            return [f"step_size {self.step_size!r} leaves no value between {low!r} and {high!r}; use a smaller step."]
        return []

    def _outer(self, inner: float) -> float:
        return inner

    def _inner(self, value: float) -> float:
        return value

    @cached_property
    def _normal(self) -> NormalDist:
        return NormalDist(self.mu, self.sigma)

    @cached_property
    def _quantiles(self) -> tuple[float, float]:
        low = 0.0 if self.min_value is None else self._normal.cdf(self._inner(self.min_value))
        high = 1.0 if self.max_value is None else self._normal.cdf(self._inner(self.max_value))
        return min(max(low, TAIL), 1 - TAIL), max(min(high, 1 - TAIL), TAIL)

    @cached_property
    def _ends(self) -> tuple[float, float]:
        low, high = (self._outer(self._normal.inv_cdf(quantile)) for quantile in (TAIL, 1 - TAIL))
        return (
            low if self.min_value is None else self.min_value,
            high if self.max_value is None else self.max_value,
        )

    def _require_steps(self) -> Steps:
        """Gives the lattice of a stepped parameter: its members within the ends."""
        low, high = self._ends
        step = exact(self.step_size)
        first = exact(low) if self.min_value is not None else step * math.ceil(exact(low) / step)
        if first <= 0 and self._inner_is_log:
            first = step
        count = max(0, math.floor((exact(high) - first) / step) + 1)
        den = math.lcm(first.denominator, step.denominator)
        return Steps(int(first * den), int(step * den), den, count)

    _inner_is_log: ClassVar[bool] = False

    @cached_property
    def _steps(self) -> Steps | None:
        return None if self.step_size is None else self._require_steps()

    @property
    def latent(self) -> Latent:
        """The quantile."""
        return FloatLatent(*self._quantiles)

    def to_value(self, latent: float) -> Any:
        """Gives the value at a quantile, on its step, never outside the bounds."""
        low, high = self._ends
        value = min(high, max(low, self._outer(self._normal.inv_cdf(min(max(latent, TAIL), 1 - TAIL)))))
        if self._steps is None:
            return value
        return self._steps.at(min(self._steps.count - 1, max(0, self._steps.nearest(value))))

    def to_latent(self, value: Any) -> float:
        """Gives the quantile of a value.

        Raises:
            InvalidInput: When it is beyond the bounds (or tails), or between two steps.
        """
        low, high = self._ends
        inside = is_number(value) and (not self._inner_is_log or value > 0)
        if inside and self._steps is not None:
            inside = self._steps.index(float(value)) is not None
        elif inside:
            near = TOLERANCE * max(abs(low), abs(high))
            inside = low - near <= value <= high + near
        if not inside:
            step = "" if self.step_size is None else f" in steps of {self.step_size!r}"
            raise self.not_a_member(value, f"{low!r} to {high!r}{step}")
        first, last = self._quantiles
        return min(last, max(first, self._normal.cdf(self._inner(float(value)))))

    @property
    def size(self) -> float:
        """How many different values there are, infinite without a step."""
        return self.latent.size if self._steps is None else self._steps.count

    @property
    def grid_count(self) -> int:
        """The steps; without a step 101 quantiles, 1 when min is max."""
        if self._steps is not None:
            return self._steps.count
        return 1 if self.size == 1 else GRID_POINTS

    def grid_at(self, index: int) -> Any:
        """Gives the grid value at an index."""
        if self._steps is not None:
            return self._steps.at(index)
        first, last = self._quantiles
        return self.to_value(first + (last - first) * (index + 0.5) / self.grid_count)


class LogNormalParameterRange(NormalParameterRange):
    """Is floats whose natural logarithm is normal with mu and sigma; bounds and step are of the value itself."""

    _inner_is_log: ClassVar[bool] = True

    def _bound_problems(self) -> list[str]:
        return [
            f"{what} is {bound!r}, but the logarithm needs a number above 0; raise it or leave it out."
            for what, bound in (("min_value", self.min_value), ("max_value", self.max_value))
            if bound is not None and bound <= 0
        ]

    def _outer(self, inner: float) -> float:
        return math.exp(inner)

    def _inner(self, value: float) -> float:
        return math.log(value)
