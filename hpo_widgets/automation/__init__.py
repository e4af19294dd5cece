"""ClearML's names for optimization: swapping the import root `clearml` for `hpo_widgets` is all a script needs.

Promise: every constructor argument and method of ClearML 2.1's `HyperParameterOptimizer` with its documented meaning;
none of the traps where its code does something else. Minutes are on this side of the door, seconds behind it. What
has no meaning without a server is accepted and says so in its docstring; what cannot be served is refused with the
reason before anything starts.

May import: `hpo_widgets.errors`, `model`, `strategies`, `store`, `agents`, `engine`, `study`, `sdk`. Importing
this package loads the standard library only; nothing but `automation.optuna`'s strategy at its start loads Optuna.
Threads: an optimizer may be used from any thread. It starts one, the reporter, which calls the completion callback,
names jobs and writes the reports. What runs inside the search (`job_strategy`) belongs to the engine's thread.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_HOMES = {
    "Budget": "automation.budget",
    "ClearmlJob": "automation.job",
    "DiscreteParameterRange": "model.parameters",
    "GridSearch": "automation.search_strategy",
    "HyperParameterOptimizer": "automation.optimizer",
    "LogNormalParameterRange": "model.parameters",
    "LogUniformParameterRange": "model.parameters",
    "NormalParameterRange": "model.parameters",
    "Objective": "automation.objective",
    "ParameterSet": "model.parameters",
    "RandomSearch": "automation.search_strategy",
    "RandomSeed": "model.parameters",
    "SearchStrategy": "automation.search_strategy",
    "UniformIntegerParameterRange": "model.parameters",
    "UniformParameterRange": "model.parameters",
}

__all__ = [
    "Budget",
    "ClearmlJob",
    "DiscreteParameterRange",
    "GridSearch",
    "HyperParameterOptimizer",
    "LogNormalParameterRange",
    "LogUniformParameterRange",
    "NormalParameterRange",
    "Objective",
    "ParameterSet",
    "RandomSearch",
    "RandomSeed",
    "SearchStrategy",
    "UniformIntegerParameterRange",
    "UniformParameterRange",
]

if TYPE_CHECKING:
    from hpo_widgets.automation.budget import Budget
    from hpo_widgets.automation.job import ClearmlJob
    from hpo_widgets.automation.objective import Objective
    from hpo_widgets.automation.optimizer import HyperParameterOptimizer
    from hpo_widgets.automation.search_strategy import GridSearch, RandomSearch, SearchStrategy
    from hpo_widgets.model.parameters import (
        DiscreteParameterRange,
        LogNormalParameterRange,
        LogUniformParameterRange,
        NormalParameterRange,
        ParameterSet,
        RandomSeed,
        UniformIntegerParameterRange,
        UniformParameterRange,
    )


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'hpo_widgets.automation' has no attribute {name!r}; it has {', '.join(__all__)}.")
    found = getattr(importlib.import_module(f"hpo_widgets.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return [*globals(), *__all__]
