"""Runs a notebook in a task's process: sets its parameters, executes its cells, and keeps what came out.

The executed notebook is written to the task's folder before each cell and at the end: a task that fails, is stopped or
is killed leaves what it had reached. At the end it becomes the task's artifact `notebook` too.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hpo_widgets.agents.launcher import Job
from hpo_widgets.agents.reporter import RunningTask, current_task
from hpo_widgets.agents.results import to_number
from hpo_widgets.errors import HpoError, InvalidInput
from hpo_widgets.store.base import Store
from hpo_widgets.store.files import artifact_folder

INJECTED_TAG = "injected-parameters"
"""Papermill's tag of the cell that sets parameters."""
FILE_NAME = "notebook.ipynb"
ARTIFACT = "notebook"
"""Name of the artifact."""
CHEAP_S = 0.02
"""A notebook that is written faster than this is written after every cell."""
WRITE_SHARE = 0.05
"""Largest part of a task's time that goes into writing a larger one before its end."""

Cell = dict[str, Any]


def load(job: Job, body: bytes) -> Callable[..., Any]:
    """Gives what runs the notebook in `body` with parameters by name, and returns its metric or `None`.

    Args:
        job: What runs.
        body: JSON that `hpo_widgets.sdk.notebook` wrote.
    """
    plan = json.loads(body)

    def run(**parameters: Any) -> Any:
        task = current_task()
        if task is None:
            raise HpoError("a notebook runs in the process of a task; start it through a study or a queue.")
        return execute(plan, job, parameters, task)

    return run


def execute(plan: dict[str, Any], job: Job, parameters: Mapping[str, Any], task: RunningTask) -> Any:
    """Runs a notebook from its first cell to its last; gives the last expression when it can be a metric.

    Raises:
        InvalidInput: When a parameter is unknown or its value is of the wrong type.
        BaseException: Whatever a cell raises; the cells after it do not run.
    """
    notebook = inject(plan, parameters)
    notebook["metadata"]["hpo_widgets"] = {
        "task": job.task,
        "name": job.name,
        "trial": job.trial,
        "notebook": plan["path"],
        "parameters": dict(parameters),
    }
    about = {"type": "file", "file": FILE_NAME, "preview": "", "metadata": {"notebook": plan["path"]}}
    kept = Executed(
        task.artifacts_dir / FILE_NAME, notebook, lambda path: task.keep_artifact(ARTIFACT, path, ".ipynb", about)
    )
    folder = Path(plan["path"]).parent
    if folder.is_dir():
        os.chdir(folder)
        sys.path.insert(0, str(folder))
    if plan["kernel"] is None:
        from hpo_widgets.agents import notebook_kind_shell

        return notebook_kind_shell.run(notebook, kept, task.report)
    from hpo_widgets.agents import notebook_kind_kernel

    return notebook_kind_kernel.run(notebook, kept, task.report, plan["kernel"])


def inject(plan: dict[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Gives the plan's notebook with the parameters set: in a cell after the tagged one, or in place of literals.

    Raises:
        InvalidInput: When a name is none of the notebook's, or a value does not fit the type it declares.
    """
    types: dict[str, str | None] = plan["types"]
    values: dict[str, Any] = {}
    problems = []
    for full, value in parameters.items():
        name = full.rpartition("/")[2]
        if name not in types:
            problems.append(f"{full!r} is no parameter of {plan['path']}; it has {', '.join(map(repr, types))}.")
            continue
        try:
            values[name] = fit(value, types[name])
        except ValueError:
            problems.append(f"{full!r} is {value!r:.200}, which is no {types[name]}, the type of its default.")
    if problems:
        raise InvalidInput(problems, subject="parameters")
    notebook: dict[str, Any] = plan["notebook"]
    if plan["spans"]:
        _replace(notebook["cells"], plan["spans"], values)
    elif values:
        _insert(notebook, plan["index"], values)
    return notebook


def fit(value: Any, type: str | None) -> Any:
    """Gives a value as the type that a default has: `"3"` for an int is 3, `2.0` is 2; other types pass.

    Raises:
        ValueError: When it cannot be one.
    """
    if value is None or type not in ("int", "float", "bool", "str"):
        return value
    if type == "bool":
        known = {"true": True, "1": True, "false": False, "0": False}
        text = str(value).lower()
        if text not in known:
            raise ValueError(value)
        return known[text]
    if type == "str":
        return value if isinstance(value, str) else str(value)
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError(value)
    if type == "float":
        return float(value)
    try:
        return int(value) if not isinstance(value, float) or value == int(value) else _no_int(value)
    except OverflowError:
        raise ValueError(value) from None


def _no_int(value: float) -> int:
    raise ValueError(value)


def _code_of(value: Any) -> str:
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return f"float({str(value)!r})"
    return repr(value)


def _insert(notebook: dict[str, Any], index: int, values: Mapping[str, Any]) -> None:
    lines = ["# Parameters", *(f"{name} = {_code_of(value)}" for name, value in values.items())]
    cell: Cell = {
        "cell_type": "code",
        "metadata": {"tags": [INJECTED_TAG]},
        "source": "\n".join(lines),
        "outputs": [],
        "execution_count": None,
    }
    if notebook.get("nbformat_minor", 0) >= 5:
        cell["id"] = INJECTED_TAG
    # A notebook that papermill has written has such a cell already.
    cells = [each for each in notebook["cells"] if INJECTED_TAG not in each.get("metadata", {}).get("tags", [])]
    before = [each for each in notebook["cells"][: index + 1] if each in cells]
    notebook["cells"] = [*before, cell, *cells[len(before) :]]


def _replace(cells: list[Cell], spans: Mapping[str, list[int]], values: Mapping[str, Any]) -> None:
    # From the end on, so that what comes before a value keeps its place.
    for name, (index, line, column, end_line, end_column) in sorted(spans.items(), key=lambda s: s[1], reverse=True):
        if name in values:
            lines = [each.encode() for each in cells[index]["source"].split("\n")]
            head, tail = lines[line - 1][:column], lines[end_line - 1][end_column:]
            lines[line - 1 : end_line] = [head + _code_of(values[name]).encode() + tail]
            cells[index]["source"] = b"\n".join(lines).decode()


def metric_of(value: Any) -> Any:
    """Gives a cell's last expression when it is a number or a dict of numbers by name, `None` for anything else."""
    if isinstance(value, bool):
        return None
    try:
        if isinstance(value, Mapping):
            return {str(name): to_number(each) for name, each in value.items()} or None
        return to_number(value)
    except TypeError:
        return None


class Executed:
    """Is the executed notebook of a task on the disk: whole at any time, `tasks/<id>/artifacts/notebook.ipynb`.

    Args:
        path: Where it lies.
        notebook: Is written as it is at that moment.
        on_end: Is told the path when it has been written for the last time.
    """

    def __init__(
        self, path: Path, notebook: dict[str, Any], on_end: Callable[[Path], None] = lambda path: None
    ) -> None:
        self.path = path
        self._on_end = on_end
        self._notebook = notebook
        self._ended = time.monotonic()
        self._took = 0.0

    def progress(self, cell: int) -> None:
        """Writes it before a cell runs, unless that would cost more than a small part of the time.

        Args:
            cell: Index of the cell that is about to run.
        """
        if self._took <= max(CHEAP_S, WRITE_SHARE * (time.monotonic() - self._ended)):
            self._write("running", cell)

    def end(self, status: str, cell: int) -> None:
        """Writes it for the last time.

        Args:
            status: `completed` or `failed`.
            cell: Index of the last cell that ran.
        """
        if self._write(status, cell):
            self._on_end(self.path)

    def _write(self, status: str, cell: int) -> bool:
        """Writes it; tells whether that went well."""
        began = time.monotonic()
        self._notebook["metadata"]["hpo_widgets"].update(status=status, cell=cell)
        beside = self.path.with_suffix(".new")
        try:
            fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with open(fd, "w", encoding="utf-8", errors="backslashreplace") as file:
                json.dump(self._notebook, file, indent=1, ensure_ascii=False, default=str)
            os.replace(beside, self.path)
            written = True
        except OSError as error:  # a full disk costs the picture, never the task
            sys.stderr.write(f"hpo_widgets: the executed notebook could not be written: {error}\n")
            written = False
        self._ended = time.monotonic()
        self._took = self._ended - began
        return written


def executed_notebook(store: Store, task: str) -> Path | None:
    """Gives the path of the executed notebook of a task, as far as it has come; `None` when there is none (yet)."""
    if store.folder is None:
        return None
    path = artifact_folder(store.folder, task) / FILE_NAME
    return path if path.is_file() else None
