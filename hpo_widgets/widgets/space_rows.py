"""Rows of the space form: what is typed for one parameter, read by the model's own rules, and written back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameter_base import Parameter
from hpo_widgets.model.parameter_choices import DiscreteParameterRange, ParameterSet
from hpo_widgets.model.parameter_conditional import Condition, ConditionalParameter, attached, loosened
from hpo_widgets.model.parameter_normal import LogNormalParameterRange, NormalParameterRange
from hpo_widgets.model.parameter_ranges import (
    LogUniformParameterRange,
    UniformIntegerParameterRange,
    UniformParameterRange,
)
from hpo_widgets.model.parameter_values import shown
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.model.space_json import FORMAT, VERSION
from hpo_widgets.model.space_shorthand import loguniform
from hpo_widgets.model.typed_values import (
    LONGEST,
    MOST_DIGITS,
    read_number,
    read_value,
    read_values,
    write_value,
    write_values,
)

Row = dict[str, Any]
"""What is typed, by the names in `TEXTS`; `kind`; `on` and `open` (the high end itself is left out) are boxes.
`when` and `equals` are the condition: the name of the parameter that decides, and the values of it."""

TEXTS = ("name", "low", "high", "step", "base", "mu", "sigma", "values", "combinations", "when", "equals")
KEPT = 2048
"""Read rows that are remembered: of 200, one changes at a time."""

WHOLE = 1e15
"""Floats below it that are whole are written without a point."""
LABELS = {
    "name": "name", "low": "low", "high": "high", "step": "step", "base": "base", "mu": "mean", "sigma": "std dev",
    "values": "values", "combinations": "combinations",
    "when": "only when", "equals": "is",
}  # fmt: skip
"""Names of the fields as messages and tables have them."""
_FIELDS = {
    "min_value": "low", "max_value": "high", "step_size": "step", "mu": "mu", "sigma": "sigma", "base": "base",
    "low": "low", "high": "high", "values": "values", "parameter_combinations": "combinations",
}  # fmt: skip
"""Names that the model's sentences have, and the fields they are typed in."""
_WORD = re.compile(rf"\b({'|'.join(_FIELDS)})\b")
_POWER = re.compile(r"\s*(\S+?)\s*(?:\^|\*\*)\s*(\S+)\s*")


@dataclass(frozen=True, slots=True)
class ReadRow:
    """Is what a row says."""

    parameter: Parameter | None
    """`None` when there are problems."""
    problems: tuple[tuple[str, str], ...] = ()
    """(field, sentence)."""
    names: frozenset[str] = frozenset()
    """The names that it gives; no other row may, unless both have a condition."""
    condition: Condition | None = None
    """With which values of which parameter it is there; `None` for always."""


def read_row(row: Mapping[str, Any]) -> ReadRow:
    """Reads a row; never raises for what can be typed."""
    texts = tuple(str(row.get(name, "")) for name in TEXTS)
    return _read(str(row.get("kind", "")), row.get("open") is True, texts)


@lru_cache(maxsize=KEPT)
def _read(kind: str, is_open: bool, texts: tuple[str, ...]) -> ReadRow:
    typed = _Typed(dict(zip(TEXTS, texts, strict=True)), is_open)
    make = KINDS.get(kind)
    if make is None:
        return ReadRow(None, (("kind", f"{shown(kind)} is no kind; choose one of {', '.join(KINDS)}."),))
    name = typed.name() if kind != "set" else None
    try:
        parameter = make(typed, name)
    except InvalidInput as error:
        typed.problems += [_placed(text) for text in error.problems]
        parameter = None
    if parameter is not None and not typed.problems:
        if isinstance(parameter, ParameterSet):
            typed.problems += [("combinations", text) for text in parameter.problems()]
        else:
            typed.problems += [_placed(text) for text in parameter.value_problems()]
    names = frozenset(filter(None, [name]) if parameter is None else parameter.names(name))
    on, values = typed.condition()
    if typed.problems or parameter is None:
        return ReadRow(None, tuple(typed.problems), names)
    return ReadRow(parameter, (), names, None if on is None else Condition(on, values, (parameter,)))


def _placed(text: str) -> tuple[str, str]:
    """Gives a sentence of the model with the field it is about, in the words of the form."""
    found = _WORD.search(text)
    said = _WORD.sub(lambda match: LABELS[_FIELDS[match.group()]], text)
    said = said.replace(", or None for no step", ", or leave it empty").replace("or leave it out", "or leave it empty")
    return _FIELDS[found.group()] if found else "name", said


class _Typed:
    """Reads the texts of one row and keeps what is wrong with them."""

    def __init__(self, texts: Mapping[str, str], is_open: bool) -> None:
        self.texts = texts
        self.is_open = is_open
        self.problems: list[tuple[str, str]] = []

    def condition(self) -> tuple[str | None, tuple[Any, ...]]:
        on, values = self.name("when"), self.texts["equals"].strip()
        if on is None:
            if values:
                self.problems.append(("when", "give the name of the parameter that decides, or empty both fields."))
            return None, ()
        try:
            found = tuple(read_values(values))
        except InvalidInput as error:
            self.problems += [("equals", text) for text in error.problems[:3]]
            return on, ()
        if not found:
            self.problems.append(("equals", f"give the values of {shown(on)} with which it is there."))
        return on, found

    def name(self, field: str = "name") -> str | None:
        text = self.texts[field].strip()
        if len(text) > LONGEST:
            self.problems.append((field, f"{len(text):,} characters are given; give a shorter name."))
        elif text[:1] in ("'", '"'):
            try:
                text = str(read_value(text))
            except InvalidInput as error:
                self.problems.append((field, error.problems[0]))
        if not text and field == "name":
            self.problems.append(("name", "give a name, with its section if it has one, such as Args/lr."))
        return text or None

    def number(self, field: str, default: Any = ...) -> Any:
        """Gives a number; the default for an empty field, `None` after a problem."""
        text = self.texts[field]
        if not text.strip():
            if default is ...:
                self.problems.append((field, "give a number."))
                return None
            return default
        try:
            return read_number(text)
        except InvalidInput as error:
            self.problems.append((field, error.problems[0]))
            return None


def _uniform(typed: _Typed, name: str | None) -> Parameter | None:
    low, high, step = typed.number("low"), typed.number("high"), typed.number("step", None)
    return UniformParameterRange(name, low, high, step, not typed.is_open) if not typed.problems else None


def _integer(typed: _Typed, name: str | None) -> Parameter | None:
    low, high, step = typed.number("low"), typed.number("high"), typed.number("step", 1)
    return UniformIntegerParameterRange(name, low, high, step, not typed.is_open) if not typed.problems else None


def _log(typed: _Typed, name: str | None) -> Parameter | None:
    base, step = typed.number("base", 10), typed.number("step", None)
    ends = [_power(typed, field, base) for field in ("low", "high")]
    if typed.problems:
        return None
    (low, low_exponent), (high, high_exponent) = ends
    if low_exponent is None or high_exponent is None:
        real = loguniform(low, high, base, step)
        if problems := real.value_problems():
            typed.problems += map(_placed, problems)
            return None
        low_exponent = real.min_value if low_exponent is None else low_exponent
        high_exponent = real.max_value if high_exponent is None else high_exponent
    return LogUniformParameterRange(name, low_exponent, high_exponent, base, step, not typed.is_open)


def _power(typed: _Typed, field: str, base: Any) -> tuple[Any, Any]:
    """Gives a bound and, when it is typed as a power of the base (10^-5), its exponent."""
    text = typed.texts[field]
    found = _POWER.fullmatch(text) if len(text) <= MOST_DIGITS else None
    if found is None or base is None:
        return typed.number(field), None
    try:
        given, exponent = read_number(found[1]), read_number(found[2])
        if given != base:
            said = f"{text.strip()} is a power of {found[1]}, and the base is {base}; use the same number in both."
            typed.problems.append((field, said))
        return float(base) ** float(exponent), float(exponent)
    except InvalidInput as error:
        typed.problems.append((field, error.problems[0]))
    except (OverflowError, ZeroDivisionError):
        typed.problems.append((field, f"{text.strip()} is not a number a float can hold; give another exponent."))
    return None, None


def _bell(kind: type[NormalParameterRange]) -> Callable[[_Typed, str | None], Parameter | None]:
    def read(typed: _Typed, name: str | None) -> Parameter | None:
        mu, sigma = typed.number("mu"), typed.number("sigma")
        low, high, step = (typed.number(field, None) for field in ("low", "high", "step"))
        return kind(name, mu, sigma, low, high, step) if not typed.problems else None

    return read


def _discrete(typed: _Typed, name: str | None) -> Parameter | None:
    try:
        values = read_values(typed.texts["values"])
    except InvalidInput as error:
        typed.problems += [("values", text) for text in error.problems[:3]]
        return None
    if not values:
        typed.problems.append(("values", "give the values to choose from, separated by commas."))
    return DiscreteParameterRange(name, values)


def _fixed(typed: _Typed, name: str | None) -> Parameter | None:
    parameter = _discrete(typed, name)
    if isinstance(parameter, DiscreteParameterRange) and len(parameter.values) > 1:
        count = len(parameter.values)
        text = f"{count:,} values are given; give one, put quotes around a text with commas, or choose discrete."
        typed.problems.append(("values", text))
    return parameter


def _set(typed: _Typed, _: str | None) -> Parameter | None:
    try:
        stored = json.loads(typed.texts["combinations"] or "null")
    except (ValueError, RecursionError) as error:
        said = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        typed.problems.append(("combinations", f"this is no JSON ({said}); mend it or remove the row."))
        return None
    if not isinstance(stored, dict) or stored.get("kind") not in ("ParameterSet", "ConditionalParameter"):
        typed.problems.append(
            ("combinations", 'give the stored form of a ParameterSet ({"kind": "ParameterSet", ...}).')
        )
        return None
    try:
        return SearchSpace.from_json({"format": FORMAT, "version": VERSION, "parameters": [stored]})[0]
    except InvalidInput as error:
        typed.problems += [("combinations", text) for text in error.problems]
        return None


KINDS: dict[str, Callable[[_Typed, str | None], Parameter | None]] = {
    "uniform": _uniform,
    "integer": _integer,
    "log": _log,
    "normal": _bell(NormalParameterRange),
    "lognormal": _bell(LogNormalParameterRange),
    "discrete": _discrete,
    "fixed": _fixed,
    "set": _set,
}
"""How each kind of row is read; the last one holds what has no row of its own."""


def read_space(rows: Sequence[ReadRow]) -> SearchSpace:
    """Gives the space of sound rows, each condition hung on its parameter.

    Raises:
        InvalidInput: When they do not fit together.
    """
    always = [each.parameter for each in rows if each.condition is None and each.parameter is not None]
    return SearchSpace(attached(always, [each.condition for each in rows if each.condition is not None]))


# -- writing -------------------------------------------------------------------------------------------------------
def write_rows(parameter: Parameter) -> list[Row]:
    """Gives the rows of a sound parameter: several when others depend on it."""
    if not isinstance(parameter, ConditionalParameter):
        return [write_row(parameter)]
    decides, conditions = loosened(parameter)
    try:
        same = attached([decides], conditions) == [parameter]
    except InvalidInput:
        same = False
    if not same:  # a name that stands under several conditions, with conditions of its own
        return [write_row(parameter)]
    rows = [write_row(decides)]
    for each in conditions:
        on = {"when": write_name(each.on), "equals": write_values(each.values)}
        rows += [{**write_row(inner), **on} for inner in each.parameters]
    return rows


def write_row(parameter: Parameter, *, on: bool = True) -> Row:
    """Gives the row of a sound parameter: `read_row` gives an equal one."""
    if isinstance(parameter, ParameterSet):
        stored = SearchSpace([parameter]).to_json()["parameters"][0]
        return {"on": on, "kind": "set", "name": "", "combinations": json.dumps(stored, ensure_ascii=False)}
    row: Row = {"on": on, "name": write_name(parameter.name)}
    if isinstance(parameter, DiscreteParameterRange):
        kind = "fixed" if len(parameter.values) == 1 else "discrete"
        return {**row, "kind": kind, "values": write_values(parameter.values)}
    for field in ("low", "high", "step", "mu", "sigma"):
        row[field] = _number_text(getattr(parameter, _MODEL[field], None))
    if isinstance(parameter, NormalParameterRange):
        return {**row, "kind": "lognormal" if isinstance(parameter, LogNormalParameterRange) else "normal"}
    if not getattr(parameter, "include_max", True):
        row["open"] = True
    if isinstance(parameter, LogUniformParameterRange):
        return _log_row(row, parameter)
    if isinstance(parameter, UniformIntegerParameterRange):
        return {**row, "kind": "integer", "step": "" if parameter.step_size == 1 else row["step"]}
    return {**row, "kind": "uniform"}


_MODEL = {"low": "min_value", "high": "max_value", "step": "step_size", "mu": "mu", "sigma": "sigma"}


def _log_row(row: Row, parameter: LogUniformParameterRange) -> Row:
    base = _number_text(parameter.base)
    row |= {"kind": "log", "base": "" if parameter.base == 10 else base}
    exponents = parameter.min_value, parameter.max_value
    low, high = (_number_text(parameter.base**exponent) for exponent in exponents)
    real = {**row, "low": low, "high": high}
    if read_row(real).parameter == parameter:
        return real
    # The logarithm of the bound is not the exponent to the last bit, or the order is the other way round.
    low, high = (f"{base}^{_number_text(exponent)}" for exponent in exponents)
    return {**row, "low": low, "high": high}


def write_name(name: Any) -> str:
    """Gives the text of a name: in quotes when it would be read as another."""
    text = str(name)
    is_plain = text == text.strip() and text[:1] not in ("'", '"') and text.isprintable()
    return text if is_plain else repr(text)


def _number_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < WHOLE and (value or repr(value) == "0.0"):
        return str(int(value))
    return write_value(value)
