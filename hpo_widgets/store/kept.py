"""What values become when they are kept: the same for every store, so that what comes back does not depend on it."""

from __future__ import annotations

import json
from typing import Any

from hpo_widgets.errors import InvalidInput

TUPLE, PAIRS = "__tuple__", "__pairs__"
"""Tags of what JSON has no form for: a tuple, and a dict whose keys are not text (or are tags) as a list of pairs."""
LARGEST = 2**63
"""Iterations lie below it, and not below its negative."""


def clean(text: str) -> str:
    r"""Gives text that can be written as UTF-8: half characters (lone surrogates) are spelled out, as `\udc80`."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text


def dump_json(value: Any) -> str:
    """Writes JSON of numbers, text, bool, None, and lists, tuples and dicts of them; numpy's numbers become Python's.

    Raises:
        InvalidInput: For anything else.
    """
    return json.dumps(_tagged(value), separators=(",", ":"), default=_plain)


def load_json(text: str | None) -> Any:
    """Reads what `dump_json` wrote: types, NaN and infinities survive. `None` gives `None`."""
    if text is None:
        return None
    return json.loads(text, object_hook=_untagged if TUPLE in text or PAIRS in text else None)


def kept(value: Any) -> Any:
    """Gives a value as it comes back from a store; shares nothing with the one given."""
    return load_json(dump_json(value))


def _tagged(value: Any) -> Any:
    if isinstance(value, dict):
        if all(type(key) is str for key in value) and not value.keys() & {TUPLE, PAIRS}:
            return {key: _tagged(item) for key, item in value.items()}
        return {PAIRS: [[_tagged(key), _tagged(item)] for key, item in value.items()]}
    if isinstance(value, tuple):
        return {TUPLE: [_tagged(item) for item in value]}
    return [_tagged(item) for item in value] if isinstance(value, list) else value


def _untagged(value: dict[str, Any]) -> Any:
    if len(value) == 1:
        if TUPLE in value:
            return tuple(value[TUPLE])
        if PAIRS in value:
            return dict(value[PAIRS])
    return value


def _plain(value: Any) -> Any:
    if hasattr(value, "dtype") and getattr(value, "shape", None) == () and callable(getattr(value, "item", None)):
        return value.item()
    raise InvalidInput(
        f"{repr(value)[:80]} is of type {type(value).__name__}; a store keeps numbers, text, True, False, None, and "
        "lists, tuples and dicts of them. Keep a name instead and look the object up where it is used."
    )
