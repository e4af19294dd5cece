"""What `study` shows as the last line of a cell: its dashboard, the same one wherever it is shown."""

from __future__ import annotations

from functools import cache
from typing import Any
from weakref import WeakValueDictionary

from hpo_widgets.study import Study
from hpo_widgets.widgets.dashboard import Dashboard
from hpo_widgets.widgets.displays import has_kernel

Bundle = tuple[dict[str, Any], dict[str, Any]]


@cache
def _dashboards() -> WeakValueDictionary[tuple[int, str], Dashboard]:
    return WeakValueDictionary()


def dashboard_of(study: Study) -> Dashboard:
    """Gives the open dashboard of a study with all panels: one a study, in however many cells it is shown."""
    key = id(study.store), study.id
    found = _dashboards().get(key)
    if found is None or not found.is_open:
        found = _dashboards()[key] = Dashboard(study)
    return found


def study_bundle(study: Study) -> Bundle:
    """Gives what IPython shows for a study: in a kernel its dashboard, elsewhere its text.

    The static pictures and table go out first, as an output of their own: without a kernel JupyterLab ignores the html
    beside a widget in the same output, and an output of its own can be refreshed when the run ends without touching
    the live dashboard.
    """
    if not has_kernel():
        return {"text/plain": repr(study)}, {}
    dashboard = dashboard_of(study)
    data, metadata = dashboard._repr_mimebundle_()
    return {**data, "text/plain": f"<study {dashboard.head['name']!r}>"}, metadata
