"""What every parameter has: a name, a latent domain, both maps, and ClearML's methods."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.latent import Latent
from hpo_widgets.model.parameter_tree import Keys, Leaf, Node
from hpo_widgets.model.parameter_values import canonical, plain, shown

DEFAULT_SEED = 1337
"""ClearML's seed (reference a1)."""


class RandomSeed:
    """Holds the one random source that `Parameter.get_value` draws from (reference a1)."""

    _seed: ClassVar[int] = DEFAULT_SEED
    _random: ClassVar[random.Random] = random.Random(DEFAULT_SEED)

    @staticmethod
    def set_random_seed(seed: int = DEFAULT_SEED) -> None:
        """Starts the source of `get_value` anew from this seed, for the whole process."""
        RandomSeed._seed = seed
        RandomSeed._random = random.Random(seed)

    @staticmethod
    def get_random_seed() -> int:
        """Gives the seed that was set last."""
        return RandomSeed._seed


class Parameter:
    """Is a name and the values it may take. Immutable; compared by value.

    A constructor never raises for values that make no sense: `problems` lists them, `SearchSpace` and the methods that
    need a sound parameter raise `InvalidInput`. The mapping members (`latent` and on) may only be used when there are
    no problems.
    """

    fields: ClassVar[tuple[str, ...]] = ("name",)
    """Constructor arguments in order; each is also an attribute."""
    renamed: ClassVar[Mapping[str, str]] = {"include_max_value": "include_max"}
    """Constructor argument to its key in ClearML's stored form."""
    kinds: ClassVar[dict[str, type[Parameter]]] = {}
    """Every class by its name, except those that ClearML's stored form has no word for."""

    name: Any

    def __init__(self, name: str | None) -> None:
        self._freeze(name=name)

    def __init_subclass__(cls, *, registered: bool = True, **options: Any) -> None:
        super().__init_subclass__(**options)
        if registered:
            Parameter.kinds.setdefault(cls.__name__, cls)

    def _freeze(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)

    def __setattr__(self, attribute: str, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable; make a new one instead of setting {attribute}.")

    __delattr__ = __setattr__  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Parameter):
            return NotImplemented
        return type(self) is type(other) and self.canonical() == other.canonical()

    def __hash__(self) -> int:
        return hash(self.canonical())

    def __repr__(self) -> str:
        inside = ", ".join(f"{field}={getattr(self, field)!r}" for field in self.fields)
        return f"{type(self).__name__}({inside})"

    def canonical(self) -> str:
        """Gives a text that is equal for equal parameters only."""
        return f"{type(self).__name__}({','.join(canonical(getattr(self, field)) for field in self.fields)})"

    def named(self, name: str | None) -> Self:
        """Gives the same range under another name."""
        twin = type(self).__new__(type(self))
        twin.__dict__.update(self.__dict__, name=name)
        return twin

    def noted(self, problems: list[str]) -> Self:
        """Gives the same parameter with problems that were found before it was made (by the shorthand)."""
        twin = self.named(self.name)
        twin.__dict__["_notes"] = tuple(problems)
        return twin

    def problems(self) -> list[str]:
        """Lists all that is wrong: what was given, what is allowed, what to do."""
        found = [] if isinstance(self.name, str) and self.name else [self._name_problem()]
        label = shown(self.name) if isinstance(self.name, str) else "without a name"
        return found + [f"parameter {label}: {problem}" for problem in self.value_problems()]

    def value_problems(self) -> list[str]:
        """Lists what is wrong with the values, whatever the name."""
        noted: tuple[str, ...] = self.__dict__.get("_notes", ())
        return list(noted) or self._find_problems()

    def _name_problem(self) -> str:
        return f"a parameter has the name {shown(self.name)}; give a text that is not empty."

    def _find_problems(self) -> list[str]:
        return [f"{type(self).__name__} has no values; use one of {', '.join(sorted(Parameter.kinds))}."]

    def check(self) -> None:
        """Does nothing for a sound parameter.

        Raises:
            InvalidInput: With all its problems.
        """
        if problems := self.problems():
            raise InvalidInput(problems, subject="search space")

    def get_value(self) -> dict[str, Any]:
        """Draws one value from the process-wide source (see `RandomSeed`), as `{name: value}`."""
        self.check()
        return {self.name: self.to_value(self.latent.draw(RandomSeed._random))}

    def to_list(self) -> list[dict[str, Any]]:
        """Gives all grid values in order, as `[{name: value}, ...]`."""
        self.check()
        return [{self.name: self.grid_at(index)} for index in range(self.grid_count)]

    def to_dict(self) -> dict[str, Any]:
        """Gives ClearML's stored form: `type`, and the attributes by ClearML's names."""
        data = {self.renamed.get(field, field): getattr(self, field) for field in self.fields}
        return {"type": type(self).__name__, **data}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Parameter:
        """Reads ClearML's stored form or the keyword form of its command line; optional keys may be missing.

        Raises:
            InvalidInput: For an unknown type, unknown keys or missing ones.
        """
        rest = dict(data)
        kind = Parameter.kinds.get(str(rest.pop("type", cls.__name__)))
        if kind is None or kind is Parameter or not issubclass(kind, cls):
            known = ", ".join(sorted(name for name, each in Parameter.kinds.items() if issubclass(each, cls)))
            raise InvalidInput(f"the parameter type {shown(data.get('type'))} is unknown; use one of {known}.")
        return kind._from_keys(rest)

    @classmethod
    def _from_keys(cls, rest: dict[str, Any]) -> Parameter:
        keys = {stored: field for field, stored in cls.renamed.items() if field in cls.fields}
        arguments = {keys.get(key, key): plain(value) for key, value in rest.items()}
        label = shown(rest.get("name"))
        problems = [
            f"parameter {label}: {key!r} is not known; {cls.__name__} takes {', '.join(cls.fields)}."
            for key in arguments
            if key not in cls.fields
        ]
        if len(arguments) < len(rest):
            problems.append(f"parameter {label}: include_max and include_max_value are one thing; give one of them.")
        if not problems:
            try:
                return cls(**arguments)
            except TypeError as error:
                problems.append(f"parameter {label}: {error}; give all of its range.")
        raise InvalidInput(problems, subject="search space")

    def grow(self, name: str, prefix: str, keys: Keys) -> Node:
        """Gives the node of the search space's tree that emits this parameter under a name."""
        return Leaf(keys.leaf(prefix, name), name, self if self.name == name else self.named(name))

    def names(self, name: Any) -> set[str]:
        """Gives the names this parameter may emit when it stands under a name."""
        return {name} if isinstance(name, str) else set()

    # What a kind of parameter defines.

    @property
    def latent(self) -> Latent:
        """The domain a sampler sees."""
        raise NotImplementedError

    def to_value(self, latent: float) -> Any:
        """Gives the parameter's own value behind a latent one."""
        raise NotImplementedError

    def to_latent(self, value: Any) -> float:
        """Gives the latent value behind one of the parameter's own, within float rounding.

        Raises:
            InvalidInput: When the value is not a member.
        """
        raise NotImplementedError

    def contains(self, value: Any) -> bool:
        """Tells whether a value is a member, within float rounding."""
        try:
            self.to_latent(value)
        except InvalidInput:
            return False
        return True

    @property
    def size(self) -> float:
        """How many different values there are, infinite for a continuous range."""
        return self.latent.size

    @property
    def grid_count(self) -> int:
        """How many grid values there are."""
        raise NotImplementedError

    def grid_at(self, index: int) -> Any:
        """Gives the grid value at 0..grid_count-1."""
        raise NotImplementedError

    def not_a_member(self, value: Any, allowed: str) -> InvalidInput:
        """Makes the error for a value that does not belong to the parameter."""
        return InvalidInput(f"{shown(self.name)} is {shown(value)}; allowed is {allowed}.")
