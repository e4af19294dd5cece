"""Values a parameter can take: which are supported, when two are the same, and their lossless JSON form.

Supported are int, float, bool, str, None, and tuples, lists and dicts of them. `1`, `1.0` and `True` are three
different values, and so are a list and a tuple with the same items.
"""

from __future__ import annotations

import copy
import math
from typing import Any

from hpo_widgets.errors import InvalidInput

SCALARS = (bool, int, float, str, type(None))
LARGEST_EXACT = 2**53
"""Whole numbers above it are written as text, since readers of JSON in other languages round them."""
SHOWN = 80
"""Characters of a value or name that an error message shows."""


def shown(value: Any) -> str:
    """Gives a short text of anything for an error message."""
    try:
        text = repr(value)
    except ValueError:  # Python does not spell out whole numbers of more than 4,300 digits
        text = f"a whole number of {value.bit_length():,} bits" if isinstance(value, int) else type(value).__name__
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def plain(value: Any) -> Any:
    """Turns numpy scalars into Python values, also inside tuples, lists and dicts; leaves all else as it is."""
    kind = type(value)
    if kind in SCALARS:
        return value
    if kind is tuple or kind is list:
        return kind(plain(item) for item in value)
    if kind is dict:
        return {plain(key): plain(item) for key, item in value.items()}
    if hasattr(value, "dtype") and getattr(value, "shape", None) == () and callable(getattr(value, "item", None)):
        return value.item()
    return value


def value_problem(value: Any) -> str | None:
    """Says why a value cannot be a choice, or gives `None` when it can."""
    kind = type(value)
    if kind is float:
        return "NaN is not a value; leave it out, or use None" if math.isnan(value) else None
    if kind in SCALARS:
        return None
    if kind is tuple or kind is list:
        return next(filter(None, map(value_problem, value)), None)
    if kind is dict:
        for key, item in value.items():
            if type(key) not in SCALARS:
                return f"the key {shown(key)} of a dict is a {type(key).__name__}; use text or a number"
            if problem := value_problem(key) or value_problem(item):
                return problem
        return None
    return (
        f"{shown(value)} is a {kind.__name__}; allowed are numbers, text, True/False, None, and lists, tuples and "
        "dicts of them. Use a name and look the object up inside your function"
    )


def canonical(value: Any) -> str:
    """Gives a text that is equal for equal values and different for different ones (the order in a dict is none)."""
    kind = type(value)
    if kind in SCALARS:
        return repr(value)
    if kind is tuple or kind is list:
        inside = ",".join(map(canonical, value))
        return f"({inside})" if kind is tuple else f"[{inside}]"
    if kind is dict:
        pairs = sorted(f"{canonical(key)}:{canonical(item)}" for key, item in value.items())
        return "{" + ",".join(pairs) + "}"
    return f"<{kind.__module__}.{kind.__qualname__} {value!r}>"


def detached(value: Any) -> Any:
    """Gives a value that its receiver may change without changing ours."""
    return copy.deepcopy(value) if isinstance(value, (list, tuple, dict)) else value


def encode(value: Any) -> Any:
    """Gives the JSON form of a value: itself where JSON keeps it, else one tagged object.

    Tags: `{"float": "1.0"}`, `{"int": "..."}`, `{"tuple": [...]}`, `{"dict": [[key, value], ...]}`.

    Raises:
        InvalidInput: For an unsupported value.
    """
    kind = type(value)
    if kind is float:
        return {"float": repr(value)} if not math.isfinite(value) or value.is_integer() else value
    if kind is int:
        return {"int": str(value)} if abs(value) > LARGEST_EXACT else value
    if kind in SCALARS:
        return value
    if kind is list:
        return [encode(item) for item in value]
    if kind is tuple:
        return {"tuple": [encode(item) for item in value]}
    if kind is dict:
        return {"dict": [[encode(key), encode(item)] for key, item in value.items()]}
    raise InvalidInput(f"{value_problem(value)}.")


def decode(data: Any) -> Any:
    """Gives the value of its JSON form, see `encode`.

    Raises:
        InvalidInput: When the data is not such a form.
    """
    if isinstance(data, list):
        return [decode(item) for item in data]
    if not isinstance(data, dict):
        return data
    if len(data) == 1:
        ((tag, inside),) = data.items()
        try:
            if tag == "float":
                return float(inside)
            if tag == "int":
                return int(inside)
            if tag == "tuple":
                return tuple(decode(item) for item in inside)
            if tag == "dict":
                return {decode(key): decode(item) for key, item in inside}
        except (TypeError, ValueError) as error:
            raise InvalidInput(f"{shown(data)} is not a stored value ({error}).") from error
    raise InvalidInput(f"{shown(data)} is not a stored value; known tags are float, int, tuple and dict.")
