"""Reads a study's base task back from a store: its code, its parameters, and what was captured with it."""

from __future__ import annotations

import hashlib
from typing import Any

from hpo_widgets.agents.script_kind import read_parameter
from hpo_widgets.errors import NotFound
from hpo_widgets.model.base_task import BaseTask
from hpo_widgets.store.base import Store

CAPTURE = "capture"
"""Kind of what is kept of the surroundings of a study's code: environment, git, command line."""


def keep_capture(store: Store, study: str, about: dict[str, Any]) -> None:
    """Keeps what was captured for a study, once: a second one is not kept."""
    store.put_code(CAPTURE, study.encode(), about)


def read_capture(store: Store, study: str) -> dict[str, Any] | None:
    """Gives what was captured for a study, `None` when that is not there (yet)."""
    hash = hashlib.sha256(CAPTURE.encode() + b"\0" + study.encode()).hexdigest()
    try:
        return dict(store.code(hash).about)
    except NotFound:
        return None


def read_base_task(store: Store, study: str, code: str | None, name: str) -> BaseTask | None:
    """Gives the base task of a study; `None` for one without code. Loads none of the code.

    Raises:
        NotFound: When the code is gone.
    """
    if code is None:
        return None
    found = store.code(code)
    parameters = tuple(map(read_parameter, found.about.get("parameters", ())))
    about = {**found.about, **(read_capture(store, study) or {})}
    return BaseTask(name=name, kind=found.kind, code=code, parameters=parameters, about=about)
