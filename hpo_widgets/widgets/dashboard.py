"""The dashboard of a study: panels that share one feed, one selection, and one message a look."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import anywidget
import traitlets
from IPython.display import DisplayHandle
from ipywidgets import widget_serialization

from hpo_widgets.errors import InvalidInput
from hpo_widgets.study import Study
from hpo_widgets.widgets import words
from hpo_widgets.widgets.assets import asset
from hpo_widgets.widgets.displays import StaticDisplays, has_kernel, running_cell
from hpo_widgets.widgets.feed import feed_of
from hpo_widgets.widgets.page import publisher, route_clicks
from hpo_widgets.widgets.panels import panels as known_panels
from hpo_widgets.widgets.panels.base import Message, Panel
from hpo_widgets.widgets.panels.trials import Trials
from hpo_widgets.widgets.picture import LIVE, same_head
from hpo_widgets.widgets.static import static_html

if TYPE_CHECKING:
    import pandas as pd

HERE = Path(__file__).parent


class HasStudy(Protocol):
    """Is anything that drives a study and shows it as such."""

    @property
    def study(self) -> Study:
        """The study."""


class Dashboard(anywidget.AnyWidget):  # type: ignore[misc, unused-ignore]
    """Shows a study, live, in panels that follow one selection.

    Args:
        study: A study of this kernel or, by `hpo.attach`, of any other; running or finished. Also what has one as its
            `study`: Comet's `Optimizer`.
        panels: Which to show, in order; all when absent. A single one is a dashboard with one panel.

    Raises:
        InvalidInput: For a panel that there is not.
    """

    # As text: given as a path, anywidget keeps every widget that ever was for the sake of reloading.
    _esm = (HERE / "dashboard_loader.js").read_text(encoding="utf-8")
    assets = traitlets.Dict().tag(sync=True, **widget_serialization)
    """What the page loads once for all dashboards."""
    panels: Any = traitlets.List().tag(sync=True)
    """Name, title and place of each panel."""
    head = traitlets.Dict().tag(sync=True)
    """What `StudyPicture.head` gives; replaced when it changes."""
    whole = traitlets.Any().tag(sync=True, to_json=lambda _, widget: widget.snapshot())
    """Everything told so far, made when a page asks for it; the changes travel as messages."""
    selection = traitlets.List(traitlets.Int()).tag(sync=True)
    """Tasks selected in the page, by the store's numbers; see `selected`."""
    fault = traitlets.Unicode("").tag(sync=True)
    """Why it is not up to date."""

    def __init__(self, study: Study | HasStudy, panels: Sequence[str | type[Panel]] | None = None) -> None:
        study = study if isinstance(study, Study) else study.study
        self._feed = feed_of(study)
        chosen = _choose(panels)
        makers: list[type[Panel]] = [Trials, *chosen]
        self._producers = {maker.name: maker(self._feed) for maker in makers}
        self._version = 0
        self._callers: deque[int] = deque(maxlen=100)
        self._selected_seen: list[int] = []
        self._displays = StaticDisplays(self.static_bundle)
        self._was_live = False
        desk = publisher(study.store)
        with desk.hold():
            self._feed.read()
            for producer in self._producers.values():
                producer.news()
            needed = ["dashboard", *sorted({name for p in chosen for name in p.needs})]
            super().__init__(
                head=self._feed.head(),
                assets={name: asset(name) for name in needed},
                panels=[{"name": p.name, "title": p.title, "place": p.place} for p in chosen],
            )
        route_clicks(self.comm)
        self.on_msg(self._on_message)
        desk.add(self)

    @property
    def study(self) -> Study:
        """The study it shows."""
        return self._feed.study

    @property
    def is_open(self) -> bool:
        """Whether the browser can see it."""
        return self.comm is not None

    @property
    def selected(self) -> pd.DataFrame:
        """The tasks selected in the page, as rows of `study.tasks()`; set it to such rows or to trial numbers."""
        rows = (self._feed.row(key) for key in self.selection)
        ids = [row.task.id for row in rows if row is not None]
        table = self.study.tasks()
        return table[table["id"].isin(ids)]

    @selected.setter
    def selected(self, chosen: Any) -> None:
        with publisher(self.study.store).hold():
            self.selection = self._keys(chosen)

    def _keys(self, chosen: Any) -> list[int]:
        rows = self._feed.changed(0)
        if hasattr(chosen, "columns") and "id" in chosen.columns:
            wanted = set(chosen["id"])
            return [row.task.key for row in rows if row.task.id in wanted]
        numbers = {int(number) for number in chosen}
        known = {row.task.trial for row in rows}
        unknown = sorted(numbers - {n for n in known if n is not None})
        if unknown:
            raise InvalidInput(f"no trial has the number {', '.join(map(str, unknown))}; see study.tasks()['trial'].")
        return [row.task.key for row in rows if row.task.trial in numbers]

    def close(self) -> None:
        """Takes it off every page and lets go of all it holds."""
        if not hasattr(self, "_displays"):
            return  # what was given was refused: there is nothing yet
        self.layout.close()  # a model of its own, with a comm of its own
        super().close()
        with publisher(self.study.store).hold():
            for producer in self._producers.values():
                producer.close()
            self._producers.clear()
        self._displays.clear()
        for _, shown in _by_cell().values():
            shown[:] = [other for other in shown if other is not self]
        publisher(self.study.store).look()

    # -- out, in the publisher's thread ----------------------------------------------------------------------------
    def refresh(self) -> bool:
        """Sends what is new to the browser; tells whether the study is live."""
        self._feed.read()
        self._pass_selection()
        parts = [(name, told) for name, p in self._producers.items() if (told := p.news()) is not None]
        if parts:
            self._version += 1
            self._tell("news", parts)
        if self._callers:
            self._answer_callers()
        head = self._feed.head()
        # The page counts seconds itself: a head in which only the clock moved is not worth a message.
        if not same_head(head, self.head):
            self.head = head
        live = head["state"] in LIVE
        if self._was_live and not live:
            self._displays.refresh()
        self._was_live = live
        return live

    def _pass_selection(self) -> None:
        chosen = list(self.selection)
        if chosen != self._selected_seen:
            self._selected_seen = chosen
            for producer in self._producers.values():
                producer.select(chosen)

    def _tell(self, op: str, parts: Iterable[tuple[str, Message]]) -> None:
        """Sends messages of panels as one, their buffers one after the other."""
        listed = list(parts)
        content = [[name, message.content, len(message.buffers)] for name, message in listed]
        buffers = [buffer for _, message in listed for buffer in message.buffers]
        self.send({"op": op, "version": self._version, "parts": content}, buffers)

    def _answer_callers(self) -> None:
        oldest = min(self._callers)
        self._callers.clear()
        if oldest < self._version:
            self._tell("whole", ((name, p.whole()) for name, p in self._producers.items()))

    def snapshot(self) -> dict[str, Any]:
        """Gives everything told so far, for a page that has just come."""
        with publisher(self.study.store).hold():
            found = {name: producer.whole() for name, producer in self._producers.items()}
            parts = {name: [m.content, [memoryview(b) for b in m.buffers]] for name, m in found.items()}
            return {"version": self._version, "parts": parts}

    def __del__(self) -> None:
        """Does nothing: an open one is held by the publisher, so only closed ones are collected.

        A collector runs in whichever thread made garbage, maybe one that somebody waits for with the publisher's lock.
        """

    def static_bundle(self) -> dict[str, str]:
        """Gives pictures and table as they are now, for places where nothing lives."""
        with publisher(self.study.store).hold():
            more = [producer.static() for producer in self._producers.values()]
            html = static_html(self.head, self._feed.chart(), more)
        return {"text/html": html, "text/plain": f"<dashboard of {self.head['name']!r}>"}

    def _repr_mimebundle_(self, **keys: Any) -> Any:
        """Gives what IPython shows: in a kernel the live dashboard; the static pictures go out before it."""
        text = {"text/plain": f"<dashboard of {self.head['name']!r}>"}
        if not has_kernel() or not self.is_open:
            return text, {}
        replace_in_cell(self)
        with publisher(self.study.store).hold():  # a run that ended just now would not refresh what is not yet kept
            self._displays.show()
        data, metadata = super()._repr_mimebundle_(**keys) or ({}, {})
        return {**data, **text}, metadata

    def keep_display(self, handle: DisplayHandle) -> None:
        """Brings an output up to date that was shown by somebody else, now and when the run ends."""
        with publisher(self.study.store).hold():
            self._displays.keep(handle)

    def show_fault(self, text: str) -> None:
        """Shows why it is not up to date; an empty text takes that back."""
        self.fault = words.cut(text, 500)

    # -- in, on any thread -----------------------------------------------------------------------------------------
    @traitlets.observe("selection")
    def _on_selection(self, _: Any) -> None:
        if hasattr(self, "_feed"):
            publisher(self.study.store).look()

    def _on_message(self, _: Any, content: dict[str, Any], buffers: Any) -> None:
        """Takes what a page says: it has come or missed something (`hello`), or asks a panel (`ask`)."""
        if content.get("op") == "hello":
            self._callers.append(int(content.get("version", -1)))
        elif content.get("op") == "ask":
            self._carry_out(content)
        publisher(self.study.store).look()

    def _carry_out(self, content: dict[str, Any]) -> None:
        answer = {"op": "answer", "id": content.get("id")}
        try:
            producer = self._producers[str(content.get("panel"))]
            self.send({**answer, "value": producer.hear(dict(content.get("message") or {}))})
        except Exception as error:  # noqa: BLE001 - whatever it was is shown where the person clicked
            self.send({**answer, "error": words.cut(str(error) or type(error).__name__, 500)})


@cache
def _by_cell() -> dict[str, tuple[str, list[Dashboard]]]:
    return {}


def replace_in_cell(dashboard: Dashboard) -> None:
    """Closes the dashboards that an earlier run of the running cell has shown: nobody can see them any more.

    One that is shown in another cell too stays, and so does one that is shown again.
    """
    cell = running_cell()
    if cell is None:
        return
    id, execution = cell
    known_execution, shown = _by_cell().get(id, ("", []))
    if known_execution != execution:
        _by_cell()[id] = execution, [dashboard]
        elsewhere = [other for _, others in _by_cell().values() for other in others]
        for old in shown:
            if all(old is not other for other in elsewhere):
                old.close()
    elif all(dashboard is not other for other in shown):
        shown.append(dashboard)


def _choose(panels: Sequence[str | type[Panel]] | None) -> list[type[Panel]]:
    known = known_panels()
    given = list(known) if panels is None else [panels] if isinstance(panels, str) else list(panels)
    unknown = [name for name in given if isinstance(name, str) and name not in known]
    if unknown:
        raise InvalidInput(f"no panel {', '.join(map(repr, unknown))}; there are {', '.join(known)}.", subject="panels")
    return list(dict.fromkeys(known[p] if isinstance(p, str) else p for p in given))
