"""Choices: a list of values, and a list of combinations with parameters of their own (a conditional space)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.latent import CategoricalLatent, Latent
from hpo_widgets.model.parameter_base import Parameter, RandomSeed
from hpo_widgets.model.parameter_steps import TOLERANCE
from hpo_widgets.model.parameter_tree import Branch, Fixed, Fork, Keys, Node
from hpo_widgets.model.parameter_values import canonical, detached, plain, shown, value_problem


def _as_tuple(values: Any) -> Any:
    """Gives the items of a list-like as a tuple; leaves what has no order, or is a text, for `problems` to name."""
    if isinstance(values, (str, bytes, Mapping, set, frozenset)) or not isinstance(values, Iterable):
        return values
    return tuple(values)


class DiscreteParameterRange(Parameter):
    """Is a list of values, each equally likely, without order for a sampler; the grid keeps the order.

    Numpy scalars become Python values. A value that stands twice is twice as likely. One value fixes the parameter.
    """

    fields: ClassVar[tuple[str, ...]] = ("name", "values")

    values: Any

    def __init__(self, name: str | None, values: Sequence[Any] = ()) -> None:
        super().__init__(name)
        items = _as_tuple(values)
        self._freeze(values=plain(items) if isinstance(items, tuple) else items)

    def _find_problems(self) -> list[str]:
        if not isinstance(self.values, tuple):
            return [f"values is {shown(self.values)}; give a list of the values to choose from."]
        if not self.values:
            return ["values is empty; give at least one value."]
        return [f"{problem}." for problem in map(value_problem, self.values) if problem]

    @cached_property
    def _index(self) -> dict[str, int]:
        return {canonical(value): index for index, value in reversed(list(enumerate(self.values)))}

    @property
    def latent(self) -> Latent:
        """The index of the value."""
        return CategoricalLatent(len(self.values))

    def to_value(self, latent: float) -> Any:
        """Gives the value at an index; a list or dict is a copy of its own."""
        return detached(self.values[int(latent)])

    def to_latent(self, value: Any) -> float:
        """Gives the first index of a value; a float may differ by rounding.

        Raises:
            InvalidInput: When it is none of the values.
        """
        value = plain(value)
        index = self._index.get(canonical(value))
        if index is None and type(value) is float:
            near = TOLERANCE * abs(value)
            same = (i for i, v in enumerate(self.values) if type(v) is float and abs(v - value) <= near)
            index = next(same, None)
        if index is None:
            raise self.not_a_member(value, f"one of {shown(list(self.values))}")
        return index

    @property
    def size(self) -> float:
        """How many different values there are."""
        return len(self._index)

    @property
    def grid_count(self) -> int:
        """How many values there are."""
        return len(self.values)

    def grid_at(self, index: int) -> Any:
        """Gives the value at an index."""
        return self.to_value(index)

    def to_dict(self) -> dict[str, Any]:
        """Gives ClearML's stored form; values as a list."""
        return super().to_dict() | {"values": list(self.values) if isinstance(self.values, tuple) else self.values}


class ParameterSet(Parameter):
    """Is a list of combinations, one of which is taken: each a dict of fixed values and nested parameters.

    Combinations may have different keys. A nested parameter is emitted under its key in the dict (ClearML emits its own
    `.name`, reference a1; the two agree in every sensible script). The key of a nested `ParameterSet` is not emitted.
    """

    fields: ClassVar[tuple[str, ...]] = ("parameter_combinations",)
    renamed: ClassVar[Mapping[str, str]] = {"parameter_combinations": "values"}

    values: Any

    def __init__(self, parameter_combinations: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__(None)
        items = _as_tuple(parameter_combinations)
        if isinstance(items, tuple):
            items = tuple(dict(item) if isinstance(item, Mapping) else item for item in items)
            items = tuple(plain(item) for item in items)
        self._freeze(values=items)

    @property
    def parameter_combinations(self) -> Any:
        """The combinations (`values` in ClearML)."""
        return self.values

    def canonical(self) -> str:
        """Gives a text that is equal for equal sets only."""
        if not isinstance(self.values, tuple):
            return f"ParameterSet({canonical(self.values)})"
        return f"ParameterSet({','.join(map(_canonical_combination, self.values))})"

    def problems(self) -> list[str]:
        """Lists all that is wrong with the combinations and the parameters in them."""
        return [f"parameter set: {problem}" for problem in self.value_problems()]

    def _find_problems(self) -> list[str]:
        if not isinstance(self.values, tuple):
            return [f"parameter_combinations is {shown(self.values)}; give a list of dicts."]
        if not self.values:
            return ["parameter_combinations is empty; give at least one dict."]
        return [text for number, item in enumerate(self.values) for text in _combination_problems(number, item)]

    @property
    def latent(self) -> Latent:
        """The index of the combination."""
        return CategoricalLatent(len(self.values))

    def grow(self, name: str, prefix: str, keys: Keys) -> Node:
        """Gives the fork over the combinations."""
        key = keys.fork(prefix)
        branches = [_grow_branch(item, f"{key}.{number}/", keys) for number, item in enumerate(self.values)]
        return Fork(key, tuple(branches))

    def names(self, name: Any) -> set[str]:
        """Gives the names that any combination may emit."""
        items = self.values if isinstance(self.values, tuple) else ()
        return {each for item in items if isinstance(item, dict) for pair in item.items() for each in _names(*pair)}

    def get_value(self) -> dict[str, Any]:
        """Draws a combination, then each parameter nested in it."""
        self.check()
        member: dict[str, Any] = {}
        self.grow("", "", Keys()).draw(lambda _key, latent: latent.draw(RandomSeed._random), member)
        return member

    def to_list(self) -> list[dict[str, Any]]:
        """Gives for each combination the product of its nested parameters, last fastest."""
        self.check()
        tree = self.grow("", "", Keys())
        members: list[dict[str, Any]] = [{} for _ in range(tree.grid_count)]
        for index, member in enumerate(members):
            tree.grid_at(index, member)
        return members

    def to_dict(self) -> dict[str, Any]:
        """Gives ClearML's stored form, with nested parameters in theirs (ClearML stores their repr, issue 1203)."""
        if not isinstance(self.values, tuple):
            return {"type": "ParameterSet", "name": None, "values": self.values}
        combinations = [
            {key: each.to_dict() if isinstance(each, Parameter) else each for key, each in item.items()}
            for item in self.values
        ]
        return {"type": "ParameterSet", "name": None, "values": combinations}

    @classmethod
    def _from_keys(cls, rest: dict[str, Any]) -> Parameter:
        keys = {key: value for key, value in rest.items() if key != "name"}
        extra = [key for key in keys if key not in ("values", "parameter_combinations")]
        if extra or len(keys) != 1:
            given = ", ".join(map(repr, rest)) or "nothing"
            raise InvalidInput(f"a ParameterSet has the one key 'values', a list of dicts; given was {given}.")
        (values,) = keys.values()
        if not isinstance(values, (list, tuple)):
            return cls(values)
        return cls([_read_combination(item) if isinstance(item, Mapping) else item for item in values])


def _grow_branch(item: dict[str, Any], prefix: str, keys: Keys) -> Branch:
    return Branch(
        tuple(
            each.grow(name, prefix, keys) if isinstance(each, Parameter) else Fixed(name, each)
            for name, each in item.items()
        )
    )


def _names(key: Any, each: Any) -> set[str]:
    if isinstance(each, Parameter):
        return each.names(key)
    return {key} if isinstance(key, str) else set()


def _read_combination(item: Mapping[str, Any]) -> dict[str, Any]:
    """Reads nested parameters: dicts whose `type` names a parameter class."""

    def read(key: str, each: Any) -> Any:
        if isinstance(each, Mapping) and each.get("type") in Parameter.kinds:
            return Parameter.from_dict(each if "name" in each else {"name": key, **each})
        return each

    return {key: read(key, each) for key, each in item.items()}


def _canonical_combination(item: Any) -> str:
    if not isinstance(item, dict):
        return canonical(item)
    parts = (
        f"{canonical(key)}:{each.canonical() if isinstance(each, Parameter) else canonical(each)}"
        for key, each in item.items()
    )
    return "{" + ",".join(parts) + "}"


def _combination_problems(number: int, item: Any) -> list[str]:
    if not isinstance(item, dict):
        return [f"combination {number} is {shown(item)}; give a dict of names and values."]
    found: list[str] = []
    for key, each in item.items():
        label = f"combination {number}, {shown(key)}"
        if not isinstance(key, str) or not key:
            found.append(f"{label}: give a name that is a text and not empty.")
        if isinstance(each, Parameter):
            found += [f"{label}: {problem}" for problem in each.value_problems()]
        elif problem := value_problem(each):
            found.append(f"{label}: {problem}.")
    seen: set[str] = set()
    for key, each in item.items():
        mine = _names(key, each)
        found += [f"combination {number}: {shown(name)} is given twice; keep one." for name in sorted(mine & seen)]
        seen |= mine
    return found
