"""The outbox: what the engine has decided and the store has not yet taken; nothing in it is lost while it cannot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hpo_widgets.store.base import Store

Write = Callable[[], Callable[[], None] | None]
"""Writes to the store; gives what to do in memory once the whole transaction is kept."""


@dataclass
class Outbox:
    """Collects writes and carries them out in order, in one transaction, all or none."""

    store: Store
    _writes: list[Write] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self._writes)

    def add(self, write: Write) -> None:
        """Takes in a write; it may be carried out again when the store could not keep it."""
        self._writes.append(write)

    def flush(self) -> None:
        """Carries out everything. Raises `StoreUnavailable` and keeps all of it when the store cannot."""
        if not self._writes:
            return
        with self.store.transaction():
            then = [write() for write in self._writes]
        self._writes.clear()
        for action in then:
            if action is not None:
                action()
