"""Where the store is: `./.hpo/` beside the notebook, unless told otherwise. One open store a folder and process."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import ClassVar

from hpo_widgets.errors import InvalidInput
from hpo_widgets.store.sqlite import SqliteStore

VARIABLE = "HPO_WIDGETS_STORE"
FOLDER = ".hpo"


class _Process:
    """Holds what this process was told and has open."""

    configured: Path | None = None
    stores: ClassVar[dict[Path, SqliteStore]] = {}
    inherited: ClassVar[dict[Path, SqliteStore]] = {}
    lock = threading.Lock()


def _after_fork() -> None:
    # The parent's stores stay referenced: closing them is the parent's business.
    _Process.inherited = _Process.stores
    _Process.stores, _Process.lock = {}, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def configure(*, store: str | os.PathLike[str] | None = None) -> None:
    """Sets the folder of the store for this process; `None` goes back to `HPO_WIDGETS_STORE` or `./.hpo/`.

    Raises:
        InvalidInput: For an empty path.
    """
    if store is not None and not os.fspath(store):
        raise InvalidInput("store is ''; give the path of a folder, or None for HPO_WIDGETS_STORE or ./.hpo/.")
    _Process.configured = None if store is None else Path(store).expanduser().absolute()


def store_folder() -> Path:
    """Gives the folder in force: `configure`, then `HPO_WIDGETS_STORE`, then `./.hpo/`."""
    if _Process.configured is not None:
        return _Process.configured
    return Path(os.environ.get(VARIABLE) or FOLDER).expanduser().absolute()


def open_store(folder: Path | str | None = None) -> SqliteStore:
    """Opens the store in a folder (the one in force), made when missing; the same object while it lies there.

    Raises:
        StoreError: When it cannot be opened; the message says why and what to do.
    """
    path = Path(folder).expanduser().absolute() if folder is not None else store_folder()
    with _Process.lock:
        found = _Process.stores.get(path)
        if found is None or not found.is_present():
            found = _Process.stores[path] = SqliteStore(path)
        return found
