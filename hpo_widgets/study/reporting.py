"""A study as one HTML file for people who have neither the kernel nor the store."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hpo_widgets.charts.budget import Spending
from hpo_widgets.charts.failures import group_failures
from hpo_widgets.charts.report_figures import curves_figure, history_figure, parallel_figure
from hpo_widgets.charts.report_page import Chart, Report, report_html
from hpo_widgets.charts.tasks_table import columns
from hpo_widgets.model.config import StudyConfig
from hpo_widgets.model.objective import rank
from hpo_widgets.model.parameters import LogNormalParameterRange, LogUniformParameterRange
from hpo_widgets.model.reason_words import why_ended
from hpo_widgets.model.result import Result, wins
from hpo_widgets.model.scalar import SINGLE_VALUE_ITERATION, Metric, Scalar
from hpo_widgets.model.task import TaskRecord
from hpo_widgets.study.exports import Exports, write_whole

MOST_ROWS = 2000
"""Trials in the report's table; the CSV has all."""
TOP_CURVES = 8
"""Best tasks whose curves are drawn."""
MOST_METRICS = 12


class Reporting(Exports):
    """Writes a study as a page that needs no network."""

    def export_html(self, path: str | Path) -> Path:
        """Writes what was asked for and found as one self-contained HTML file (about 5 MB); gives the path.

        It has the best parameters, objective per trial, parallel coordinates, the curves of the best tasks, the table,
        failures and what was spent, and opens without a network. Names and values are data in it.
        """
        from plotly.offline import get_plotlyjs

        report = self._report()
        return write_whole(Path(path), report_html(report, get_plotlyjs() if report.charts else ""))

    def _report(self) -> Report:
        record, config, now = self.record, self.config, time.time()
        until = self._now(record)
        tasks, results = self.store.tasks(self.id), self._results(self.config)
        best = [TaskValue(t, results[t.id]) for t in tasks if t.id in results and wins(t, results[t.id])]
        order = rank(config.objectives, ((i, each.result.values) for i, each in enumerate(best)))
        ranked = [best[i] for i in order]
        counted = {each.task.id for each in ranked}
        ordered = [each.task for each in ranked] + [task for task in tasks if task.id not in counted]
        why = why_ended(record.reason, config.limits)
        return Report(
            title=record.name,
            status=f"{config.base_name or 'Search'}: {self.state_of(record)}{f' ({why})' if why else ''}",
            made=f"As of {datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M} UTC, by hpo_widgets",
            facts=list(self._facts(config, ranked, tasks, now)),
            charts=list(self._charts(config, tasks, results, ranked)),
            columns=self._columns(config),
            rows=[self._row(config, task, results.get(task.id), until) for task in ordered[:MOST_ROWS]],
            failures=group_failures(tasks),
            asked=list(_asked(config)),
        )

    def _facts(
        self, config: StudyConfig, ranked: list[TaskValue], tasks: list[TaskRecord], now: float
    ) -> Iterator[tuple[str, str]]:
        if ranked:
            top = ranked[0]
            for objective, value in zip(config.objectives, top.result.values, strict=True):
                yield f"best {objective.name} ({objective.sign.value})", _number(value)
            for name, value in list(top.task.parameters.items())[:8]:
                yield name, _number(value)
        record, spending = self.record, Spending()
        results = self._results(config)
        for task in tasks:
            spending.put(task, results.get(task.id))
        live = record.state.is_live and not self._is_interrupted(record)
        for line in spending.lines(record, now, live=live, moving=False):
            used = _duration(line.used) if "time" in line.name else f"{line.used:.0f}"
            limit = "" if line.limit is None else f" of {_duration(line.limit) if 'time' in line.name else line.limit}"
            yield line.name.replace("_", " "), f"{used}{limit}"

    def _charts(
        self, config: StudyConfig, tasks: list[TaskRecord], results: dict[str, Result], ranked: list[TaskValue]
    ) -> Iterator[Chart]:
        for index, objective in enumerate(config.objectives):
            figure = history_figure(tasks, results, config.objectives, index)
            if figure is not None:
                better = "lower" if objective.sign.minimize else "higher"
                about = f"A point is a trial, {better} is better; the line is the best so far."
                yield Chart(title=f"{objective.name} per trial", about=about, figure=figure)
        logs = {
            each.name for each in config.space if isinstance(each, (LogUniformParameterRange, LogNormalParameterRange))
        }
        figure = parallel_figure(tasks, results, config.objectives, config.space.names, logs)
        if figure is not None:
            about = "A line is a trial; drag along an axis to select. The colour is the objective."
            yield Chart(title="Parallel coordinates", about=about, figure=figure)
        yield from self._curves(ranked)

    def _curves(self, ranked: list[TaskValue]) -> Iterator[Chart]:
        by_metric: dict[Metric, list[tuple[str, list[Scalar]]]] = {}
        for each in ranked[:TOP_CURVES]:
            for point in self.store.scalars(each.task.id):
                if point.iteration == SINGLE_VALUE_ITERATION:
                    continue
                found = by_metric.setdefault(point.metric, [])
                name = f"trial {each.task.trial}"
                if not found or found[-1][0] != name:
                    found.append((name, []))
                found[-1][1].append(point)
        for metric, curves in list(by_metric.items())[:MOST_METRICS]:
            title = metric.title if metric.title == metric.series else f"{metric.title}/{metric.series}"
            figure = curves_figure(curves, title)
            if figure is not None:
                about = f"The best {len(curves)} trials over their iterations; the thick line is the best one."
                yield Chart(title=title, about=about, figure=figure)

    def _columns(self, config: StudyConfig) -> list[str]:
        objectives, parameters = columns(config.objectives, config.space.names)
        return ["trial", "task", *objectives, "iteration", "duration", "state", "reason", *parameters]

    def _row(self, config: StudyConfig, task: TaskRecord, result: Result | None, now: float) -> list[Any]:
        values = result.values if result is not None else (None,) * len(config.objectives)
        seconds = task.duration(now)
        return [
            task.trial,
            task.id[:8],
            *values,
            None if result is None else result.iteration,
            None if seconds is None else _duration(seconds),
            task.state.value,
            task.reason,
            *(task.parameters.get(name) for name in config.space.names),
        ]


class TaskValue:
    """Is a task with its result."""

    def __init__(self, task: TaskRecord, result: Result) -> None:
        self.task, self.result = task, result


def _asked(config: StudyConfig) -> Iterator[tuple[str, str]]:
    for parameter in config.space:
        yield "search space", repr(parameter)
    for objective in config.objectives:
        yield "objective", f"{objective.name}, {objective.sign.value}"
    yield "strategy", str(config.strategy.get("name", ""))
    if config.strategy.get("options"):
        yield "its options", str(config.strategy["options"])
    yield "seed", "none" if config.seed is None else str(config.seed)
    for name, value in config.limits.to_json().items():
        yield name, str(value)


def _number(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} h" if hours else f"{minutes}:{rest:02} min"
