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

__version__ = "0.1.0"

_HOMES = {
    "Agent": "sdk.task_agent",
    "Dashboard": "widgets.dashboard",
    "Logger": "sdk.logger",
    "Task": "sdk.task",
    "TaskTypes": "sdk.task_card",
    "InvalidInput": "errors",
    "LimitsForm": "widgets.limits_form",
    "ObjectiveForm": "widgets.objective_form",
    "StudyForm": "widgets.study_form",
    "HpoError": "errors",
    "Limits": "model.limits",
    "Objective": "model.objective",
    "SearchSpace": "model.space",
    "SearchSpaceForm": "widgets.space_form",
    "Strategy": "strategies.base",
    "GridSearch": "strategies.grid",
    "RandomSearch": "strategies.random",
    "OptunaStrategy": "strategies.optuna",
    "Study": "study",
    "app": "widgets.app",
    "attach": "sdk.tune",
    "choice": "model.space_shorthand",
    "configure": "store.location",
    "doctor": "widgets.doctor",
    "integer": "model.space_shorthand",
    "lognormal": "model.space_shorthand",
    "loguniform": "model.space_shorthand",
    "normal": "model.space_shorthand",
    "report": "sdk.notebook_report",
    "studies": "sdk.tune",
    "tune": "sdk.tune",
    "uniform": "model.space_shorthand",
    "when": "model.space_shorthand",
}

__all__ = [
    "Agent",
    "Dashboard",
    "GridSearch",
    "HpoError",
    "InvalidInput",
    "Limits",
    "LimitsForm",
    "Logger",
    "Objective",
    "ObjectiveForm",
    "OptunaStrategy",
    "RandomSearch",
    "SearchSpace",
    "SearchSpaceForm",
    "Strategy",
    "Study",
    "StudyForm",
    "Task",
    "TaskTypes",
    "app",
    "attach",
    "choice",
    "configure",
    "doctor",
    "integer",
    "lognormal",
    "loguniform",
    "normal",
    "report",
    "studies",
    "tune",
    "uniform",
    "when",
]

if TYPE_CHECKING:
    from hpo_widgets.errors import HpoError, InvalidInput
    from hpo_widgets.model.limits import Limits
    from hpo_widgets.model.objective import Objective
    from hpo_widgets.model.space import SearchSpace
    from hpo_widgets.model.space_shorthand import choice, integer, lognormal, loguniform, normal, uniform, when
    from hpo_widgets.sdk.logger import Logger
    from hpo_widgets.sdk.notebook_report import report
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
    from hpo_widgets.widgets.app import app
    from hpo_widgets.widgets.dashboard import Dashboard
    from hpo_widgets.widgets.doctor import doctor
    from hpo_widgets.widgets.limits_form import LimitsForm
    from hpo_widgets.widgets.objective_form import ObjectiveForm
    from hpo_widgets.widgets.space_form import SearchSpaceForm
    from hpo_widgets.widgets.study_form import StudyForm


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'hpo_widgets' has no attribute {name!r}; it has {', '.join(__all__)}.")
    found = getattr(importlib.import_module(f"hpo_widgets.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return [*globals(), *__all__]


def load_ipython_extension(shell: Any) -> None:
    """Gives an IPython shell the display of studies and the magic `%%objective`; nothing is loaded before their use.

    Called by `%load_ext hpo_widgets`, and by the import itself where a shell is there.
    """
    formatter = shell.display_formatter.mimebundle_formatter
    formatter.for_type_by_name("hpo_widgets.study.study", "Study", _study_bundle)
    shell.register_magic_function(_objective_magic, "cell", "objective")


def _objective_magic(line: str, cell: str) -> Any:
    """%%objective [name] [--no-dry-run]: makes the cell a base task, its literals the parameters of a search."""
    __tracebackhide__ = True
    from hpo_widgets.sdk.magics import objective

    return objective(line, cell)


def _join_shell() -> None:
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None:
        load_ipython_extension(shell)


def _study_bundle(study: Any, **_: Any) -> Any:
    from hpo_widgets.widgets.study_display import study_bundle

    return study_bundle(study)


_join_shell()
