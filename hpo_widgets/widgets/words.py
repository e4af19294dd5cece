"""Values as people read them: short, the same in the panel and in the static table."""

from __future__ import annotations

import math
from typing import Any

LONGEST = 160
"""Characters of a name or value that are shown; the browser cuts further where there is no room."""
MISSING = "–"


def cut(text: str, longest: int = LONGEST) -> str:
    """Shortens a text to one line of at most `longest` characters."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def number(value: float | None) -> str:
    """Writes an objective: five significant digits, `nan` and `inf` as such, a dash for a missing one."""
    if value is None:
        return MISSING
    return f"{value:.5g}" if math.isfinite(value) else str(float(value))


def value(given: Any) -> str:
    """Writes a parameter's value."""
    if isinstance(given, float):
        return number(given)
    return cut(str(given))


def duration(seconds: float) -> str:
    """Writes a time as `m:ss` or `h:mm:ss`."""
    minutes, rest = divmod(int(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def last_line(error: str) -> str:
    """Gives the line of a traceback that says what happened."""
    lines = [line for line in error.splitlines() if line.strip()]
    return cut(lines[-1], 300) if lines else "no message"
