"""The summary table of the trials; the page has all it needs."""

from __future__ import annotations

from hpo_widgets.widgets.panels.base import BrowserPanel


class SummaryTable(BrowserPanel):
    """Shows a row a task, best first, to sort, filter and copy."""

    name = "summary"
    title = "Trials"
    place = "wide"
