"""Our own JSON of a search: everything a `StudyPlan` says, lossless and versioned."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from difflib import get_close_matches
from enum import Enum
from typing import Any, TypeVar

from hpo_widgets.dialects.json_text import read_json
from hpo_widgets.dialects.keys import unknown_keys
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.config import Isolation
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.objective import Objective, Sign
from hpo_widgets.model.parameter_values import decode, encode, shown
from hpo_widgets.model.plan import BaseKind, BaseReference, StudyPlan
from hpo_widgets.model.space import SearchSpace

FORMAT = "hpo_widgets.search"
VERSION = 1
SUBJECT = "search configuration"
NEEDED = ("format", "version", "base", "space", "objectives")
KEYS = (*NEEDED, "limits", "strategy", "seed", "isolation", "gpus", "queue", "name", "project", "repeats", "warm_start")
Word = TypeVar("Word", bound=Enum)


def write_plan(plan: StudyPlan) -> str:
    """Gives the JSON text of a plan."""
    data = plan_to_json(plan)
    text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a character in a name: no file could hold it as it is
        text = json.dumps(data, indent=2, allow_nan=False)
    return text + "\n"


def plan_to_json(plan: StudyPlan) -> dict[str, Any]:
    """Gives the stored form."""
    base = plan.base
    options = {name: encode(value) for name, value in plan.strategy["options"].items()}
    return {
        "format": FORMAT,
        "version": VERSION,
        "base": {"kind": base.kind.value, "name": base.name, "args": list(base.args), "metrics": base.metrics},
        "space": plan.space.to_json(),
        "objectives": [each.to_json() for each in plan.objectives],
        "limits": plan.limits.to_json(),
        "strategy": {"name": plan.strategy["name"], "options": options},
        "seed": plan.seed,
        "isolation": plan.isolation.value if plan.isolation is not None else None,
        "gpus": list(plan.gpus),
        "queue": plan.queue,
        "name": plan.name,
        "project": plan.project,
        **({"repeats": plan.repeats} if plan.repeats > 1 else {}),
        **({"warm_start": one_or_all(plan.warm_start)} if plan.warm_start else {}),
    }


def is_native(data: Any) -> bool:
    """Tells whether JSON claims to be ours."""
    return isinstance(data, Mapping) and str(data.get("format", "")).startswith("hpo_widgets")


def read_plan(text: str) -> StudyPlan:
    """Reads the JSON text of a plan.

    Raises:
        InvalidInput: With everything that is wrong: no JSON, another format, a newer version, unknown or missing
            keys, values that are not allowed.
    """
    return plan_from_json(read_json(text, SUBJECT))


def plan_from_json(data: Any) -> StudyPlan:
    """Reads the stored form; see `read_plan`."""
    _check_head(data)
    problems = unknown_keys(data, KEYS, "a search configuration")
    problems += [f"the key {key!r} is missing." for key in NEEDED if key not in data]

    def part(key: str, read: Callable[[Any], Any], otherwise: Any = None) -> Any:
        if key not in data:
            return otherwise
        try:
            return read(data[key])
        except InvalidInput as error:
            problems.extend(f"{key}: {each}" for each in error.problems)
            return otherwise

    found = {
        "base": part("base", _base),
        "space": part("space", SearchSpace.from_json),
        "objectives": part("objectives", _objectives),
        "limits": part("limits", _limits, Limits()),
        "strategy": part("strategy", _strategy, {"name": "auto", "options": {}}),
        "seed": part("seed", _seed),
        "isolation": part("isolation", lambda value: None if value is None else _word(Isolation, value)),
        "gpus": part("gpus", _texts, ()),
        "queue": part("queue", _text, ""),
        "name": part("name", _text, ""),
        "project": part("project", _text, ""),
        "repeats": part("repeats", _count, 1),
        "warm_start": part("warm_start", _one_or_texts, ()),
    }
    if problems:
        raise InvalidInput(problems, subject=SUBJECT)
    return StudyPlan(**found)


def _check_head(data: Any) -> None:
    if not isinstance(data, Mapping) or data.get("format") != FORMAT:
        given = shown(data.get("format")) if isinstance(data, Mapping) else shown(data)
        raise InvalidInput(f"this is no search configuration: its format is {given}, it would be {FORMAT!r}.")
    version = data.get("version")
    if type(version) is not int or version < 1:
        raise InvalidInput(f"the version is {shown(version)}; known are 1 to {VERSION}.", subject=SUBJECT)
    if version > VERSION:
        raise InvalidInput(
            f"the version is {version}, this hpo_widgets reads up to {VERSION}; update hpo_widgets.", subject=SUBJECT
        )


def _base(data: Any) -> BaseReference:
    keys = _mapping(data, ("kind", "name", "args", "metrics"), ("kind", "name"))
    metrics = keys.get("metrics")
    return BaseReference(
        kind=_word(BaseKind, keys["kind"]),
        name=_text(keys["name"]),
        args=_texts(keys.get("args", [])),
        metrics=None if metrics is None else _text(metrics),
    )


def _objectives(data: Any) -> tuple[Objective, ...]:
    if not isinstance(data, list) or not data:
        raise InvalidInput(f"{shown(data)} is no list of objectives; give at least one.")
    found: list[Objective] = []
    problems: list[str] = []
    for each in data:
        try:
            keys = _mapping(each, ("title", "series", "sign"), ("title", "series"))
            title, series = _text(keys["title"]), _text(keys["series"])
            if not title or not series:
                raise InvalidInput("an objective needs a title and a series that are not empty.")
            found.append(Objective(title, series, Sign.parse(keys.get("sign", "min"))))
        except InvalidInput as error:
            problems += error.problems
    metrics = [(each.title, each.series) for each in found]
    problems += [f"{'/'.join(each)} is given twice." for each in sorted(set(metrics)) if metrics.count(each) > 1]
    if problems:
        raise InvalidInput(problems)
    return tuple(found)


def _limits(data: Any) -> Limits:
    return Limits.from_json(_mapping(data, tuple(each.name for each in fields(Limits)), ()))


def _strategy(data: Any) -> dict[str, Any]:
    keys = _mapping(data, ("name", "options"), ("name",))
    options = keys.get("options", {})
    if not isinstance(options, dict):
        raise InvalidInput(f"the options are {shown(options)}; give an object of names and values.")
    return {"name": _text(keys["name"]), "options": {name: decode(value) for name, value in options.items()}}


def _count(value: Any) -> int:
    if type(value) is int and value >= 1:
        return value
    raise InvalidInput(f"{shown(value)} is no number of runs; give a whole number of 1 or more.")


def _seed(value: Any) -> int | None:
    if value is None or (type(value) is int and value >= 0):
        return value
    raise InvalidInput(f"{shown(value)} is no seed; give a whole number of 0 or more, or null.")


def _mapping(data: Any, known: tuple[str, ...], needed: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise InvalidInput(f"{shown(data)} is no object; its keys would be {', '.join(known)}.")
    problems = unknown_keys(data, known, "it")
    problems += [f"the key {key!r} is missing." for key in needed if key not in data]
    if problems:
        raise InvalidInput(problems)
    return data


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise InvalidInput(f"{shown(value)} is no text.")


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(map(_text, value))
    raise InvalidInput(f"{shown(value)} is no list of texts.")


def one_or_all(names: tuple[str, ...]) -> str | list[str]:
    """Gives a name alone as itself, several as a list."""
    return names[0] if len(names) == 1 else list(names)


def _one_or_texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,) if value else ()
    if isinstance(value, list):
        return tuple(map(_text, value))
    raise InvalidInput(f"{shown(value)} is neither the name of a study nor a list of names.")


def _word(kind: type[Word], value: Any) -> Word:
    allowed = [each.value for each in kind]
    if value in allowed:
        return kind(value)
    close = get_close_matches(str(value), allowed, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise InvalidInput(f"{shown(value)} is unknown; use one of {', '.join(allowed)}.{hint}")
