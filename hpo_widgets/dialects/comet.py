"""Comet's optimizer config (reference a9): a dict, or the text of a Python literal, JSON or YAML."""

from __future__ import annotations

import ast
import json
import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hpo_widgets.dialects.comet_parameters import MOST_SAMPLES, bins, checked, close, is_number, spelled_out
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameter_values import shown
from hpo_widgets.model.parameters import Parameter
from hpo_widgets.model.space import SearchSpace

ALGORITHMS = ("random", "grid", "bayes")
TOP = ("algorithm", "spec", "parameters", "name", "trials", "verbose")
SUBJECT = "optimizer config"
YAML_EXTRA = "hpo_widgets[yaml]"
SPEC: dict[str, Any] = {
    "metric": "loss",
    "objective": "minimize",
    "maxCombo": 0,
    "gridSize": 10,
    "minSampleSize": 100,
    "randomize": False,
    "retryLimit": 20,
    "retryAssignLimit": 0,
    "seed": None,
}
"""Keys of `spec` and their defaults (the documented ones)."""
LEAST = {"maxCombo": 0, "gridSize": 1, "minSampleSize": 1, "retryLimit": 0, "retryAssignLimit": 0}
"""Smallest allowed value of the keys of `spec` that count something."""
MOST = {"gridSize": MOST_SAMPLES, "minSampleSize": MOST_SAMPLES}


@dataclass(frozen=True, kw_only=True)
class CometConfig:
    """Is a config whose every part makes sense."""

    algorithm: str
    spec: dict[str, Any]
    """With all defaults filled in."""
    parameters: dict[str, Any]
    """Entries by name, shorthand spelled out."""
    name: str | None
    trials: int
    """Repeats of each parameter set."""
    verbose: int = 1
    """0 says nothing; how it is told, not what is searched, so `to_json` leaves it out."""

    def to_json(self) -> dict[str, Any]:
        """Gives the config as it would be written in full."""
        return {
            "algorithm": self.algorithm,
            "spec": self.spec,
            "parameters": self.parameters,
            "name": self.name,
            "trials": self.trials,
        }

    @property
    def whole(self) -> frozenset[str]:
        """Names of the parameters whose values are whole numbers, whatever their scale."""
        return frozenset(name for name, entry in self.parameters.items() if entry["type"] == "integer")

    def space(self) -> SearchSpace:
        """Gives the search space; for a grid the one of its bins, which needs `spec["seed"]`."""
        return SearchSpace([self._parameter(name, entry) for name, entry in self.parameters.items()])

    def _parameter(self, name: str, entry: dict[str, Any]) -> Parameter:
        parameter, problems = checked(name, entry, bayes=self.algorithm == "bayes")
        if parameter is None or problems:
            raise InvalidInput(problems, subject=SUBJECT)
        if self.algorithm != "grid":
            return parameter
        size = entry.get("gridSize") or self.spec["gridSize"]
        seed = self.spec["seed"] or 0
        return bins(parameter, size, self.spec["minSampleSize"], seed, whole=entry["type"] == "integer")

    @property
    def most_sets(self) -> int:
        """How many different sets are tried: maxCombo, or 10 x parameters, or the whole grid; never more than exist."""
        size = self.space().grid_size if self.algorithm == "grid" else self.space().size
        wanted = self.spec["maxCombo"] or (size if self.algorithm == "grid" else 10 * len(self.parameters))
        return int(min(wanted, size))


def read_config(given: str | Mapping[str, Any]) -> CometConfig:
    """Reads a config from a dict, or from the text of a Python literal, JSON or YAML.

    A key that `spec` does not know is a warning; everywhere else it is a problem.

    Raises:
        InvalidInput: With all problems at once.
    """
    data = parse_text(given) if isinstance(given, str) else given
    if not isinstance(data, Mapping):
        raise InvalidInput(f"{data!r} is no config; give a dict with algorithm, spec and parameters.", subject=SUBJECT)
    problems = [f"{key!r} is unknown; {close(key, TOP)}" for key in data if key not in TOP]
    algorithm = data.get("algorithm")
    if algorithm is None:
        problems.append(f"algorithm is missing; give one of {', '.join(ALGORITHMS)}.")
    elif not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        problems.append(f"algorithm {algorithm!r} is unknown; {close(algorithm, ALGORITHMS)}")
    trials = data.get("trials", 1)
    if not isinstance(trials, int) or isinstance(trials, bool) or trials < 1:
        problems.append(f"trials is {trials!r}; give a whole number of at least 1.")
    name = data.get("name")
    if name is not None and not isinstance(name, str):
        problems.append(f"name is {name!r}; give a text, or leave it out.")
    verbose = data.get("verbose", 1)
    if not isinstance(verbose, int) or verbose < 0:
        problems.append(f"verbose is {verbose!r}; give 0 to say nothing, or 1.")
    spec = _read_spec(data.get("spec"), problems)
    parameters = _read_parameters(data.get("parameters"), algorithm == "bayes", problems)
    if problems:
        raise InvalidInput(problems, subject=SUBJECT)
    return CometConfig(
        algorithm=str(algorithm), spec=spec, parameters=parameters, name=name, trials=trials, verbose=int(verbose)
    )


def parse_text(text: str) -> Any:
    """Reads a Python literal (comments, trailing commas, True and None), else JSON, else YAML.

    Raises:
        InvalidInput: When it is none of them; nothing of the text is ever executed.
    """
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError) as python:
        trouble = python
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        import yaml  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        raise InvalidInput(
            f"the text is no Python literal ({trouble}) and no JSON; if it is YAML, install PyYAML to have it read: "
            f"pip install '{YAML_EXTRA}'.",
            subject=SUBJECT,
        ) from None
    try:
        found = yaml.safe_load(text)
        wrong = f"it reads as {type(found).__name__}"
    except (yaml.YAMLError, RecursionError) as error:
        found, wrong = None, " ".join(str(error).split())
    if isinstance(found, dict):
        return found
    raise InvalidInput(
        f"the text is no Python literal ({trouble}), no JSON and no YAML mapping ({wrong}).", subject=SUBJECT
    )


def _read_spec(given: Any, problems: list[str]) -> dict[str, Any]:
    if given is None:
        return dict(SPEC)
    if not isinstance(given, Mapping):
        problems.append(f"spec is {given!r}; give a dict.")
        return dict(SPEC)
    for key in given:
        if key not in SPEC:
            warnings.warn(f"spec: {key!r} is unknown and ignored; {close(key, tuple(SPEC))}", stacklevel=3)
    spec = SPEC | {key: value for key, value in given.items() if key in SPEC}
    if not isinstance(spec["metric"], str) or not spec["metric"]:
        problems.append(f"spec: metric is {spec['metric']!r}; give the name of the metric that you log.")
    if not isinstance(spec["objective"], str) or spec["objective"] not in ("minimize", "maximize"):
        problems.append(f"spec: objective {spec['objective']!r} is unknown; use minimize or maximize.")
    if not isinstance(spec["randomize"], bool):
        problems.append(f"spec: randomize is {spec['randomize']!r}; give True or False.")
    if spec["seed"] is not None and (not is_number(spec["seed"]) or not isinstance(spec["seed"], int)):
        problems.append(f"spec: seed is {spec['seed']!r}; give a whole number, or leave it out.")
    for key, least in LEAST.items():
        value = spec[key]
        most = MOST.get(key, math.inf)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            least_most = f"at least {least}" + (f" and at most {most:,}" if key in MOST else "")
            problems.append(f"spec: {key} is {shown(value)}; give a whole number of {least_most}.")
    return spec


def _read_parameters(given: Any, bayes: bool, problems: list[str]) -> dict[str, Any]:
    if not isinstance(given, Mapping) or not given:
        problems.append(f"parameters is {given!r}; give a dict with at least one parameter.")
        return {}
    entries = {name: spelled_out(entry) for name, entry in given.items()}
    for name, entry in entries.items():
        problems.extend(checked(name, entry, bayes=bayes)[1])
    return entries
