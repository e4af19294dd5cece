"""`hpo_widgets.report`: the same line in a notebook reports to its task in a search, and says so on the screen else."""

from __future__ import annotations

import os
import sys
from typing import Any

from hpo_widgets.agents.cell_kind import listener
from hpo_widgets.agents.orphans import TASK_VARIABLE
from hpo_widgets.agents.reporter import current_task
from hpo_widgets.agents.results import to_number

REPORT_MIME = "application/vnd.hpo-widgets.report+json"
"""What a kernel of a task displays to report a metric; `hpo_widgets.agents.notebook_kind_kernel` takes it out."""


def report(name: str, value: Any, iteration: int | None = None) -> None:
    """Reports one point of a metric: to the task whose code runs here, else as a line of text.

    Args:
        name: Of the metric, `title/series` or one word for both.
        value: A number.
        iteration: The task's own counter; counts on from the last point when absent.

    Raises:
        TypeError: When the value is no number.
    """
    task = current_task()
    to = listener.get() or (task.report if task is not None else None)
    if to is not None:
        to(name, value, iteration)
        return
    number = to_number(value)
    if TASK_VARIABLE in os.environ and "IPython" in sys.modules:
        from IPython.display import display

        point = {"name": name, "value": number, "iteration": iteration}
        display({REPORT_MIME: point, "text/plain": f"{name} = {number}"}, raw=True)  # type: ignore[no-untyped-call]
        return
    at = "" if iteration is None else f" (iteration {iteration})"
    sys.stdout.write(f"{name} = {number}{at}\n")
