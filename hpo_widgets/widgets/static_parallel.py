"""Parallel coordinates as a picture drawn in Python, for places where nothing lives."""

from __future__ import annotations

import base64
import math
from collections.abc import Collection, Mapping, Sequence
from html import escape
from typing import Any

from hpo_widgets.widgets import words

WIDTH, HEIGHT = 640, 200
SIDE, TOP, BOTTOM = 40, 20, 18
MOST_LINES, MOST_AXES = 150, 9
"""So that the picture stays under 40 kB and its titles beside each other."""
BEST, GOOD, OTHER, INK = "#1f9d63", "#3b82c4", "#8a94a0", "#7b8490"
GOOD_SHARE = 0.1

Line = tuple[Mapping[str, Any], float]
"""Parameters and value of a trial."""


def parallel_picture(lines: Sequence[Line], names: Sequence[str], log: Collection[str], objective: str) -> str:
    """Gives an `<img>` of a line a trial over its parameters and its value; empty text when there is nothing to draw.

    Args:
        lines: Best first; the best tenth and the best one stand out.
        names: Parameters, an axis each.
        log: Those with a logarithmic axis.
        objective: Title of the last axis.
    """
    shown = lines[:MOST_LINES]
    axes = [_Axis(name, [p.get(name) for p, _ in shown], name in log) for name in names[: MOST_AXES - 1]]
    axes = [axis for axis in axes if axis.known]
    if len(shown) < 2 or not axes:
        return ""
    values = _Axis(objective, [value for _, value in shown], False)
    places = [SIDE + (WIDTH - 2 * SIDE) * i / len(axes) for i in range(len(axes) + 1)]

    def path(line: Line) -> str:
        heights = [axis.height(line[0].get(axis.name)) for axis in axes] + [values.height(line[1])]
        pairs = [(x, y) for x, y in zip(places, heights, strict=True) if y is not None]
        return "M" + "L".join(f"{x:.0f} {y:.1f}" for x, y in pairs)

    good = max(1, math.ceil(len(shown) * GOOD_SHARE))
    drawn = [
        f'<path d="{path(line)}" fill="none" stroke="{_color(rank, good)}" stroke-opacity="{_opacity(rank, good)}"'
        f' stroke-width="{2.2 if rank == 0 else 1}"/>'
        for rank, line in reversed(list(enumerate(shown)))
    ]
    frames = [axis.drawn(x) for axis, x in zip([*axes, values], places, strict=True)]
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="sans-serif" font-size="9" fill="{INK}" text-anchor="middle">{"".join(drawn + frames)}</svg>'
    )
    count = f"the best {len(shown)} of {len(lines)} trials" if len(lines) > len(shown) else f"{len(lines)} trials"
    label = f"Parameters and {words.cut(objective)} of {count}, the best one in green"
    source = base64.b64encode(svg.encode()).decode()
    return f'<p>{escape(label)}</p><img alt="{escape(label)}" src="data:image/svg+xml;base64,{source}">'


def _color(rank: int, good: int) -> str:
    return BEST if rank == 0 else GOOD if rank < good else OTHER


def _opacity(rank: int, good: int) -> str:
    return "1" if rank == 0 else ".9" if rank < good else ".35"


class _Axis:
    """Is one axis: numbers by their size, all else by its order of appearance."""

    def __init__(self, name: str, values: Sequence[Any], log: bool) -> None:
        self.name = name
        self.known = [value for value in values if value is not None]
        numbers = [v for v in self.known if isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v)]
        self._log = log and all(number > 0 for number in numbers)
        self._kinds = [] if len(numbers) == len(self.known) else list(dict.fromkeys(map(words.value, self.known)))
        scaled = list(map(self._scale, numbers)) if not self._kinds else [0.0, float(len(self._kinds) - 1)]
        self._low, self._high = (min(scaled), max(scaled)) if scaled else (0.0, 0.0)
        least, most = (min(numbers), max(numbers)) if numbers else (0.0, 0.0)
        ends = [self._kinds[0], self._kinds[-1]] if self._kinds else [words.number(least), words.number(most)]
        self._ends = ends

    def _scale(self, number: float) -> float:
        return math.log(number) if self._log else float(number)

    def height(self, value: Any) -> float | None:
        """Gives where a value lies, `None` for one that is not there."""
        if value is None:
            return None
        at = float(self._kinds.index(words.value(value))) if self._kinds else self._scale(value)
        share = (at - self._low) / (self._high - self._low) if self._high > self._low else 0.5
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    def drawn(self, x: float) -> str:
        """Gives the axis with its title above and its ends beside it."""
        low, high = (escape(words.cut(end, 9)) for end in self._ends)
        return (
            f'<path d="M{x:.0f} {TOP}V{HEIGHT - BOTTOM}" stroke="{INK}"/>'
            f'<text x="{x:.0f}" y="9">{escape(words.cut(self.name, 13))}</text>'
            f'<text x="{x:.0f}" y="{TOP - 2}" font-size="7">{high}</text>'
            f'<text x="{x:.0f}" y="{HEIGHT - BOTTOM + 9}" font-size="7">{low}</text>'
        )
