"""The fields of a search that are no form of their own: base task, method, where it runs, its names. Pure."""

from __future__ import annotations

import ast
import json
import shlex
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.config import Isolation
from hpo_widgets.model.parameter_values import shown
from hpo_widgets.model.plan import BaseKind, BaseReference, StudyPlan
from hpo_widgets.model.typed_values import read_value, write_value
from hpo_widgets.sdk.planning import Method, Option, check_strategy, methods
from hpo_widgets.widgets.form import Problem

PATH = "path"
"""Choice of a base task that is named by its path."""
SENTENCES = {
    "reuse": "A process a slot runs one trial after another and keeps what the function keeps.",
    "fork": "A process a trial, at once (Linux).",
    "spawn": "A fresh interpreter a trial.",
    "thread": "Shares this kernel's memory.",
    "same-thread": "One after another, for debugging.",
}
ISOLATIONS = {"": "", **{each.value: SENTENCES.get(each.value, "") for each in Isolation}}
"""What each choice means; the empty one is what suits the machine."""
Fields = Mapping[str, Any]


def option_key(method: str, option: str) -> str:
    """Gives the key of an option's field: what is typed for one method is kept while another is looked at."""
    return f"{method}__{option}"


# -- reading -----------------------------------------------------------------------------------------------------------
def read_base(fields: Fields) -> tuple[BaseReference | None, list[Problem]]:
    """Reads the base task that was chosen."""
    chosen = str(fields.get("base", ""))
    kind, _, name = chosen.partition(":")
    field = "base"
    if chosen == PATH:
        field, name = "path", str(fields.get("path", ""))
        kind = "notebook" if name.endswith(".ipynb") else "script"
        if not name.strip():
            return None, [Problem("path", "give the path of a script or notebook, such as train.py.")]
    if not chosen:
        return None, [Problem("base", "choose what the search runs; define a function, or give the path of a script.")]
    is_script = kind == BaseKind.SCRIPT.value
    try:
        words = shlex.split(str(fields.get("args", ""))) if is_script else []
    except ValueError as error:
        return None, [Problem("args", f"the command line cannot be read ({error}); close every quote.")]
    try:
        metrics = "stdout" if is_script and fields.get("metrics") is True else None
        return BaseReference(kind=BaseKind(kind), name=name, args=tuple(words), metrics=metrics), []
    except InvalidInput as error:
        return None, [Problem(field, text) for text in error.problems]
    except ValueError:
        return None, [Problem("base", f"{shown(chosen)} cannot be searched; choose something else.")]


def read_strategy(fields: Fields) -> tuple[dict[str, Any], list[Problem]]:
    """Reads the method and its options."""
    name = str(fields.get("strategy") or "auto")
    method = {each.name: each for each in methods()}.get(name)
    options, problems = _more(fields)
    for option in method.options if method is not None else ():
        text = str(fields.get(option_key(name, option.name), "")).strip()
        if text:
            try:
                options[option.name] = _read_option(option, text)
            except InvalidInput as error:
                problems += [Problem(option_key(name, option.name), each) for each in error.problems]
    spec = {"name": name, "options": options}
    if not problems:
        problems += [Problem("strategy", text) for text in _checked(json.dumps(spec, default=repr, sort_keys=True))]
    return spec, problems


def read_rest(fields: Fields) -> tuple[dict[str, Any], list[Problem]]:
    """Reads names, queue, GPUs, repeats, warm start, seed and isolation."""
    problems = []
    isolation = str(fields.get("isolation", ""))
    if isolation not in ISOLATIONS:
        problems.append(Problem("isolation", f"{shown(isolation)} is unknown; choose one of the list."))
        isolation = ""
    found: dict[str, Any] = {
        "name": str(fields.get("name", "")),
        "project": str(fields.get("project", "")),
        "queue": str(fields.get("queue", "")),
        "warm_start": read_names(str(fields.get("warm_start", ""))),
        "gpus": tuple(each.strip() for each in str(fields.get("gpus", "")).split(",") if each.strip()),
        "isolation": Isolation(isolation) if isolation else None,
    }
    for key, least, what in (("repeats", 1, "number of runs"), ("seed", 0, "seed")):
        text = str(fields.get(key, "")).strip()
        if text.isascii() and text.isdigit() and len(text) < 20 and int(text) >= least:
            found[key] = int(text)
        elif text:
            problems.append(Problem(key, f"{shown(text)} is no {what}; give a whole number of {least} or more."))
    return found, problems


def read_names(text: str) -> tuple[str, ...]:
    """Reads the names of studies that a field holds: one as it is, several as a JSON list."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, list) and found and all(isinstance(each, str) for each in found):
        return tuple(found)
    return (text,) if text else ()


def write_names(names: tuple[str, ...]) -> str:
    """Gives the typed form of names; reading it gives the same."""
    text = names[0] if len(names) == 1 else json.dumps(names) if names else ""
    return text if read_names(text) == names else json.dumps(names)


def _more(fields: Fields) -> tuple[dict[str, Any], list[Problem]]:
    text = str(fields.get("more", "")).strip()
    if not text:
        return {}, []
    try:
        found = ast.literal_eval(text)
        if isinstance(found, dict) and all(isinstance(key, str) for key in found):
            return dict(found), []
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        pass
    return {}, [Problem("more", 'give a dict of names and values, such as {"pruner_options": {"n_min_trials": 3}}.')]


def _read_option(option: Option, text: str) -> Any:
    if option.choices:
        if text not in option.choices:
            raise InvalidInput(f"{shown(text)} is unknown; use one of {', '.join(option.choices)}.")
        return text
    value = read_value(text)
    if isinstance(option.default, bool) and not isinstance(value, bool):
        raise InvalidInput(f"{shown(value)} is neither True nor False.")
    return value


@lru_cache(maxsize=64)
def _checked(spec: str) -> tuple[str, ...]:
    return tuple(check_strategy(json.loads(spec)))


# -- writing -----------------------------------------------------------------------------------------------------------
def write_fields(plan: StudyPlan) -> dict[str, Any]:
    """Gives the typed form of a plan's fields; reading it gives the same.

    Raises:
        InvalidInput: When a GPU's id cannot be typed in a list.
    """
    wrong = [each for each in plan.gpus if "," in each or each != each.strip() or not each]
    if wrong:
        raise InvalidInput([f"{shown(each)} is no id of a GPU." for each in wrong], subject="study")
    return {
        "base": f"{plan.base.kind.value}:{plan.base.name}",
        "path": "",
        "args": shlex.join(plan.base.args),
        "metrics": plan.base.metrics is not None,
        **write_strategy(plan.strategy),
        "name": plan.name,
        "project": plan.project,
        "queue": plan.queue,
        "gpus": ", ".join(plan.gpus),
        "repeats": "" if plan.repeats == 1 else str(plan.repeats),
        "warm_start": write_names(plan.warm_start),
        "seed": "" if plan.seed is None else str(plan.seed),
        "isolation": "" if plan.isolation is None else plan.isolation.value,
    }


def write_strategy(strategy: Mapping[str, Any]) -> dict[str, Any]:
    """Gives the typed form of a method and its options; what no field can hold goes to `more`."""
    method = _method(strategy["name"])
    fields: dict[str, Any] = {"strategy": strategy["name"]}
    more: dict[str, Any] = {}
    known = {each.name: each for each in method.options} if method is not None else {}
    for name, value in strategy["options"].items():
        option = known.get(name)
        text = value if option is not None and option.choices else write_value(value)
        if option is not None and isinstance(text, str) and _reads_as(option, text, value):
            fields[option_key(strategy["name"], name)] = text
        else:
            more[name] = value
    return {**fields, "more": write_value(more) if more else ""}


def _reads_as(option: Option, text: str, value: Any) -> bool:
    try:
        found = _read_option(option, text)
    except InvalidInput:
        return False
    return type(found) is type(value) and found == value


def _method(name: str) -> Method | None:
    return next((each for each in methods() if each.name == name), None)
