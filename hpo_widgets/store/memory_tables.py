"""Tables, transactions and watches of the store in memory: everything changes under one lock, or not at all."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

from hpo_widgets.store.base import LONGEST_WAIT_S, Rung, Watch
from hpo_widgets.store.memory_scalars import MemoryScalars


class MemoryWatch(Watch):
    """Is a condition that other threads set and one thread waits on."""

    def __init__(self, watches: list[MemoryWatch], *, scalars: bool) -> None:
        self.thread = threading.get_ident()
        self.scalars = scalars
        self._heard = Rung.NOTHING
        self._changed = threading.Condition()
        self._watches = watches
        watches.append(self)

    def wait(self, timeout: float | None) -> Rung:
        with self._changed:
            self._changed.wait_for(lambda: bool(self._heard), None if timeout is None else min(timeout, LONGEST_WAIT_S))
            heard, self._heard = self._heard, Rung.NOTHING
            return heard

    def ring(self, rung: Rung) -> None:
        """Ends a `wait`, or the next one, with what there is to hear."""
        with self._changed:
            self._heard |= rung
            self._changed.notify()

    def wake(self) -> None:
        self.ring(Rung.STATES)

    def close(self) -> None:
        with contextlib.suppress(ValueError):
            self._watches.remove(self)


class MemoryTables:
    """Keeps count of what changed when, undoes what fails, and rings the watches after what is kept."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.revision = 0
        self.scalars = MemoryScalars()
        self.depth = 0
        """Transactions inside one another."""
        self.before = 0
        """Scalars there were before the open transaction."""
        self._undo: list[Callable[[], object]] = []
        self._rings = Rung.NOTHING
        self._recent: dict[str | None, dict[tuple[str, Any], int]] = {}
        self.watches: list[MemoryWatch] = []

    def ring(self, rung: Rung) -> None:
        """Wakes the watches of other threads; inside a transaction at its end."""
        if self.depth:
            self._rings |= rung
            return
        me = threading.get_ident()
        for watch in list(self.watches):
            heard = rung if watch.scalars else rung & Rung.STATES
            if watch.thread != me and heard:
                watch.ring(heard)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Holds the lock; undoes everything when it raises."""
        with self.lock:
            outermost = self.depth == 0
            if outermost:
                self.revision += 1
                self._undo, self._rings, self.before = [], Rung.STATES, len(self.scalars)
            self.depth += 1
            try:
                yield
            except BaseException:
                if outermost:
                    for undo in reversed(self._undo):
                        undo()
                    self.scalars.cut(self.before)
                raise
            finally:
                self.depth -= 1
            rings = self._rings
        if outermost:
            self.ring(rings)

    def undo_by(self, undo: Callable[[], object]) -> None:
        """Has the open transaction call `undo` when it fails."""
        if self.depth:
            self._undo.append(undo)

    def put(self, table: dict[Any, Any], kind: str, study: str | None, key: Any, value: Any) -> None:
        """Keeps a record, last among those of its study that changed."""
        with self.transaction():
            before = table.get(key)
            recent = self._recent.setdefault(study, {})
            revision = recent.pop((kind, key), 0)
            table[key], recent[kind, key] = value, self.revision

            def undo() -> None:
                del recent[kind, key]
                if before is None:
                    del table[key]
                    return
                table[key], recent[kind, key] = before, revision
                order = sorted(recent.items(), key=lambda item: item[1])
                recent.clear()
                recent.update(order)

            self._undo.append(undo)

    def keys(self, study: str, kind: str, since: int = 0) -> list[Any]:
        """Gives the keys of a study's records that changed after a revision, newest first; looks at little else."""
        found = []
        for (of, key), revision in reversed(self._recent.get(study, {}).items()):
            if revision <= since:
                break
            if of == kind:
                found.append(key)
        return found
