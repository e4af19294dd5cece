"""JSON as people write it: read strictly, with the place of what is wrong."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameter_values import shown

LARGEST = 10_000_000
"""Characters of a text that are read; a configuration has thousands."""


def read_json(text: str, subject: str) -> Any:
    """Reads a JSON text: no NaN, no key twice, nothing too large or too deep.

    Raises:
        InvalidInput: With line and column.
    """
    if len(text) > LARGEST:
        problem = f"the text has {len(text):,} characters; a configuration has at most {LARGEST:,}."
        raise InvalidInput(problem, subject=subject)
    try:
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        problem = f"this is no JSON: line {error.lineno}, column {error.colno}: {error.msg}."
    except RecursionError:
        problem = "this is nested too deeply to be a configuration."
    except ValueError as error:
        problem = str(error)
    raise InvalidInput(problem, subject=subject)


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is no JSON number; give a number, or null.")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {shown(twice)} is given twice; keep one.")
    return found


def unknown_keys(data: Mapping[str, Any], known: Collection[str], of: str) -> list[str]:
    """Lists the keys that mean nothing, each with the closest that does."""
    problems = []
    for key in data:
        if key not in known:
            close = get_close_matches(str(key), list(known), n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}."
            problems.append(f"{shown(key)} is not a key of {of}; {hint}")
    return problems
