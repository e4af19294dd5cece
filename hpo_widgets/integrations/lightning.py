"""Lightning: what modules log, reported as it comes."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from hpo_widgets.agents.results import metric_named
from hpo_widgets.integrations.reporting import report, task_id

_HOME = "lightning.pytorch" if importlib.util.find_spec("lightning") else "pytorch_lightning"
_Logger: Any = importlib.import_module(f"{_HOME}.loggers.logger").Logger
_rank_zero_only: Any = importlib.import_module(f"{_HOME}.utilities").rank_zero_only


class LightningLogger(_Logger):
    """Is a logger for `Trainer(logger=...)`: `self.log("train/loss", x)` is the title train with the series loss."""

    @property
    def name(self) -> str:
        """Name of the logger."""
        return "hpo_widgets"

    @property
    def version(self) -> str:
        """Id of the running task; empty outside of one."""
        return task_id()

    @_rank_zero_only
    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Does nothing: a task's parameters are recorded already."""

    @_rank_zero_only
    def log_metrics(self, metrics: dict[str, Any], step: int | None = None) -> None:
        """Reports metrics of one step; Lightning's own `epoch` is no metric."""
        for name, value in metrics.items():
            if name != "epoch":
                title, series = metric_named(name)
                report(title, series, value, step)
