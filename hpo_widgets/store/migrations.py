"""Brings a store's file to this version's format, and refuses a file that is not ours to touch."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from hpo_widgets.errors import StoreCorrupt, StoreTooNew
from hpo_widgets.store.connection import BUSY_TIMEOUT_S, Connections
from hpo_widgets.store.queries import read_text, split_statements
from hpo_widgets.store.trouble import damaged, no_locks, translated

T = TypeVar("T")

APPLICATION_ID = 0x68706F77
"""Marks the file as ours ("hpow")."""
FORMAT_VERSION = 2
"""Number of the newest migration; kept in the file as `user_version`."""
MIGRATIONS = {1: "schema.sql", 2: "migration_2.sql"}
"""Format version to the file that leads to it from the one before."""
PAGE_BYTES = 1024
"""A commit writes whole pages: small ones make it 30 % cheaper than SQLite's 4096."""
RETRY_S = 0.005
"""Pause between tries while other processes open the same new file."""


def prepare(connections: Connections) -> None:
    """Makes the file a store, or brings an older one to this version; many processes may do so at once.

    Raises:
        StoreTooNew: For a file of a newer version; it is left as it is.
        StoreCorrupt: For a damaged file, or one of another program; it is left as it is.
        StoreUnavailable: When it cannot be written, or its file system has no locks.
    """
    path = connections.path
    _refuse_emptied(path)
    connection = connections.get()
    with translated(path):
        version, mode = _patiently(lambda: _inspect(connection, path))
        if version < FORMAT_VERSION or mode != "wal":
            if version == 0:
                connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
            _patiently(lambda: _use_wal(connection, path))
            _patiently(lambda: _migrate(connection))


def _refuse_emptied(path: Path) -> None:
    """Checks before SQLite opens the file: it deletes the log beside an empty one, and what was committed there."""
    log = path.with_name(path.name + "-wal")
    if path.exists() and path.stat().st_size == 0 and log.exists() and log.stat().st_size > 0:
        raise damaged(path, "it is empty, while its log is not")


def _inspect(connection: sqlite3.Connection, path: Path) -> tuple[int, str]:
    """Gives the file's version and journal mode."""
    mode = str(connection.execute("PRAGMA journal_mode").fetchone()[0]).lower()
    connection.execute("BEGIN")  # one view: another process may be making the tables right now
    try:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        application = int(connection.execute("PRAGMA application_id").fetchone()[0])
        tables = int(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
    finally:
        connection.execute("ROLLBACK")
    if application != APPLICATION_ID and (application or tables or version):
        raise StoreCorrupt(f"{path} is a database of another program; choose another folder for the store.")
    if version > FORMAT_VERSION:
        raise StoreTooNew(
            f"{path} was written by a newer hpo_widgets (format {version}, this one reads up to {FORMAT_VERSION}); "
            "upgrade hpo_widgets, or choose another folder for the store."
        )
    return version, mode


def _use_wal(connection: sqlite3.Connection, path: Path) -> None:
    mode = str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
    if mode.lower() != "wal":
        raise no_locks(path, f"it stays in journal mode {mode}")


def _migrate(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])  # another process may have been first
        for number in range(version + 1, FORMAT_VERSION + 1):
            for statement in split_statements(read_text(MIGRATIONS[number])):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {max(version, FORMAT_VERSION)}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _patiently(action: Callable[[], T]) -> T:
    """Tries again while the file is busy: SQLite does not wait by itself when the journal mode changes."""
    give_up = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            return action()
        except sqlite3.OperationalError as error:
            busy = str(getattr(error, "sqlite_errorname", "")).startswith("SQLITE_BUSY")
            if not busy or time.monotonic() > give_up:
                raise
            time.sleep(RETRY_S)
