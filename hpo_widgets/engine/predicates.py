"""Constraints that are functions: kept in the store beside the base task, and loaded only to start something."""

from __future__ import annotations

import pickle
from dataclasses import replace

from hpo_widgets.model.constraint import Predicate
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.store.base import Store


def with_functions(store: Store, space: SearchSpace) -> SearchSpace:
    """Gives the space with the functions of its constraints, which run code: only for what a person starts."""
    if not any(isinstance(each, Predicate) for each in space.constraints):
        return space
    return space.with_constraints(
        replace(each, function=pickle.loads(store.code(each.code).body))
        if isinstance(each, Predicate) and each.function is None and each.code is not None
        else each
        for each in space.constraints
    )
