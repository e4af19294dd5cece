"""Panel: live curves of everything that trials report, over iterations."""

from __future__ import annotations

from array import array
from bisect import insort
from typing import Any

from hpo_widgets.model.result import wins
from hpo_widgets.model.scalar import Metric
from hpo_widgets.model.task import TaskState
from hpo_widgets.widgets import words
from hpo_widgets.widgets.curves import Curve
from hpo_widgets.widgets.feed import Row, StudyFeed
from hpo_widgets.widgets.panels.base import Message, Panel
from hpo_widgets.widgets.static_curves import curves_picture

BEST = 10
"""Trials whose curves are shown by themselves, besides the running ones."""
MOST = 100
"""Running, and selected, trials whose curves are followed; the newest."""


class Scalars(Panel):
    """Tells the points of the best, running and selected trials; each point once, as two float64."""

    name = "scalars"
    title = "Scalars"
    place = "wide"
    needs = ("plotly",)

    def __init__(self, feed: StudyFeed) -> None:
        super().__init__(feed)
        self._seen = 0
        self._best: list[tuple[float, int]] = []
        self._running: dict[int, str] = {}
        self._selected: list[int] = []
        self._metrics: dict[Metric, int] = {}
        self._told: dict[int, dict[int, int]] = {}
        self._told_best: list[int] = []
        self._told_metrics = 0

    def select(self, keys: list[int]) -> None:
        """Follows the selected trials too."""
        self._selected = keys[-MOST:]

    def news(self) -> Message | None:
        """Gives new points, the curves nobody follows any more, and metrics seen for the first time."""
        for row in self.feed.changed(self._seen):
            self._rank(row)
        self._seen = self.feed.version
        wanted = self._wanted()
        self.feed.curves.follow(self, wanted.values())
        gone = [key for key in self._told if key not in wanted]
        for key in gone:
            del self._told[key]
        message = self._points(wanted)
        content = message.content
        if (
            not gone
            and not content["blocks"]
            and len(self._metrics) == self._told_metrics
            and content["best"] == self._told_best
        ):
            return None
        self._told_best = content["best"]
        if len(self._metrics) == self._told_metrics:
            del content["metrics"]
        self._told_metrics = len(self._metrics)
        return Message(content={**content, "gone": gone}, buffers=message.buffers)

    def whole(self) -> Message:
        """Gives all points told so far, and the metrics of the objectives."""
        message = self._points(self._wanted(), again=True)
        objectives = [self._number(Metric(o.title, o.series)) for o in self.feed.objectives]
        return Message(content={**message.content, "gone": [], "objectives": objectives}, buffers=message.buffers)

    def static(self) -> str:
        """Gives the curves of the first objective of the best trials."""
        objective = self.feed.objectives[0]
        metric, followed = Metric(objective.title, objective.series), self.feed.curves.followed
        rows = [row for _, key in self._best if (row := self.feed.row(key)) is not None]
        curves = [followed.get(row.task.id, {}).get(metric) for row in rows]
        label = f"{words.cut(objective.name)} over iterations, the best {len(rows)} trials, the best one in green"
        return curves_picture([curve for curve in curves if curve is not None], label)

    def _rank(self, row: Row) -> None:
        task = row.task
        if task.state is TaskState.RUNNING:
            self._running[task.key] = task.id
            return
        self._running.pop(task.key, None)
        if row.result is not None and wins(task, row.result):
            sign = 1 if self.feed.objectives[0].sign.minimize else -1
            entry = sign * float(row.result.values[0] or 0.0), task.key
            if entry not in self._best:
                insort(self._best, entry)
                del self._best[BEST:]

    def _wanted(self) -> dict[int, str]:
        """Names the tasks to follow: key to id."""
        keys = [key for _, key in self._best] + self._selected
        rows = (self.feed.row(key) for key in keys)
        found = {row.task.key: row.task.id for row in rows if row is not None}
        return {**found, **dict(list(self._running.items())[-MOST:])}

    def _number(self, metric: Metric) -> int:
        return self._metrics.setdefault(metric, len(self._metrics))

    def _points(self, wanted: dict[int, str], *, again: bool = False) -> Message:
        """Gives `[task, metric, first, count]` a curve with points to tell, and their x and y one after the other."""
        blocks: list[list[int]] = []
        xs, ys = array("d"), array("d")
        for key, task in wanted.items():
            told = self._told.setdefault(key, {})
            for metric, curve in self.feed.curves.followed.get(task, {}).items():
                number = self._number(metric)
                first = 0 if again else told.get(number, 0)
                last = told.get(number, 0) if again else len(curve)
                if last > first:
                    _append(curve, first, last, xs, ys)
                    blocks.append([key, number, first, last - first])
                    told[number] = last
        metrics = [[words.cut(m.title), words.cut(m.series)] for m in self._metrics]
        content: dict[str, Any] = {"blocks": blocks, "best": [key for _, key in self._best], "metrics": metrics}
        return Message(content=content, buffers=[memoryview(xs), memoryview(ys)] if blocks else [])


def _append(curve: Curve, first: int, last: int, xs: array[float], ys: array[float]) -> None:
    xs.extend(curve.iterations[first:last])
    ys.extend(curve.values[first:last])
