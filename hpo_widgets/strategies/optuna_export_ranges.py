"""One Optuna distribution for each name of a search space, wide enough for every trial that was run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from hpo_widgets.model.parameter_base import Parameter
from hpo_widgets.model.parameter_choices import DiscreteParameterRange
from hpo_widgets.model.parameter_normal import LogNormalParameterRange
from hpo_widgets.model.parameter_ranges import LogUniformParameterRange
from hpo_widgets.model.parameter_steps import is_number
from hpo_widgets.model.parameter_tree import Fixed
from hpo_widgets.model.parameter_values import SCALARS, canonical, plain
from hpo_widgets.model.space import SearchSpace


@dataclass(frozen=True)
class Column:
    """Is how one name is shown in an exported study."""

    distribution: BaseDistribution
    as_text: bool
    """Whether values are shown by their text: Optuna cannot hold or tell apart the values themselves."""

    def shown(self, value: Any) -> Any:
        """Gives a value as the distribution has it."""
        if self.as_text:
            return canonical(value)
        return float(value) if isinstance(self.distribution, FloatDistribution) else value


@dataclass
class _Gathered:
    """Is what one name may hold: ranges, single values, and whether all ranges are even in their logarithm."""

    choices: list[Any]
    bounds: list[float]
    numeric: bool = True
    log: bool = True
    stepped: float | None = None
    ranges: int = 0

    def add_range(self, parameter: Parameter) -> None:
        low, high = _ends(parameter)
        self.bounds += [low, high]
        self.log &= isinstance(parameter, (LogUniformParameterRange, LogNormalParameterRange))
        self.stepped = getattr(parameter, "step_size", None)
        self.ranges += 1

    def add_value(self, value: Any) -> None:
        self.choices.append(value)
        self.numeric &= is_number(value)


def columns(space: SearchSpace, members: Iterable[Mapping[str, Any]]) -> dict[str, Column]:
    """Gives the column of every name that the space or any of the members has."""
    gathered: dict[str, _Gathered] = {}
    for leaf in space.leaves():
        into = gathered.setdefault(leaf.name, _Gathered([], []))
        if isinstance(leaf, Fixed):
            into.add_value(leaf.value)
        elif isinstance(leaf.parameter, DiscreteParameterRange):
            # Choices have no order: numbers among them stay categories, as the strategies see them.
            into.choices += leaf.parameter.values
            into.numeric = False
        else:
            into.add_range(leaf.parameter)
    for member in members:
        for name, value in member.items():
            _widen(gathered.setdefault(name, _Gathered([], [])), plain(value))
    return {name: _column(each) for name, each in gathered.items()}


def _ends(parameter: Parameter) -> tuple[float, float]:
    ends = parameter.to_value(parameter.latent.low), parameter.to_value(parameter.latent.high)  # type: ignore[union-attr]
    return min(ends), max(ends)


def _widen(into: _Gathered, value: Any) -> None:
    if into.ranges and into.numeric and is_number(value):
        low, high = min(into.bounds), max(into.bounds)
        if not low <= value <= high:
            into.bounds.append(value)
            into.log &= value > 0
        elif type(value) is float and not value.is_integer():
            into.bounds.append(value)
        if into.stepped and (value - low) % into.stepped:
            into.stepped = None
    else:
        into.add_value(value)


def _column(each: _Gathered) -> Column:
    if each.numeric and (each.ranges or each.choices):
        numbers = each.bounds + each.choices
        low, high = min(numbers), max(numbers)
        if all(type(number) is int for number in numbers):
            return Column(_int_distribution(low, high, each), False)
        return Column(FloatDistribution(low, high, log=each.log and each.ranges > 0 and low > 0), False)
    values = [*each.choices, *each.bounds]
    as_text = any(type(value) not in SCALARS or value != value for value in values) or _confusable(values)
    if as_text:
        texts = dict.fromkeys(canonical(value) for value in values)
        return Column(CategoricalDistribution(tuple(texts)), True)
    return Column(CategoricalDistribution(tuple({canonical(value): value for value in values}.values())), False)


def _int_distribution(low: float, high: float, each: _Gathered) -> IntDistribution:
    step = each.stepped if each.ranges == 1 and not each.choices and each.stepped else 1
    first, last, size = int(low), int(high), int(step)
    return IntDistribution(first, last, step=size if (last - first) % size == 0 else 1)


def _confusable(values: list[Any]) -> bool:
    """Tells whether Optuna would take two different choices for one: 1, 1.0 and True, or NaN."""
    return len({canonical(value) for value in values}) > len(set(values)) or any(
        isinstance(value, float) and math.isnan(value) for value in values
    )
