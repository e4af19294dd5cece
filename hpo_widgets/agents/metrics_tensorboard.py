"""Scalars that a script writes with a TensorBoard `SummaryWriter` are reported to its task too.

The tag "a/b" is the title a and the series b; "a" is both. The writer itself does what it always did.
"""

from __future__ import annotations

import functools
import sys
from types import ModuleType
from typing import Any

from hpo_widgets.agents.reporter import RunningTask
from hpo_widgets.agents.results import metric_named
from hpo_widgets.agents.script_imports import when_imported
from hpo_widgets.model.scalar import Metric

MODULES = ("torch.utils.tensorboard.writer", "tensorboardX.writer")
"""Where the writers live; watched, not imported."""


class _Process:
    """Holds the task that writers report to."""

    task: RunningTask | None = None


def install(task: RunningTask | None) -> None:
    """Has every writer of this process report to `task` from now on; to nobody for `None`."""
    _Process.task = task
    for name in MODULES if task is not None else ():
        when_imported(name, _wrap)


def _wrap(module: ModuleType) -> None:
    writer = module.SummaryWriter
    if hasattr(writer.add_scalar, "__wrapped__"):
        return  # by an earlier task of this process
    add_scalar, add_scalars = writer.add_scalar, writer.add_scalars

    @functools.wraps(add_scalar)
    def scalar(self: Any, tag: Any, scalar_value: Any, global_step: Any = None, *more: Any, **named: Any) -> Any:
        written = add_scalar(self, tag, scalar_value, global_step, *more, **named)
        _report(metric_named(str(tag)), scalar_value, global_step)
        return written

    @functools.wraps(add_scalars)
    def scalars(
        self: Any, main_tag: Any, tag_scalar_dict: Any, global_step: Any = None, *more: Any, **named: Any
    ) -> Any:
        written = add_scalars(self, main_tag, tag_scalar_dict, global_step, *more, **named)
        for series, value in tag_scalar_dict.items():
            _report(Metric(str(main_tag), str(series)), value, global_step)
        return written

    writer.add_scalar, writer.add_scalars = scalar, scalars


def _report(metric: Metric, value: Any, step: Any) -> None:
    task = _Process.task
    if task is None:
        return
    if step is None:
        last = task.last.get(metric)
        step = 0 if last is None else last[0] + 1
    try:
        # A loss that still has its graph warns when it is read.
        task.record(metric, value.detach() if hasattr(value, "detach") else value, int(step))
    except (TypeError, ValueError) as error:  # TensorBoard takes names of blobs too
        sys.stderr.write(f"hpo_widgets: the scalar {metric.title}/{metric.series} was not recorded: {error}\n")
