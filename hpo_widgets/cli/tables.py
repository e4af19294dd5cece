"""Tables as text for a terminal: columns as wide as needed, numbers to the right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hpo_widgets.cli.width import cut_to, padded, width
from hpo_widgets.model.objective import Objective
from hpo_widgets.study import TaskResult
from hpo_widgets.widgets import words

WIDEST = 32
"""Columns of a cell."""


def text_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Gives lines of a head, a rule and the rows; control characters of names are shown, not sent to the terminal."""
    shown = [[_cell(each) for each in row] for row in (columns, *rows)]
    widths = [max(width(row[i]) for row in shown) for i in range(len(columns))]
    right = [all(_is_number(row[i]) for row in shown[1:]) for i in range(len(columns))]

    def line(row: Sequence[str]) -> str:
        cells = [padded(c, w, right=r) for c, w, r in zip(row, widths, right, strict=True)]
        return "  ".join(cells).rstrip()

    return "\n".join([line(shown[0]), "  ".join("-" * columns for columns in widths), *map(line, shown[1:])])


def result_table(objectives: Sequence[Objective], top: Sequence[TaskResult]) -> str:
    """Gives the table of the best tasks, best first."""
    names = list(dict.fromkeys(name for each in top for name in each.parameters))
    columns = ["trial", "task", *(each.name for each in objectives), "iteration", "state", *names]
    rows = [
        [
            str(each.trial),
            each.id[:8],
            *(words.number(value) for value in each.result.values),
            words.MISSING if each.iteration is None else str(each.iteration),
            each.task.state.value,
            *(words.value(each.parameters[n]) if n in each.parameters else words.MISSING for n in names),
        ]
        for each in top
    ]
    return text_table(columns, rows)


def fixed_text(fixed: Mapping[str, Any]) -> str:
    """Gives what is not searched as "opt='adam', epochs=3"."""
    return words.cut(", ".join(f"{name}={value!r}" for name, value in fixed.items()))


def printable(text: str) -> str:
    """Shows control characters of names and errors instead of sending them to the terminal; lines stay."""
    return "".join(each if each.isprintable() or each == "\n" else f"\\x{ord(each):02x}" for each in text)


def _cell(text: str) -> str:
    return cut_to(" ".join(printable(text.replace("\n", " ")).split()), WIDEST)


def _is_number(text: str) -> bool:
    if text == words.MISSING:
        return True
    try:
        float(text)
    except ValueError:
        return False
    return True
