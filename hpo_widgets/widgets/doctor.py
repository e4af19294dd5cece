"""`doctor`: what works here, and one line of advice for each thing that does not; in a page also whether it answers."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from hpo_widgets.model.health import Facts, Finding, Page, Standing
from hpo_widgets.model.health_rules import examine, examine_page, summary_of, text_of
from hpo_widgets.sdk.health import gather, is_beside_cells
from hpo_widgets.widgets import words
from hpo_widgets.widgets.displays import StaticDisplays, has_kernel
from hpo_widgets.widgets.form_assets import form_style
from hpo_widgets.widgets.page import route_clicks
from hpo_widgets.widgets.static import DELAY

HERE = Path(__file__).parent
ANSWER_S = 20.0
"""How long a page may take to answer; a large notebook on a slow line needs some of it."""
LONGEST = 60
"""Characters of what a page calls itself."""
UNSEEN = (
    "You read this as a plain table: the widget has not reached this page. In a saved notebook that is how it is meant "
    "to be; otherwise reload the page, then install jupyterlab_widgets and anywidget where JupyterLab itself runs."
)


def doctor() -> Doctor:
    """Looks at this machine and gives the report; as the last line of a cell it is shown, and asks the page as well.

    Nothing is changed and nothing waits: what the page has to say is put in when it comes. In a terminal the report is
    text, as `hpo-widgets doctor` prints it.
    """
    return Doctor(gather())


class Doctor(anywidget.AnyWidget):  # type: ignore[misc, unused-ignore]
    """Is the report: versions, kernel, store, disk, how trials start, cores, memory, GPUs, and the page that shows it.

    `findings` is the report as records, `facts` what it is drawn from, `page` what the page said. Its answer may
    arrive on any thread.
    """

    _esm = HERE / "doctor.js"
    _css = form_style("doctor.css")

    rows: Any = traitlets.List().tag(sync=True)
    """The findings, as the page draws them."""
    summary: Any = traitlets.Unicode("").tag(sync=True)
    settled: Any = traitlets.Bool(False).tag(sync=True)
    """Whether the page has said all that is asked of it; until then it repeats itself a few times."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.page: Page | None = None
        self._silent = False
        self._displays = StaticDisplays(self._static)
        self._waits = False
        super().__init__()
        route_clicks(self.comm)
        self.on_msg(self._on_message)
        self._tell()

    @property
    def findings(self) -> list[Finding]:
        """What was found, line by line; what is off has an `advice`."""
        page = examine_page(self.facts, self.page, silent=self._silent) if self.facts.has_kernel else []
        return [*page, *examine(self.facts)]

    @property
    def is_well(self) -> bool:
        """Whether nothing has to be mended."""
        return all(each.standing is not Standing.BAD for each in self.findings)

    # -- in ----------------------------------------------------------------------------------------------------------
    def _on_message(self, _: Any, content: dict[str, Any], buffers: Any) -> None:
        if content.get("op") != "here":
            return
        name, version = (words.cut(str(content.get(key) or ""), LONGEST) for key in ("front_end", "version"))
        # A page's first words may come before it has got a subshell of its own, so only its last ones count against it.
        heard = is_beside_cells() or (self.page is not None and self.page.while_busy is True)
        while_busy = True if heard else False if content.get("last") else None
        self.page = Page(front_end=name or "a page", version=version, while_busy=while_busy)
        self.settled = while_busy is not None
        self._tell()
        self._displays.refresh()

    def _give_up(self) -> None:
        if self.page is None and self.comm is not None:
            self._silent = True
            self._tell()
            self._displays.refresh()

    # -- out ---------------------------------------------------------------------------------------------------------
    def _tell(self) -> None:
        found = self.findings
        with self.hold_sync():
            self.rows, self.summary = [asdict(each) for each in found], summary_of(found)

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Gives what IPython shows: the report as a plain table of its own, then the widget."""
        if not has_kernel():
            return {"text/plain": repr(self)}, {}
        self._displays.show()
        if not self._waits:
            with contextlib.suppress(RuntimeError):  # a kernel without an event loop: then it goes on waiting
                asyncio.get_running_loop().call_later(ANSWER_S, self._give_up)
                self._waits = True
        data, metadata = super()._repr_mimebundle_() or ({}, {})
        return {**data, "text/plain": repr(self)}, metadata

    def __repr__(self) -> str:
        return text_of(self.findings)

    def _static(self) -> dict[str, str]:
        rows = "".join(
            f"<tr><td>{each.standing.value}</td><td>{escape(each.name)}</td>"
            f"<td>{escape(each.found)}{f'<br>→ {escape(each.advice)}' if each.advice else ''}</td></tr>"
            for each in self.findings
        )
        text = f"<p>{escape(UNSEEN)}</p><table><tbody>{rows}</tbody></table>"
        return {"text/html": f'<div class="hpo-static">{DELAY}{text}</div>', "text/plain": repr(self)}

    def close(self) -> None:
        """Takes it off every page."""
        self.layout.close()  # a model of its own, with a comm of its own
        super().close()
        self._displays.clear()
