from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import comm
import pytest

from hpo_widgets.store.base import Store
from hpo_widgets.store.memory import MemoryStore
from tests.unit.widgets.desk import Desk
from tests.unit.widgets.page import Page


@pytest.fixture
def store() -> Iterator[Store]:
    store = MemoryStore()
    yield store
    store.close()


@pytest.fixture
def desk(store: Store) -> Callable[..., Desk]:
    def make(objective: Any = "accuracy", direction: Any = "max", name: str = "digits", **limits: Any) -> Desk:
        return Desk(store, objective, direction, name, **limits)

    return make


@pytest.fixture(autouse=True)
def page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comm, "create_comm", lambda **arguments: Page(**arguments))
