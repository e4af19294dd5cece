"""The parameters of a base task by name, and what values they take: the same rules before the start and in a task."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.base_task import BaseParameter

SECTIONS = ("Args", "General", "Hydra")
"""What may stand before a slash without being part of the name."""
SHOWN = 200
"""Characters of a value that an error message shows."""
LISTED = 12
"""Names or choices that an error message lists."""
BOOLS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def bare(name: str) -> str:
    """Gives a name without its section; `learning-rate` and `learning_rate` are one name."""
    section, slash, rest = name.partition("/")
    return (rest if slash and rest and section in SECTIONS else name).replace("-", "_")


def find(name: str, parameters: Iterable[BaseParameter]) -> BaseParameter | None:
    """Gives the parameter a person means by `lr`, `Args/lr` or `General/lr`; `None` when there is none."""
    found = None
    for each in parameters:
        if each.name == name:
            return each
        if found is None and bare(each.name) == bare(name):
            found = each
    return found


def name_problems(names: Iterable[str], parameters: Sequence[BaseParameter], base: str, unread: str = "") -> list[str]:
    """Lists names that the base task does not have, names that mean the same, and needed ones that nobody gives.

    Args:
        names: What is searched.
        parameters: What the base task takes.
        base: What people call it.
        unread: What to say beside a name that it does not have.
    """
    problems: list[str] = []
    meant: dict[str, list[str]] = {}
    for name in names:
        found = find(name, parameters)
        if found is None:
            problems.append(f"{unknown(name, parameters, base)} {unread}".rstrip())
        else:
            meant.setdefault(found.name, []).append(name)
    problems += [
        f"{' and '.join(map(repr, group))} are both the parameter {name!r} of {base!r}; keep one of them."
        for name, group in meant.items()
        if len(group) > 1
    ]
    problems += [
        f"{base!r} needs the parameter {each.name!r}; search it, fix it in the space, or give it in args=[...]."
        for each in parameters
        if each.required and each.name not in meant
    ]
    return problems


def unknown(name: str, parameters: Sequence[BaseParameter], base: str) -> str:
    """Says that a base task has no such parameter, with the closest names."""
    names = {bare(each.name): each.name for each in parameters}
    close = [names[each] for each in get_close_matches(bare(name), names, n=3, cutoff=0.5)]
    if close:
        return f"{base!r} has no parameter {name!r}; did you mean {' or '.join(map(repr, close))}?"
    listed = ", ".join(map(repr, list(names.values())[:LISTED])) + (" and more" if len(names) > LISTED else "")
    return f"{base!r} has no parameter {name!r}; it has {listed or 'none'}."


def values_of(given: Mapping[str, Any], parameters: Sequence[BaseParameter], base: str) -> dict[str, Any]:
    """Gives values by the base task's own names, each with the declared type.

    Raises:
        InvalidInput: With every name and value that the base task does not take.
    """
    problems: list[str] = []
    values: dict[str, Any] = {}
    for name, value in given.items():
        found = find(name, parameters)
        if found is None:
            problems.append(unknown(name, parameters, base))
            continue
        try:
            values[found.name] = declared(found, value, base)
        except InvalidInput as error:
            problems += error.problems
    if problems:
        raise InvalidInput(problems)
    return values


def declared(parameter: BaseParameter, value: Any, base: str) -> Any:
    """Gives a value with the type that the base task declares; nothing is rounded and nothing is guessed.

    Raises:
        InvalidInput: When it cannot become that type or is not among the choices; names both.
    """
    kind = parameter.type or ""
    is_list, element = kind.startswith("list"), kind.removeprefix("list").strip("[]")
    try:
        if not is_list:
            found = _convert(kind, value)
        elif isinstance(value, (list, tuple)):
            found = [_convert(element, each) for each in value]
        else:
            raise ValueError("give a list of values")
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInput(
            f"the parameter {parameter.name!r} of {base!r} takes {kind} and was given {value!r:.{SHOWN}} "
            f"({type(value).__name__}): {error}."
        ) from None
    for each in found if is_list else [found]:
        if parameter.choices is not None and each not in parameter.choices:
            raise InvalidInput(not_a_choice(parameter.name, base, each, parameter.choices))
    return found


def not_a_choice(name: str, base: str, value: Any, choices: Iterable[Any]) -> str:
    """Says that a value is none of the choices."""
    choices = list(choices)
    listed = ", ".join(f"{each!r:.{SHOWN}}" for each in choices[:LISTED]) + (", ..." if len(choices) > LISTED else "")
    return f"the parameter {name!r} of {base!r} was given {value!r:.{SHOWN}}, which is none of its choices: {listed}."


def _convert(kind: str, value: Any) -> Any:
    convert = _CONVERT.get(kind)
    return value if convert is None else convert(value)


def _to_int(value: Any) -> int:
    if isinstance(value, str):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{type(value).__name__} is no whole number")
    if value != int(value):
        raise ValueError("it is not a whole number")
    return int(value)


def _to_float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise TypeError(f"{type(value).__name__} is no number")
    return float(value)


def _to_bool(value: Any) -> bool:
    # `bool("False")` is true: argparse's own reading of type=bool is not what anybody means.
    if isinstance(value, (bool, int, float)) and value in (0, 1):
        return bool(value)
    if isinstance(value, str) and value.lower() in BOOLS:
        return BOOLS[value.lower()]
    raise ValueError("it is neither true nor false")


def _to_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no text")


_CONVERT: dict[str, Callable[[Any], Any]] = {
    "int": _to_int,
    "float": _to_float,
    "bool": _to_bool,
    "str": _to_text,
}
