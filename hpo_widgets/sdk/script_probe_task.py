"""What the helper process that reads a script makes of `Task.connect`: it notes what is connected, and stops in time.

The script's own task lies in a store that is thrown away. It runs to the last of the places where its text connects or
parses something; never past its first report, and never into another search or queue.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial
from types import ModuleType
from typing import Any, Protocol

from hpo_widgets.agents.script_imports import when_imported

TASK, LOGGER, LOCATION = "hpo_widgets.sdk.task", "hpo_widgets.sdk.logger", "hpo_widgets.store.location"
WRITERS = ("torch.utils.tensorboard.writer", "tensorboardX.writer")
ENOUGH_TASK = ("execute_remotely", "enqueue", "close", "upload_artifact")
"""What no script does to its task before it has connected its parameters."""
ENOUGH_ELSEWHERE = {
    "hpo_widgets.sdk.tune": ("tune",),
    "hpo_widgets.automation.optimizer": ("HyperParameterOptimizer",),
}


class Notes(Protocol):
    """Is what the probe gives: where names go, and how it ends."""

    def connected(self, parameters: Mapping[str, Any], site: Any) -> None:
        """Takes in all parameters of the script's task, after a connect at a place in its text."""

    def enough(self) -> None:
        """Ends the process with what was found."""


def watch_task(notes: Notes) -> None:
    """Watches the `Task` of a script that will import it."""
    when_imported(LOCATION, _keep_store)
    when_imported(TASK, lambda module: _watch_task(module.Task, notes))
    when_imported(LOGGER, lambda module: _stop_at_reports(module.Logger, notes))
    for name in WRITERS:
        when_imported(name, lambda module: _stop_at(module.SummaryWriter, "add_scalar", notes))
    for name, doors in ENOUGH_ELSEWHERE.items():
        for door in doors:
            when_imported(name, partial(_stop_at, name=door, notes=notes))


def _keep_store(location: ModuleType) -> None:
    """Leaves the store where it is thrown away, whatever the script says."""

    def configure(*, store: Any = None) -> None:
        """Does nothing."""

    location.configure = configure  # type: ignore[attr-defined]


def _watch_task(task: Any, notes: Notes) -> None:
    before = task.connect

    def connect(self: Any, *args: Any, **more: Any) -> Any:
        result = before(self, *args, **more)
        caller = sys._getframe(1)
        notes.connected(self._record.parameters, (caller.f_code.co_filename, caller.f_lineno, caller.f_lasti))
        return result

    task.connect = connect
    for name in ENOUGH_TASK:
        _stop_at(task, name, notes)


def _stop_at_reports(logger: Any, notes: Notes) -> None:
    for name in list(vars(logger)):
        if name.startswith("report_"):
            _stop_at(logger, name, notes)


def _stop_at(owner: Any, name: str, notes: Notes) -> None:
    def enough(*_: Any, **_more: Any) -> None:
        notes.enough()

    stop: Callable[..., None] = enough
    setattr(owner, name, stop)
