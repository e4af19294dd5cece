"""Where the loop runs: in a notebook's cell or in a script, and how it is told something."""

from __future__ import annotations

import sys
import warnings
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


def warn(text: str) -> None:
    """Warns of something at the line of the user's own code that led here."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("hpo_widgets."):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, stacklevel=level)
