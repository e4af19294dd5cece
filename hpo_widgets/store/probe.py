"""Whether a store could live in a folder: tried with a file of its own beside it, never on the store itself."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from pathlib import Path

from hpo_widgets.store.folder import FILE_NAME
from hpo_widgets.store.migrations import APPLICATION_ID, FORMAT_VERSION

MAGIC, HEAD_BYTES = b"SQLite format 3\0", 100
VERSION_AT, APPLICATION_AT = 60, 68
"""Where SQLite's files begin with what, and where their head has `user_version` and `application_id`."""


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


def why_unreadable(folder: Path) -> str:
    """Says why the store that lies in a folder cannot be used, by the head of its file; an empty text otherwise."""
    try:
        with (folder / FILE_NAME).open("rb") as file:
            head = file.read(HEAD_BYTES)
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"{FILE_NAME}: {error.strerror or error}"
    version, application = (int.from_bytes(head[at : at + 4], "big") for at in (VERSION_AT, APPLICATION_AT))
    if head and not head.startswith(MAGIC):
        return f"{FILE_NAME} is damaged or no store; move it away, or put back a copy"
    if application not in (0, APPLICATION_ID):
        return f"{FILE_NAME} is a database of another program"
    if version > FORMAT_VERSION:
        return f"{FILE_NAME} was written by a newer hpo_widgets; upgrade hpo_widgets to read it"
    return ""


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
