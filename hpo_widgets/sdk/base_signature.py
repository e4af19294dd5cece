"""What a function's signature says about the names that are searched. Pure rules."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from hpo_widgets.sdk.base_sections import argument_of


def arguments_of(function: Callable[..., Any]) -> list[dict[str, Any]] | None:
    """Gives name, kind and default of each argument, `None` when nobody can tell."""
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    defaults = [{} if each.default is each.empty else {"default": each.default} for each in found]
    kinds = [{"name": each.name, "kind": each.kind.name.lower()} for each in found]
    return [{**kind, **default} for kind, default in zip(kinds, defaults, strict=True)]


def signature_problems(
    names: Iterable[str],
    arguments: Sequence[dict[str, Any]] | None,
    base: str,
    given: Collection[str] = (),
    sometimes: Collection[str] = (),
) -> list[str]:
    """Lists names that mean the same argument, arguments that do not exist, and ones that nobody gives.

    Args:
        names: As searched, with or without a section.
        arguments: As `arguments_of` gives them.
        base: What people call the function.
        given: Arguments that have a value anyway.
        sometimes: Those of the names that some trials do not have.
    """
    by_argument: dict[str, list[str]] = {}
    for name in names:
        by_argument.setdefault(argument_of(name), []).append(name)
    problems = [
        f"{' and '.join(map(repr, group))} are both the argument {argument!r} of {base!r}; keep one of them."
        for argument, group in by_argument.items()
        if len(group) > 1
    ]
    if arguments is None:
        return problems
    kinds = {each["name"]: each["kind"] for each in arguments}
    taken = [name for name, kind in kinds.items() if kind in ("positional_or_keyword", "keyword_only")]
    if "var_keyword" not in kinds.values():
        problems += [
            _unknown(group[0], argument, taken, base)
            for argument, group in by_argument.items()
            if argument not in taken
        ]
    has_value = {*by_argument, *map(argument_of, given), "task"}
    problems += [
        f"{base!r} needs the argument {each['name']!r}; search it, or give it a default."
        for each in arguments
        if "default" not in each and each["name"] in taken and each["name"] not in has_value
    ]
    missing = {argument_of(name) for name in sometimes} - {argument_of(name) for name in given}
    problems += [
        f"{base!r} needs the argument {each['name']!r}, which some trials do not have; give it a default, such as None."
        for each in arguments
        if "default" not in each and each["name"] in taken and each["name"] in missing
    ]
    if "positional_only" in kinds.values():
        problems.append(f"{base!r} has arguments that cannot be given by name; remove the / from its signature.")
    return problems


def _unknown(name: str, argument: str, taken: Sequence[str], base: str) -> str:
    own = [each for each in taken if each != "task"]
    close = get_close_matches(argument, own, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(map(repr, close))}?" if close else f"it takes {', '.join(own) or 'none'}."
    return f"{base!r} has no argument for the parameter {name!r}; {hint}"
