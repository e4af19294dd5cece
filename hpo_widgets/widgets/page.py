"""What every widget needs of its kernel: the one publisher of a store, and clicks that arrive while a cell runs."""

from __future__ import annotations

from functools import cache
from typing import Any

from hpo_widgets.publisher import Publisher


def route_clicks(comm: Any) -> None:
    """Lets clicks arrive while a cell runs.

    ipykernel 7.4 sends what a page says to the shell that last published on the same comm, which for a widget made in
    a cell is the busy one; before, and with this, it arrives on the subshell that the page asked for.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda data, default: default


@cache
def publisher(store: Any) -> Publisher:
    """Gives the publisher of a store's widgets."""
    return Publisher(store)
