"""Turns what SQLite and the system say went wrong into errors that say what happened and what to do."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from hpo_widgets.errors import HpoError, InvalidInput, NotFound, StoreCorrupt, StoreError, StoreUnavailable

LONGEST_PATH = 500
"""Bytes of a path that SQLite opens on every system (512 on Unix, minus the names it appends)."""
ELSEWHERE = "set HPO_WIDGETS_STORE, or hpo.configure(store=...), to a folder on a local disk"

_NO_SPACE = ("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_TRUNCATE")
_NO_LOCKS = ("SQLITE_PROTOCOL", "SQLITE_IOERR_LOCK", "SQLITE_IOERR_RDLOCK", "SQLITE_IOERR_SHM", "SQLITE_IOERR_UNLOCK")
_NO_RIGHT = ("SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH")


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Runs a block; an error of SQLite leaves it as the one of ours that says what to do."""
    try:
        yield
    except (sqlite3.Error, OverflowError) as error:
        raise translate(error, path) from error


@contextlib.contextmanager
def readable(path: Path) -> Iterator[None]:
    """Runs a block that reads rows; what no version of ours has written leaves it as `StoreCorrupt`."""
    try:
        yield
    except (ValueError, KeyError, TypeError) as error:
        raise damaged(path, f"a row that cannot be read: {error}") from error


def damaged(path: Path, text: str) -> StoreCorrupt:
    """Gives the error for a file that cannot be read for good."""
    return StoreCorrupt(
        f"{path} is damaged or not a store ({text}); it was left as it is. Move its folder away or put back a copy "
        f"to go on; `sqlite3 {path.name} .recover` may save what is left in it."
    )


def no_locks(path: Path, text: str) -> StoreUnavailable:
    """Gives the error for a file system on which processes cannot share a store."""
    return StoreUnavailable(
        f"{path} lies on a file system without the locks and shared memory that a store needs ({text}; a network "
        f"share?); {ELSEWHERE}."
    )


def moved(path: Path) -> StoreUnavailable:
    """Gives the error for a file that is no longer the one that was opened."""
    return StoreUnavailable(
        f"{path} was deleted, moved or replaced while it was in use; nothing is written until it is back. Put the "
        "folder back and the search goes on, or restart the kernel to begin with what is there now."
    )


def translate(error: sqlite3.Error | OverflowError, path: Path) -> HpoError:
    """Gives the error that tells a person what happened to the store at `path`."""
    text, code = str(error), str(getattr(error, "sqlite_errorname", "") or "")
    if isinstance(error, OverflowError):
        return InvalidInput(f"a whole number is too large to be stored ({text}); allowed are -2**63 to 2**63 - 1.")
    if code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")) or text.startswith("Could not decode to UTF-8"):
        return damaged(path, text)
    if code == "SQLITE_CONSTRAINT_FOREIGNKEY":
        return NotFound(f"{path} has no such study or task; it cannot be written to.")
    if code.startswith(_NO_SPACE):
        return StoreUnavailable(f"no space left to write {path} ({text}); free some, the search then goes on.")
    if code == "SQLITE_READONLY_DBMOVED":
        return moved(path)
    if code.startswith(_NO_RIGHT):
        return StoreUnavailable(f"{path} cannot be written ({text}); check the permissions of its folder.")
    if code.startswith("SQLITE_CANTOPEN"):
        return StoreUnavailable(f"{path} cannot be opened ({text}); {_why_not_opened(path)}")
    if code.startswith(_NO_LOCKS):
        return no_locks(path, text)
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreUnavailable(f"{path} is held by another program ({text}); close that program, then try again.")
    if code.startswith("SQLITE_IOERR"):
        return StoreUnavailable(f"{path} cannot be read or written now ({text}); check the disk.")
    return StoreError(f"{path}: {text}")


def _why_not_opened(path: Path) -> str:
    if len(os.fsencode(path)) > LONGEST_PATH:
        return f"its path has more than {LONGEST_PATH} bytes; choose a shorter one."
    if not path.exists():
        return "it does not exist."
    if not os.access(path.parent, os.W_OK | os.X_OK):
        return "its folder cannot be written; check the permissions, or choose another folder."
    return "check that its folder can be written and that this process has not too many files open."


def not_made(folder: Path, error: OSError) -> StoreUnavailable:
    """Gives the error for a folder of a store that cannot be made."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreUnavailable(f"no space left to make the store's folder {folder} ({error.strerror}); free some.")
    return StoreUnavailable(f"the store's folder {folder} cannot be made or written ({error.strerror}); {ELSEWHERE}.")
