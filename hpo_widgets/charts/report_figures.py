"""Figures of a finished or running study, as plain plotly data: what an offline report draws.

Names are escaped here: plotly reads a little HTML in every text it shows.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from html import escape
from typing import Any

from hpo_widgets.model.objective import Objective
from hpo_widgets.model.result import Result, counts
from hpo_widgets.model.scalar import Scalar
from hpo_widgets.model.task import TaskRecord, TaskState

Figure = dict[str, Any]
LONGEST = 60
"""Characters of a name that are drawn."""
LONGEST_TEXT = 24
"""Characters of a category that stands at an axis."""
MOST_POINTS = 1000
"""Points of a curve that are drawn; its ends and extremes stay."""
MOST_AXES = 24
"""Axes of the parallel coordinates: more cannot be told apart."""
MOST_TICKS = 8
"""Powers of ten that are named at an axis."""
MOST_CATEGORIES = 30
"""Categories that are named at an axis."""
# Okabe and Ito's colours, which colour-blind readers tell apart; the shape says the same again.
LOOKS = {
    TaskState.COMPLETED: ("#0072B2", "circle"),
    TaskState.RUNNING: ("#56B4E9", "circle-open"),
    TaskState.PRUNED: ("#E69F00", "triangle-down"),
    TaskState.ABORTED: ("#999999", "square-open"),
    TaskState.FAILED: ("#D55E00", "x"),
    TaskState.LOST: ("#CC79A7", "x-thin-open"),
}
INFEASIBLE = ("#E69F00", "diamond-tall-open")
BEST = "#009E73"


def history_figure(
    tasks: Sequence[TaskRecord], results: Mapping[str, Result], objectives: Sequence[Objective], index: int
) -> Figure | None:
    """Draws one objective per trial, by state or as infeasible, and the best so far; `None` without any value."""
    drawn = [
        (task, value)
        for task in tasks
        if task.trial is not None and (value := _value(results.get(task.id), index)) is not None
    ]
    if not drawn:
        return None
    traces = []
    broken = {task.id for task, _ in drawn if task.state.is_final and not results[task.id].feasible}
    for state, (color, symbol) in (*LOOKS.items(), (None, INFEASIBLE)):
        mine = [(task, value) for task, value in drawn if (None if task.id in broken else task.state) is state]
        if mine:
            traces.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "name": "infeasible" if state is None else state.value,
                    "x": [task.trial for task, _ in mine],
                    "y": [value for _, value in mine],
                    "text": [parameters_text(task) for task, _ in mine],
                    "hovertemplate": "trial %{x}: %{y}<br>%{text}<extra>%{fullData.name}</extra>",
                    "marker": {"color": color, "symbol": symbol, "size": 8},
                }
            )
    minimize = objectives[index].sign.minimize
    winners = {task.id for task, value in drawn if counts(task, (value,)) and results[task.id].feasible}
    best: list[tuple[int | None, float]] = []
    for task, value in sorted(drawn, key=lambda each: each[0].trial or 0):
        if task.id in winners and (not best or (value < best[-1][1] if minimize else value > best[-1][1])):
            best.append((task.trial, value))
    if best:
        last = max(task.trial or 0 for task, _ in drawn)
        line = [*best, (last, best[-1][1])]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": "best so far",
                "x": [x for x, _ in line],
                "y": [y for _, y in line],
                "line": {"shape": "hv", "color": BEST, "width": 2},
                "hoverinfo": "skip",
            }
        )
    title = short(objectives[index].name)
    return {"data": traces, "layout": _layout(xaxis={"title": {"text": "trial"}}, yaxis={"title": {"text": title}})}


def parallel_figure(
    tasks: Sequence[TaskRecord],
    results: Mapping[str, Result],
    objectives: Sequence[Objective],
    names: Sequence[str],
    logarithmic: Collection[str] = (),
) -> Figure | None:
    """Draws a line a task through iteration, parameters and objectives (ClearML's axes); `None` below two tasks."""
    shown = [t for t in tasks if counts(t, results[t.id].values if t.id in results else (None,))]
    if len(shown) < 2:
        return None
    axes = [_axis("iteration", [results[task.id].iteration for task in shown])]
    for name in names:
        values = [task.parameters.get(name) for task in shown]
        axes.append(_log_axis(name, values) if name in logarithmic else _axis(name, values))
    axes = axes[: MOST_AXES - len(objectives) - 1]
    if any(results[task.id].constraints for task in shown):
        axes.append(_axis("constraints", [_feasible(results[task.id]) for task in shown]))
    for index, objective in enumerate(objectives):
        axes.append(_axis(objective.name, [results[task.id].values[index] for task in shown]))
    first = [results[task.id].values[0] for task in shown]
    line = {
        "color": first,
        "colorscale": "Viridis",
        "reversescale": objectives[0].sign.minimize,
        "showscale": True,
        "colorbar": {"title": {"text": short(objectives[0].name)}},
    }
    trace = {"type": "parcoords", "dimensions": [axis for axis in axes if axis is not None], "line": line}
    return {"data": [trace], "layout": _layout(margin={"l": 80, "r": 60, "t": 60, "b": 30})}


def curves_figure(curves: Sequence[tuple[str, Sequence[Scalar]]], title: str) -> Figure | None:
    """Draws what tasks have reported of one metric over iterations, best task first; `None` below two points."""
    traces = []
    for index, (name, points) in enumerate(curves):
        finite = [point for point in points if math.isfinite(point.value)]
        if len(finite) < 2:
            continue
        kept = thinned(finite)
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": short(name),
                "x": [point.iteration for point in kept],
                "y": [point.value for point in kept],
                "line": {"width": 3 if index == 0 else 1.5},
                "opacity": 1.0 if index == 0 else 0.7,
            }
        )
    if not traces:
        return None
    axes = {"xaxis": {"title": {"text": "iteration"}}, "yaxis": {"title": {"text": short(title)}}}
    return {"data": traces, "layout": _layout(**axes)}


def thinned(points: Sequence[Scalar], most: int = MOST_POINTS) -> list[Scalar]:
    """Gives at most so many points: of each stretch its lowest and its highest, in order."""
    if len(points) <= most:
        return list(points)
    kept: list[Scalar] = []
    stretches = most // 2
    for number in range(stretches):
        part = points[number * len(points) // stretches : (number + 1) * len(points) // stretches]
        low, high = min(part, key=lambda p: p.value), max(part, key=lambda p: p.value)
        kept += sorted({id(p): p for p in (low, high)}.values(), key=lambda p: (p.iteration, p.time))
    return kept


def short(text: str, longest: int = LONGEST) -> str:
    """Gives a name as plotly shows it: cut, and escaped."""
    line = " ".join(text.split())
    return escape(line if len(line) <= longest else f"{line[: longest - 1]}…")


def parameters_text(task: TaskRecord) -> str:
    """Gives the parameters of a task, a line each."""
    return "<br>".join(f"{short(name)} = {short(_plain(value))}" for name, value in list(task.parameters.items())[:20])


def _feasible(result: Result) -> str | None:
    if not result.constraints:
        return None
    return "feasible" if result.feasible else "infeasible"


def _axis(name: str, values: Sequence[Any]) -> Figure | None:
    numbers = [v for v in values if isinstance(v, (int, float)) and not isinstance(v, bool) and math.isfinite(v)]
    if len(numbers) == len(values):
        return {"label": short(name, LONGEST_TEXT), "values": numbers}
    if all(value is None for value in values):
        return None
    texts = ["–" if value is None else _plain(value) for value in values]
    places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    axis: Figure = {"label": short(name, LONGEST_TEXT), "values": [places[text] for text in texts]}
    if len(places) <= MOST_CATEGORIES:
        axis |= {"tickvals": list(places.values()), "ticktext": [short(text, LONGEST_TEXT) for text in places]}
    return axis


def _log_axis(name: str, values: Sequence[Any]) -> Figure | None:
    """Gives an axis of exponents with the powers of ten named; a plain one where a value has no logarithm."""
    if not all(isinstance(value, (int, float)) and 0 < value < math.inf for value in values):
        return _axis(name, values)
    exponents = [math.log10(value) for value in values]
    low, high = math.floor(min(exponents)), math.ceil(max(exponents))
    ticks = range(low, high + 1, max(1, (high - low) // MOST_TICKS))
    texts = [f"{10.0**tick:g}" for tick in ticks]
    return {"label": short(name, LONGEST_TEXT), "values": exponents, "tickvals": list(ticks), "ticktext": texts}


def _plain(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _value(result: Result | None, index: int) -> float | None:
    value = None if result is None else result.values[index]
    return value if value is not None and math.isfinite(value) else None


def _layout(**more: Any) -> Figure:
    base = {"margin": {"l": 70, "r": 20, "t": 20, "b": 50}, "height": 380, "legend": {"orientation": "h", "y": 1.1}}
    return {**base, **more}
