"""Methods of Comet's `Experiment` for what is not kept here: a script that calls them goes on."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from hpo_widgets.comet.surroundings import warn

TASK = "hpo_widgets.Task.get_task(task_id=experiment.id)"
FILE = f"{TASK}.upload_artifact(name, object_or_path) keeps it"
REPORT = f"{TASK}.get_logger()"
CALLBACKS = "use the callbacks of hpo_widgets.integrations, or call log_metric"
OWN_CODE = "a task's own script is recorded by itself"
UNKEPT: tuple[tuple[str, tuple[str, ...]], ...] = (
    (FILE, (
        "log_artifact", "log_asset", "log_asset_data", "log_asset_folder", "log_confusion_matrix", "log_curve",
        "log_dataframe_profile", "log_model", "log_notebook",
    )),
    (f"{REPORT}.report_image keeps one", ("log_image",)),
    (f"{REPORT}.report_matplotlib_figure or .report_plotly keeps one", ("log_figure",)),
    (f"{REPORT}.report_table keeps one", ("log_table",)),
    (f"{REPORT}.report_text writes it to the task's console", ("log_text",)),
    (f"{REPORT}.report_media keeps one", ("log_audio", "log_video")),
    ("log_other(key, value) keeps a word", (
        "log_dataset_hash", "log_dataset_info", "log_dependency", "log_html_url", "log_remote_asset",
        "log_remote_model", "log_system_info", "set_cmd_args", "set_filename", "set_model_graph", "set_os_packages",
        "set_pip_packages",
    )),
    (OWN_CODE, ("log_code", "set_code")),
    (CALLBACKS, ("get_callback", "get_keras_callback")),
    ("hpo_widgets.Dashboard shows the search", ("display", "display_project")),
    ("", (
        "clean", "create_confusion_matrix", "create_embedding_image", "create_symlink", "disable_mp", "get_artifact",
        "get_hf_dataset", "log_embedding", "log_histogram_3d", "log_html", "log_points_3d", "log_tensorboard_folder",
        "log_tensorflow_folder", "register_callback", "register_model", "send_notification",
        "set_offline_zip_uploader", "unregister_callback",
    )),
)  # fmt: skip
"""What to use instead, "" for nothing, and the names of Comet's methods that it stands for."""
NAMES = tuple(name for _, names in UNKEPT for name in names)

_WARNED: set[str] = set()


def _does_nothing(name: str, instead: str) -> Callable[..., None]:
    text = f"Experiment.{name} is accepted and does nothing here{f': {instead}' if instead else ''}."

    def method(_self: Unkept, *_args: Any, **_kwargs: Any) -> None:
        if name not in _WARNED:
            _WARNED.add(name)
            warn(text)

    method.__name__, method.__qualname__ = name, f"Experiment.{name}"
    method.__doc__ = f"Does nothing{f'; {instead}' if instead else ''}. Warns of it once in a process."
    return method


class Unkept:
    """Is the part of Comet's `Experiment` that is accepted and does nothing; each warns once in a process."""

    if not TYPE_CHECKING:  # a type checker is to find what is not there

        def __getattr__(self, name: str) -> Any:
            """Refuses a name that Comet does not have either, with the closest ones."""
            close = [] if name.startswith("_") else get_close_matches(name, _public(type(self)), n=3)
            hint = f" Did you mean {', '.join(close)}?" if close else ""
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}.{hint}")


def _public(kind: type) -> list[str]:
    return [name for name in dir(kind) if not name.startswith("_")]


for _instead, _names in UNKEPT:
    for _name in _names:
        setattr(Unkept, _name, _does_nothing(_name, _instead))
