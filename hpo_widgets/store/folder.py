"""The folder of a store: made for its owner's eyes only."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from hpo_widgets.store.trouble import not_made

FILE_NAME = "store.sqlite"
PARTS = ("bells", "logs", "tasks")
IGNORE = ".gitignore"


def make_folder(folder: Path) -> None:
    """Makes the folder, what belongs in it, and an empty file for the database; leaves what is there.

    Raises:
        StoreUnavailable: When it cannot be made.
    """
    try:
        for each in (folder, *(folder / part for part in PARTS)):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A `.gitignore` of everything belongs in a folder of ours, never into a project that was named by mistake.
        if not any(_is_foreign(name) for name in os.listdir(folder)) and not (folder / IGNORE).exists():
            (folder / IGNORE).write_text("*\n", encoding="utf-8")
        # Never opened here when it is there: closing it would drop the locks that SQLite has on it.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(folder / FILE_NAME, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise not_made(folder, error) from error


def _is_foreign(name: str) -> bool:
    return name not in (*PARTS, IGNORE) and not name.startswith(FILE_NAME)
