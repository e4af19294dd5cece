"""Random search spaces for property tests: stepped, log, normal, conditional, with hostile names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from hpo_widgets.model.parameter_conditional import ConditionalParameter, When
from hpo_widgets.model.parameters import (
    DiscreteParameterRange,
    LogNormalParameterRange,
    LogUniformParameterRange,
    NormalParameterRange,
    Parameter,
    ParameterSet,
    UniformIntegerParameterRange,
    UniformParameterRange,
)
from hpo_widgets.model.space import SearchSpace

NAMES = st.one_of(
    st.sampled_from(
        ["lr", "Args/lr", "set 1", "set 1.0/lr", "<b>x</b>", "😀", "a\nb", "'; DROP TABLE", "n" * 300, "'"]
    ),
    st.text(min_size=1, max_size=6),
)
BOUNDS = st.floats(-1e6, 1e6).map(lambda number: round(number, 3))
WIDTHS = st.floats(0.0, 1e4).map(lambda number: round(number, 3))
STEPS = st.sampled_from([0.1, 0.25, 0.3, 1.0, 7.5, 1e3])

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False), st.text(max_size=4)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.one_of(st.text(max_size=3), st.integers(0, 3)), inner, max_size=3),
    ),
    max_leaves=6,
)


@st.composite
def uniforms(draw: st.DrawFn, name: str) -> Parameter:
    low, width, step = draw(BOUNDS), draw(WIDTHS), draw(st.none() | STEPS)
    return UniformParameterRange(name, low, round(low + width, 3), step, width == 0 or draw(st.booleans()))


@st.composite
def integers(draw: st.DrawFn, name: str) -> Parameter:
    low, width = draw(st.integers(-1000, 1000)), draw(st.integers(0, 1000))
    return UniformIntegerParameterRange(
        name, low, low + width, draw(st.integers(1, 50)), width == 0 or draw(st.booleans())
    )


@st.composite
def loguniforms(draw: st.DrawFn, name: str) -> Parameter:
    low, width = draw(st.floats(-8, 8)), draw(st.floats(0.5, 6))
    base, step = draw(st.sampled_from([2, 10, 2.718281828, 0.5])), draw(st.none() | st.sampled_from([0.5, 1, 0.3]))
    return LogUniformParameterRange(name, low, low + width, base, step, draw(st.booleans()))


@st.composite
def normals(draw: st.DrawFn, name: str) -> Parameter:
    mu, sigma = draw(st.floats(-5, 5)), draw(st.floats(0.1, 3))
    bounds = draw(st.sampled_from([(None, None), (-1, None), (None, 1), (-2, 2)]))
    low, high = (None if each is None else mu + each * sigma for each in bounds)
    return NormalParameterRange(name, mu, sigma, low, high, draw(st.none() | st.sampled_from([0.05, 0.1])))


@st.composite
def lognormals(draw: st.DrawFn, name: str) -> Parameter:
    mu, sigma = draw(st.floats(-2, 2)), draw(st.floats(0.1, 1.5))
    return LogNormalParameterRange(name, mu, sigma, None, None, draw(st.none() | st.just(0.001)))


def discretes(name: str) -> st.SearchStrategy[Parameter]:
    return st.lists(VALUES, min_size=1, max_size=5).map(lambda values: DiscreteParameterRange(name, values))


@st.composite
def few(draw: st.DrawFn, name: str) -> Parameter:
    """A finite parameter of one to four values."""
    low, count, step = draw(st.integers(-3, 3)), draw(st.integers(0, 3)), draw(st.sampled_from([1, 2]))
    return draw(
        st.sampled_from(
            [
                UniformIntegerParameterRange(name, low, low + count, step),
                UniformParameterRange(name, low / 10, (low + count * step) / 10, step / 10),
                LogUniformParameterRange(name, low, low + count * step, 2, step),
                NormalParameterRange(name, low, 1, low - 0.5, low + 0.5, 0.5),
            ]
        )
        | discretes(name)
    )


def plains(name: str) -> st.SearchStrategy[Parameter]:
    return st.one_of(
        uniforms(name), integers(name), loguniforms(name), normals(name), lognormals(name), discretes(name)
    )


Kind = Callable[[str], st.SearchStrategy[Parameter]]


@st.composite
def sets(draw: st.DrawFn, names: list[str], kind: Kind, depth: int = 1) -> Parameter:
    combinations = []
    for _ in range(draw(st.integers(1, 3))):
        mine = draw(st.lists(st.sampled_from(names), unique=True, max_size=3)) if names else []
        combination: dict[str, Any] = {name: draw(VALUES | kind(name)) for name in mine}
        rest = [name for name in names if name not in mine]
        if depth and rest and draw(st.booleans()):
            combination[draw(st.sampled_from(rest))] = draw(sets(rest, kind, depth - 1))
        combinations.append(combination)
    return ParameterSet(combinations)


@st.composite
def spaces(draw: st.DrawFn, kind: Kind = plains) -> SearchSpace:
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    parameters = [draw(kind(name)) for name in names]
    if draw(st.booleans()):
        others = draw(st.lists(NAMES.filter(lambda name: name not in names), min_size=1, max_size=4, unique=True))
        other = [draw(sets(others, kind))] if draw(st.booleans()) else draw(_levels(others, kind, 2))
        at = draw(st.integers(0, len(parameters)))
        parameters[at:at] = other
    return SearchSpace(parameters)


@st.composite
def conditionals(draw: st.DrawFn, kind: Kind = plains, depth: int = 2) -> SearchSpace:
    """Spaces with conditions nested up to a depth, whose cases may overlap and may share names where they do not."""
    names = draw(st.lists(NAMES, min_size=3, max_size=7, unique=True))
    return SearchSpace(draw(_levels(names, kind, depth)))


@st.composite
def _levels(draw: st.DrawFn, names: list[str], kind: Kind, depth: int) -> list[Parameter]:
    mine, rest = names[:1], names[1:]
    if not depth or not rest:
        return [draw(kind(name)) for name in mine]
    values = draw(st.lists(st.sampled_from(["a", 1, 1.0, True, None, "1"]), min_size=1, max_size=4))
    half = len(rest) // 2
    cases = []
    for share in (rest[:half], rest[half:]):
        which = draw(st.lists(st.sampled_from(values), min_size=1, max_size=2))
        if share:
            cases.append(When(tuple(which), tuple(draw(_levels(share, kind, depth - 1)))))
    return [ConditionalParameter(DiscreteParameterRange(mine[0], values), cases)]
