"""The panel without a live page: a table and a picture as plain HTML, for saved notebooks and exports."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

from hpo_widgets.widgets import words
from hpo_widgets.widgets.picture import LIVE
from hpo_widgets.widgets.trial_chart import COUNTED, Point

WIDTH, HEIGHT, MARGIN = 640, 120, 8
COLORS = {"completed": "#3b82c4", "aborted": "#8a94a0", "running": "#3b82c4", "pruned": "#b98a2f", "failed": "#d64545"}
BEST = "#1f9d63"

# A page on which the panel lives hides this within a moment; the delay spares the reader a flash of it.
DELAY = (
    "<style>@media screen{@keyframes hpo-static{from{visibility:hidden;max-height:0;overflow:hidden}"
    "to{visibility:hidden;max-height:0;overflow:hidden}}.hpo-static{animation:hpo-static 1s}}</style>"
)


def static_html(head: dict[str, Any], chart: dict[str, Any], more: Sequence[str] = ()) -> str:
    """Gives the html of a panel's head and chart; every name and value in it is escaped.

    Args:
        head: As `StudyPicture.head` gives it.
        chart: `points` and `width`.
        more: Other pictures and tables, as HTML.
    """
    parts = [
        f'<div class="hpo-static">{DELAY}',
        f"<p><b>{escape(head['name'])}</b>: {escape(_status(head))}</p>",
        *_as_of(head),
        *(f"<p>⚠ {escape(text)}</p>" for text in head["notices"]),
        *(f"<p>{escape(text)}</p>" for text in (head["remark"],) if text),
        _picture(head, chart["points"]),
        *more,
        _table(head["top"]),
        "</div>",
    ]
    return "".join(parts)


def _status(head: dict[str, Any]) -> str:
    reason = f" ({head['reason']})" if head["reason"] else ""
    counts = ", ".join(f"{count} {state}" for state, count in head["counts"]) or "no trial yet"
    bar = head["bar"]
    of = f", {bar['done']} of {bar['limit']} trials" if bar["unit"] == "trials" and bar["limit"] else ""
    state = f"was {head['state']}" if head["state"] in LIVE else head["state"]
    return f"{state}{reason}{of}; {counts}; {words.duration(head['clock']['elapsed'])}"


def _as_of(head: dict[str, Any]) -> list[str]:
    """Says of a study that went on when this was made that it did, and how to see it as it is now."""
    if head["state"] not in LIVE:
        return []
    made = datetime.fromtimestamp(head["now"], UTC).strftime("%Y-%m-%d %H:%M UTC")
    line = escape(f"hpo.attach({head['name']!r})")
    return [f"<p>So it stood at {made}; <code>{line}</code> shows it as it is now.</p>"]


def _table(top: dict[str, Any]) -> str:
    if not top["rows"]:
        return ""
    header = "".join(f"<th>{escape(name)}</th>" for name in top["columns"])
    rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in top["rows"])
    return f"<table><thead><tr>{header}</tr></thead><tbody>{rows}</tbody></table>"


def _picture(head: dict[str, Any], points: list[Point]) -> str:
    drawn = [p for p in points if p[2] is not None]
    if not drawn:
        return ""
    low, high = min(p[2] for p in drawn), max(p[2] for p in drawn)
    last = max(p[0] for p in points) or 1
    span = (high - low) or 1.0

    def at(group: int, value: float) -> tuple[float, float]:
        x = MARGIN + (WIDTH - 2 * MARGIN) * group / last
        return round(x, 1), round(HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (value - low) / span, 1)

    spots = [(*at(group, value), COLORS.get(kind, COLORS["aborted"])) for group, _, value, kind in drawn]
    dots = "".join(f'<circle cx="{x}" cy="{y}" r="2.5" fill="{color}"/>' for x, y, color in spots)
    line = _best_line(drawn, at, head["minimize"])
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f'{dots}<path d="{line}" fill="none" stroke="{BEST}" stroke-width="2"/></svg>'
    )
    source = base64.b64encode(svg.encode()).decode()
    return f'<img alt="{escape(head["label"])}" src="data:image/svg+xml;base64,{source}">'


def _best_line(points: list[Point], at: Callable[[int, float], tuple[float, float]], minimize: bool) -> str:
    best: float | None = None
    steps: list[str] = []
    for group, _, value, kind in points:
        if kind in COUNTED and (best is None or (value < best if minimize else value > best)):
            x, y = at(group, value)
            steps.append(f"M{x} {y}" if best is None else f"H{x}V{y}")
            best = value
    return "".join(steps) + f"H{WIDTH - MARGIN}" if steps else ""
