"""SQLite connections of one store file: one a thread, none shared across a fork, none to a file that is gone."""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from pathlib import Path

from hpo_widgets.errors import StoreError
from hpo_widgets.store.trouble import moved, translated

BUSY_TIMEOUT_S = 30.0
"""How long a write waits for another process's write; they take microseconds."""
CHECKPOINT_PAGES = 8000
"""Pages in the log after which a writer moves them into the file; that takes the disk's milliseconds."""
OPTIONS = "mode=rw"
"""URI options: a file that is gone is not made anew, empty, behind the back of those who still use the old one."""


class Connections:
    """Gives each thread its own connection to one file.

    The file must never be opened in this process by other means: closing such a descriptor drops SQLite's locks.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._where = os.fspath(path)
        self._local = threading.local()
        self._open: list[tuple[threading.Thread, sqlite3.Connection]] = []
        self._lock = threading.Lock()
        self._file: tuple[int, int] | None = None
        self._forked = False
        _of_process.add(self)

    def get(self) -> sqlite3.Connection:
        """Gives this thread's connection, opening it when it is the first use."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        return connection if connection is not None else self._add()

    def check_present(self) -> None:
        """Raises `StoreUnavailable` when the path no longer leads to the file that is open."""
        if self._identity() != self._file:
            raise moved(self.path)

    def is_present(self) -> bool:
        """Tells whether the path still leads to the file that was opened."""
        return self._file is None or self._identity() == self._file

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._where)
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _add(self) -> sqlite3.Connection:
        if self._forked:
            raise StoreError("this store was opened before the process forked; open it again in the new process.")
        connection = self._connect()
        with self._lock:
            gone = [each for each in self._open if not each[0].is_alive()]
            self._open = [each for each in self._open if each[0].is_alive()]
            self._open.append((threading.current_thread(), connection))
        for _, left in gone:
            left.close()
        self._local.connection = connection
        return connection

    def _connect(self) -> sqlite3.Connection:
        with translated(self.path):
            # check_same_thread off: close() ends the connections of threads that are gone.
            connection = sqlite3.connect(
                f"{self.path.as_uri()}?{OPTIONS}",
                uri=True,
                timeout=BUSY_TIMEOUT_S,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=256,
            )
            connection.row_factory = sqlite3.Row
            # NORMAL in WAL mode: a commit survives the death of every process; a power cut may cost the newest ones.
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        if self._file is None:
            self._file = self._identity()
        elif not self.is_present():
            connection.close()
            raise moved(self.path)
        return connection

    def close(self) -> None:
        """Closes every thread's connection; the next use opens anew."""
        with self._lock:
            found, self._open, self._local = self._open, [], threading.local()
        for _, connection in found:
            connection.close()

    def forget_thread(self) -> None:
        """Closes the calling thread's connection."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is not None:
            self._local.connection = None
            with self._lock:
                self._open = [each for each in self._open if each[1] is not connection]
            connection.close()

    def leave_to_parent(self) -> None:
        """Gives up the connections in a process that has just been forked; the parent goes on with them.

        SQLite counts locks by process in memory that the fork has copied: a connection opened here would take the
        parent's locks for its own, and lose its writes when the parent closes the file. Closing the inherited one
        (idle, of the thread that lives on) resets the count; the system keeps locks by process, so the parent's stay.
        See https://www.sqlite.org/howtocorrupt.html, section 2.6.
        """
        mine: sqlite3.Connection | None = getattr(self._local, "connection", None)
        self._local, self._lock, self._forked = threading.local(), threading.Lock(), True
        if mine is not None and not mine.in_transaction:
            self._open = [each for each in self._open if each[1] is not mine]
            mine.close()


_of_process: weakref.WeakSet[Connections] = weakref.WeakSet()


def _after_fork() -> None:
    for each in list(_of_process):
        each.leave_to_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
