"""Parameters of tasks: names with sections, and values that keep the type the script has given them. Pure rules.

ClearML's names are "Section/name" (reference a8). `Args/lr`, `General/lr`, `Hydra/lr` and `lr` are one parameter unless
a task has several of them.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from enum import Enum
from pathlib import PurePath
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.store.kept import kept

ARGS, GENERAL = "Args", "General"
SECTIONS = (ARGS, GENERAL, "Hydra")
"""Sections that name the same parameter."""
TRUE, FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
LISTED = 5
"""Names that an error message lists."""


# -- names ---------------------------------------------------------------------------------------------------------
def full_name(name: str) -> str:
    """Gives a name with its section: a bare one is in `General/`."""
    section, slash, rest = name.partition("/")
    return name if section and slash and rest else f"{GENERAL}/{name}"


def bare_name(name: str) -> str:
    """Gives what follows the section of a name."""
    return full_name(name).partition("/")[2]


def find_name(name: str, names: Iterable[str]) -> str | None:
    """Gives the one of `names` that means the same parameter; the one in the same section first."""
    there = list(names)
    wanted = full_name(name)
    for each in (name, *(each for each in there if full_name(each) == wanted)):
        if each in there:
            return each
    # A name that begins with none of the sections is one of a nested dict, in one of them: `model/lr`.
    bare = bare_name(name) if wanted.partition("/")[0] in SECTIONS else name
    same = [each for each in there if full_name(each).partition("/")[0] in SECTIONS and bare_name(each) == bare]
    return same[0] if len(same) == 1 else None


def merged(before: Mapping[str, Any], changes: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """Gives `before` with `changes` on top, of two names of one parameter the later; values keep the types in `base`.

    Args:
        before: What stays where nothing is said.
        changes: By any names of the parameters.
        base: Parameters whose names and types are known.

    Raises:
        InvalidInput: With every value that cannot be kept.
    """
    result, problems = dict(before), []
    for name, value in changes.items():
        known = find_name(str(name), [*result, *(each for each in base if each not in result)]) or full_name(str(name))
        try:
            result[known] = with_type_of(base.get(known), keepable(value))
        except InvalidInput as error:
            problems += [f"{name!r}: {text}" for text in error.problems]
    if problems:
        raise InvalidInput(problems, subject="parameters")
    return result


def unknown_names(names: Iterable[str], known: Iterable[str]) -> list[str]:
    """Gives a sentence for each name that means none of the known parameters, with the closest ones."""
    there = list(known)
    return [_unknown(name, there) for name in names if find_name(name, there) is None]


def _unknown(name: str, known: list[str]) -> str:
    by_bare = {bare_name(each): each for each in known}
    close = [by_bare[each] for each in get_close_matches(bare_name(name), list(by_bare), n=3, cutoff=0.5)]
    if close:
        return f"there is no parameter {name!r}; did you mean {' or '.join(map(repr, close))}?"
    more = " and more" if len(known) > LISTED else ""
    return f"there is no parameter {name!r}; there are {', '.join(map(repr, known[:LISTED])) or 'none'}{more}."


# -- values --------------------------------------------------------------------------------------------------------
def keepable(value: Any) -> Any:
    """Gives a value as a store keeps it: enumerations by name, paths as text, numpy's numbers as Python's.

    Raises:
        InvalidInput: For objects that a store cannot keep.
    """
    if isinstance(value, Enum):
        return value.name
    return kept(str(value) if isinstance(value, PurePath) else value)


def is_keepable(value: Any) -> bool:
    """Tells whether a store can keep a value."""
    try:
        keepable(value)
    except (InvalidInput, TypeError, ValueError, RecursionError):
        return False
    return True


def with_type_of(before: Any, value: Any) -> Any:
    """Gives text that spells a value of the type there was before as that value; everything else as it is."""
    if before is None or not isinstance(value, str) or isinstance(before, str):
        return value
    try:
        return cast(value, before)
    except ValueError:
        return value


def cast(value: Any, default: Any) -> Any:
    """Gives a stored value in the type of a default; nothing is rounded or guessed.

    `None` (and no text, where text is not meant) is `None`; a default of `None` takes any value.

    Raises:
        ValueError: When it cannot become that type.
    """
    if value is None or default is None or type(value) is type(default):
        return value
    if isinstance(default, str):
        return value if isinstance(value, str) else str(value)
    if value == "" and not isinstance(default, (list, tuple, dict)):
        return None
    if isinstance(default, bool):
        return _bool(value)
    if isinstance(default, Enum):
        return _member(value, type(default))
    if isinstance(default, (int, float)):
        return type(default)(_number(value, whole=isinstance(default, int)))
    if isinstance(default, (list, tuple, dict)):
        return _container(value, type(default))
    return _other(value, type(default))


def as_default(name: str, value: Any, default: Any) -> Any:
    """Does what `cast` does.

    Raises:
        InvalidInput: When it cannot; the message names the value and the default.
    """
    try:
        return cast(value, default)
    except ValueError:
        kind = type(default).__name__
        raise InvalidInput(
            f"the parameter {name!r} is {value!r} ({type(value).__name__}), which cannot become {kind}, the type of "
            f"the script's own default {default!r}; set a value of type {kind}, or give the script another default."
        ) from None


def _bool(value: Any) -> bool:
    text = str(value).strip().lower()
    if text in (*TRUE, "1.0"):
        return True
    if text in (*FALSE, "0.0"):
        return False
    raise ValueError(value)


def _number(value: Any, *, whole: bool) -> int | float:
    found: Any = value
    if isinstance(value, str):
        try:
            found = int(value)
        except ValueError:
            found = float(value)
    if not isinstance(found, (int, float)):
        raise ValueError(value)
    if not whole:
        return float(found)
    if found != found or found in (float("inf"), float("-inf")) or int(found) != found:
        raise ValueError(value)
    return int(found)


def _member(value: Any, kind: type[Enum]) -> Enum:
    if isinstance(value, str) and value in kind.__members__:
        return kind[value]
    return kind(value)


def _container(value: Any, kind: type) -> Any:
    found = _literal(value) if isinstance(value, str) else value
    if kind is not dict and isinstance(found, (list, tuple)):
        return kind(found)
    if isinstance(found, kind):
        return found
    raise ValueError(value)


def _literal(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        try:
            return ast.literal_eval(text)
        except (SyntaxError, TypeError, MemoryError, RecursionError) as error:
            raise ValueError(text) from error


def _other(value: Any, kind: type) -> Any:
    if issubclass(kind, PurePath) and isinstance(value, str):
        return kind(value)
    if hasattr(kind, "dtype"):  # numpy's numbers
        return kind(value)
    raise ValueError(value)
