"""Processes that tasks leave behind: how they come to us, how they are told apart, how they end.

On Linux the fork server is a "child subreaper": whatever loses its parent below it becomes its own child, even after
`setsid` or a double fork. Elsewhere there is the session of the task only.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import signal
import sys
import time

TASK_VARIABLE = "HPO_WIDGETS_TASK"
"""Id of the task, in the environment of its process and of all that it starts."""
SERVER_VARIABLE = "HPO_WIDGETS_SERVER"
"""Mark of one fork server, in the environment of everything below it, forked or executed."""

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
LINUX = sys.platform == "linux"
_libc = ctypes.CDLL(None, use_errno=True) if LINUX else None


if _libc is not None:
    _libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4


def _prctl(option: int, argument: int) -> None:
    if _libc is not None:
        _libc.prctl(option, argument, 0, 0, 0)


def adopt_orphans() -> None:
    """Makes this process the parent of every process below it that loses its own."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent() -> None:
    """Has this process killed when the thread that forked it ends: only for children of a single-threaded process."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def children() -> set[int]:
    """Gives this process's own children, zombies included; empty where the system does not tell."""
    me = os.getpid()
    try:
        with open(f"/proc/{me}/task/{me}/children", "rb") as file:
            return {int(word) for word in file.read().split()}
    except OSError:
        return set()


def pipes(pid: int) -> set[int]:
    """Gives the inodes of the pipes that a process holds."""
    found = set()
    with contextlib.suppress(OSError):
        for name in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                link = os.readlink(f"/proc/{pid}/fd/{name}")
                if link.startswith("pipe:["):
                    found.add(int(link[6:-1]))
    return found


def variable(pid: int, name: str) -> str | None:
    """Gives an environment variable as it was when a process was executed."""
    if not LINUX:
        return _variable_elsewhere(pid, name)
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            found = re.search(rb"(?:^|\0)" + name.encode() + rb"=([^\0]*)", file.read())
    except OSError:
        return None
    return found[1].decode() if found else None


def _variable_elsewhere(pid: int, name: str) -> str | None:
    import psutil

    try:
        return psutil.Process(pid).environ().get(name)
    except (psutil.Error, OSError):
        return None


def session(pid: int) -> int:
    """Gives the session of a process, 0 when it is gone."""
    try:
        return os.getsid(pid)
    except OSError:
        return 0


def end_group(pid: int, number: int) -> None:
    """Sends a signal to the group a task leads, or to the task alone while it has none yet."""
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        end(pid, number)
    except PermissionError:  # macOS says so when only zombies are left
        return


def end(pid: int, number: int = signal.SIGKILL) -> None:
    """Sends a signal to a process that may be gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def end_marked(name: str, mark: str, seconds: float = 2.0) -> int:
    """Kills every process that was executed, or forked from one that was, with an environment variable of this value.

    Looks again until none is left, for at most `seconds`. Gives how many were killed.
    """
    killed: set[int] = set()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = {pid for pid in _all_pids() if variable(pid, name) == mark} - {os.getpid()}
        if not found:
            break
        for pid in found:
            end(pid)
        killed |= found
        time.sleep(0.001)
    return len(killed)


def _all_pids() -> list[int]:
    if LINUX:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    import psutil

    return psutil.pids()
