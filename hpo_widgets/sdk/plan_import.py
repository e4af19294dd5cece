"""Configurations from text, whoever wrote it: what it says as parts of a plan, and what it cannot say as notes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from hpo_widgets.dialects.clearml import STORED, read_params_search
from hpo_widgets.dialects.comet import SPEC, read_config
from hpo_widgets.dialects.json_text import read_json
from hpo_widgets.dialects.native import is_native, plan_from_json
from hpo_widgets.engine.run import default_concurrency
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.objective import parse_objectives
from hpo_widgets.model.space import SearchSpace

SUBJECT = "import"
SPACE_FORMAT = "hpo_widgets.space"
METHODS = {"random": "random", "grid": "grid", "bayes": "tpe"}
"""Comet's algorithms and the strategy that does the same."""
NO_COUNTERPART = ("gridSize", "minSampleSize", "randomize", "retryLimit", "retryAssignLimit")
"""Keys of Comet's spec that a plan cannot say."""
DISCRETE = "DiscreteParameterRange"
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
        if "algorithm" in text and "parameters" in text:
            return _comet(text)
        raise
    if is_native(data):
        return _native(data)
    if isinstance(data, Mapping) and ("algorithm" in data or "parameters" in data):
        return _comet(text)
    first = data[0] if isinstance(data, list) and data else data
    if isinstance(first, Mapping) and ("name" in first or STORED in first):
        return _clearml(text)
    raise InvalidInput(
        "this is no configuration that is known; give one that a form has exported, the JSON of "
        "clearml-param-search, or a Comet config.",
        subject=SUBJECT,
    )


def _native(data: Mapping[str, Any]) -> Imported:
    if data.get("format") == SPACE_FORMAT:
        space = SearchSpace.from_json(data)
        return Imported(source="a search space", parts={"space": space}, notes=(_silence({"space"}),))
    plan = plan_from_json(data)
    return Imported(source="a search", parts={each.name: getattr(plan, each.name) for each in fields(plan)})


def _clearml(text: str) -> Imported:
    found = read_params_search(text)
    parts = {"space": found.space}
    return Imported(source="the JSON of clearml-param-search", parts=parts, notes=(*found.notes, _silence(parts)))


def _comet(text: str) -> Imported:
    found = read_config(text)
    jobs = found.most_sets * found.trials
    direction = {"minimize": "min", "maximize": "max"}.get(str(found.spec["objective"]), found.spec["objective"])
    parts: dict[str, Any] = {
        "space": found.space(),
        "objectives": parse_objectives(found.spec["metric"], direction),
        "limits": Limits(max_number_of_concurrent_tasks=default_concurrency(), total_max_jobs=jobs),
        "strategy": {"name": METHODS[found.algorithm], "options": {}},
    }
    parts |= {"seed": found.spec["seed"]} if found.spec["seed"] is not None else {}
    parts |= {"name": found.name} if found.name else {}
    parts |= {"repeats": found.trials} if found.trials > 1 else {}
    notes = []
    odd = [key for key in NO_COUNTERPART if found.spec.get(key) != SPEC[key]]
    if found.algorithm == "grid":
        odd = [key for key in odd if key not in ("gridSize", "minSampleSize")]
    if odd:
        notes.append(f"{', '.join(odd)} of spec mean nothing here.")
    ranges = {each.name: type(each).__name__ for each in parts["space"]}
    real = [name for name in found.whole if ranges[name] not in ("UniformIntegerParameterRange", DISCRETE)]
    if real:
        notes.append(f"{', '.join(sorted(real))}: whole numbers on a scale, which a range here draws as floats.")
    return Imported(source="a Comet config", parts=parts, notes=(*notes, _silence(parts)))


def _silence(parts: Collection[str]) -> str:
    """Says what a text does not say."""
    missing = [words for name, words in SILENT.items() if name not in parts]
    listed = f"{', '.join(missing[:-1])} and {missing[-1]}" if len(missing) > 1 else missing[0]
    return f"It does not say {listed}; that stays as it is."
