"""Configurations from text, whoever wrote it: what it says as parts of a plan, and what it cannot say as notes."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from hpo_widgets.dialects.json_text import read_json
from hpo_widgets.dialects.native import is_native, plan_from_json
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.plan import StudyPlan
from hpo_widgets.model.space import SearchSpace

SUBJECT = "import"
SPACE_FORMAT = "hpo_widgets.space"
READERS = {
    "comet": ("read_config", "a Comet config"),
    "clearml": ("read_params_search", "the JSON of clearml-param-search"),
}
"""Module of `hpo_widgets.dialects`, its function, and what people call what it reads."""
SILENT = {
    "base": "what to run",
    "space": "the search space",
    "objectives": "the objective",
    "limits": "the limits",
    "strategy": "the method",
}
"""What people call the parts of a plan."""


@dataclass(frozen=True, kw_only=True)
class Imported:
    """Is what a text says."""

    source: str
    """Whose format it is, for people."""
    parts: Mapping[str, Any] = field(default_factory=dict)
    """Fields of a `StudyPlan` that it gives; the others stay as they are."""
    notes: tuple[str, ...] = ()
    """What it does not say, or says in words that have no meaning here."""


def read_configuration(text: str) -> Imported:
    """Reads our own JSON of a search or a space, the JSON of `clearml-param-search`, or a Comet config.

    Raises:
        InvalidInput: When it is none of these, or what it says is not allowed, with all problems.
    """
    if not text.strip():
        raise InvalidInput("the text is empty; give the JSON of a search.", subject=SUBJECT)
    try:
        data = read_json(text, SUBJECT)
    except InvalidInput:
        # Comet's files are Python literals, which JSON need not be.
        found = _foreign("comet", text)
        if found is None:
            raise
        return found
    if is_native(data):
        return _native(data)
    for module in READERS:
        if _claims(module, data):
            found = _foreign(module, text)
            if found is not None:
                return found
            raise InvalidInput(
                f"this looks like {READERS[module][1]}, which this version cannot read.", subject=SUBJECT
            )
    raise InvalidInput(
        f"this is no configuration that is known; give one that a form has exported, {_all_readers()}.",
        subject=SUBJECT,
    )


def _all_readers() -> str:
    return ", or ".join(said for _, said in READERS.values())


def _native(data: Mapping[str, Any]) -> Imported:
    if data.get("format") == SPACE_FORMAT:
        space = SearchSpace.from_json(data)
        return Imported(source="a search space", parts={"space": space}, notes=(_silence({"space"}),))
    plan = plan_from_json(data)
    return Imported(source="a search", parts={each.name: getattr(plan, each.name) for each in fields(plan)})


def _claims(module: str, data: Any) -> bool:
    """Tells whose a JSON text looks to be, so that the errors are those of its own reader."""
    if module == "comet":
        return isinstance(data, Mapping) and ("algorithm" in data or "parameters" in data)
    first = data[0] if isinstance(data, list) and data else data
    return isinstance(first, Mapping) and ("name" in first or "parameter_optimization_space" in first)


def _foreign(module: str, text: str) -> Imported | None:
    """Reads another tool's text, `None` when its reader is not part of this package."""
    reader, _ = READERS[module]
    try:
        read: Callable[[str], Any] = getattr(importlib.import_module(f"hpo_widgets.dialects.{module}"), reader)
    except (ImportError, AttributeError):
        return None
    return _as_imported(module, read(text))


def _as_imported(module: str, found: Any) -> Imported:
    """Takes what a reader found: fields by their names in `StudyPlan`, and its notes."""
    known = {each.name for each in fields(StudyPlan)}
    parts = {name: value for name in known if (value := getattr(found, name, None)) is not None}
    notes = [*getattr(found, "notes", ()), _silence(parts)]
    return Imported(source=READERS[module][1], parts=parts, notes=tuple(notes))


def _silence(parts: Collection[str]) -> str:
    """Says what a text does not say."""
    missing = [words for name, words in SILENT.items() if name not in parts]
    return f"It does not say {', '.join(missing[:-1])} and {missing[-1]}; that stays as it is." if missing else ""
