"""From some trials to ranges that hold them: what a search is narrowed to, and trials near them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.latent import CategoricalLatent, IntLatent, Latent
from hpo_widgets.model.parameter_base import Parameter
from hpo_widgets.model.parameter_choices import DiscreteParameterRange, ParameterSet
from hpo_widgets.model.parameter_conditional import searched
from hpo_widgets.model.parameter_normal import LogNormalParameterRange, NormalParameterRange
from hpo_widgets.model.parameter_ranges import (
    LogUniformParameterRange,
    UniformIntegerParameterRange,
    UniformParameterRange,
)
from hpo_widgets.model.parameter_values import canonical, plain
from hpo_widgets.model.space import SearchSpace

Members = Sequence[Mapping[str, Any]]
MARGIN = 0.1
"""Share of a selection's extent by which trials near it may lie outside."""
TRIES = 200
"""Draws for each trial near a selection before it is given up: a small space has few that are new."""


@dataclass(frozen=True, kw_only=True)
class Narrowing:
    """Is what some trials say about one parameter of a space."""

    name: str
    """Of the parameter."""
    now: str
    """What is searched, for people."""
    then: str
    """What would be searched, for people; "" when it stays as it is."""
    why: str
    """Why it stays as it is; "" when it can be narrowed."""
    parameter: Parameter | None
    """What would be searched; `None` when it stays as it is."""


def narrowings(space: SearchSpace, members: Members) -> list[Narrowing]:
    """Gives for each parameter the smallest range of its own kind that holds what the members have.

    Ranges keep their kind: log ranges their base, steps their places, choices their order. Values that lie outside the
    space now, as after an earlier narrowing, are left out of account; a parameter is never widened.
    """
    return [_narrowing(each, members) for each in searched(space)]


def _narrowing(each: Parameter, members: Members) -> Narrowing:
    name = each.name if each.name is not None else "combinations"
    if isinstance(each, ParameterSet):
        return _stays(name, f"{len(each.values)} combinations", "combinations of parameters stay as they are")
    now = ranged(each)
    inside = [latent for member in members if (latent := _latent(each, member)) is not None]
    if not inside:
        return _stays(name, now, "no chosen trial has a value inside")
    found = _narrowed(each, inside)
    if found is None or found.problems():
        one = isinstance(each.latent, CategoricalLatent) or min(inside) < max(inside)
        return _stays(name, now, "the chosen trials span all of it" if one else "all chosen trials have the same value")
    return Narrowing(name=name, now=now, then=ranged(found), why="", parameter=found)


def _stays(name: str, now: str, why: str) -> Narrowing:
    return Narrowing(name=name, now=now, then="", why=why, parameter=None)


def _latent(each: Parameter, member: Mapping[str, Any]) -> float | None:
    if each.name not in member:
        return None
    try:
        return each.to_latent(plain(member[each.name]))
    except InvalidInput:
        return None


def _narrowed(each: Parameter, inside: Sequence[float]) -> Parameter | None:
    """Gives the parameter that holds these latent values, `None` when it is no narrower or a single point."""
    if isinstance(each, DiscreteParameterRange):
        kept = [each.values[index] for index in sorted({int(latent) for latent in inside})]
        same = {canonical(v) for v in kept} == {canonical(v) for v in each.values}
        return None if same else DiscreteParameterRange(each.name, kept)
    low, high = min(inside), max(inside)
    if low == high or not _is_narrower(each.latent, low, high):
        return None
    fields = {field: getattr(each, field) for field in each.fields}
    ends = _ends(each, low, high)
    return type(each)(**{**fields, "min_value": ends[0], "max_value": ends[1], **_closed(each)})


def _is_narrower(latent: Latent, low: float, high: float) -> bool:
    return low > latent.low or high < latent.high  # type: ignore[union-attr]


def _closed(each: Parameter) -> dict[str, bool]:
    """Says that the ends belong to a range of a kind that can leave out the last one."""
    return {"include_max_value": True} if "include_max_value" in each.fields else {}


def _ends(each: Parameter, low: float, high: float) -> tuple[Any, Any]:
    if isinstance(each, LogUniformParameterRange):
        if isinstance(each.latent, IntLatent):
            first, step = each.min_value, each.step_size
            return first + int(low) * step, first + int(high) * step
        return low, high
    return each.to_value(low), each.to_value(high)


def ranged(each: Parameter) -> str:
    """Writes what a parameter may be, for people."""
    if isinstance(each, DiscreteParameterRange):
        return ", ".join(map(str, each.values)) if len(each.values) <= 8 else f"{len(each.values)} choices"
    low, high = each.to_value(each.latent.low), each.to_value(each.latent.high)  # type: ignore[union-attr]
    low, high = min(low, high), max(low, high)
    kinds: dict[type[Parameter], str] = {
        LogUniformParameterRange: ", log",
        NormalParameterRange: ", normal",
        LogNormalParameterRange: ", lognormal",
    }
    whole = isinstance(each, UniformIntegerParameterRange)
    step = getattr(each, "step_size", None)
    stepped = "" if step is None or (whole and step == 1) else f", step {step:g}"
    kind = kinds.get(type(each), "" if isinstance(each, UniformParameterRange) or whole else ", " + type(each).__name__)
    return f"{_short(low)} to {_short(high)}{kind}{stepped}"


def _short(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def members_near(
    space: SearchSpace,
    members: Members,
    count: int,
    uniform: Callable[[], float],
    known: Iterable[str] = (),
) -> list[dict[str, Any]]:
    """Gives up to `count` new members of a space near some of its members.

    Each takes one of the members and moves its numbers evenly within the extent of all of them, widened by a tenth of
    it (of the whole range when they agree); its choices are those that the members have. What lies inside a
    combination stays as the member has it.

    Args:
        space: What is searched.
        members: Those outside the space are left out.
        count: How many to give; fewer when the space has no more new ones nearby.
        uniform: Gives a random number from 0 to below 1.
        known: Keys (`SearchSpace.key`) of members that are not wanted again.
    """
    inside = [dict(member) for member in members if space.contains(member)]
    seen = set(known)
    found: list[dict[str, Any]] = []
    for _ in range(TRIES * count if inside else 0):
        new = _moved(space, inside, uniform)
        key = space.key(new)
        if key not in seen and space.contains(new):
            seen.add(key)
            found.append(new)
        if len(found) == count:
            break
    return found


def _moved(space: SearchSpace, inside: Sequence[Mapping[str, Any]], uniform: Callable[[], float]) -> dict[str, Any]:
    new = dict(inside[int(uniform() * len(inside))])
    decide = {each.name for each in space if isinstance(each, ParameterSet)}
    for each in searched(space):
        if isinstance(each, ParameterSet) or each.name not in new or each.name in decide:
            continue
        latents = [each.to_latent(member[each.name]) for member in inside if each.name in member]
        new[each.name] = each.to_value(_drawn(each.latent, latents, uniform()))
    return new


def _drawn(latent: Latent, latents: Sequence[float], at: float) -> float:
    if isinstance(latent, CategoricalLatent):
        return latents[int(at * len(latents))]
    low, high = min(latents), max(latents)
    margin = MARGIN * ((high - low) or (latent.high - latent.low))
    low, high = max(latent.low, low - margin), min(latent.high, high + margin)
    value = low + at * (high - low)
    return float(round(value)) if isinstance(latent, IntLatent) else value
