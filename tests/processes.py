"""What tests ask of processes."""

from __future__ import annotations

import psutil


def is_alive(pid: int) -> bool:
    """Tells whether a process still runs; one that waits to be reaped by somebody does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
