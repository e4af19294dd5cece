"""hpo_widgets: hyperparameter optimization that lives in the notebook.

    import hpo_widgets as hpo

    study = hpo.tune(train, {"lr": hpo.loguniform(1e-5, 1e-1), "layers": hpo.integer(1, 4)}, objective="loss")
    await study
    study.best

Importing it loads the standard library only; everything else is loaded at its first use.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0.dev0"

_HOMES = {
    "Agent": "sdk.task_agent",
    "Logger": "sdk.logger",
    "Task": "sdk.task",
    "TaskTypes": "sdk.task_card",
    "InvalidInput": "errors",
    "HpoError": "errors",
    "Limits": "model.limits",
    "Objective": "model.objective",
    "SearchSpace": "model.space",
    "Strategy": "strategies.base",
    "GridSearch": "strategies.grid",
    "RandomSearch": "strategies.random",
    "OptunaStrategy": "strategies.optuna",
    "Study": "study",
    "attach": "sdk.tune",
    "choice": "model.space_shorthand",
    "configure": "store.location",
    "integer": "model.space_shorthand",
    "lognormal": "model.space_shorthand",
    "loguniform": "model.space_shorthand",
    "normal": "model.space_shorthand",
    "studies": "sdk.tune",
    "tune": "sdk.tune",
    "uniform": "model.space_shorthand",
}

__all__ = [
    "Agent",
    "GridSearch",
    "HpoError",
    "InvalidInput",
    "Limits",
    "Logger",
    "Objective",
    "OptunaStrategy",
    "RandomSearch",
    "SearchSpace",
    "Strategy",
    "Study",
    "Task",
    "TaskTypes",
    "attach",
    "choice",
    "configure",
    "integer",
    "lognormal",
    "loguniform",
    "normal",
    "studies",
    "tune",
    "uniform",
]

if TYPE_CHECKING:
    from hpo_widgets.errors import HpoError, InvalidInput
    from hpo_widgets.model.limits import Limits
    from hpo_widgets.model.objective import Objective
    from hpo_widgets.model.space import SearchSpace
    from hpo_widgets.model.space_shorthand import choice, integer, lognormal, loguniform, normal, uniform
    from hpo_widgets.sdk.logger import Logger
    from hpo_widgets.sdk.task import Task
    from hpo_widgets.sdk.task_agent import Agent
    from hpo_widgets.sdk.task_card import TaskTypes
    from hpo_widgets.sdk.tune import attach, studies, tune
    from hpo_widgets.store.location import configure
    from hpo_widgets.strategies.base import Strategy
    from hpo_widgets.strategies.grid import GridSearch
    from hpo_widgets.strategies.optuna import OptunaStrategy
    from hpo_widgets.strategies.random import RandomSearch
    from hpo_widgets.study import Study


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'hpo_widgets' has no attribute {name!r}; it has {', '.join(__all__)}.")
    found = getattr(importlib.import_module(f"hpo_widgets.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return [*globals(), *__all__]


def _show_studies_in_notebooks() -> None:
    """Registers the display of a study with IPython by name, so that nothing is loaded before one is shown."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None:
        formatter = shell.display_formatter.mimebundle_formatter
        formatter.for_type_by_name("hpo_widgets.study", "Study", _study_bundle)


def _study_bundle(study: Any, **_: Any) -> Any:
    from hpo_widgets.widgets.progress import study_bundle

    return study_bundle(study)


_show_studies_in_notebooks()
