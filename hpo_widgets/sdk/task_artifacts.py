"""Files kept with a task, with ClearML's method names."""

from __future__ import annotations

import io
import json
import pickle
import shutil
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.card import Artifact
from hpo_widgets.sdk.parameters import is_keepable
from hpo_widgets.sdk.task_states import TaskBase
from hpo_widgets.store.base import Store

ARTIFACT = "artifact"
PREVIEW = 2000
"""Characters of a preview."""


class TaskArtifact:
    """Is one file of a task. Making or showing it reads nothing of the file."""

    def __init__(self, store: Store, entry: Artifact) -> None:
        self._store = store
        self._entry = entry
        self.name = entry.name
        self.size = entry.size
        self.hash = entry.hash
        self.type = str(entry.about.get("type", "bytes"))
        self.preview = str(entry.about.get("preview", ""))
        self.metadata: dict[str, Any] = dict(entry.about.get("metadata") or {})
        self.timestamp = datetime.fromtimestamp(entry.time, UTC)

    def __repr__(self) -> str:
        return f"<artifact {self.name!r}: {self.type}, {self.size} bytes>"

    def get(self, force_download: bool = False, deserialization_function: Any = None, *, unpickle: bool = False) -> Any:
        """Gives the object that was kept: a table, an array, a dict, text; for a file its path.

        Args:
            force_download: Has no meaning here.
            deserialization_function: Reads the content, instead of what its type says.
            unpickle: Whether an object that was kept as a pickle may be read: that runs what is inside.

        Raises:
            InvalidInput: For a pickle without `unpickle`.
        """
        content = self._store.read_artifact(self._entry)
        if deserialization_function is not None:
            return deserialization_function(content)
        return self.get_local_copy() if self.type in ("file", "folder") else read_object(self, content, unpickle)

    def get_local_copy(
        self, extract_archive: bool = True, raise_on_error: bool = False, force_download: bool = False
    ) -> str:
        """Gives the path of a copy under its own name, which the caller may change; a folder is unpacked."""
        folder = Path(tempfile.mkdtemp(prefix="hpo-widgets-"))
        name = Path(str(self._entry.about.get("file") or self._entry.file)).name
        place = folder / name
        place.write_bytes(self._store.read_artifact(self._entry))
        if self.type == "folder" and extract_archive:
            target = folder / Path(name).stem
            shutil.unpack_archive(place, target)
            return str(target)
        return str(place)


class TaskArtifacts(TaskBase):
    """Is the part of a task that keeps files."""

    @property
    def artifacts(self) -> dict[str, TaskArtifact]:
        """What was uploaded, by name."""
        return {each.name: TaskArtifact(self._store, each) for each in self._store.artifacts(self.id, ARTIFACT)}

    def upload_artifact(
        self,
        name: str,
        artifact_object: Any,
        metadata: Mapping[str, Any] | None = None,
        delete_after_upload: bool = False,
        auto_pickle: bool | None = None,
        preview: Any = None,
        wait_on_upload: bool = False,
        extension_name: str | None = None,
    ) -> bool:
        """Keeps an object with the task; it is there, whole, when this returns. A name taken is replaced.

        Tables, arrays, images, dicts, text, and paths of files and folders are kept in forms that any program reads,
        everything else as a pickle.

        Args:
            name: For people; any text.
            artifact_object: What to keep.
            metadata: JSON to go with it.
            delete_after_upload: Whether to delete the file given.
            auto_pickle: `False` refuses what would become a pickle.
            preview: Text to show instead of the one that is made.
            wait_on_upload: Has no meaning here: nothing is left to wait for.
            extension_name: Ending of the file's name, as `.txt`.

        Returns:
            `True`.

        Raises:
            InvalidInput: For an object that cannot be kept.
        """
        body, suffix, about = pack_object(name, artifact_object, auto_pickle is not False)
        shown = about.get("preview", "") if preview is None else str(preview)
        about |= {"metadata": dict(metadata or {}), "preview": shown[:PREVIEW]}
        ending = extension_name or suffix
        self._store.put_artifact(self.id, ARTIFACT, str(name), body, suffix=ending, about=about, now=time.time())
        if (about["type"] == "folder" and isinstance(body, Path)) or (delete_after_upload and isinstance(body, Path)):
            body.unlink()
        return True

    def register_artifact(self, name: str, artifact: Any, metadata: Mapping[str, Any] | None = None) -> None:
        """Keeps a table as it is now."""
        self.upload_artifact(name, artifact, metadata)


def pack_object(name: str, value: Any, may_pickle: bool) -> tuple[bytes | Path, str, dict[str, Any]]:
    """Gives content (or the file that holds it), ending and description of an object."""
    path = _path_of(value)
    if path is not None:
        return _pack_path(path)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value), ".bin", {"type": "bytes", "preview": ""}
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace"), ".txt", {"type": "text", "preview": value[:PREVIEW]}
    kind = _kind(value)
    if kind == "table":
        return value.to_csv().encode(), ".csv", {"type": "table", "preview": value.head(10).to_csv()}
    if kind == "array":
        return _array_bytes(value), ".npy", {"type": "array", "preview": f"{value.dtype} {value.shape}"}
    if kind == "image":
        out = io.BytesIO()
        value.save(out, format="PNG")
        return out.getvalue(), ".png", {"type": "image", "preview": f"{value.size}"}
    if isinstance(value, (dict, list, int, float, bool, type(None))) and _is_json(value):
        text = json.dumps(value, indent=1)
        return text.encode(), ".json", {"type": "json", "preview": text[:PREVIEW]}
    return _pickled(name, value, may_pickle), ".pkl", {"type": "pickle", "preview": f"{value!r:.{PREVIEW}}"}


def _path_of(value: Any) -> Path | None:
    if isinstance(value, Path):
        if not value.exists():
            raise InvalidInput(f"there is no file {str(value)!r}; give the path of one that is there.")
        return value
    short = isinstance(value, str) and 0 < len(value) < 1000 and "\n" not in value and "\0" not in value
    return Path(value) if short and Path(value).is_file() else None


def _pack_path(path: Path) -> tuple[Path, str, dict[str, Any]]:
    if not path.is_dir():
        return path, path.suffix, {"type": "file", "file": path.name, "preview": ""}
    with tempfile.NamedTemporaryFile(suffix=".zip", delete=False) as file:
        place = Path(file.name)
    shutil.make_archive(str(place.with_suffix("")), "zip", path)
    listed = "\n".join(sorted(each.relative_to(path).as_posix() for each in path.rglob("*"))[:100])
    return place, ".zip", {"type": "folder", "file": f"{path.resolve().name}.zip", "preview": listed}


def _kind(value: Any) -> str:
    top, name = type(value).__module__.partition(".")[0], type(value).__name__
    if top == "pandas" and name in ("DataFrame", "Series"):
        return "table"
    if top == "numpy" and name == "ndarray" and value.dtype != object:
        return "array"
    return "image" if top == "PIL" and hasattr(value, "save") else ""


def _array_bytes(value: Any) -> bytes:
    import numpy as np

    out = io.BytesIO()
    np.save(out, value, allow_pickle=False)
    return out.getvalue()


def _is_json(value: Any) -> bool:
    """Tells whether JSON gives the same object back: no tuples, no keys that are not text."""
    try:
        return is_keepable(value) and bool(json.loads(json.dumps(value)) == value)
    except (TypeError, ValueError, RecursionError):
        return False


def _pickled(name: str, value: Any, may_pickle: bool) -> bytes:
    if not may_pickle:
        raise InvalidInput(
            f"artifact {name!r} is of type {type(value).__name__} and would be a pickle; allow it with "
            "auto_pickle=True, or give a table, an array, a dict, text or the path of a file."
        )
    import cloudpickle

    try:
        return bytes(cloudpickle.dumps(value))
    except Exception as error:
        raise InvalidInput(
            f"artifact {name!r} is of type {type(value).__name__} and cannot be pickled ({error}); write it to a file "
            "and give its path."
        ) from error


def read_object(artifact: TaskArtifact, content: bytes, unpickle: bool) -> Any:
    """Gives the object that a file holds."""
    match artifact.type:
        case "text":
            return content.decode()
        case "json":
            return json.loads(content)
        case "table":
            import pandas as pd

            return pd.read_csv(io.BytesIO(content), index_col=0)
        case "array":
            import numpy as np

            return np.load(io.BytesIO(content), allow_pickle=False)
        case "pickle":
            if not unpickle:
                raise InvalidInput(
                    f"artifact {artifact.name!r} is a pickle, and reading a pickle runs what is inside; if you trust "
                    "who made it, use .get(unpickle=True), else .get_local_copy()."
                )
            return pickle.loads(content)
    return content
