"""The tree a search space is compiled to: leaves (one parameter), fixed values, forks (one branch is
taken) and switches (a value decides on branches).

Every leaf and fork has a key that is unique in its space and the same in every run. A tree is sound by construction:
`SearchSpace` has checked its parameters before.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.latent import CategoricalLatent, Latent
from hpo_widgets.model.parameter_values import canonical, detached, shown

if TYPE_CHECKING:
    from hpo_widgets.model.parameter_base import Parameter

Choose = Callable[[str, Latent], float]
"""Answers with a latent value for the node of this key."""
ENUMERABLE = 20_000
"""Members up to which overlapping branches of a fork are counted one by one."""
NAMED = 5
"""Combinations that an error message lists."""


class Keys:
    """Gives out keys and never the same twice, whatever the names.

    Args:
        reserved: Names of the parameters outside sets: these are their keys.
    """

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self._taken = set(reserved)
        self._forks = 0

    def leaf(self, prefix: str, name: str) -> str:
        """Gives the key of a leaf: its name, after the path of the branch it is in."""
        return self._free(f"{prefix}{name}") if prefix else name

    def fork(self, prefix: str) -> str:
        """Gives the key of a fork: its number in the order of the space."""
        self._forks += 1
        return self._free(f"{prefix}set {self._forks}")

    def _free(self, key: str) -> str:
        while key in self._taken:
            key += "'"
        self._taken.add(key)
        return key


@dataclass(frozen=True)
class Leaf:
    """Is one parameter, always there when its branch is."""

    key: str
    name: str
    parameter: Parameter

    @property
    def names(self) -> frozenset[str]:
        """The names it may emit."""
        return frozenset((self.name,))

    @property
    def size(self) -> float:
        """How many different members it has."""
        return self.parameter.size

    @property
    def grid_count(self) -> int:
        """How many grid points it has."""
        return self.parameter.grid_count

    def draw(self, choose: Choose, into: dict[str, Any]) -> None:
        """Asks for a latent value and puts the parameter's own one in."""
        into[self.name] = self.parameter.to_value(choose(self.key, self.parameter.latent))

    def locate(self, given: Mapping[str, Any], into: dict[str, float]) -> list[str]:
        """Puts the latent value of what was given in; gives the problems."""
        if self.name not in given:
            return [f"{shown(self.name)} is missing; give a value for it."]
        try:
            into[self.key] = self.parameter.to_latent(given[self.name])
        except InvalidInput as error:
            return list(error.problems)
        return []

    def live(self, located: Mapping[str, float], into: dict[str, Latent]) -> None:
        """Puts its latent domain in."""
        into[self.key] = self.parameter.latent

    def grid_at(self, index: int, into: dict[str, Any]) -> None:
        """Puts a grid value in."""
        into[self.name] = self.parameter.grid_at(index)


@dataclass(frozen=True)
class Fixed:
    """Is a value that comes with its branch."""

    name: str
    value: Any
    size: float = 1
    grid_count: int = 1

    @property
    def names(self) -> frozenset[str]:
        """The names it may emit."""
        return frozenset((self.name,))

    def draw(self, choose: Choose, into: dict[str, Any]) -> None:
        """Puts the value in."""
        into[self.name] = detached(self.value)

    def locate(self, given: Mapping[str, Any], into: dict[str, float]) -> list[str]:
        """Gives a problem unless the value was given."""
        if self.name in given and canonical(given[self.name]) == canonical(self.value):
            return []
        return [f"{shown(self.name)} is {shown(given.get(self.name))}; allowed is {shown(self.value)}."]

    def live(self, located: Mapping[str, float], into: dict[str, Latent]) -> None:
        """Has no latent domain."""

    def grid_at(self, index: int, into: dict[str, Any]) -> None:
        """Puts the value in."""
        into[self.name] = detached(self.value)


@dataclass(frozen=True)
class Branch:
    """Is nodes that are there together; the last one varies fastest in the grid."""

    nodes: tuple[Node, ...]
    names: frozenset[str] = field(init=False)
    grid_count: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", frozenset().union(*(node.names for node in self.nodes)))
        object.__setattr__(self, "grid_count", math.prod(node.grid_count for node in self.nodes))

    @property
    def size(self) -> float:
        """How many different members it has."""
        return math.prod(node.size for node in self.nodes)

    def draw(self, choose: Choose, into: dict[str, Any]) -> None:
        """Draws every node in order."""
        for node in self.nodes:
            node.draw(choose, into)

    def locate(self, given: Mapping[str, Any], into: dict[str, float]) -> list[str]:
        """Locates every node; names that are not its own are not looked at."""
        return [problem for node in self.nodes for problem in node.locate(given, into)]

    def live(self, located: Mapping[str, float], into: dict[str, Latent]) -> None:
        """Puts the latent domains of all live nodes in."""
        for node in self.nodes:
            node.live(located, into)

    def grid_at(self, index: int, into: dict[str, Any]) -> None:
        """Puts the member at a place of the grid in."""
        places = []
        for node in reversed(self.nodes):
            index, place = divmod(index, node.grid_count)
            places.append(place)
        for node, place in zip(self.nodes, reversed(places), strict=True):
            node.grid_at(place, into)


@dataclass(frozen=True)
class Fork:
    """Is branches of which exactly one is taken."""

    key: str
    branches: tuple[Branch, ...]
    names: frozenset[str] = field(init=False)
    grid_count: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", frozenset().union(*(branch.names for branch in self.branches)))
        object.__setattr__(self, "grid_count", sum(branch.grid_count for branch in self.branches))

    @property
    def latent(self) -> CategoricalLatent:
        """The index of the branch."""
        return CategoricalLatent(len(self.branches))

    @cached_property
    def size(self) -> float:
        """How many different members it has; an upper bound when more than 20,000 may overlap between branches."""
        total = sum(branch.size for branch in self.branches)
        flat = not any(isinstance(node, (Fork, Switch)) for branch in self.branches for node in branch.nodes)
        apart = flat and len({branch.names for branch in self.branches}) == len(self.branches)
        if apart or total == math.inf or self.grid_count > ENUMERABLE:
            return total
        members = set()
        for index in range(self.grid_count):
            member: dict[str, Any] = {}
            self.grid_at(index, member)
            members.add(canonical(member))
        return len(members)

    def draw(self, choose: Choose, into: dict[str, Any]) -> None:
        """Asks for a branch, then draws it."""
        self.branches[int(choose(self.key, self.latent))].draw(choose, into)

    def locate(self, given: Mapping[str, Any], into: dict[str, float]) -> list[str]:
        """Puts the branch in that gives just what was given; gives the problems of the nearest one else.

        Branches may overlap: one that gives the very values goes before one that gives equal ones (0 and 0.0).
        """
        mine = {name: value for name, value in given.items() if name in self.names}
        nearest: list[str] = []
        fitting: tuple[int, dict[str, float]] | None = None
        for index, branch in enumerate(self.branches):
            if not mine.keys() <= branch.names:
                continue
            found: dict[str, float] = {}
            problems = branch.locate(mine, found)
            if problems:
                nearest = problems if not nearest or len(problems) < len(nearest) else nearest
                continue
            member = self._member(branch, found)
            if member.keys() != mine.keys():
                continue
            exact = all(canonical(member[name]) == canonical(mine[name]) for name in mine)
            if exact or fitting is None:
                fitting = index, found
            if exact:
                break
        if fitting is None:
            return nearest or self._no_combination(mine)
        into[self.key] = fitting[0]
        into.update(fitting[1])
        return []

    def _no_combination(self, mine: Mapping[str, Any]) -> list[str]:
        listed = [", ".join(sorted(branch.names)) or "(none)" for branch in self.branches]
        known = "; ".join(shown(names) for names in dict.fromkeys(listed[:NAMED]))
        more = " and more" if len(listed) > NAMED else ""
        return [f"no combination has exactly the names {sorted(map(shown, mine))}; the combinations are {known}{more}."]

    def _member(self, branch: Branch, located: Mapping[str, float]) -> dict[str, Any]:
        member: dict[str, Any] = {}
        branch.draw(lambda key, _latent: located[key], member)
        return member

    def live(self, located: Mapping[str, float], into: dict[str, Latent]) -> None:
        """Puts the choice of the branch and the latent domains of the taken one in."""
        into[self.key] = self.latent
        self.branches[int(located[self.key])].live(located, into)

    def grid_at(self, index: int, into: dict[str, Any]) -> None:
        """Puts the member at a place of the grid in: all of the first branch, then of the second, ..."""
        for branch in self.branches:
            if index < branch.grid_count:
                branch.grid_at(index, into)
                return
            index -= branch.grid_count


@dataclass(frozen=True)
class Case:
    """Is a branch that is there for some values of a switch."""

    keys: frozenset[str]
    """`canonical` of the values."""
    branch: Branch


@dataclass(frozen=True)
class Switch:
    """Is a parameter whose value decides which branches are there besides it: none, one or several."""

    leaf: Leaf
    cases: tuple[Case, ...]

    @property
    def names(self) -> frozenset[str]:
        """The names it may emit."""
        return frozenset((self.leaf.name,)).union(*(case.branch.names for case in self.cases))

    @cached_property
    def _branches(self) -> tuple[tuple[Any, Branch], ...]:
        """Each value of the leaf in grid order, and what is there with it."""
        parameter = self.leaf.parameter
        values = [parameter.grid_at(index) for index in range(parameter.grid_count)]
        return tuple((value, self._present(value)) for value in values)

    @property
    def branches(self) -> tuple[Branch, ...]:
        """What is there with each value, in grid order."""
        return tuple(branch for _, branch in self._branches)

    @cached_property
    def _by_value(self) -> dict[str, Branch]:
        return {canonical(value): branch for value, branch in self._branches}

    def _present(self, value: Any) -> Branch:
        key = canonical(value)
        return Branch(tuple(node for case in self.cases if key in case.keys for node in case.branch.nodes))

    @cached_property
    def grid_count(self) -> int:
        """How many grid points it has."""
        return sum(branch.grid_count for _, branch in self._branches)

    @cached_property
    def size(self) -> float:
        """How many different members it has."""
        return sum(branch.size for branch in self._by_value.values())

    def draw(self, choose: Choose, into: dict[str, Any]) -> None:
        """Draws the value, then what is there with it."""
        self.leaf.draw(choose, into)
        self._by_value[canonical(into[self.leaf.name])].draw(choose, into)

    def locate(self, given: Mapping[str, Any], into: dict[str, float]) -> list[str]:
        """Locates the value and what is there with it; gives a problem for what is not."""
        if problems := self.leaf.locate(given, into):
            return problems
        value = self.leaf.parameter.to_value(into[self.leaf.key])
        branch = self._by_value[canonical(value)]
        problems = branch.locate(given, into)
        absent = sorted(self.names - branch.names - {self.leaf.name})
        return problems + [
            f"{shown(name)} is not there when {shown(self.leaf.name)} is {shown(value)}; leave it out."
            for name in absent
            if name in given
        ]

    def live(self, located: Mapping[str, float], into: dict[str, Latent]) -> None:
        """Puts the latent domain of the value in, and those of what is there with it."""
        into[self.leaf.key] = self.leaf.parameter.latent
        value = self.leaf.parameter.to_value(located[self.leaf.key])
        self._by_value[canonical(value)].live(located, into)

    def grid_at(self, index: int, into: dict[str, Any]) -> None:
        """Puts the member at a place of the grid in: all of the first value, then of the second, ..."""
        for value, branch in self._branches:
            if index < branch.grid_count:
                into[self.leaf.name] = detached(value)
                branch.grid_at(index, into)
                return
            index -= branch.grid_count


Node = Leaf | Fixed | Fork | Switch


def walk(branch: Branch) -> Iterator[Leaf | Fixed]:
    """Gives every leaf and fixed value of every branch, in order."""
    for node in branch.nodes:
        if isinstance(node, Fork):
            for each in node.branches:
                yield from walk(each)
        elif isinstance(node, Switch):
            yield node.leaf
            for case in node.cases:
                yield from walk(case.branch)
        else:
            yield node


def always(branch: Branch) -> frozenset[str]:
    """Gives the names that every member of a branch has."""
    found: set[str] = set()
    for node in branch.nodes:
        if isinstance(node, Fork):
            found |= frozenset.intersection(*map(always, node.branches))
        elif isinstance(node, Switch):
            found |= {node.leaf.name, *frozenset.intersection(*map(always, node.branches))}
        else:
            found.add(node.name)
    return frozenset(found)
