"""The page of an offline report: one HTML file that needs no network, in light and dark."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from hpo_widgets.charts.failures import FailureGroup

STYLE = """
:root { color-scheme: light dark; --ink: #1c1e21; --soft: #5b6169; --line: #d5d9de; --page: #fff; --card: #f6f7f9; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e8ea; --soft: #a3a9b1; --line: #3a3f46; --page: #16181b; --card: #1f2226; }
}
body { margin: 0 auto; max-width: 1100px; padding: 24px 16px 64px; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin: 0 0 4px; } h2 { font-size: 1.1rem; margin: 32px 0 8px; }
p { margin: 4px 0; } .soft { color: var(--soft); }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(200px, 1fr)); gap: 8px; margin-top: 16px; }
.facts div { background: var(--card); border-radius: 6px; padding: 8px 12px; }
.facts b { display: block; font-size: 1.15rem; font-weight: 600; }
.wide { overflow-x: auto; max-height: 480px; overflow-y: auto; border: 1px solid var(--line); border-radius: 6px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
th, td { padding: 4px 10px; text-align: left; border-bottom: 1px solid var(--line); max-width: 320px; }
th { position: sticky; top: 0; background: var(--card); white-space: nowrap; }
td.number { text-align: right; }
pre { background: var(--card); border-radius: 6px; padding: 12px; overflow-x: auto; white-space: pre-wrap; }
summary { cursor: pointer; } .chart { min-height: 380px; }
"""
DRAW = """
const dark = matchMedia('(prefers-color-scheme: dark)');
const draw = () => {
  const style = getComputedStyle(document.documentElement);
  const ink = style.getPropertyValue('--ink').trim(), line = style.getPropertyValue('--line').trim();
  for (const place of document.querySelectorAll('.chart')) {
    const figure = JSON.parse(document.getElementById(place.dataset.figure).textContent);
    const axis = {gridcolor: line, zerolinecolor: line, linecolor: line};
    const layout = {...figure.layout, paper_bgcolor: 'transparent', plot_bgcolor: 'transparent', font: {color: ink},
      xaxis: {...axis, ...figure.layout.xaxis}, yaxis: {...axis, ...figure.layout.yaxis}};
    Plotly.react(place, figure.data, layout, {responsive: true, displaylogo: false});
  }
};
draw();
dark.addEventListener('change', draw);
"""


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Is one figure with its name and what it says."""

    title: str
    about: str
    figure: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Report:
    """Is what a report says; all texts are data, escaped by `report_html`."""

    title: str
    status: str
    made: str
    facts: Sequence[tuple[str, str]]
    """Name and value, the most important first."""
    charts: Sequence[Chart]
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    """The table of tasks, best first."""
    failures: Sequence[FailureGroup] = ()
    asked: Sequence[tuple[str, str]] = field(default_factory=tuple)
    """What was asked for: name and value."""


def report_html(report: Report, plotly: str) -> str:
    """Gives the page.

    Args:
        report: What it says.
        plotly: The text of plotly.js, put into the page; left out when there is no chart.
    """
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(report.title)}</title><style>{STYLE}</style></head><body>",
        f"<h1>{escape(report.title)}</h1><p>{escape(report.status)}</p>",
        f'<p class="soft">{escape(report.made)}</p>',
        '<div class="facts">',
        *(f"<div><span class=soft>{escape(name)}</span><b>{escape(value)}</b></div>" for name, value in report.facts),
        "</div>",
        *(_chart(number, chart) for number, chart in enumerate(report.charts)),
        _tasks(report),
        *_failures(report.failures),
        "<h2>What was asked for</h2>",
        _table(("", ""), report.asked),
    ]
    if report.charts:
        parts += [f"<script>{plotly}</script><script>{DRAW}</script>"]
    return "".join([*parts, "</body></html>\n"])


def _chart(number: int, chart: Chart) -> str:
    # In a script element only `</` could end it; with `<` as an escape there is none.
    data = json.dumps(chart.figure, allow_nan=False).replace("<", "\\u003c")
    return (
        f"<h2>{escape(chart.title)}</h2><p class=soft>{escape(chart.about)}</p>"
        f'<div class="chart" role="img" aria-label="{escape(chart.title)}: {escape(chart.about)}" '
        f'data-figure="figure-{number}"></div><script type="application/json" id="figure-{number}">{data}</script>'
    )


def _tasks(report: Report) -> str:
    if not report.rows:
        return "<h2>Trials</h2><p>No trial yet.</p>"
    return f"<h2>Trials, best first</h2>{_table(report.columns, report.rows)}"


def _table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    head = "".join(f'<th scope="col">{escape(str(name))}</th>' for name in columns)
    body = "".join("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in rows)
    head = f"<thead><tr>{head}</tr></thead>" if any(columns) else ""
    return f'<div class="wide" tabindex="0"><table>{head}<tbody>{body}</tbody></table></div>'


def _cell(value: Any) -> str:
    if value is None or value != value:  # NaN is not equal to itself
        return "<td>–</td>"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        text = f"{value:.6g}" if isinstance(value, float) else str(value)
        return f'<td class="number">{text}</td>'
    return f"<td>{escape(str(value))}</td>"


def _failures(groups: Sequence[FailureGroup]) -> list[str]:
    if not groups:
        return []
    parts = ["<h2>Failures</h2>"]
    for group in groups:
        shared = "; ".join(f"{each.name} = {' to '.join(map(str, each.values))}" for each in group.shared)
        about = f"<p class=soft>They share {escape(shared)}.</p>" if shared else ""
        parts.append(
            f"<details><summary>{group.count} × {escape(group.title)}</summary>{about}"
            f"<pre>{escape(group.traceback)}</pre></details>"
        )
    return parts
