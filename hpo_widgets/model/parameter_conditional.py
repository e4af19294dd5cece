"""A parameter whose value decides which others there are: "momentum, only when the optimizer is sgd"."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameter_base import Parameter
from hpo_widgets.model.parameter_choices import DiscreteParameterRange, ParameterSet
from hpo_widgets.model.parameter_ranges import UniformIntegerParameterRange
from hpo_widgets.model.parameter_tree import Branch, Case, Keys, Node, Switch
from hpo_widgets.model.parameter_values import canonical, plain, shown

MOST_VALUES = 1000
"""Values a deciding parameter may have."""


@dataclass(frozen=True)
class When:
    """Is one case: for these values of the deciding parameter, these parameters are there."""

    values: tuple[Any, ...]
    parameters: tuple[Parameter, ...]

    @cached_property
    def keys(self) -> frozenset[str]:
        """The values in a form that compares by type and value."""
        return frozenset(map(canonical, self.values))


class ConditionalParameter(ParameterSet, registered=False):
    """Is a parameter with few values, and what comes with some of them. See `hpo_widgets.when`.

    It is a `ParameterSet` too: one combination for each value. Unlike one, it shares a case between the values of the
    case, so that a sampler learns one distribution for it.
    """

    fields: ClassVar[tuple[str, ...]] = ("parameter", "cases")

    parameter: Parameter
    cases: tuple[When, ...]

    def __init__(self, parameter: Parameter, cases: Iterable[When]) -> None:
        Parameter.__init__(self, parameter.name)
        self._freeze(parameter=parameter, cases=_joined(cases))

    def named(self, name: str | None) -> Self:
        """Gives the same under another name of the deciding parameter."""
        twin = type(self)(self.parameter.named(name), self.cases)
        twin.__dict__.update({key: value for key, value in self.__dict__.items() if key == "_notes"})
        return twin

    @cached_property
    def values(self) -> Any:
        """A combination for each value, in order, as in a `ParameterSet`."""
        return tuple(dict(self._combination(value)) for value in self._decisions())

    def _combination(self, value: Any) -> Iterator[tuple[str, Any]]:
        yield self.parameter.name, value
        for number, each in enumerate(self.present(value)):
            nameless = isinstance(each, ParameterSet) and not isinstance(each, ConditionalParameter)
            yield f"set {number}" if nameless else str(each.name), each

    def _decisions(self) -> list[Any]:
        return [self.parameter.grid_at(index) for index in range(self.parameter.grid_count)]

    def present(self, value: Any) -> list[Parameter]:
        """Gives the parameters that are there for a value of the deciding one."""
        key = canonical(value)
        return [each for case in self.cases if key in case.keys for each in case.parameters]

    def with_case(self, values: tuple[Any, ...], parameters: Sequence[Parameter]) -> ConditionalParameter:
        """Gives the same with one more case; for the same values as a case has, it joins that one."""
        return ConditionalParameter(self.parameter, [*self.cases, When(values, tuple(parameters))])

    def canonical(self) -> str:
        """Gives a text that is equal for equal parameters only."""
        cases = (
            f"[{','.join(map(canonical, case.values))}:{','.join(each.canonical() for each in case.parameters)}]"
            for case in self.cases
        )
        return f"ConditionalParameter({self.parameter.canonical()};{','.join(cases)})"

    def __repr__(self) -> str:
        return f"ConditionalParameter({self.parameter!r}, {list(self.cases)!r})"

    def problems(self) -> list[str]:
        """Lists all that is wrong with the deciding parameter and with those in its cases."""
        found = self.parameter.problems() or list(self._deciding_problems())
        found += [problem for case in self.cases for each in case.parameters for problem in each.problems()]
        return found or list(self._repeated())

    def value_problems(self) -> list[str]:
        """Lists all that is wrong; the name is part of it."""
        return self.problems()

    def _deciding_problems(self) -> Iterator[str]:
        if not isinstance(self.parameter, (DiscreteParameterRange, UniformIntegerParameterRange)):
            yield (
                f"parameter {shown(self.name)}: other parameters depend on it, so it must be a list of values or whole "
                "numbers; give choices."
            )
        elif self.parameter.grid_count > MOST_VALUES:
            yield (
                f"parameter {shown(self.name)}: other parameters depend on it and it has "
                f"{self.parameter.grid_count:,} values; give at most {MOST_VALUES:,}."
            )

    def _repeated(self) -> Iterator[str]:
        said: set[str] = set()
        for value in self._decisions():
            seen = {self.name}
            for each in self.present(value):
                mine = each.names(each.name)
                for name in sorted((mine & seen) - said):
                    said.add(name)
                    yield f"{shown(name)} is there twice when {shown(self.name)} is {shown(value)}; keep one of them."
                seen |= mine

    def names(self, name: Any) -> set[str]:
        """Gives the names that may be emitted."""
        inside = (each.names(each.name) for case in self.cases for each in case.parameters)
        return {self.name}.union(*inside)

    def grow(self, name: str, prefix: str, keys: Keys) -> Node:
        """Gives the node of the deciding parameter with its cases."""
        leaf = self.parameter.grow(self.name, prefix, keys)
        cases = []
        for number, case in enumerate(self.cases):
            inside = f"{prefix}{self.name}={number}/"
            nodes = tuple(each.grow(str(each.name), inside, keys) for each in case.parameters)
            cases.append(Case(case.keys, Branch(nodes)))
        return Switch(leaf, tuple(cases))  # type: ignore[arg-type]


def _joined(cases: Iterable[When]) -> tuple[When, ...]:
    """Gives the cases with those for the same values made one, and without those that say nothing."""
    found: dict[frozenset[str], When] = {}
    for case in cases:
        values = tuple({canonical(value): value for value in case.values}.values())
        before = found.get(case.keys, When(values, ()))
        found[case.keys] = When(before.values, (*before.parameters, *case.parameters))
    return tuple(case for case in found.values() if case.values and case.parameters)


def searched(parameters: Iterable[Parameter]) -> list[Parameter]:
    """Gives the parameters one by one, those under conditions too; a name with several ranges is left out."""
    found = list(_flat(parameters))
    names = [each.name for each in found]
    return [each for each in found if each.name is None or names.count(each.name) == 1]


def _flat(parameters: Iterable[Parameter]) -> Iterator[Parameter]:
    for each in parameters:
        if isinstance(each, ConditionalParameter):
            yield each.parameter
            for case in each.cases:
                yield from _flat(case.parameters)
        else:
            yield each


def loosened(parameter: ConditionalParameter) -> tuple[Parameter, list[Condition]]:
    """Gives the deciding parameter and a condition for each parameter that depends on it: `attached` undoes it."""
    conditions: list[Condition] = []
    for case in parameter.cases:
        for each in case.parameters:
            own, inner = loosened(each) if isinstance(each, ConditionalParameter) else (each, [])
            conditions += [Condition(parameter.name, case.values, (own,)), *inner]
    return parameter.parameter, conditions


def attached(parameters: Sequence[Parameter], conditions: Iterable[Condition]) -> list[Parameter]:
    """Gives the parameters with each condition hung on the parameter it names, at any depth and in any order.

    Raises:
        InvalidInput: For every condition on a name that is not there, or on a value that it never has.
    """
    found, waiting, problems = list(parameters), list(conditions), []
    while waiting:
        left = []
        for condition in waiting:
            if condition.on in {name for each in found for name in each.names(each.name)}:
                found, hung = _hang(found, condition)
                if not hung:
                    problems.append(_never(condition))
            else:
                left.append(condition)
        if len(left) == len(waiting):
            known = sorted({name for each in found for name in each.names(each.name)})
            problems += [_unknown(condition, known) for condition in left]
            break
        waiting = left
    if problems:
        raise InvalidInput(problems, subject="search space")
    return found


def _hang(parameters: Sequence[Parameter], condition: Condition) -> tuple[list[Parameter], bool]:
    found: list[Parameter] = []
    hung = False
    for each in parameters:
        if isinstance(each, ConditionalParameter):
            if each.name == condition.on:
                fitting = _fitting(each.parameter, condition.values)
                found.append(each.with_case(fitting, condition.parameters) if fitting else each)
                hung = hung or bool(fitting)
                continue
            cases = []
            for case in each.cases:
                inside, done = _hang(case.parameters, condition)
                cases.append(When(case.values, tuple(inside)))
                hung = hung or done
            found.append(ConditionalParameter(each.parameter, cases))
        elif each.name == condition.on and not isinstance(each, ParameterSet):
            fitting = _fitting(each, condition.values)
            found.append(ConditionalParameter(each, [When(fitting, condition.parameters)]) if fitting else each)
            hung = hung or bool(fitting)
        else:
            found.append(each)
    return found, hung


def _fitting(parameter: Parameter, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Gives the values as the parameter itself has them; one it never has makes all of them not fit."""
    if parameter.problems() or not isinstance(parameter, (DiscreteParameterRange, UniformIntegerParameterRange)):
        return values  # told by the parameter's own problems
    if not all(map(parameter.contains, values)):
        return ()
    return tuple(parameter.to_value(parameter.to_latent(value)) for value in values)


@dataclass(frozen=True, slots=True)
class Condition:
    """Is what `when` says, before it hangs on its parameter."""

    on: str
    values: tuple[Any, ...]
    parameters: tuple[Parameter, ...]
    then: Any = None
    """The search space as a person gave it; a `SearchSpace` reads it."""

    def keys(self) -> list[str]:
        """Makes `**when(...)` work inside a dict: one key that no parameter has."""
        return [f"when {self.on} is {', '.join(map(shown, self.values))} ({id(self)})"]

    def __getitem__(self, key: str) -> Condition:
        return self

    @property
    def text(self) -> str:
        """The condition for people."""
        return f"{self.on} is {' or '.join(map(shown, self.values))}"


def _never(condition: Condition) -> str:
    return (
        f"the condition {condition.text!r}: {shown(condition.on)} never has all of these values, or is part of a "
        "parameter set; give values of its own."
    )


def _unknown(condition: Condition, known: Sequence[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(condition.on, known, n=3)
    hint = f"did you mean {' or '.join(map(shown, close))}?" if close else f"the space has {', '.join(known)}."
    return f"the condition {condition.text!r}: there is no parameter {shown(condition.on)}; {hint}"


def condition_values(values: Any) -> tuple[Any, ...]:
    """Gives the values of a condition as a tuple: a list is several, anything else is one."""
    values = plain(values)
    several = isinstance(values, (list, tuple, set, frozenset, range)) and not isinstance(values, Mapping)
    return tuple(values) if several else (values,)
