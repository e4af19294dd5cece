"""Strategies: ask, learn, judge. Grid, random, all of Optuna, rungs (BOHB, Hyperband, ASHA), and your own.

Promise: a strategy proposes only members of the search space and never the same twice (with rungs: never twice at one
budget); it goes on after a restart from what the store remembers; Optuna proposes but does not store, and is not
imported before it is asked for. What says of all results that more is not worth it is a terminator, beside them.

May import: the standard library, `hpo_widgets.errors`, `hpo_widgets.model`; files named `optuna*` also optuna.
Threads: none; all calls to one strategy come from one thread at a time. No strategy opens a file or reads a clock: how
long asking and trials took is handed in (`Strategy.timed`), which `auto` keeps account of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpo_widgets.strategies.base import Memos, Outcome, Past, PastTask, Problem, Strategy
from hpo_widgets.strategies.grid import GridSearch
from hpo_widgets.strategies.random import RandomSearch
from hpo_widgets.strategies.registry import create_strategy, strategy_names, strategy_spec

if TYPE_CHECKING:
    from hpo_widgets.strategies.optuna import OptunaStrategy
    from hpo_widgets.strategies.optuna_export import optuna_study

__all__ = [
    "GridSearch",
    "Memos",
    "OptunaStrategy",
    "Outcome",
    "Past",
    "PastTask",
    "Problem",
    "RandomSearch",
    "Strategy",
    "create_strategy",
    "optuna_study",
    "strategy_names",
    "strategy_spec",
]


def __getattr__(name: str) -> Any:
    if name == "OptunaStrategy":
        from hpo_widgets.strategies.optuna import OptunaStrategy

        return OptunaStrategy
    if name == "optuna_study":
        from hpo_widgets.strategies.optuna_export import optuna_study

        return optuna_study
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
