"""Metrics from what a script prints: `epoch=3 loss=0.25 acc=0.9`."""

from __future__ import annotations

import re

from hpo_widgets.agents.reporter import RunningTask

ITERATIONS = ("iteration", "step", "epoch")
"""Names that set the iteration instead of being a metric; on one line the first of them counts."""

_NUMBER = r"[+-]?(?:\d[\d_]*\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|nan|inf(?:inity)?)"
_PAIR = re.compile(rf"(?<![\w./-])([A-Za-z_][\w./-]*)\s*=\s*({_NUMBER})(?=\.?(?:$|[\s,;|)\]}}])|/\d)", re.IGNORECASE)


def metrics_of(line: str) -> tuple[int | None, dict[str, float]]:
    """Gives the iteration that a line names, and its metrics by name.

    A value is a number that ends at a space, a comma, a bracket or the end of the line; `nan` and `inf` are numbers.
    """
    pairs: dict[str, str] = dict(_PAIR.findall(line))
    iteration = None
    for name in ITERATIONS:
        text = pairs.get(name)
        if iteration is None and text is not None and re.fullmatch(r"[+-]?\d+", text):
            iteration = int(text)
    return iteration, {name: float(value) for name, value in pairs.items() if name not in ITERATIONS}


class StdoutMetrics:
    """Reports what lines say to a task; an iteration holds until another one is named."""

    def __init__(self, task: RunningTask) -> None:
        self._task = task
        self._iteration: int | None = None

    def __call__(self, line: str) -> None:
        """Takes one line in."""
        iteration, metrics = metrics_of(line)
        if iteration is not None:
            self._iteration = iteration
        for name, value in metrics.items():
            self._task.report(name, value, self._iteration)
