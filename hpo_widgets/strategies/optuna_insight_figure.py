"""A figure of Optuna's as JSON for a page: names as data, colours everybody can tell apart, tasks behind points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from hpo_widgets.strategies.base import PastTask

LONGEST = 28
"""Characters of a name or choice in a figure; longer ones lose their middle."""
STATES = {
    "COMPLETE": ("#0072b2", ""),
    "PRUNED": ("#e69f00", "/"),
    "FAIL": ("#d55e00", "x"),
    "RUNNING": ("#009e73", ""),
    "WAITING": ("#999999", "."),
}
"""Colours and patterns that people with colour blindness can tell apart (Okabe and Ito)."""
SCALE = "Cividis"
_SAFE = {"customdata", "hovertemplate", "bdata", "dtype", "type", "mode", "categoryorder"}


def short(text: str) -> str:
    """Gives a text on one line without its middle where it is long."""
    line = " ".join(text.split()) or text
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 10]}…{line[-8:]}"


class _Labels:
    """Gives short and different texts for long ones, escaped: Plotly reads some HTML in any text."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._taken: set[str] = set()

    def of(self, text: str) -> str:
        if text not in self._known:
            free, number = short(text), 1
            while free in self._taken:
                number += 1
                free = f"{short(text)} ({number})"
            self._taken.add(free)
            self._known[text] = (
                free.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("$", "&#36;")
            )
        return self._known[text]


def figure_json(figure: Any, drawn: Sequence[PastTask], *, columns: int = 0) -> dict[str, Any]:
    """Gives `data` and `layout` of a figure; the page adds what depends on its theme.

    Args:
        figure: A figure that Optuna made of a study of `drawn`.
        drawn: Its trials, in order.
        columns: Lays subplots out in rows of so many.
    """
    labels = _Labels()
    raw = figure.to_plotly_json()
    layout = {key: value for key, value in raw["layout"].items() if key not in ("template", "title", "width", "height")}
    data = [_trace(trace, drawn) for trace in raw["data"]]
    if columns:
        _lay(layout, data, columns)
    return {"data": [_clean(trace, labels) for trace in data], "layout": _clean(layout, labels)}


def _trace(trace: dict[str, Any], drawn: Sequence[PastTask]) -> dict[str, Any]:
    marker = trace.get("marker") or {}
    if trace["type"] == "contour":
        return {**trace, "colorscale": SCALE, "hoverinfo": "skip"}
    if trace["type"] == "bar" and "base" in trace:
        return _bar_of_time(trace, drawn)
    if trace["type"] == "scatter" and trace.get("mode") == "markers":
        numbers = marker.get("color")
        shown = {**marker, "colorscale": SCALE, "line": {"width": 0.5, "color": "#888888"}}
        found = {key: value for key, value in trace.items() if key not in ("text", "hovertemplate")}
        if numbers is None or isinstance(numbers, str):
            shown |= {"color": "rgba(0,0,0,0)", "line": {"width": 1.2, "color": "#888888"}}
            return {**found, "marker": shown, "hovertemplate": "%{x}, %{y}<extra></extra>"}
        own = [drawn[int(number)] for number in numbers]
        bar = dict(marker.get("colorbar") or {})
        is_best = (bar.get("title") or {}).get("text") == "Best Trial"
        shown |= {"color": [each.trial for each in own]}
        if is_best:
            shown |= {"color": "#d55e00", "size": 10, "symbol": "diamond", "showscale": False}
        else:
            shown["colorbar"] = {"title": {"text": "trial"}, "thickness": 10}
        tasks = [[each.task, each.trial] for each in own]
        name = "beaten by none" if is_best else "trials"
        hover = "trial %{customdata[1]}: %{x}, %{y}<extra></extra>"
        return {**found, "name": name, "marker": shown, "customdata": tasks, "hovertemplate": hover}
    return trace


def _bar_of_time(trace: dict[str, Any], drawn: Sequence[PastTask]) -> dict[str, Any]:
    color, pattern = STATES.get(str(trace.get("name")), ("#999999", ""))
    own = [drawn[int(number)] for number in trace["y"]]
    found = {key: value for key, value in trace.items() if key not in ("text", "textposition")}
    return {
        **found,
        "y": [each.trial for each in own],
        "customdata": [[each.task, each.trial, each.state] for each in own],
        "name": str(trace.get("name")).lower(),
        "marker": {"color": color, "pattern": {"shape": pattern}, "line": {"width": 0}},
        "hovertemplate": "trial %{customdata[1]}, %{customdata[2]}<extra></extra>",
    }


def _lay(layout: dict[str, Any], data: list[dict[str, Any]], columns: int) -> None:
    """Lays the subplots of one row out in several, and shows one scale of colours for all."""
    count = sum(key.startswith("xaxis") for key in layout)
    rows = math.ceil(count / columns)
    for i in range(count):
        suffix = "" if i == 0 else str(i + 1)
        column, row = i % columns, i // columns
        width, height = 1 / columns, 1 / rows
        x, y = layout[f"xaxis{suffix}"], layout[f"yaxis{suffix}"]
        x["domain"] = [column * width + (0.02 if column else 0), (column + 1) * width - 0.02]
        top = 1 - row * height
        y["domain"] = [max(0.0, top - height + (0.5 / rows if rows > 1 else 0) * 0.45), top]
        y["showticklabels"] = column == 0
        if column:
            y.pop("title", None)
        elif i:
            y["title"] = layout["yaxis"].get("title")
    for i, trace in enumerate(data):
        trace["marker"]["showscale"] = i == 0
    layout["hpoRows"] = rows


def _clean(value: Any, labels: _Labels, key: str = "") -> Any:
    """Makes JSON of a figure: arrays as lists, NaN as missing, texts escaped."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        return {name: _clean(item, labels, name) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(item, labels, key) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str) and key not in _SAFE and not value.startswith(("#", "rgb(", "rgba(")):
        return labels.of(value)
    return value
