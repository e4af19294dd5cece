"""Runs a notebook with a kernel of its own, through nbclient, for kernels of other environments."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from hpo_widgets.agents.notebook_kind import Cell, Executed, metric_of
from hpo_widgets.agents.notebook_kind_outputs import kept as kept_data

REPORT_MIME = "application/vnd.hpo-widgets.report+json"
"""What a kernel displays to report a metric: `{"name", "value", "iteration"}`."""
PRELUDE = f'''
def report(name, value, iteration=None):
    from IPython.display import display
    value = float(value)
    point = {{"name": name, "value": value, "iteration": iteration}}
    display({{"{REPORT_MIME}": point, "text/plain": f"{{name}} = {{value}}"}}, raw=True)
'''
_WRAPPED = re.compile(r"^[\w.]+\(([^(),]+)(?:,[^()]*)?\)$")
"""A number as numpy and torch show it: `np.float64(0.5)`, `tensor(0.5000, dtype=torch.float64)`."""


class ReportingClient(NotebookClient):
    """Is nbclient's client that takes reports out of what its kernel displays."""

    report: Callable[..., None]

    def output(self, outs: Any, msg: Any, display_id: str | None, cell_index: int) -> Any:
        content = msg["content"]
        point = content.get("data", {}).get(REPORT_MIME)
        if point is not None:
            self.report(point["name"], point["value"], point["iteration"])
            return None
        if "data" in content:
            content["data"] = kept_data(content["data"])
        return super().output(outs, msg, display_id, cell_index)


def run(notebook: dict[str, Any], kept: Executed, report: Callable[..., None], kernel: str) -> Any:
    """Runs the code cells of a notebook in a new kernel, filling in their outputs; gives the metric of the last.

    Raises:
        CellExecutionError: When a cell raises, with the kernel's traceback.
    """
    nodes = nbformat.from_dict(notebook)  # type: ignore[no-untyped-call]
    client = ReportingClient(
        nodes,
        timeout=None,
        kernel_name=kernel,
        store_widget_state=False,
        record_timing=False,
        resources={"metadata": {"path": str(Path.cwd())}},
    )
    client.report = report
    status, index = "failed", 0
    cells: list[Cell] = notebook["cells"]
    try:
        with client.setup_kernel():
            _define_report(client, nodes)
            for index, node in enumerate(nodes["cells"]):
                kept.progress(index)
                try:
                    client.execute_cell(node, index)
                finally:
                    cells[index] = node
        status = "completed"
    finally:
        kept.end(status, index)
    return metric_of(_last_value(cells))


def _define_report(client: ReportingClient, nodes: Any) -> None:
    # The client puts the cell that it ran in the place of the notebook's.
    first = nodes["cells"][0]
    prelude = nbformat.v4.new_code_cell(PRELUDE)  # type: ignore[no-untyped-call]
    client.execute_cell(prelude, 0, store_history=False)
    nodes["cells"][0] = first


def _last_value(cells: list[Cell]) -> Any:
    code = [cell for cell in cells if cell["cell_type"] == "code" and cell["source"].strip()]
    results = [out for out in code[-1]["outputs"] if out["output_type"] == "execute_result"] if code else []
    if not results:
        return None
    text = str(results[-1]["data"].get("text/plain", ""))
    wrapped = _WRAPPED.match(text)
    try:
        return float(wrapped[1] if wrapped else text)
    except ValueError:
        pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return None
