"""A form without a live page: its values as a plain table, for saved notebooks and exports."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from hpo_widgets.widgets import words
from hpo_widgets.widgets.static import DELAY

LISTED = 5
"""Messages that a static table shows."""


class Table(NamedTuple):
    """Is a table of texts; they are data and escaped where they are drawn."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    foot: str = ""
    """A line below it."""


def static_table(title: str, table: Table, problems: Sequence[str] = ()) -> str:
    """Gives a form's values as html; every text in it is escaped."""
    header = "".join(f"<th>{escape(words.cut(name))}</th>" for name in table.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(words.cut(cell))}</td>" for cell in row) + "</tr>" for row in table.rows
    )
    more = f"<p>⚠ and {len(problems) - LISTED} more</p>" if len(problems) > LISTED else ""
    return "".join(
        [
            f'<div class="hpo-static">{DELAY}<p><b>{escape(title)}</b></p>',
            f"<table><thead><tr>{header}</tr></thead><tbody>{rows}</tbody></table>" if rows else "",
            f"<p>{escape(table.foot)}</p>" if table.foot else "",
            *(f"<p>⚠ {escape(words.cut(text))}</p>" for text in problems[:LISTED]),
            more,
            "</div>",
        ]
    )
