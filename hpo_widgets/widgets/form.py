"""A form: what a person types, read into one validated record by the rules that programs meet."""

from __future__ import annotations

import contextvars
import uuid
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import anywidget
import traitlets
from IPython.core.getipython import get_ipython
from IPython.display import DisplayHandle

from hpo_widgets.errors import InvalidInput
from hpo_widgets.widgets import words
from hpo_widgets.widgets.displays import KEPT
from hpo_widgets.widgets.form_static import Table, static_table
from hpo_widgets.widgets.page import route_clicks

Draft = dict[str, Any]
"""What was typed, as JSON: `fields` ({name: typed}), `rows` ([{"id": ..., name: typed}]), `seq`, which counts changes.

What is typed is a text, or True and False of a box. Neither ids nor names contain a dot.
"""


@dataclass(frozen=True, slots=True)
class Problem:
    """Is one thing to mend."""

    field: str
    """Key of the field: its name, `row id.name` in a row, empty for the form as a whole."""
    text: str
    """What was given, what is allowed, what to do."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Is what a draft says."""

    value: Any = None
    """The record; `None` when there are problems."""
    problems: Sequence[Problem] = ()
    shown: Mapping[str, Any] = field(default_factory=dict)
    """What else the page shows: small JSON (pictures, sums)."""


class FormValue(traitlets.TraitType[Any, Any]):
    """Is a form's record. Setting it writes the draft; what the draft then says becomes the record: one way only."""

    default_value = None
    allow_none = True

    def __set__(self, obj: Any, value: Any) -> None:
        obj._fill(value)


class Form(anywidget.AnyWidget):  # type: ignore[misc, unused-ignore]
    """Is a form of one record.

    `value` is the record, or `None` while `errors` says what is to be mended; `observe(function, "value")` tells of
    changes. Setting `value` fills the form in, setting it to `None` empties it. What a person types arrives as the one
    synced trait `draft`, which is read anew and answered by the one synced trait `answer`; Python never changes the
    draft in reply. So a half-typed form survives a reload and shows in every tab.

    A subclass names its scripts (`_esm = form_script("my_form.js")`, `_css = form_style("my_form.css")`) and defines
    `_read`, `_write` and `_table`. A change may arrive on any thread.
    """

    draft: Any = traitlets.Dict().tag(sync=True)
    """What was typed, see `Draft`."""
    answer: Any = traitlets.Dict().tag(sync=True)
    """What the page shows for the draft of the same `seq`: `problems` as [field, text], and `Reading.shown`."""
    value: Any = FormValue()
    """The record, or `None`."""
    errors: Any = traitlets.Tuple()
    """`Problem`s, in the order of the fields; empty when there is a record."""

    title = "Form"
    """What the form is called: its heading in static pages, its name for screen readers."""

    def __init__(self, value: Any = None) -> None:
        self._handles: deque[DisplayHandle] = deque(maxlen=KEPT)
        super().__init__(draft=self._drafted(value, 0))
        route_clicks(self.comm)
        self.on_msg(self._on_last_words)

    # -- what a form defines -----------------------------------------------------------------------------------------
    def _read(self, draft: Draft) -> Reading:
        """Says what a draft means; pure, bounded in time, and never raises for what a person can type."""
        raise NotImplementedError

    def _write(self, value: Any) -> Draft:
        """Gives the draft of a record, `None` for an empty form; `_read` of it gives an equal record.

        Raises:
            InvalidInput: When the form cannot say it, with all reasons.
        """
        raise NotImplementedError

    def _table(self) -> Table:
        """Gives the values as a table of texts, for places where nothing lives."""
        raise NotImplementedError

    # -- in ----------------------------------------------------------------------------------------------------------
    def _fill(self, value: Any) -> None:
        self.draft = self._drafted(value, int(self.draft.get("seq", 0)) + 1)

    def _drafted(self, value: Any, seq: int) -> Draft:
        return {"fields": {}, "rows": [], **self._write(value), "seq": seq}

    def _on_last_words(self, _: Any, content: dict[str, Any], buffers: Any) -> None:
        """Takes in what was typed last in a page that is being left, unless it has arrived already."""
        draft = content.get("draft") if content.get("op") == "draft" else None
        if isinstance(draft, dict) and draft.get("seq", 0) > self.draft.get("seq", 0):
            self.draft = draft

    @traitlets.observe("draft")
    def _on_draft(self, _: Any) -> None:
        draft = self.draft
        reading = self._reading(draft)
        if draft is not self.draft:
            return  # a newer one came meanwhile, on another thread
        changed = reading.value != self.value
        problems = tuple(reading.problems)
        shown = {**reading.shown, "problems": [[each.field, each.text] for each in problems]}
        self.set_trait("errors", problems)
        self.answer = {**shown, "seq": draft.get("seq", 0)}
        self.set_trait("value", reading.value)
        if changed:
            self._refresh_displays()

    def _reading(self, draft: Draft) -> Reading:
        try:
            return self._read(draft)
        except InvalidInput as error:
            return Reading(problems=[Problem("", text) for text in error.problems])
        except Exception as error:  # noqa: BLE001 - whatever a draft holds, the person gets a message in the form
            text = (
                f"the form could not be read ({type(error).__name__}: {words.cut(str(error))}); undo the last change."
            )
            return Reading(problems=[Problem("", text)])

    # -- out ---------------------------------------------------------------------------------------------------------
    def show_problems(self) -> bool:
        """Shows all messages together and takes the reader to the first; tells whether there are any."""
        self.send({"op": "show_problems"})
        return bool(self.errors)

    def require(self) -> Any:
        """Gives the record.

        Raises:
            InvalidInput: With everything that is to be mended; the page shows it as well.
        """
        if self.show_problems():
            raise InvalidInput([each.text for each in self.errors], subject=self.title.lower())
        return self.value

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Gives what IPython shows: the static table as an output of its own (see `study_bundle`), then the form."""
        text = {"text/plain": repr(self)}
        if getattr(get_ipython(), "kernel", None) is None:
            return {**text, "text/html": self._static()}, {}
        handle = DisplayHandle(uuid.uuid4().hex)
        handle.display({**text, "text/html": self._static()}, raw=True)
        self._handles.append(handle)
        data, metadata = super()._repr_mimebundle_() or ({}, {})
        return {**data, **text}, metadata

    def __repr__(self) -> str:
        problems = len(self.errors)
        return f"<{type(self).__name__}: {f'{problems} to mend' if problems else 'complete'}>"

    def _static(self) -> str:
        return static_table(self.title, self._table(), [each.text for each in self.errors])

    def _refresh_displays(self) -> None:
        bundle = {"text/plain": repr(self), "text/html": self._static()} if self._handles else {}
        for handle in list(self._handles):
            # In an empty context the message belongs to the cell that runs now: a headless client drops others.
            contextvars.Context().run(handle.update, bundle, raw=True)

    def close(self) -> None:
        """Takes it off every page."""
        self.layout.close()  # a model of its own, with a comm of its own
        super().close()
        self._handles.clear()
