"""What an app shows of the study it has started: live below its line, and static where nothing lives."""

from __future__ import annotations

from typing import Any

from IPython.display import DisplayHandle

from hpo_widgets.study import Study
from hpo_widgets.widgets.progress import show_panel


def live_panel(study: Study) -> Any:
    """Gives the widget that shows a study live."""
    return show_panel(study)


def static_bundle(study: Study) -> dict[str, str]:
    """Gives the picture and table of a study as they are now."""
    return show_panel(study).static_bundle()


def keep_static(study: Study, handle: DisplayHandle) -> None:
    """Refreshes an output that holds the static picture when the run ends."""
    show_panel(study).keep_display(handle)
