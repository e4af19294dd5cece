"""Which process drives a study, and whether it still lives."""

from __future__ import annotations

import os
import socket

import psutil

from hpo_widgets.model.study import Owner

BIRTH_TOLERANCE_S = 2.0
"""The system gives a birth relative to a boot time that it rounds to seconds and may adjust."""


def this_process() -> Owner:
    """Gives the identity of the calling process."""
    return Owner(host=socket.gethostname(), pid=os.getpid(), born=psutil.Process().create_time())


def is_alive(owner: Owner | None) -> bool:
    """Tells whether a process still runs. One on another host cannot be seen from here and is taken to run."""
    if owner is None:
        return False
    if owner.host != socket.gethostname():
        return True
    try:
        process = psutil.Process(owner.pid)
        same = abs(process.create_time() - owner.born) < BIRTH_TOLERANCE_S
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
