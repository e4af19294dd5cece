"""A plan: all that a person asks for before anything is stored or started, as forms, files and cells say it."""

from __future__ import annotations

import keyword
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.config import Isolation
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.objective import Objective
from hpo_widgets.model.parameter_values import shown
from hpo_widgets.model.space import SearchSpace

METRICS = (None, "stdout")
"""Where else a script's metrics may come from."""


class BaseKind(Enum):
    """Where the code that a search runs is found."""

    FUNCTION = "function"
    """A variable of the notebook: a function, or a cell with `%%objective`."""
    SCRIPT = "script"
    """The path of a Python file."""
    NOTEBOOK = "notebook"
    """The path of an .ipynb file."""
    STUDY = "study"
    """What a study of the store ran."""
    TASK = "task"
    """What a task of the store ran, by its id."""


@dataclass(frozen=True, kw_only=True)
class BaseReference:
    """Names the code that a search runs, so that it can be found again; holds none of it.

    Raises:
        InvalidInput: For an empty name, a function's name that is no variable, or a command line for what has none.
    """

    kind: BaseKind
    name: str
    """Name of the variable, path of the file, name of the study, or id of the task."""
    args: tuple[str, ...] = ()
    """Command line of a script; what is searched comes on top."""
    metrics: str | None = None
    """`stdout` records what a script prints as `epoch=3 loss=0.25`."""

    def __post_init__(self) -> None:
        if problems := list(self._problems()):
            raise InvalidInput(problems, subject="base task")

    def _problems(self) -> list[str]:
        found = []
        if not isinstance(self.name, str) or not self.name:
            found.append("there is no base task; choose what the search runs.")
        elif self.kind is BaseKind.FUNCTION and not _is_variable(self.name):
            found.append(f"{shown(self.name)} cannot be the name of a variable; give the function's name.")
        if self.metrics not in METRICS:
            found.append(f"metrics is {shown(self.metrics)}; use 'stdout', or leave it out.")
        if self.kind is not BaseKind.SCRIPT and (self.args or self.metrics):
            found.append(f"args and metrics are for scripts; leave them out for a {self.kind.value}.")
        if any("\0" in each for each in self.args):
            found.append("a word of the command line has a zero character; leave it out.")
        return found


@dataclass(frozen=True, kw_only=True)
class StudyPlan:
    """Says what a person wants searched, and how. Changed by copy; `hpo_widgets.dialects.native` writes and reads it.

    Raises:
        InvalidInput: Without an objective, for a strategy that is not named, or for a number that cannot be.
    """

    base: BaseReference
    space: SearchSpace
    objectives: tuple[Objective, ...]
    limits: Limits = field(default_factory=Limits)
    strategy: dict[str, Any] = field(default_factory=lambda: {"name": "auto", "options": {}})
    """`{"name", "options"}`: the strategy's name in the registry, and its options."""
    repeats: int = 1
    """Runs of each parameter set; the strategy learns their mean."""
    warm_start: tuple[str, ...] = ()
    """Names of earlier studies of the store, which the strategy learns from first."""
    seed: int | None = None
    isolation: Isolation | None = None
    """`None` is the best that the machine has."""
    gpus: tuple[str, ...] = ()
    """Device ids dealt to the slots."""
    queue: str = ""
    """Queue whose agents run its tasks; empty runs them in processes of this machine."""
    name: str = ""
    """Of the study; empty takes the base task's."""
    project: str = ""

    def __post_init__(self) -> None:
        problems = []
        if not self.objectives:
            problems.append("no objective was given; name the metric to optimize.")
        if not isinstance(self.strategy.get("name"), str) or not isinstance(self.strategy.get("options"), dict):
            problems.append(f"the strategy is {shown(self.strategy)}; give its name and its options.")
        if type(self.repeats) is not int or self.repeats < 1:
            problems.append(f"repeats is {shown(self.repeats)}; give a whole number of 1 or more.")
        if self.seed is not None and (type(self.seed) is not int or self.seed < 0):
            problems.append(f"the seed is {shown(self.seed)}; give a whole number of 0 or more, or none.")
        if problems:
            raise InvalidInput(problems, subject="study")


def _is_variable(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name)
