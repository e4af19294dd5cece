"""Whether a store could live in a folder: tried with a file of its own beside it, never on the store itself."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from pathlib import Path


def nearest(folder: Path) -> Path:
    """Gives the folder, or the closest one above it that is there."""
    return next((each for each in (folder, *folder.parents) if each.is_dir()), Path(folder.anchor))


def why_unusable(folder: Path) -> str:
    """Says why a store cannot be written in a folder; an empty text when it can. The folder is not made.

    A small database with the locks and the shared memory of a real one is made in the nearest folder that is there,
    written, and taken away.
    """
    if folder.exists() and not folder.is_dir():
        return "a file of this name is in the way"
    base = nearest(folder)
    try:
        with tempfile.TemporaryDirectory(prefix=".hpo-probe-", dir=base) as made:
            return _why_not(Path(made) / "probe.sqlite")
    except OSError as error:
        return error.strerror or str(error)


def free_bytes(folder: Path) -> int | None:
    """Gives the room left on the disk of a folder; `None` when the system does not say."""
    try:
        return shutil.disk_usage(nearest(folder)).free
    except OSError:
        return None


def _why_not(path: Path) -> str:
    try:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
            mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
            connection.execute("CREATE TABLE probe (value INTEGER)")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO probe VALUES (1)")
            connection.execute("COMMIT")
    except sqlite3.Error as error:
        return f"SQLite cannot work there ({error})"
    return "" if mode == "wal" else "the file system has no shared memory for processes that use one store"
