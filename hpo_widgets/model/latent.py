"""Latent domains: what a sampler sees behind a parameter's own values.

A sampler knows floats, whole numbers and choices; a parameter maps them to its own values and back
(`Parameter.to_value`, `Parameter.to_latent`), so log ranges, steps and distributions mean the same to every strategy.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FloatLatent:
    """Is every float in low..high, both included."""

    low: float
    high: float

    @property
    def size(self) -> float:
        """How many members there are."""
        return 1 if self.low == self.high else math.inf

    def contains(self, value: float) -> bool:
        """Tells whether a latent value lies inside."""
        return self.low <= value <= self.high

    def draw(self, source: random.Random) -> float:
        """Draws one member, each equally likely."""
        return min(self.high, max(self.low, source.uniform(self.low, self.high)))


@dataclass(frozen=True, slots=True)
class IntLatent:
    """Is every whole number in low..high, both included: the index of a step."""

    low: int
    high: int

    @property
    def size(self) -> float:
        """How many members there are."""
        return self.high - self.low + 1

    def contains(self, value: float) -> bool:
        """Tells whether a latent value lies inside."""
        return self.low <= value <= self.high and value == int(value)

    def draw(self, source: random.Random) -> int:
        """Draws one member, each equally likely."""
        return source.randint(self.low, self.high)


@dataclass(frozen=True, slots=True)
class CategoricalLatent:
    """Is the index of a choice, 0..size-1, without order."""

    size: int

    def contains(self, value: float) -> bool:
        """Tells whether a latent value lies inside."""
        return 0 <= value < self.size and value == int(value)

    def draw(self, source: random.Random) -> int:
        """Draws one member, each equally likely."""
        return source.randrange(self.size)


Latent = FloatLatent | IntLatent | CategoricalLatent
