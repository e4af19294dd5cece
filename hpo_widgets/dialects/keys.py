"""Keys of JSON objects that people write: what means nothing is named, with what was probably meant."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any

from hpo_widgets.model.parameter_values import shown


def unknown_keys(data: Mapping[str, Any], known: Collection[str], of: str) -> list[str]:
    """Lists the keys that mean nothing, each with the closest that does."""
    problems = []
    for key in data:
        if key not in known:
            close = get_close_matches(str(key), list(known), n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}."
            problems.append(f"{shown(key)} is not a key of {of}; {hint}")
    return problems
