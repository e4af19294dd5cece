"""The curves of the best trials as a picture drawn in Python, for places where nothing lives."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from html import escape
from itertools import pairwise

from hpo_widgets.widgets.curves import Curve

WIDTH, HEIGHT, MARGIN = 640, 180, 8
POINTS = 120
"""Points a curve at most: a picture of ten curves stays under 30 kB."""
BEST, OTHER = "#1f9d63", "#8a94a0"

Points = list[tuple[float, float]]


def curves_picture(curves: Sequence[Curve], label: str) -> str:
    """Gives an `<img>` of curves, the first one highlighted; an empty text when there is nothing to draw.

    Args:
        curves: Of one metric, best first.
        label: What it shows, for those who do not see it.
    """
    lines = [points for curve in curves if len(points := _thin(curve)) > 1]
    if not lines:
        return ""
    xs = [x for line in lines for x, _ in line]
    ys = [y for line in lines for _, y in line]
    left, wide = min(xs), (max(xs) - min(xs)) or 1.0
    low, high = min(ys), (max(ys) - min(ys)) or 1.0

    def at(x: float, y: float) -> str:
        across = MARGIN + (WIDTH - 2 * MARGIN) * (x - left) / wide
        return f"{across:.1f} {HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (y - low) / high:.1f}"

    def path(line: Points, color: str, width: float) -> str:
        d = "M" + "L".join(at(x, y) for x, y in line)
        return f'<path d="{d}" fill="none" stroke="{color}" stroke-width="{width}" stroke-linejoin="round"/>'

    drawn = [path(line, OTHER, 1) for line in lines[:0:-1]] + [path(lines[0], BEST, 2.2)]
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f"{''.join(drawn)}</svg>"
    )
    source = base64.b64encode(svg.encode()).decode()
    return f'<p>{escape(label)}</p><img alt="{escape(label)}" src="data:image/svg+xml;base64,{source}">'


def _thin(curve: Curve) -> Points:
    """Gives the finite points, the extremes of each stretch when there are too many."""
    points = [(x, y) for x, y in zip(curve.iterations, curve.values, strict=True) if math.isfinite(y)]
    points.sort(key=lambda point: point[0])
    if len(points) <= POINTS:
        return points
    edges = [round(i * len(points) / (POINTS // 2)) for i in range(POINTS // 2 + 1)]
    found: Points = []
    for first, end in pairwise(edges):
        stretch = points[first:end]
        found += sorted({min(stretch, key=lambda p: p[1]), max(stretch, key=lambda p: p[1])})
    return found
