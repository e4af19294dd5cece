"""Plain tables for a terminal. Names and values come from anywhere: control characters are spelled out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from hpo_widgets.model.task import TaskState
from hpo_widgets.study import Study

WIDEST = 40
"""Characters of one cell."""


def clean(text: Any) -> str:
    """Spells out what would move a terminal's cursor or end a line."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in str(text))


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Gives rows under their heads in columns."""
    texts = [[_cell(value) for value in row] for row in [head, *rows]]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in texts)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    text = clean(f"{value:.6g}" if isinstance(value, float) else value)
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"


def results_text(study: Study, count: int) -> str:
    """Gives the best tasks, and how the failed ones failed."""
    config = study.config
    top = study.top(count)
    blocks = []
    if top:
        names = config.space.names
        head = ["trial", *(o.name for o in config.objectives), *names, "task"]
        rows = [
            [each.trial, *each.result.values, *(each.parameters.get(name) for name in names), each.id[:8]]
            for each in top
        ]
        blocks.append(table(head, rows))
    else:
        blocks.append(study._why_no_result())
    failures = failure_counts(study)
    if failures:
        blocks.append("\n".join(f"{number} failed: {clean(last)}" for last, number in failures))
    return "\n\n".join(blocks)


def failure_counts(study: Study) -> list[tuple[str, int]]:
    """Gives the last lines of what the failed tasks raised, most frequent first."""
    tasks = study.store.tasks(study.id, {TaskState.FAILED, TaskState.LOST})
    lines = ((task.error or task.reason or "for no known reason").strip().splitlines() for task in tasks)
    return Counter(each[-1] if each else "for no known reason" for each in lines).most_common()
