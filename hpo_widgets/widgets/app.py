"""The whole of it in one cell: the form of a search, and once it is started the dashboard of its study."""

from __future__ import annotations

import uuid
import warnings
from collections import deque
from typing import Any

import anywidget
import ipywidgets
import traitlets
from IPython.core.getipython import get_ipython
from IPython.display import DisplayHandle

from hpo_widgets.errors import HpoError, InvalidInput
from hpo_widgets.model.plan import StudyPlan
from hpo_widgets.sdk.planning import start_plan
from hpo_widgets.study import Study
from hpo_widgets.widgets import words
from hpo_widgets.widgets.dashboard import Dashboard
from hpo_widgets.widgets.displays import KEPT
from hpo_widgets.widgets.form_assets import form_script, form_style
from hpo_widgets.widgets.page import route_clicks
from hpo_widgets.widgets.study_form import StudyForm

FORM, STARTING, STUDY = "form", "starting", "study"
SHOWN = 500
"""Characters of one message."""


def app(plan: StudyPlan | None = None) -> App:
    """Gives the form of a search with a Start button; as the last line of a cell it is shown.

    It begins with the latest function of the notebook and what that proposes: for a function with types or defaults
    Start is all that is left to do. Started, the form turns into a line above the dashboard of its study.

    Args:
        plan: What the form begins with instead, as `app.form.value` gives it.
    """
    return App(plan)


class App(anywidget.AnyWidget):  # type: ignore[misc, unused-ignore]
    """Is a `StudyForm` with a Start button, and then the dashboard of what it started.

    `form` is the form, `study` the study that was started last. A click may arrive on any thread.
    """

    _esm = form_script("form_embed.js", "app.js")
    _css = form_style("app.css")

    form: Any = traitlets.Instance(StudyForm).tag(sync=True, **ipywidgets.widget_serialization)
    panel: Any = traitlets.Instance(ipywidgets.Widget, allow_none=True).tag(
        sync=True, **ipywidgets.widget_serialization
    )
    stage: Any = traitlets.Unicode(FORM).tag(sync=True)
    """What is shown: the form, the form while it starts, or the line above the panel."""
    line: Any = traitlets.Unicode("").tag(sync=True)
    """What the form has become."""
    messages: Any = traitlets.List().tag(sync=True)
    """Why it did not start, or what to know of the start."""

    def __init__(self, plan: StudyPlan | None = None) -> None:
        self.form = StudyForm(plan)
        self.study: Study | None = None
        self._plan: StudyPlan | None = None
        self._handles: deque[DisplayHandle] = deque(maxlen=KEPT)
        super().__init__()
        route_clicks(self.comm)
        self.on_msg(self._on_message)

    def start(self) -> Study:
        """Starts the search that the form says; the form turns into a line above the study's panel.

        Raises:
            InvalidInput: With everything that is to be mended; the page shows it as well.
        """
        plan = self.form.require()
        self.stage, self.messages = STARTING, []
        try:
            with warnings.catch_warnings(record=True) as warned:
                warnings.simplefilter("always", UserWarning)
                study = start_plan(plan, self.form.surroundings)
            panel = Dashboard(study)
        except BaseException:
            self.stage = FORM
            raise
        self.study, self._plan = study, plan
        before, self.panel = self.panel, panel
        self.line = _line(study, plan)
        self.messages = [words.cut(str(each.message), SHOWN) for each in warned]
        self.stage = STUDY
        self._refresh_displays()
        if before is not None:
            before.close()  # nobody can see it any more
        return study

    def clone(self) -> None:
        """Brings the form back as it was when it was started; the study goes on, and its panel stays below."""
        if self._plan is not None:
            self.form.value = self._plan
        self.messages = []
        self.stage = FORM

    # -- in ----------------------------------------------------------------------------------------------------------
    def _on_message(self, _: Any, content: dict[str, Any], buffers: Any) -> None:
        op = content.get("op")
        try:
            if op == "start" and self.stage == FORM:
                self._start_by_hand()
            elif op == "clone" and self.stage == STUDY:
                self.clone()
        except Exception as error:  # noqa: BLE001 - whatever it was is shown in the form
            self.messages = _sentences(error)

    def _start_by_hand(self) -> None:
        if self.form.show_problems():
            return
        self.start()

    # -- out ---------------------------------------------------------------------------------------------------------
    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Gives what IPython shows: the static form or panel as an output of its own, then the app."""
        bundle = self._static()
        if getattr(get_ipython(), "kernel", None) is None:
            return bundle, {}
        handle = DisplayHandle(uuid.uuid4().hex)
        handle.display(bundle, raw=True)
        self._handles.append(handle)
        data, metadata = super()._repr_mimebundle_() or ({}, {})
        return {**data, "text/plain": repr(self)}, metadata

    def __repr__(self) -> str:
        return f"<hpo_widgets app: {self.line if self.stage == STUDY else repr(self.form)[1:-1]}>"

    def _static(self) -> dict[str, str]:
        if self.stage == STUDY and self.study is not None:
            found: dict[str, str] = self.panel.static_bundle()
            return found
        return {"text/html": self.form._static(), "text/plain": repr(self)}

    def _refresh_displays(self) -> None:
        for handle in list(self._handles):
            self.panel.keep_display(handle)

    def close(self) -> None:
        """Takes it off every page, form and panel too; the study goes on."""
        self.form.close()
        if self.panel is not None:
            self.panel.close()
        self.layout.close()  # a model of its own, with a comm of its own
        super().close()
        self._handles.clear()


def _line(study: Study, plan: StudyPlan) -> str:
    objectives = ", ".join(f"{each.name} ({each.sign.value})" for each in plan.objectives)
    count = len(plan.space)
    parameters = f"{count} parameter{'s' if count != 1 else ''}"
    return words.cut(f"{study.name}: {plan.strategy['name']} over {parameters} for {objectives}", SHOWN)


def _sentences(error: Exception) -> list[str]:
    if isinstance(error, InvalidInput):
        return [words.cut(each, SHOWN) for each in error.problems]
    return [words.cut(str(error) if isinstance(error, HpoError) else f"{type(error).__name__}: {error}", SHOWN)]
