"""Panel: the objective of every trial."""

from __future__ import annotations

from hpo_widgets.widgets.panels.base import BrowserPanel


class ObjectiveTrials(BrowserPanel):
    """Shows a point a trial by its state; a click selects."""

    name = "objective_trials"
    title = "Objective per trial"
    needs = ("plotly",)
