"""Files kept with tasks: each appears whole under a name of the store's own, or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hpo_widgets.errors import NotFound, StoreUnavailable

CHUNK_BYTES = 1 << 20
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,12}")


@dataclass(frozen=True, kw_only=True)
class KeptFile:
    """Is a file that lies in its place and has no entry yet."""

    name: str
    size: int
    hash: str


def new_name(suffix: str) -> str:
    """Gives a name that nobody else has; an ending that is not plain is left out."""
    return uuid.uuid4().hex + (suffix if _SUFFIX.fullmatch(suffix) else "")


def artifact_folder(folder: Path, task: str) -> Path:
    """Gives where the files of a task lie. Ids are the store's own, never text a person wrote."""
    if not re.fullmatch(r"[0-9a-f]{32}", task):
        raise NotFound(f"{task!r} is no task id; ids are 32 hexadecimal digits.")
    return folder / "tasks" / task / "artifacts"


def artifact_path(folder: Path, task: str, file: str) -> Path:
    """Gives the path of a kept file; `file` comes from an entry, and a damaged one leads nowhere else."""
    if not re.fullmatch(r"[0-9a-f]{32}(\.[A-Za-z0-9]{1,12})?", file):
        raise NotFound(f"{file!r} is no name of a kept file.")
    return artifact_folder(folder, task) / file


def keep_file(folder: Path, task: str, body: bytes | Path, suffix: str) -> KeptFile:
    """Writes a file beside its place and renames it there; readable by its owner only.

    Raises:
        StoreUnavailable: When it cannot be written; nothing is left behind then.
    """
    name = new_name(suffix)
    place = artifact_path(folder, task, name)
    beside = place.with_name(f"{name}.new")
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _open_private(beside) as handle:
            if isinstance(body, Path):
                with body.open("rb") as source, os.fdopen(os.dup(handle), "wb") as target:
                    shutil.copyfileobj(source, target, CHUNK_BYTES)
            else:
                with os.fdopen(os.dup(handle), "wb") as target:
                    target.write(body)
            os.fsync(handle)
        found = KeptFile(name=name, size=beside.stat().st_size, hash=hash_of(beside))
        os.replace(beside, place)
    except OSError as error:
        remove(beside)
        raise StoreUnavailable(f"{place.parent} cannot be written ({error}); free some room and try again.") from error
    return found


@contextlib.contextmanager
def _open_private(path: Path) -> Iterator[int]:
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        yield handle
    finally:
        os.close(handle)


def hash_of(path: Path) -> str:
    """Gives the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remove(path: Path) -> None:
    """Removes a file that is there."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
