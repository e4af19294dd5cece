"""The search space: parameters, checked together, with one meaning for every strategy."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, overload

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.constraint import as_constraints, constraint_problems, constraints_from_json
from hpo_widgets.model.latent import Latent
from hpo_widgets.model.parameter_base import Parameter
from hpo_widgets.model.parameter_choices import DiscreteParameterRange, ParameterSet
from hpo_widgets.model.parameter_tree import Branch, Choose, Fixed, Keys, Leaf, always, walk
from hpo_widgets.model.parameter_values import canonical, plain, shown


def parameters_key(parameters: Mapping[str, Any]) -> str:
    """Gives 32 hexadecimal digits that are equal for equal parameters only, whatever their order or space."""
    text = ",".join(sorted(f"{canonical(name)}={canonical(value)}" for name, value in parameters.items()))
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class SearchSpace(Sequence[Parameter]):
    """Is a sequence of parameters that are sound and have different names. Immutable; compared by value.

    A member is a dict of values by name. With a `ParameterSet` the names differ between members.

    Args:
        parameters: In order.
        constraints: Texts such as `"a + b <= 10"`, or functions of a member: what breaks one is no member.

    Raises:
        InvalidInput: With the problems of all parameters, duplicates included.
    """

    def __init__(self, parameters: Iterable[Parameter], constraints: Any = ()) -> None:
        self._parameters = tuple(parameters)
        self.constraints = as_constraints(constraints)
        if problems := _problems(self._parameters):
            raise InvalidInput(problems, subject="search space")
        keys = Keys(each.name for each in self._parameters if each.name is not None)
        self._tree = Branch(tuple(each.grow(each.name, "", keys) for each in self._parameters))
        self._names = tuple(dict.fromkeys(each.name for each in walk(self._tree)))
        if unknown := constraint_problems(self.constraints, self._names):
            raise InvalidInput(unknown, subject="search space")

    @overload
    def __getitem__(self, index: int) -> Parameter: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Parameter]: ...
    def __getitem__(self, index: int | slice) -> Parameter | Sequence[Parameter]:
        return self._parameters[index]

    def __len__(self) -> int:
        return len(self._parameters)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SearchSpace):
            return NotImplemented
        return self._parameters == other._parameters and self.constraints == other.constraints

    def __hash__(self) -> int:
        return hash(self._parameters)

    def __repr__(self) -> str:
        bound = f", {[each.text for each in self.constraints]}" if self.constraints else ""
        return f"SearchSpace({list(self._parameters)!r}{bound})"

    def with_constraints(self, constraints: Any) -> SearchSpace:
        """Gives the same parameters under these constraints.

        Raises:
            InvalidInput: For constraints that cannot be read, or name what the space does not have.
        """
        return SearchSpace(self._parameters, constraints)

    def broken(self, parameters: Mapping[str, Any]) -> list[str]:
        """Gives a sentence for each constraint that the parameters break.

        Raises:
            InvalidInput: When a constraint cannot be computed.
        """
        return [
            f"the constraint {shown(each.text)} does not hold for {_values(each.names, parameters)}."
            for each in self.constraints
            if not each.holds(parameters, self._names)
        ]

    def allows(self, parameters: Mapping[str, Any]) -> bool:
        """Tells whether the parameters keep all constraints; that they are members otherwise is not looked at."""
        return all(each.holds(parameters, self._names) for each in self.constraints)

    @property
    def names(self) -> tuple[str, ...]:
        """All names that any member may have, in order."""
        return self._names

    @property
    def fixed(self) -> dict[str, Any]:
        """What is not searched: name to value of the parameters for which one value was given."""
        single = (each for each in self._parameters if isinstance(each, DiscreteParameterRange))
        return {each.name: each.values[0] for each in single if each.name is not None and len(each.values) == 1}

    def leaves(self) -> Iterator[Leaf | Fixed]:
        """Gives every parameter and fixed value of every combination, in order; names may occur more than once."""
        return walk(self._tree)

    @property
    def sometimes(self) -> frozenset[str]:
        """The names that some members have and others have not."""
        return frozenset(self._names) - always(self._tree)

    @property
    def is_conditional(self) -> bool:
        """Whether a value decides which other parameters there are."""
        return any(isinstance(each, ParameterSet) for each in self._parameters)

    @property
    def size(self) -> float:
        """How many different members there are, whatever the constraints; `math.inf` when a range is continuous."""
        return self._tree.size

    @property
    def grid_size(self) -> int:
        """How many points the grid has."""
        return self._tree.grid_count

    def grid(self) -> Iterator[dict[str, Any]]:
        """Gives the grid's points one by one: the product in order, the last parameter fastest."""
        return map(self.grid_at, range(self.grid_size))

    def grid_at(self, index: int) -> dict[str, Any]:
        """Gives the grid's point at 0..grid_size-1, without making those before it."""
        if not 0 <= index < self.grid_size:
            raise IndexError(f"the grid has {self.grid_size} points; {index} is none of them.")
        member: dict[str, Any] = {}
        self._tree.grid_at(index, member)
        return member

    def draw(self, choose: Choose) -> dict[str, Any]:
        """Makes a member, asking for the latent value of each live node.

        Args:
            choose: Is called with a node's key and latent domain, in order; first the choice of a branch, then what is
                in it. Keys are unique in the space and stable; the key of a parameter outside sets is its name.
        """
        member: dict[str, Any] = {}
        self._tree.draw(choose, member)
        return member

    def locate(self, parameters: Mapping[str, Any]) -> dict[str, float]:
        """Gives the latent values of a member by key: the inverse of `draw`.

        Raises:
            InvalidInput: When it is no member, naming every unknown, missing or impossible value, else every constraint
                that it breaks.
        """
        given = {name: plain(value) for name, value in parameters.items()}
        known = set(self._names)
        problems = [self._unknown(name) for name in given if name not in known]
        located: dict[str, float] = {}
        problems += self._tree.locate(given, located)
        problems = problems or self.broken(given)
        if problems:
            raise InvalidInput(problems, subject="parameters")
        return located

    def _unknown(self, name: Any) -> str:
        close = get_close_matches(str(name), self._names, n=3)
        hint = f"did you mean {' or '.join(map(shown, close))}?" if close else "leave it out."
        listed = shown(", ".join(self._names))
        return f"{shown(name)} is not a parameter of the search space (which has {listed}); {hint}"

    def nodes(self, located: Mapping[str, float]) -> dict[str, Latent]:
        """Gives the latent domains of the live nodes of a located member, by key."""
        found: dict[str, Latent] = {}
        self._tree.live(located, found)
        return found

    def contains(self, parameters: Mapping[str, Any]) -> bool:
        """Tells whether these are a member."""
        try:
            self.locate(parameters)
        except InvalidInput:
            return False
        return True

    def key(self, parameters: Mapping[str, Any]) -> str:
        """Gives a text that is equal for equal parameters only, members or not; see `parameters_key`."""
        return parameters_key(parameters)

    def to_json(self) -> dict[str, Any]:
        """Gives the stored form: lossless and versioned."""
        from hpo_widgets.model.space_json import space_to_json

        return space_to_json(self)

    @classmethod
    def from_json(cls, data: Any) -> SearchSpace:
        """Reads the stored form.

        Raises:
            InvalidInput: When it is not one, is of a newer version, or its parameters are not sound.
        """
        from hpo_widgets.model.space_json import parameters_from_json

        parameters = parameters_from_json(data)
        return cls(parameters, constraints_from_json(data.get("constraints", [])))


def _problems(parameters: tuple[Any, ...]) -> list[str]:
    if not parameters:
        return ["the search space is empty; give at least one parameter."]
    found: list[str] = []
    seen: dict[str, str] = {}
    for each in parameters:
        if not isinstance(each, Parameter):
            found.append(f"{shown(each)} is a {type(each).__name__}, not a parameter; use one of {_kinds()}.")
            continue
        found += each.problems()
        where = _where(each)
        for name in sorted(each.names(each.name)):
            if name in seen:
                found.append(f"the name {shown(name)} is given by {seen[name]} and again by {where}; keep one of them.")
            seen[name] = where
    return found


def _values(names: frozenset[str], parameters: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {shown(value)}" for name, value in parameters.items() if not names or name in names)


def _where(parameter: Parameter) -> str:
    if isinstance(parameter, ParameterSet):
        return "a parameter set" if parameter.name is None else f"the conditions on {shown(parameter.name)}"
    return "a parameter"


def _kinds() -> str:
    return ", ".join(sorted(Parameter.kinds))
