"""Figures of one study: rows gathered from records, then plotly figures as plain dicts. Colours are the page's."""

from __future__ import annotations

import html
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hpo_widgets.model.limits import Limits, Usage
from hpo_widgets.model.objective import Objective
from hpo_widgets.model.parameter_values import canonical
from hpo_widgets.model.result import Result, counts
from hpo_widgets.model.scalar import SINGLE_VALUE_ITERATION, Scalar
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.model.task import TaskRecord

Figure = dict[str, Any]
MANY_DECADES = 100.0
"""A parameter whose values differ by this factor is drawn on a logarithmic axis."""
MOST_AXES = 20
MOST_METRICS = 12
TICK = 20
"""Characters of a value on an axis of the parallel coordinates, which plotly shows as they are."""
LABEL = 60
"""Characters of a name or value in a figure."""


@dataclass(frozen=True, kw_only=True)
class StudyRecords:
    """Is all that is drawn of a study, in one place."""

    name: str
    project: str
    state: str
    reason: str | None
    error: str | None
    base_name: str
    strategy: str
    started: float | None
    objectives: Sequence[Objective]
    space: SearchSpace
    tasks: Sequence[TaskRecord]
    results: Mapping[str, Result]
    limits: Limits
    usage: Usage
    best: Sequence[TaskRecord]
    """Tasks whose results count, best first."""
    scalars: Mapping[str, Sequence[Scalar]] = field(default_factory=dict)
    """Of the best few tasks, by task id."""
    now: float


def label(value: Any) -> str:
    """Gives a text that plotly shows as it is, tags included."""
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return html.escape(text if len(text) <= LABEL else f"{text[: LABEL - 1]}…", quote=False)


def objective_figures(study: StudyRecords) -> list[tuple[str, Figure]]:
    """Gives for each objective its values over time and by trial, with the best so far; none without values."""
    found = []
    for index, objective in enumerate(study.objectives):
        rows = _objective_rows(study, index)
        if not rows:
            continue
        began = study.started or 0.0
        over_time = sorted(((task.ended or study.now) - began, value, task, ok) for task, value, ok in rows)
        by_trial = [(task.trial, value, task, ok) for task, value, ok in rows]
        name = objective.name
        found.append((f"{name} over time", _points(over_time, objective, "seconds since the start")))
        found.append((f"{name} by trial", _points(by_trial, objective, "trial")))
    return found


def _objective_rows(study: StudyRecords, index: int) -> list[tuple[TaskRecord, float, bool]]:
    rows = []
    for task in study.tasks:
        result = study.results.get(task.id)
        value = None if result is None else result.values[index]
        if result is not None and value is not None and math.isfinite(value) and task.trial is not None:
            rows.append((task, value, counts(task, result.values)))
    return rows


def _points(rows: Sequence[tuple[Any, float, TaskRecord, bool]], objective: Objective, x_name: str) -> Figure:
    ok = [row for row in rows if row[3]]
    other = [row for row in rows if not row[3]]
    traces = [_markers(ok, "counts", "circle")] if ok else []
    if other:
        traces.append(_markers(other, "does not count", "x"))
    best: list[float] = []
    for _, value, _, _ in ok:
        best.append(value if not best or objective.better(value, best[-1]) else best[-1])
    if ok:
        line = {"shape": "hv", "width": 2}
        xs = [row[0] for row in ok]
        traces.append({"type": "scatter", "mode": "lines", "name": "best so far", "x": xs, "y": best, "line": line})
    axes = {"xaxis": {"title": {"text": x_name}}, "yaxis": {"title": {"text": label(objective.name)}}}
    return {"data": traces, "layout": axes}


def _markers(rows: Sequence[tuple[Any, float, TaskRecord, bool]], name: str, symbol: str) -> Figure:
    texts = [
        "<br>".join([f"trial {task.trial}", *(f"{label(k)} = {label(v)}" for k, v in task.parameters.items())])
        for _, _, task, _ in rows
    ]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [row[0] for row in rows],
        "y": [row[1] for row in rows],
        "text": texts,
        "hovertemplate": "%{y}<br>%{text}<extra></extra>",
        "marker": {"symbol": symbol, "size": 8},
    }


def parallel_figure(study: StudyRecords) -> Figure | None:
    """Gives the parallel coordinates of the tasks with values; parameters that never differ are left out."""
    rows = _objective_rows(study, 0)
    names = [n for n in study.space.names if len({canonical(t.parameters.get(n)) for t, _, _ in rows}) > 1][:MOST_AXES]
    if len(rows) < 2 or not names:
        return None
    axes = [_axis(name, [task.parameters.get(name) for task, _, _ in rows]) for name in names]
    values = [value for _, value, _ in rows]
    axes.append({"label": label(study.objectives[0].name), "values": values})
    line = {"color": values, "colorscale": "Viridis", "showscale": True}
    line["reversescale"] = study.objectives[0].sign.minimize
    return {"data": [{"type": "parcoords", "dimensions": axes, "line": line}], "layout": {}}


def _axis(name: str, values: Sequence[Any]) -> Figure:
    numbers = [v for v in values if isinstance(v, (int, float)) and not isinstance(v, bool) and math.isfinite(v)]
    if len(numbers) < len(values):
        kinds = {canonical(value): value for value in values}
        order = {key: i for i, key in enumerate(sorted(kinds))}
        texts = ["missing" if kinds[key] is None else str(kinds[key])[:TICK] for key in order]
        places = [order[canonical(value)] for value in values]
        return {"label": label(name), "values": places, "tickvals": list(range(len(order))), "ticktext": texts}
    if min(numbers) > 0 and max(numbers) / min(numbers) >= MANY_DECADES:
        low, high = math.floor(math.log10(min(numbers))), math.ceil(math.log10(max(numbers)))
        ticks = list(range(low, high + 1))
        logs = [math.log10(value) for value in numbers]
        return {"label": label(name), "values": logs, "tickvals": ticks, "ticktext": [f"1e{t}" for t in ticks]}
    return {"label": label(name), "values": numbers}


def scalar_figures(study: StudyRecords) -> tuple[list[tuple[str, Figure]], int]:
    """Gives a figure a metric title, with a line a task and series; and how many titles were left out."""
    trials = {task.id: task.trial for task in study.best}
    by_title: defaultdict[str, list[Figure]] = defaultdict(list)
    for id, points in study.scalars.items():
        lines: defaultdict[tuple[str, str], list[Scalar]] = defaultdict(list)
        for point in points:
            if point.iteration != SINGLE_VALUE_ITERATION:
                lines[point.metric].append(point)
        for (title, series), found in lines.items():
            name = f"trial {trials.get(id)}" if title == series else f"trial {trials.get(id)}, {label(series)}"
            ys = [point.value if math.isfinite(point.value) else None for point in found]
            line = {"type": "scatter", "mode": "lines+markers", "name": name, "marker": {"size": 4}}
            by_title[title].append({**line, "x": [point.iteration for point in found], "y": ys})
    shown = list(by_title.items())[:MOST_METRICS]
    figures = [(title, {"data": d, "layout": {"xaxis": {"title": {"text": "iteration"}}}}) for title, d in shown]
    return figures, len(by_title) - len(figures)
