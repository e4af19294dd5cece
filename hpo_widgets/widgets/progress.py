"""The live panel of a study: what `study` shows as the last line of a cell."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from hpo_widgets.publisher import Publisher
from hpo_widgets.study import Study
from hpo_widgets.widgets import words
from hpo_widgets.widgets.displays import StaticDisplays, has_kernel
from hpo_widgets.widgets.picture import LIVE
from hpo_widgets.widgets.reader import StudyReader
from hpo_widgets.widgets.static import static_html
from hpo_widgets.widgets.trial_chart import merge

HERE = Path(__file__).parent

Bundle = tuple[dict[str, Any], dict[str, Any]]


class ProgressPanel(anywidget.AnyWidget):  # type: ignore[misc, unused-ignore]
    """Shows one study, live, with buttons that pause, resume and stop it.

    `refresh` belongs to the publisher. One panel may be shown in many places: cells, tabs, reloaded pages.
    """

    # As text: given as a path, anywidget keeps every widget that ever was for the sake of reloading.
    _esm = (HERE / "progress.js").read_text(encoding="utf-8")
    _css = (HERE / "progress.css").read_text(encoding="utf-8")
    head = traitlets.Dict().tag(sync=True)
    """All that is shown except the chart, see `StudyPicture.head`; replaced when it changes."""
    chart = traitlets.Dict().tag(sync=True)
    """`version`, `width` (trials a point), `points`; changed in place, the changes travel as messages."""
    fault = traitlets.Unicode("").tag(sync=True)
    """Why the panel is not up to date."""
    refusal = traitlets.Unicode("").tag(sync=True)
    """Why the last click had no effect."""

    def __init__(self, study: Study) -> None:
        self._reader = StudyReader(study)
        self._displays = StaticDisplays(self.static_bundle)
        self._was_live = False
        super().__init__(chart={"version": 0, "width": 1, "points": []})
        route_clicks(self.comm)
        self.on_msg(self._on_message)

    @property
    def study(self) -> Study:
        """The study it shows."""
        return self._reader.study

    @property
    def is_open(self) -> bool:
        """Whether the browser can see it."""
        return self.comm is not None

    def close(self) -> None:
        """Takes it off every page and lets go of all it holds."""
        self.layout.close()  # a model of its own, with a comm of its own
        super().close()
        self._displays.clear()
        _panels().pop((id(self.study.store), self.study.id), None)
        publisher(self.study.store).look()

    # -- out -------------------------------------------------------------------------------------------------------
    def refresh(self) -> bool:
        """Sends what is new to the browser; tells whether the study is live."""
        changed = self._reader.read()
        head = self._reader.head()
        change = self._reader.picture.chart.take()
        if change is not None:
            merge(self.chart["points"], change)
            self.chart["width"] = change.width
            self.chart["version"] += 1
            message = {"op": "points", "version": self.chart["version"], "width": change.width, "whole": change.whole}
            self.send({**message, "points": change.points})
        head["version"] = self.chart["version"]
        # The page counts seconds itself: a head in which only the clock moved is not worth a message.
        if changed or not same_head(head, self.head):
            self.head = head
        live = head["state"] in LIVE
        if self._was_live and not live:
            self._displays.refresh()
        self._was_live = live
        return live

    def show_fault(self, text: str) -> None:
        """Shows why the panel is not up to date; an empty text takes that back."""
        self.fault = words.cut(text, 500)

    def static_bundle(self) -> dict[str, str]:
        """Gives the picture and table as they are now, for places where nothing lives."""
        html = static_html(self.head, self.chart)
        return {"text/html": html, "text/plain": f"<study {self.head['name']!r}>"}

    def show_static(self) -> None:
        """Puts the static picture into the running cell: hidden while the panel lives, refreshed when the run ends."""
        self._displays.show()

    # -- in --------------------------------------------------------------------------------------------------------
    def _on_message(self, _: Any, content: dict[str, Any], buffers: Any) -> None:
        """Carries out a click; on any thread."""
        if content.get("op") == "resend":
            self.send({"op": "points", "whole": True, "now": time.time(), **self.chart})
            return
        study = self.study
        actions: dict[str, Callable[[], Any]] = {"pause": study.pause, "resume": study.resume, "stop": study.stop}
        action = actions.get(str(content.get("op")))
        if action is None:
            return
        try:
            action()
            self.refusal = ""
        except Exception as error:  # noqa: BLE001 - whatever it was is shown in the panel
            self.refusal = words.cut(f"{content['op']} had no effect: {error}", 500)
        self.send({"op": "answered"})
        publisher(self.study.store).look()


def same_head(a: dict[str, Any], b: dict[str, Any]) -> bool:
    """Tells whether two heads differ in nothing but the clock."""
    moving = {"now", "clock", "left"} | ({"bar"} if a["bar"]["unit"] == "time" else set())
    return all(a[name] == b.get(name) for name in a if name not in moving)


def route_clicks(comm: Any) -> None:
    """Lets clicks arrive while a cell runs.

    ipykernel 7.4 sends what a page says to the shell that last published on the same comm, which for a panel made in a
    cell is the busy one; before, and with this, it arrives on the subshell that the page asked for.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda data, default: default


@cache
def publisher(store: Any) -> Publisher:
    """Gives the publisher of a store's panels."""
    return Publisher(store)


@cache
def _panels() -> dict[tuple[int, str], ProgressPanel]:
    return {}


def show_panel(study: Study) -> ProgressPanel:
    """Gives the open panel of a study, brought up to date: one a study, in however many cells it is shown."""
    key = id(study.store), study.id
    panel = _panels().get(key)
    if panel is None or not panel.is_open:
        panel = _panels()[key] = ProgressPanel(study)
    publisher(study.store).add(panel)
    return panel


def study_bundle(study: Study) -> Bundle:
    """Gives what IPython shows for a study: in a kernel its live panel, elsewhere its text.

    In a kernel the static picture and table go out first, as an output of their own: without a kernel JupyterLab
    ignores the html beside a widget in the same output, and an output of its own can be refreshed when the run ends
    without touching the live panel.
    """
    if not has_kernel():
        return {"text/plain": repr(study)}, {}
    panel = show_panel(study)
    panel.show_static()
    data, metadata = panel._repr_mimebundle_() or ({}, {})
    return {**data, "text/plain": f"<study {panel.head['name']!r}>"}, metadata
