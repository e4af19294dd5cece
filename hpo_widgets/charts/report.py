"""One study as one HTML page that needs no network: everything it shows is inside it."""

from __future__ import annotations

import html
import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hpo_widgets.charts.report_figures import (
    Figure,
    StudyRecords,
    objective_figures,
    parallel_figure,
    scalar_figures,
)
from hpo_widgets.model.limits import remaining
from hpo_widgets.model.task import TaskState

BEST = 5
"""Best tasks whose scalars are shown."""
MOST_ROWS = 1000
"""Rows of the table of all tasks."""
CELL = 200
"""Characters of a value in a table."""


def report_html(study: StudyRecords) -> str:
    """Gives the page. Every name and value in it is escaped; plotly is inlined from its package."""
    figures: list[Figure] = []
    body = "".join(
        [
            f"<h1>{_text(study.name)}</h1>",
            _summary(study),
            _best(study),
            _figures("Objective", objective_figures(study), figures, "No task has reported the objective."),
            _parallel(study, figures),
            _scalars(study, figures),
            _failures(study),
            _budget(study),
            _tasks(study),
        ]
    )
    from plotly.offline import get_plotlyjs

    here = Path(__file__)
    parts = {
        "title": _text(study.name),
        "style": here.with_suffix(".css").read_text(),
        "body": body,
        "plotly": get_plotlyjs().replace("</script", "<\\/script") if figures else "",
        "figures": _json(figures),
        "script": here.with_suffix(".js").read_text(),
    }
    return PAGE.format(**parts)


PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>{title}</title><style>{style}</style></head>
<body><main>{body}</main>
<script>{plotly}</script><script type="application/json" id="figures">{figures}</script>
<script type="module">{script}</script></body></html>
"""


def _json(value: Any) -> str:
    # Inside a script element nothing is unescaped, and "<" could end it.
    return json.dumps(value, allow_nan=False).replace("<", "\\u003c")


def _text(value: Any) -> str:
    if value is None:
        return '<span class="missing">none</span>'
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    text = text.encode("utf-8", "backslashreplace").decode()
    return html.escape(text if len(text) <= CELL else f"{text[: CELL - 1]}…")


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    heads = "".join(f'<th scope="col">{_text(each)}</th>' for each in head)
    lines = ("<tr>" + "".join(f"<td>{_text(each)}</td>" for each in row) + "</tr>" for row in rows)
    inside = f"<thead><tr>{heads}</tr></thead><tbody>{''.join(lines)}</tbody>"
    return f'<div class="wide" tabindex="0"><table>{inside}</table></div>'


def _pairs(rows: Iterable[tuple[str, Any]]) -> str:
    return "<dl>" + "".join(f"<dt>{_text(key)}</dt><dd>{_text(value)}</dd>" for key, value in rows) + "</dl>"


def _when(seconds: float | None) -> str:
    return "not yet" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _summary(study: StudyRecords) -> str:
    states = Counter(task.state.value for task in study.tasks)
    objectives = ", ".join(f"{o.name} ({o.sign.value})" for o in study.objectives)
    rows = [
        ("state", study.state + (f" ({study.reason})" if study.reason else "")),
        ("project", study.project or "none"),
        ("base task", study.base_name),
        ("objective", objectives),
        ("strategy", study.strategy),
        ("started", _when(study.started)),
        ("tasks", ", ".join(f"{count} {state}" for state, count in states.items()) or "none yet"),
    ]
    asked = _table(["parameter", "range"], ((each.name or "parameter set", repr(each)) for each in study.space))
    error = f"<pre>{html.escape(study.error)}</pre>" if study.error else ""
    return f"{_pairs(rows)}{error}<h2>What was asked</h2>{asked}"


def _best(study: StudyRecords) -> str:
    if not study.best:
        return "<h2>Best</h2><p>No task has a result that counts.</p>"
    task = study.best[0]
    values = zip((o.name for o in study.objectives), study.results[task.id].values, strict=True)
    return f"<h2>Best: trial {_text(task.trial)}</h2>{_pairs([*values, *task.parameters.items(), ('task', task.id)])}"


def _figures(title: str, found: Sequence[tuple[str, Figure]], figures: list[Figure], nothing: str) -> str:
    parts = []
    for name, figure in found:
        parts.append(f'<figure><figcaption>{_text(name)}</figcaption><div data-figure="{len(figures)}"></div></figure>')
        figures.append(figure)
    return f"<h2>{_text(title)}</h2>" + ("".join(parts) or f"<p>{_text(nothing)}</p>")


def _parallel(study: StudyRecords, figures: list[Figure]) -> str:
    figure = parallel_figure(study)
    found = [] if figure is None else [("each line is a task", figure)]
    return _figures("Parallel coordinates", found, figures, "Two tasks with values that differ are needed.")


def _scalars(study: StudyRecords, figures: list[Figure]) -> str:
    found, more = scalar_figures(study)
    note = f"<p>{more} more metrics are not shown.</p>" if more else ""
    return _figures(f"Scalars of the best {BEST} tasks", found, figures, "They reported no curves.") + note


def _failures(study: StudyRecords) -> str:
    failed = [task for task in study.tasks if task.state in (TaskState.FAILED, TaskState.LOST)]
    if not failed:
        return ""
    groups: dict[str, list[Any]] = {}
    for task in failed:
        text = (task.error or task.reason or "for no known reason").strip()
        groups.setdefault((text.splitlines() or ["for no known reason"])[-1], []).append(task)
    parts = []
    for last, tasks in sorted(groups.items(), key=lambda each: -len(each[1])):
        trials = ", ".join(str(task.trial) for task in tasks[:20]) + (", ..." if len(tasks) > 20 else "")
        whole = html.escape((tasks[-1].error or last).encode("utf-8", "backslashreplace").decode()[-20_000:])
        head = f"{len(tasks)} x {_text(last)} (trials {trials})"
        parts.append(f"<details><summary>{head}</summary><pre>{whole}</pre></details>")
    return "<h2>Failures</h2>" + "".join(parts)


def _budget(study: StudyRecords) -> str:
    limits, usage, left = study.limits, study.usage, remaining(study.limits, study.usage)
    both = limits.total_max_jobs and limits.max_iteration_per_job
    iterations = (limits.total_max_jobs or 0) * (limits.max_iteration_per_job or 0) if both else None
    given = {
        "jobs": limits.total_max_jobs,
        "iterations": iterations,
        "compute_time": limits.compute_time_limit,
        "time": limits.optimization_time_limit,
    }
    names = {"jobs": "trials", "compute_time": "compute time (s)", "time": "time (s)"}
    rows = [
        (names.get(key, key), getattr(usage, key), *(("no limit", "") if most is None else (most, f"{left[key]:.0%}")))
        for key, most in given.items()
    ]
    return f"<h2>Budget</h2>{_table(['', 'used', 'limit', 'left'], rows)}"


def _tasks(study: StudyRecords) -> str:
    names = study.space.names
    head = ["trial", "state", *(o.name for o in study.objectives), "seconds", *names, "task"]
    rows = []
    for task in study.tasks[:MOST_ROWS]:
        result = study.results.get(task.id)
        values = result.values if result is not None else (None,) * len(study.objectives)
        seconds = task.duration(study.now)
        state = task.state.value + (f" ({task.reason})" if task.reason else "")
        shown = ["not a number" if v is not None and math.isnan(v) else v for v in values]
        rows.append([task.trial, state, *shown, seconds, *(task.parameters.get(n) for n in names), task.id[:8]])
    more = len(study.tasks) - len(rows)
    note = f"<p>{more} more tasks are not shown.</p>" if more else ""
    return f"<h2>Tasks</h2>{_table(head, rows) if rows else '<p>No task yet.</p>'}{note}"
