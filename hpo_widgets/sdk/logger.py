"""`Logger`: reports for a task, with ClearML's method names."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from hpo_widgets.agents.console import log_path
from hpo_widgets.agents.reporter import RunningTask, TaskLogger
from hpo_widgets.sdk.logger_figures import figure_json, matplotlib_png, picture, table_csv
from hpo_widgets.sdk.task_running import own, store_of, under_agent


class Logger:
    """Reports for one task; what it has taken is durable when a call returns. Safe from any thread.

    Get one by `Logger.current_logger()` or `task.get_logger()`.
    """

    def __init__(self, running: RunningTask) -> None:
        self._running = running
        self._scalars: TaskLogger = running.get_logger()
        self._offset = 0

    @classmethod
    def current_logger(cls) -> Logger | None:
        """Gives the logger of the task that runs here, `None` outside of tasks (as ClearML does)."""
        running = under_agent() or own()
        return None if running is None else cls(running)

    # -- numbers ---------------------------------------------------------------------------------------------------
    def report_scalar(self, title: str, series: str, value: Any, iteration: int) -> None:
        """Reports one point; NaN and infinities are kept as such.

        Raises:
            TypeError: When a name is no text, the value no number or the iteration no integer.
        """
        at = iteration + self._offset if self._offset and isinstance(iteration, int) else iteration
        self._scalars.report_scalar(title, series, value, at)

    def report_single_value(self, name: str, value: Any) -> None:
        """Reports one value that has no iteration: title "Summary", series `name`."""
        self._scalars.report_single_value(name, value)

    # -- text ------------------------------------------------------------------------------------------------------
    def report_text(self, msg: Any, level: int = 20, print_console: bool = True) -> None:
        """Writes a line to the task's console.

        Args:
            msg: The text.
            level: Accepted; the console has no levels.
            print_console: Whether to show it here too, in a task that no agent runs.
        """
        if under_agent() is self._running:
            self._scalars.report_text(msg)
            return
        if print_console:
            sys.stdout.write(f"{msg}\n")
        folder = self._running._store.folder
        if folder is not None:
            path = log_path(folder, self._running.id)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(handle, "ab") as file:
                file.write(f"{msg}\n".encode("utf-8", "backslashreplace"))

    # -- figures, tables, pictures ---------------------------------------------------------------------------------
    def report_plotly(self, title: str, series: str, iteration: int | None, figure: Any) -> None:
        """Keeps a Plotly figure (or a dict with `data` and `layout`); the same name and iteration replaces it.

        Raises:
            InvalidInput: When it is no figure.
        """
        self._keep("plot", title, series, iteration, figure_json(figure), ".json")

    def report_table(
        self,
        title: str,
        series: str,
        iteration: int | None = None,
        table_plot: Any = None,
        csv: str | None = None,
        url: str | None = None,
        extra_layout: Any = None,
    ) -> None:
        """Keeps a table: a DataFrame, a dict of columns, a list of rows with the names first, or a CSV file's path."""
        body = Path(csv).read_bytes() if csv is not None else table_csv(table_plot)
        self._keep("table", title, series, iteration, body, ".csv")

    def report_matplotlib_figure(
        self,
        title: str,
        series: str,
        figure: Any,
        iteration: int | None = None,
        report_image: bool = False,
        report_interactive: bool = True,
    ) -> None:
        """Keeps a Matplotlib figure as a picture; the figure stays as it is."""
        self._keep("image", title, series, iteration, matplotlib_png(figure), ".png")

    def report_image(  # noqa: PLR0913 - ClearML's signature
        self,
        title: str,
        series: str,
        iteration: int | None = None,
        local_path: str | None = None,
        image: Any = None,
        matrix: Any = None,
        max_image_history: int | None = None,
        delete_after_upload: bool = False,
        url: str | None = None,
    ) -> None:
        """Keeps a picture: a file, a PIL image or an array of (rows, columns[, 1, 3 or 4]).

        Args:
            title: For people.
            series: For people.
            iteration: The task's own counter.
            local_path: Path of a picture.
            image: PIL image or array.
            matrix: Array, as in older ClearML.
            max_image_history: Pictures of this title and series that are kept; the oldest go. `None` keeps all.
            delete_after_upload: Whether to delete the file given.
            url: Has no meaning here.
        """
        given = next((each for each in (local_path, image, matrix) if each is not None), None)
        body, suffix = picture(given)
        self._keep("image", title, series, iteration, body, suffix)
        if max_image_history is not None and max_image_history > 0:
            self._forget_oldest(title, series, max_image_history)
        if delete_after_upload and local_path is not None:
            Path(local_path).unlink()

    def report_media(self, title: str, series: str, iteration: int | None = None, local_path: str = "") -> None:
        """Keeps a sound or film."""
        body, suffix = picture(local_path)
        self._keep("media", title, series, iteration, body, suffix)

    def _keep(self, kind: str, title: str, series: str, iteration: int | None, body: bytes, suffix: str) -> None:
        at = 0 if iteration is None else int(iteration) + self._offset
        about = {"title": str(title), "series": str(series), "iteration": at}
        name = json.dumps([about["title"], about["series"], at])
        store = store_of(self._running)
        store.put_artifact(self._running.id, kind, name, body, suffix=suffix, about=about, now=time.time())

    def _forget_oldest(self, title: str, series: str, keep: int) -> None:
        store = store_of(self._running)
        found = [
            each
            for each in store.artifacts(self._running.id, "image")
            if (each.about["title"], each.about["series"]) == (str(title), str(series))
        ]
        for each in sorted(found, key=lambda entry: int(entry.about["iteration"]))[:-keep]:
            store.drop_artifact(each.task, each.kind, each.name)

    def flush(self, wait: bool = False) -> bool:
        """Writes reports that wait in memory because the store could not be written."""
        self._scalars.flush()
        return True
