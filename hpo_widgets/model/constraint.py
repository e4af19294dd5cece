"""Constraints between parameters: an expression as text, or a function; what breaks one is never proposed.

An expression is read by `ast` and computed by the few operations listed here: nothing of it is ever run as Python.
"""

from __future__ import annotations

import ast
import operator
import re
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameter_values import shown

LONGEST = 2000
"""Characters of an expression."""
Compute = Callable[[Mapping[str, Any]], Any]
ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod,
}  # fmt: skip
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Eq: operator.eq,
    ast.NotEq: operator.ne, ast.In: lambda a, b: a in b, ast.NotIn: lambda a, b: a not in b,
}  # fmt: skip
SIGNS: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
}
FUNCTIONS: dict[str, Callable[..., Any]] = {"abs": abs, "min": min, "max": max}
ALLOWED = "numbers, texts, names of parameters, + - * / // %, < <= > >= == !=, in, and, or, not, abs, min, max"
_QUOTED = re.compile(r"`([^`]*)`")


@dataclass(frozen=True)
class Expression:
    """Is a constraint as text: `a + 2*b <= 10`, `` `Args/low` < `Args/high` ``. It holds where a name is not there.

    Raises:
        InvalidInput: When it cannot be read, or is no comparison.
    """

    text: str
    _compute: Compute = field(init=False, repr=False, compare=False)
    names: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.text, str) or len(self.text) > LONGEST:
            raise InvalidInput(f"{shown(self.text)} is no constraint; give a text such as 'a <= b', or a function.")
        object.__setattr__(self, "text", self.text.strip())
        reader = _Reader(self.text)
        object.__setattr__(self, "_compute", reader.compute)
        object.__setattr__(self, "names", frozenset(reader.names))

    def __reduce__(self) -> tuple[Any, ...]:
        return Expression, (self.text,)

    def holds(self, member: Mapping[str, Any], known: Collection[str] = ()) -> bool:
        """Tells whether parameters keep it.

        Raises:
            InvalidInput: When it cannot be computed for these values.
        """
        if not self.names <= member.keys():
            return True
        try:
            return bool(self._compute(member))
        except ZeroDivisionError:
            return False
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            values = ", ".join(f"{name} = {shown(member[name])}" for name in sorted(self.names))
            raise InvalidInput(
                f"the constraint {shown(self.text)} cannot be computed for {values}: {error}.", subject="constraints"
            ) from None

    def to_json(self) -> Any:
        """Gives the stored form."""
        return self.text


@dataclass(frozen=True)
class Predicate:
    """Is a constraint as a function of the parameters, a dict; the store keeps it as it keeps the base task.

    Read from the store it is only its text: nothing of it runs before somebody starts the study.
    """

    text: str
    """What people see."""
    code: str | None = None
    """Hash of the function in the store."""
    function: Callable[[dict[str, Any]], Any] | None = field(default=None, repr=False, compare=False)
    names: frozenset[str] = frozenset()

    def holds(self, member: Mapping[str, Any], known: Collection[str] = ()) -> bool:
        """Tells whether parameters keep it; it does where it looks at a known name that is not there.

        Raises:
            InvalidInput: When the function raises anything else.
        """
        if self.function is None:
            return True
        try:
            return bool(self.function(dict(member)))
        except KeyError as error:
            if error.args and error.args[0] in known:
                return True
            raise self._failed(error, known) from error
        except Exception as error:
            raise self._failed(error, known) from error

    def _failed(self, error: Exception, known: Collection[str]) -> InvalidInput:
        hint = ""
        if isinstance(error, KeyError) and error.args:
            close = get_close_matches(str(error.args[0]), list(known), n=3)
            hint = f" Did you mean {' or '.join(map(shown, close))}?" if close else ""
        return InvalidInput(
            f"the constraint {shown(self.text)} raised {type(error).__name__}: {error}.{hint}", subject="constraints"
        )

    def to_json(self) -> Any:
        """Gives the stored form."""
        if self.code is None:
            raise InvalidInput(
                f"the constraint {shown(self.text)} is a function, which no file or form can hold; give it as text, or "
                "to tune(constraints=...).",
                subject="constraints",
            )
        return {"function": self.text, "code": self.code}


Constraint = Expression | Predicate


def as_constraints(given: Any) -> tuple[Constraint, ...]:
    """Gives the constraints a person means: one or a list of texts and functions.

    Raises:
        InvalidInput: With the problems of all.
    """
    if given is None:
        return ()
    several = isinstance(given, Iterable) and not isinstance(given, (str, bytes, Mapping))
    found: list[Constraint] = []
    problems: list[str] = []
    for each in given if several else (given,):
        try:
            found.append(_as_constraint(each))
        except InvalidInput as error:
            problems += error.problems
    if problems:
        raise InvalidInput(problems, subject="constraints")
    return tuple(found)


def _as_constraint(given: Any) -> Constraint:
    if isinstance(given, (Expression, Predicate)):
        return given
    if isinstance(given, str):
        return Expression(given)
    if callable(given):
        return Predicate(_name(given), function=given)
    raise InvalidInput(
        f"{shown(given)} is no constraint; give a text such as 'a <= b', or a function of the parameters."
    )


def _name(function: Any) -> str:
    name = str(getattr(function, "__name__", type(function).__name__))
    code = getattr(function, "__code__", None)
    return f"{name} (line {code.co_firstlineno})" if name == "<lambda>" and code is not None else name


def constraints_from_json(data: Any) -> tuple[Constraint, ...]:
    """Reads the stored form; functions stay in the store.

    Raises:
        InvalidInput: When it is none.
    """
    if not isinstance(data, list):
        raise InvalidInput(f"the constraints of a stored search space are {shown(data)}; they must be a list.")
    found: list[Constraint] = []
    for each in data:
        if isinstance(each, str):
            found.append(Expression(each))
        elif isinstance(each, Mapping) and all(isinstance(each.get(key), str) for key in ("function", "code")):
            found.append(Predicate(each["function"], each["code"]))
        else:
            raise InvalidInput(f"{shown(each)} is not a stored constraint.")
    return tuple(found)


def constraint_problems(constraints: Iterable[Any], names: Sequence[str]) -> list[str]:
    """Lists the names in constraints that the space does not have, with the closest ones."""
    found = []
    for each in constraints:
        if not isinstance(each, (Expression, Predicate)):
            found.append(f"{shown(each)} is no constraint; see as_constraints.")
            continue
        for name in sorted(each.names - set(names)):
            # ClearML's names have a section in front, Args/lr: whoever leaves it out means that parameter.
            close = [each for each in names if each.endswith(f"/{name}")] or get_close_matches(name, names, n=3)
            hint = f"did you mean {' or '.join(map(_spelled, close))}?" if close else f"it has {', '.join(names)}."
            found.append(f"the constraint {shown(each.text)}: the space has no parameter {shown(name)}; {hint}")
    return found


def _spelled(name: str) -> str:
    """Gives a name as an expression has to spell it."""
    return shown(name) if all(part.isidentifier() for part in name.split(".")) else f"`{name}`"


class _Reader:
    """Turns the text of an expression into a function, by the operations that are allowed and no other."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.names: set[str] = set()
        self._quoted: dict[str, str] = {}
        source = _QUOTED.sub(self._quote, text)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Python's own remarks on a text that is not run
                tree = ast.parse(source.strip(), mode="eval").body
            self.compute = self._read(tree)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            said = error.msg if isinstance(error, SyntaxError) else str(error)
            raise self._refused(f"cannot be read ({said})") from None
        if not isinstance(tree, (ast.Compare, ast.BoolOp)) and not self._is_not(tree):
            raise self._refused("compares nothing")
        if not self.names:
            raise self._refused("names no parameter")

    @staticmethod
    def _is_not(tree: ast.expr) -> bool:
        return isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not)

    def _refused(self, why: str) -> InvalidInput:
        return InvalidInput(
            f"the constraint {shown(self.text)} {why}; give a comparison such as 'a + 2*b <= 10', made of {ALLOWED}. "
            "A name that is no variable stands in backquotes: `Args/lr`.",
            subject="constraints",
        )

    def _quote(self, match: re.Match[str]) -> str:
        placeholder = f"quoted_name_{len(self._quoted)}_"
        self._quoted[placeholder] = match[1]
        return placeholder

    def _read(self, node: ast.expr) -> Compute:
        match node:
            case ast.Constant(value=bool() | int() | float() | str() | None as value):
                return lambda _: value
            case ast.Name(id=name):
                return self._named(self._quoted.get(name, name))
            case ast.Attribute():
                return self._named(self._dotted(node))
            case ast.UnaryOp(op=op, operand=operand) if type(op) in SIGNS:
                return self._called(SIGNS[type(op)], [operand])
            case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
                return self._called(_numbers(ARITHMETIC[type(op)]), [left, right])
            case ast.BoolOp(op=op, values=values):
                parts = [self._read(each) for each in values]
                together = all if isinstance(op, ast.And) else any
                return lambda member: together(part(member) for part in parts)
            case ast.Compare(left=left, ops=ops, comparators=others) if all(type(op) in COMPARISONS for op in ops):
                return self._compared(left, ops, others)
            case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
                parts = [self._read(each) for each in items]
                return lambda member: [part(member) for part in parts]
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS and arguments:
                return self._called(FUNCTIONS[name], arguments)
        raise self._refused(f"has a part that is not allowed ({ast.unparse(node)[:40]})")

    def _named(self, name: str) -> Compute:
        self.names.add(name)
        return lambda member: member[name]

    def _dotted(self, node: ast.expr) -> str:
        if isinstance(node, ast.Attribute):
            return f"{self._dotted(node.value)}.{node.attr}"
        if isinstance(node, ast.Name):
            return node.id
        raise self._refused("has a dot behind something that is no name")

    def _called(self, function: Callable[..., Any], nodes: Sequence[ast.expr]) -> Compute:
        parts = [self._read(each) for each in nodes]
        return lambda member: function(*(part(member) for part in parts))

    def _compared(self, left: ast.expr, ops: Sequence[ast.cmpop], others: Sequence[ast.expr]) -> Compute:
        parts = [self._read(each) for each in (left, *others)]
        compare = [COMPARISONS[type(op)] for op in ops]

        def compute(member: Mapping[str, Any]) -> bool:
            values = [part(member) for part in parts]
            return all(each(values[i], values[i + 1]) for i, each in enumerate(compare))

        return compute


def _numbers(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Keeps an operation to numbers: texts and lists could be made huge by * and formatted by %."""

    def checked(a: Any, b: Any) -> Any:
        for each in (a, b):
            if not isinstance(each, (int, float)):
                raise TypeError(f"{shown(each)} is no number")
        return function(a, b)

    return checked
