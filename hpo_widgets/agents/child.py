"""What runs in a task's process: its store, its handle, its function, its result, its end."""

from __future__ import annotations

import importlib
import linecache
import pickle
import sys
import time
import traceback
import types
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from hpo_widgets.agents.launcher import Job
from hpo_widgets.agents.reporter import RETRY_S, RunningTask, enter
from hpo_widgets.agents.results import points_of
from hpo_widgets.errors import HpoError, InvalidInput, StoreError, StoreUnavailable, TaskAborted
from hpo_widgets.model.task import Outcome
from hpo_widgets.store.base import Store
from hpo_widgets.store.sqlite import SqliteStore

T = TypeVar("T")

OPEN_PATIENCE_S = 60.0
"""How long a task's process waits for a store that cannot be opened now."""
KINDS: dict[str, str] = {
    "notebook": "hpo_widgets.agents.notebook_kind",
    "script": "hpo_widgets.agents.script_kind",
}
"""Kind of code to the module whose `load(job, body)` gives what to call, imported in a task's process only."""
LARGEST_ERROR = 100_000
"""Characters of a traceback that are kept: its end says most."""


def open_store(folder: Path) -> SqliteStore:
    """Opens the store in a task's process, which finds it there."""
    return SqliteStore(folder, create=False)


def run(
    job: Job,
    body: bytes,
    folder: Path,
    store: Store | None = None,
    load: Callable[[Job, bytes], Callable[..., Any]] | None = None,
) -> int:
    """Runs a job in this process and gives its exit code; the caller then ends the process with it.

    Args:
        job: What to run.
        body: The pickled function.
        folder: Folder of the store.
        store: The store, where this process has opened it already.
        load: Gives the function instead of `load_function`; for a process that keeps it.
    """
    reopen = partial(open_store, folder)
    store = store if store is not None else patiently(reopen, OPEN_PATIENCE_S)
    task = RunningTask(job, store, reopen)
    enter(task, whole_process=True)
    outcome, code = execute(job, lambda: (load or load_function)(job, body), task, lambda: _sources(store, job.code))
    if outcome is not None:
        patiently(partial(task.finish, outcome))
    task.flush()
    return code


def execute(
    job: Job,
    load: Callable[[], Callable[..., Any]],
    task: RunningTask,
    sources: Callable[[], dict[str, str]] = dict,
) -> tuple[Outcome | None, int]:
    """Calls a job's function and keeps what it returned in its handle; gives its outcome and its exit code.

    There is no outcome when the code left with `SystemExit` and a code other than 0: the exit code says it all.

    Args:
        job: What to run.
        load: Gives the function; runs user code.
        task: The handle that the function reports to.
        sources: Gives source text by file name, for tracebacks through cells that are no files.

    Raises:
        TaskAborted: When the task was asked to stop and noticed.
    """
    try:
        function = load()
        arguments = {**job.parameters, "task": task} if job.wants_task else job.parameters
        result = function(**arguments)
    except TaskAborted:
        raise
    except SystemExit as error:
        return _exit(error)
    except BaseException as error:  # noqa: BLE001 - whatever user code raises is its outcome
        return Outcome(ok=False, error=describe(error, sources)), 1
    try:
        for metric, iteration, value in points_of(result, job.objectives, task.last):
            task.keep(metric, value, iteration)
    except InvalidInput as error:
        return Outcome(ok=False, error=f"InvalidInput: {error}"), 1
    return Outcome(ok=True), 0


def load_function(job: Job, body: bytes) -> Callable[..., Any]:
    """Gives what a job calls with its parameters, by the kind of its code.

    Raises:
        HpoError: When nothing here reads code of that kind.
    """
    if job.kind in KINDS:
        load: Callable[[Job, bytes], Callable[..., Any]] = importlib.import_module(KINDS[job.kind]).load
        return load(job, body)
    if job.kind != "function":
        runnable = ", ".join(["function", *KINDS])
        raise HpoError(f"code of the kind {job.kind!r} cannot be run; this version runs {runnable}.")
    return read_function(body)


def read_function(body: bytes) -> Callable[..., Any]:
    """Reads a shipped function, its notebook's names importable from `__main__` as they were there."""
    function: Callable[..., Any] = pickle.loads(body)
    main = sys.modules["__main__"]
    if isinstance(function, types.FunctionType) and function.__module__ == "__main__":
        for name, value in function.__globals__.items():
            vars(main).setdefault(name, value)
    return function


def describe(error: BaseException, sources: Callable[[], dict[str, str]] = dict) -> str:
    """Gives the traceback of an error without the frames of this module."""
    for name, text in sources().items():
        linecache.cache.setdefault(name, (len(text), None, text.splitlines(keepends=True), name))
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    text = "".join(traceback.format_exception(type(error), error, trace))
    return text if len(text) <= LARGEST_ERROR else f"... ({len(text)} characters)\n{text[-LARGEST_ERROR:]}"


def patiently(call: Callable[[], T], seconds: float = float("inf")) -> T:
    """Calls until the store can be reached; after `seconds` without success its error passes."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return call()
        except StoreUnavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(RETRY_S)


def _exit(error: SystemExit) -> tuple[Outcome | None, int]:
    if error.code is None or error.code == 0:
        return Outcome(ok=True), 0
    if isinstance(error.code, int):
        return None, error.code & 0xFF
    sys.stderr.write(f"{error.code}\n")
    return None, 1


def _sources(store: Store, code: str) -> dict[str, str]:
    try:
        return dict(store.code(code).about.get("sources", {}))
    except StoreError as error:
        sys.stderr.write(f"hpo_widgets: the sources of this task's code cannot be read: {error}\n")
        return {}
