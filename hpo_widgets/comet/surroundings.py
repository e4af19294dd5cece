"""Where the loop runs: in a notebook's cell or in a script, and how it is told something."""

from __future__ import annotations

import sys
from typing import Any


def shell() -> Any:
    """Gives the IPython shell of this process; `None` in a script."""
    return sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None


def say(text: str) -> None:
    """Writes a line for the person who watches: under the cell, or beside a script's own output."""
    stream = sys.stderr if shell() is None else sys.stdout
    stream.write(f"hpo_widgets: {text}\n")


def uncaught() -> BaseException | None:
    """Gives the error that ends this process; one that a notebook or prompt has shown before ends nothing."""
    if shell() is not None or hasattr(sys, "ps1"):
        return None
    return getattr(sys, "last_value", None)
