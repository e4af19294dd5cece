"""Values as people type them, `96, relu, "a, b", True, None, [64, 64]`: text to values and back, lossless."""

from __future__ import annotations

import ast
import math
import re
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameter_values import shown, value_problem

LONGEST = 100_000
"""Characters of one typed text that are read."""
MOST_DIGITS = 400
"""Characters of one number: the smallest float written out has fewer."""
WORDS = {"true": True, "false": False, "none": None, "null": None, "inf": math.inf, "+inf": math.inf, "-inf": -math.inf}
INFINITE = "1e999"
"""How Python writes infinity inside a list."""

_WHOLE = re.compile(r"[-+]?\d[\d_]*", re.ASCII)
_NUMBER = re.compile(r"[-+]?(\d[\d_]*+(\.\d*+)?|\.\d++)([eE][-+]?\d++)?", re.ASCII)
_REST = {sign: re.compile(rf"(?:[^\\{sign}]|\\.)*+{sign}", re.DOTALL) for sign in "\"'"}
_CLOSING = {"[": "]", "(": ")", "{": "}"}


def read_number(text: str) -> int | float:
    """Gives the one number that a text is.

    Raises:
        InvalidInput: For anything else, NaN and infinity included.
    """
    word = text.strip()
    if len(word) > MOST_DIGITS:
        raise InvalidInput(f"{len(word):,} characters are given, {MOST_DIGITS} can be a number; write fewer digits.")
    if not _NUMBER.fullmatch(word):
        hint = f", such as {word.replace(',', '.')}" if _NUMBER.fullmatch(word.replace(",", ".")) else ""
        raise InvalidInput(f"{shown(word)} is not a number; write one such as 0.5 or 1e-3{hint and f' ({hint[2:]}?)'}.")
    try:
        found = int(word) if _WHOLE.fullmatch(word) else float(word)
    except ValueError:  # too many digits, or a misplaced underscore
        raise InvalidInput(f"{shown(word)} cannot be read as a number; write fewer digits.") from None
    if isinstance(found, float) and math.isinf(found):
        raise InvalidInput(f"{shown(word)} is larger than a float can hold; write a smaller number.")
    return found


def read_values(text: str) -> list[Any]:
    """Gives the values of a comma-separated text.

    Numbers, True, False and None are what they look like; quotes make a text of anything; brackets hold lists, tuples
    and dicts as Python writes them; everything else is text.

    Raises:
        InvalidInput: With every item that cannot be read.
    """
    if len(text) > LONGEST:
        raise InvalidInput(f"{len(text):,} characters are given, {LONGEST:,} can be read; give fewer values.")
    values, problems = [], []
    for number, item in enumerate(split_values(text), 1):
        try:
            values.append(read_value(item))
        except InvalidInput as error:
            problems += [f"item {number}: {problem}" for problem in error.problems]
    if problems:
        raise InvalidInput(problems)
    return values


def split_values(text: str) -> list[str]:
    """Cuts a text at its commas, those in quotes and brackets left alone; one comma at the end counts for nothing."""
    items: list[str] = []
    start = at = 0
    begun = False
    while at < len(text):
        sign = text[at]
        if sign == ",":
            items.append(text[start:at].strip())
            start, begun = at + 1, False
        elif sign in "\"'[({" and not begun:
            at = _end(text, at) - 1
            begun = True
        elif not sign.isspace():
            begun = True
        at += 1
    rest = text[start:].strip()
    return [*items, rest] if rest else items


def _end(text: str, at: int) -> int:
    """Gives the place after what begins with a quote or bracket; that of the text's end when nothing closes it."""
    open_ones: list[str] = []
    while at < len(text):
        sign = text[at]
        at += 1
        if sign in "\"'":
            closing = _REST[sign].match(text, at)
            if closing is None:
                break
            at = closing.end()
        elif sign in _CLOSING:
            open_ones.append(_CLOSING[sign])
        elif open_ones and sign == open_ones[-1]:
            open_ones.pop()
        if not open_ones:
            return at
    return len(text)


def read_value(item: str) -> Any:
    """Gives the value of one item.

    Raises:
        InvalidInput: When it is empty, NaN, or has quotes or brackets that do not end.
    """
    word = item.strip()
    if not word:
        raise InvalidInput("nothing stands between two commas; write '' for an empty text.")
    if word.lower() in WORDS:
        return WORDS[word.lower()]
    if _NUMBER.fullmatch(word):
        return read_number(word)
    if word.lower() in ("nan", "+nan", "-nan"):
        raise InvalidInput("NaN is not a value; leave it out, write None, or 'nan' in quotes for the text.")
    return _literal(word) if word[0] in "\"'[({" else word


def _literal(word: str) -> Any:
    try:
        value = ast.literal_eval(word)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        what = "quotes" if word[0] in "\"'" else "brackets"
        raise InvalidInput(f"{shown(word)} cannot be read; close the {what}, or put all of it in quotes.") from None
    try:
        problem = value_problem(value)
    except RecursionError:
        problem = f"{shown(word)} is nested too deeply"
    if problem:
        raise InvalidInput(f"{problem}.")
    return value


def write_values(values: Any) -> str:
    """Gives the text of values: `read_values` gives equal ones."""
    return ", ".join(map(write_value, values))


def write_value(value: Any) -> str:
    """Gives the text of one value: `read_value` gives an equal one."""
    if isinstance(value, str):
        return value if _is_bare(value) else repr(value)
    if isinstance(value, float) and math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return _written(value)


def _is_bare(text: str) -> bool:
    """Tells whether a text needs no quotes."""
    if not text or text != text.strip() or not text.isprintable() or "," in text or text[0] in "\"'[({":
        return False
    try:
        return bool(read_value(text) == text)
    except InvalidInput:
        return False


def _written(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(_written, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_written(key)}: {_written(each)}" for key, each in value.items()) + "}"
    if isinstance(value, float) and math.isinf(value):
        return INFINITE if value > 0 else f"-{INFINITE}"
    return repr(value)
