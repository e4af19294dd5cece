"""IPython's shell inside a task's process: cells run as in a kernel, without the start of one.

Imported by the fork server, so that a task only makes the shell (6 ms) and does not import it (100 ms and more).
"""

from __future__ import annotations

import bdb  # noqa: F401
import os
import subprocess
import sys
import types
import warnings
from collections.abc import Callable
from typing import Any

# The modules: what a shell imports when it is made and runs its first cell.
from IPython.core import application, completerlib, crashhandler, logger, magics, oinspect  # noqa: F401
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils import wildcard  # noqa: F401
from traitlets import Type
from traitlets.config import Config

from hpo_widgets.agents.notebook_kind import Cell, Executed, metric_of
from hpo_widgets.agents.notebook_kind_outputs import Outputs, Tee

INLINE = "module://matplotlib_inline.backend_inline"
CARRIES_ON, SKIPPED = "raises-exception", "skip-execution"
"""Tags that Jupyter's tools know: an error in this cell is expected; this cell is left out."""


def _outputs_of(part: DisplayHook | DisplayPublisher) -> Outputs:
    outputs: Outputs = part.shell.task_outputs  # type: ignore[union-attr]
    return outputs


class TaskDisplayHook(DisplayHook):
    """Hands the value of a last expression to the outputs of its cell."""

    def write_output_prompt(self) -> None:
        return

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        _outputs_of(self).result(self.prompt_count, format_dict, md_dict)

    def finish_displayhook(self) -> None:
        self._is_active = False


class TaskDisplayPublisher(DisplayPublisher):
    """Hands what is displayed to the outputs of its cell."""

    def publish(
        self, data: Any, metadata: Any = None, *_: Any, transient: Any = None, update: bool = False, **__: Any
    ) -> None:
        outputs = _outputs_of(self)
        display_id = (transient or {}).get("display_id")
        if update:
            outputs.update(data, metadata, display_id)
        else:
            outputs.display(data, metadata, display_id)

    def clear_output(self, wait: bool = False) -> None:
        _outputs_of(self).clear(wait=wait)


class TaskShell(InteractiveShell):
    """Is the shell of one task; keeps no history and starts no thread."""

    displayhook_class = Type(TaskDisplayHook)
    display_pub_class = Type(TaskDisplayPublisher)

    def __init__(self, *args: Any, **options: Any) -> None:
        self.task_outputs = Outputs()
        super().__init__(*args, **options)  # type: ignore[no-untyped-call]

    def _showtraceback(self, etype: Any, evalue: Any, stb: list[str]) -> None:
        self.task_outputs.error(str(etype.__name__), str(evalue), list(stb))

    def system_piped(self, cmd: str) -> None:
        """Runs a `!` line. Not through a terminal: it stays in the task's process group, so that a stop reaches it."""
        command = self.var_expand(cmd, depth=1)  # type: ignore[no-untyped-call]
        with subprocess.Popen(
            command, shell=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                sys.stdout.write(line.decode(errors="replace"))
        self.user_ns["_exit_code"] = process.returncode

    system = system_piped

    def enable_gui(self, gui: Any = None) -> None:
        """Does nothing: a task has no windows."""


def make_shell() -> TaskShell:
    """Makes the process's shell; its namespace is `__main__`."""
    # What the shell says of `sys.exit()` is for people at a prompt.
    warnings.filterwarnings("ignore", message="To exit: use", category=UserWarning)
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.cache_size = 0
    shell: TaskShell = TaskShell.instance(config=config, user_module=sys.modules["__main__"])
    # `instance` of a subclass is also that of its parents: `get_ipython()` finds it.
    return shell


def _draw_inline(shell: TaskShell) -> None:
    """Has matplotlib and plotly draw into the cells, as in a kernel, unless a person has chosen otherwise."""
    # Plotly takes a shell that is no kernel's for a place without JupyterLab, and writes 5 MB into each notebook.
    os.environ.setdefault("PLOTLY_RENDERER", "plotly_mimetype")
    if "MPLBACKEND" in os.environ:
        return
    os.environ["MPLBACKEND"] = INLINE
    if "matplotlib" in sys.modules:  # the fork server has imported it, and the variable is read then
        shell.enable_matplotlib("inline")  # type: ignore[no-untyped-call]


def run(notebook: dict[str, Any], kept: Executed, report: Callable[..., None]) -> Any:
    """Runs the code cells of a notebook in this process, filling in their outputs; gives the metric of the last.

    Args:
        notebook: Its cells get outputs and execution counts.
        kept: Is written after each cell.
        report: Is there for the cells by the name `report`.

    Raises:
        BaseException: Whatever a cell raised, with the cell's own traceback.
    """
    shell = make_shell()
    _draw_inline(shell)
    shell.user_ns["report"] = report
    streams = sys.stdout, sys.stderr
    sys.stdout = Tee(streams[0], "stdout", shell.task_outputs)
    sys.stderr = Tee(streams[1], "stderr", shell.task_outputs)
    status, index, value = "failed", 0, None
    try:
        for index, cell in enumerate(notebook["cells"]):
            if _runs(cell):
                kept.progress(index)
                value = _run_cell(shell, cell)
        status = "completed"
    except SystemExit as error:
        status = "failed" if error.code else "completed"
        raise
    finally:
        sys.stdout, sys.stderr = streams
        shell.task_outputs.begin([])
        kept.end(status, index)
    return metric_of(value)


def _runs(cell: Cell) -> bool:
    tags = cell.get("metadata", {}).get("tags", [])
    return cell.get("cell_type") == "code" and bool(cell["source"].strip()) and SKIPPED not in tags


def _run_cell(shell: TaskShell, cell: Cell) -> Any:
    shell.task_outputs.begin(cell["outputs"])
    cell["execution_count"] = shell.execution_count
    done = shell.run_cell(cell["source"], store_history=True)  # type: ignore[no-untyped-call]
    error = done.error_before_exec or done.error_in_exec
    if error is None or CARRIES_ON in cell.get("metadata", {}).get("tags", []):
        return done.result
    raise error.with_traceback(_of_cell(error.__traceback__))


def _of_cell(trace: types.TracebackType | None) -> types.TracebackType | None:
    """Leaves out the frames of IPython above those of the cell."""
    own = trace
    while own is not None:
        if not own.tb_frame.f_globals.get("__name__", "").startswith(("IPython.", "hpo_widgets.agents.")):
            return own
        own = own.tb_next
    return trace
