"""Strict JSON from a person's hand: where it is wrong is said, and nothing is guessed."""

from __future__ import annotations

import json
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameter_values import shown

LONGEST = 1_000_000
"""Characters of a text that is read."""
AROUND = 20
"""Characters on each side of a mistake that the message shows."""


def read_json(text: str, subject: str) -> Any:
    """Reads a JSON text.

    Args:
        text: What a person wrote.
        subject: What it is, for the message.

    Raises:
        InvalidInput: When it is no JSON (with line, column and the text there), too long or too deep, has NaN or
            Infinity, or has a key twice in one object.
    """
    if len(text) > LONGEST:
        raise InvalidInput(f"the text has {len(text)} characters; at most {LONGEST} are read.", subject=subject)
    try:
        return json.loads(text, object_pairs_hook=_as_object, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        start, end = max(0, error.pos - AROUND), error.pos + AROUND
        before, there = text[start : error.pos], text[error.pos : end]
        where = f"after {before!r} comes {there!r}" if there else f"it ends after {before!r}"
        raise InvalidInput(
            f"this is not JSON: {error.msg} at line {error.lineno}, column {error.colno}: {where}.", subject=subject
        ) from None
    except RecursionError:
        raise InvalidInput("the JSON is nested too deeply; write it flat.", subject=subject) from None
    except InvalidInput as error:
        raise InvalidInput(error.problems, subject=subject) from None
    except ValueError as error:  # a whole number of thousands of digits
        raise InvalidInput(f"this JSON cannot be read: {error}.", subject=subject) from None


def _as_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise InvalidInput(f"the key {shown(key)} stands twice in one object; keep one of them.")
        found[key] = value
    return found


def _refuse(constant: str) -> Any:
    raise InvalidInput(f"{constant} is no number that JSON has; write a finite number.")
