"""The small picture of a parameter's distribution: bars, a sentence for those who do not see it, and some draws."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist
from typing import Any

from hpo_widgets.model.parameter_base import Parameter
from hpo_widgets.model.parameter_choices import DiscreteParameterRange, ParameterSet
from hpo_widgets.model.parameter_conditional import ConditionalParameter
from hpo_widgets.model.parameter_normal import LogNormalParameterRange, NormalParameterRange
from hpo_widgets.model.parameter_ranges import (
    LogUniformParameterRange,
    UniformIntegerParameterRange,
    UniformParameterRange,
)
from hpo_widgets.model.parameter_values import canonical

FULL = 100
"""Height of the picture; bars are whole numbers up to it."""
BINS = 24
SPREAD = 3.2
"""Standard deviations to each side of the mean that are drawn."""
ONLY = [0] * 6 + [FULL] + [0] * 6
"""The one bar of what never changes."""
DRAWS = 3
SHOWN = 24
"""Characters of one drawn value."""


@dataclass(frozen=True, kw_only=True)
class RangePicture:
    """Is what a row shows of its parameter."""

    bars: Sequence[int]
    """Heights of bars of equal width, from the lowest value to the highest (choices in their order)."""
    apart: bool
    """Whether there is a value a bar; else the bars are a curve."""
    label: str
    """What the bars say, as a sentence."""
    draws: Sequence[str]
    """Some values as a search may draw them; always the same ones for one parameter."""


def range_picture(parameter: Parameter) -> RangePicture:
    """Draws a sound parameter; costs do not grow with the number of its values."""
    apart = 1 < parameter.size <= BINS and not isinstance(parameter, (NormalParameterRange, LogUniformParameterRange))
    return RangePicture(bars=_bars(parameter), apart=apart, label=_label(parameter), draws=_draws(parameter))


def count_text(size: float) -> str:
    """Writes a number of values: with separators, rounded from a billion on, `∞` for a continuous range."""
    if size == math.inf:
        return "∞"
    return f"{int(size):,}" if size < 1e9 else _power(int(size))


def _power(size: int) -> str:
    digits = str(size) if size < 10**4000 else f"1{'0' * math.floor(size.bit_length() * math.log10(2))}"
    return f"about {digits[0]}.{digits[1]} × 10^{len(digits) - 1}"


def _bars(parameter: Parameter) -> list[int]:
    if isinstance(parameter, DiscreteParameterRange):
        return _choice_bars(parameter)
    if isinstance(parameter, NormalParameterRange):
        return _normal_bars(parameter)
    if isinstance(parameter, LogUniformParameterRange):
        return _log_bars(parameter)
    if parameter.size > BINS:
        return [FULL]
    return [FULL] * int(parameter.size) if parameter.size > 1 else ONLY


def _choice_bars(parameter: DiscreteParameterRange) -> list[int]:
    if parameter.size > BINS:
        return [FULL]
    counts = Counter(map(canonical, parameter.values))
    return _scaled(list(counts.values())) if len(counts) > 1 else ONLY


def _log_bars(parameter: LogUniformParameterRange) -> list[int]:
    low, high = sorted(parameter.base**each for each in (parameter.min_value, parameter.max_value))
    edges = [low + (high - low) * i / BINS for i in range(BINS + 1)]
    # The values crowd at the low end: heights are roots, or one bar would be all there is to see.
    return _scaled([math.sqrt(abs(math.log(b / a))) for a, b in pairwise(edges)])


def _normal_bars(parameter: NormalParameterRange) -> list[int]:
    normal = NormalDist(parameter.mu, parameter.sigma)
    is_log = isinstance(parameter, LogNormalParameterRange)
    bounds = (parameter.min_value, parameter.max_value)
    first, last = (None if each is None else math.log(each) if is_log else each for each in bounds)
    low = parameter.mu - SPREAD * parameter.sigma if first is None else first
    high = parameter.mu + SPREAD * parameter.sigma if last is None else last
    if not low < high:  # a bound far out in the tail
        return [FULL]
    if not is_log:
        return _scaled([normal.pdf(low + (high - low) * (i + 0.5) / BINS) for i in range(BINS)])
    least, most = math.exp(low), math.exp(high)
    edges = [least + (most - least) * i / BINS for i in range(BINS + 1)]
    shares = [normal.cdf(math.log(b)) - normal.cdf(math.log(a)) for a, b in pairwise(edges)]
    return _scaled([math.sqrt(max(0.0, share)) for share in shares])


def _scaled(heights: Sequence[float]) -> list[int]:
    most = max(heights)
    return [max(1, round(FULL * each / most)) for each in heights] if 0 < most < math.inf else [FULL]


def _label(parameter: Parameter) -> str:
    if isinstance(parameter, DiscreteParameterRange):
        count = len(parameter.values)
        return f"always {_short(parameter.values[0])}" if count == 1 else f"{count:,} values, each equally likely"
    if isinstance(parameter, NormalParameterRange):
        what = "the logarithm is normal" if isinstance(parameter, LogNormalParameterRange) else "normal"
        bounds = zip(("from", "to"), (parameter.min_value, parameter.max_value), strict=True)
        cut = "".join(f" {word} {_short(bound)}" for word, bound in bounds if bound is not None)
        return (
            f"{what}, mean {_short(parameter.mu)}, standard deviation {_short(parameter.sigma)}{cut and f', cut{cut}'}"
        )
    if isinstance(parameter, LogUniformParameterRange):
        low, high = (parameter.base**each for each in (parameter.min_value, parameter.max_value))
        return f"{_counted(parameter)}from {_short(low)} to {_short(high)}, each order of magnitude equally likely"
    if isinstance(parameter, ConditionalParameter):
        return f"{len(parameter.values):,} values, each equally likely, with parameters of their own"
    if isinstance(parameter, ParameterSet):
        count = len(parameter.values)
        return "one combination" if count == 1 else f"{count:,} combinations, each equally likely"
    assert isinstance(parameter, (UniformParameterRange, UniformIntegerParameterRange))
    return f"{_counted(parameter)}from {_short(parameter.min_value)} to {_short(parameter.max_value)}, equally likely"


def _counted(parameter: Parameter) -> str:
    whole = " whole" if isinstance(parameter, UniformIntegerParameterRange) else ""
    return "" if parameter.size == math.inf else f"{count_text(parameter.size)}{whole} numbers "


def _draws(parameter: Parameter) -> list[str]:
    if isinstance(parameter, ParameterSet):
        return []
    source = random.Random(parameter.canonical()[:1000])
    latent = parameter.latent
    if parameter.size <= DRAWS:
        found: list[Any] = list(dict.fromkeys(_short(parameter.grid_at(i)) for i in range(parameter.grid_count)[:BINS]))
        return found[:DRAWS]
    return [_short(parameter.to_value(latent.draw(source))) for _ in range(DRAWS)]


def _short(value: Any) -> str:
    if isinstance(value, float):
        text = f"{value:.4g}"
    else:
        text = value if isinstance(value, str) else repr(value)
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else line[: SHOWN - 1] + "…"
