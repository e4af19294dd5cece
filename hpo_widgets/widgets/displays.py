"""The static outputs of a widget in cells, and which cell shows which dashboard."""

from __future__ import annotations

import contextvars
import uuid
from collections import deque
from collections.abc import Callable

from IPython.core.getipython import get_ipython
from IPython.display import DisplayHandle

KEPT = 16
"""Static pictures of one widget, the newest, that are refreshed at the end of a run."""


class StaticDisplays:
    """Puts a widget's static picture into cells: hidden while the widget lives, refreshed when a run ends."""

    def __init__(self, bundle: Callable[[], dict[str, str]]) -> None:
        self._bundle = bundle
        self._handles: deque[DisplayHandle] = deque(maxlen=KEPT)

    def show(self) -> None:
        """Shows it in the running cell."""
        handle = DisplayHandle(uuid.uuid4().hex)
        handle.display(self._bundle(), raw=True)
        self._handles.append(handle)

    def keep(self, handle: DisplayHandle) -> None:
        """Takes over an output that somebody else has shown, and brings it up to date."""
        self._handles.append(handle)
        self._update(handle, self._bundle())

    def refresh(self) -> None:
        """Brings it up to date wherever it was shown."""
        if not self._handles:
            return
        bundle = self._bundle()
        for handle in list(self._handles):
            self._update(handle, bundle)

    @staticmethod
    def _update(handle: DisplayHandle, bundle: dict[str, str]) -> None:
        # In an empty context the message belongs to the cell that runs now: a headless client drops others.
        contextvars.Context().run(handle.update, bundle, raw=True)

    def clear(self) -> None:
        """Refreshes none of them any more."""
        self._handles.clear()


def has_kernel() -> bool:
    """Tells whether this is a kernel, where a page may show a widget."""
    return getattr(get_ipython(), "kernel", None) is not None


def running_cell() -> tuple[str, str] | None:
    """Gives id and execution of the cell that runs, `None` where the client does not tell."""
    kernel = getattr(get_ipython(), "kernel", None)
    parent = kernel.get_parent() if kernel is not None else {}
    cell = parent.get("metadata", {}).get("cellId")
    execution = parent.get("header", {}).get("msg_id")
    return (str(cell), str(execution)) if cell and execution else None
