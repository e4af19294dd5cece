"""Gathers what `hpo.doctor()` reports about this machine and its Python; changes nothing and leaves nothing behind."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import platform
import re
import sys
import threading
from importlib import metadata
from pathlib import Path

import psutil

from hpo_widgets import __version__
from hpo_widgets.agents.load import GpuMeter
from hpo_widgets.model.config import Isolation
from hpo_widgets.model.health import Facts, Place
from hpo_widgets.sdk.planning import gpus, machine
from hpo_widgets.sdk.tune import read_isolation
from hpo_widgets.store.location import store_folder
from hpo_widgets.store.probe import free_bytes, nearest, why_unreadable, why_unusable

DISTRIBUTION = "hpo_widgets"
SHOWN = ("ipykernel", "ipywidgets", "anywidget", "jupyterlab", "jupyterlab_widgets", "optuna")
"""Packages whose versions are worth a look, besides ours and Python's."""
CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
CGROUP_USE = ("/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory/memory.usage_in_bytes")
"""Where a container says how much memory it may use, and uses."""


def gather() -> Facts:
    """Looks at this machine, its Python and the folder of the store.

    Takes milliseconds; with a graphics card until its driver has answered.
    """
    wanted = required()
    kernel = _kernel()
    versions: dict[str, str | None] = {DISTRIBUTION: __version__, "Python": platform.python_version()}
    versions |= {name: _version(name) for name in dict.fromkeys((*SHOWN, *wanted))}
    memory, free = _memory()
    return Facts(
        versions={name: each for name, each in versions.items() if each or name in wanted},
        wanted=wanted,
        has_kernel=kernel is not None,
        subshells=bool(getattr(kernel, "_supports_kernel_subshells", False)),
        place=_place(store_folder()),
        start_methods=tuple(multiprocessing.get_all_start_methods()),
        forks=read_isolation(None) is Isolation.FORK,
        cores=machine()[0],
        memory=memory,
        memory_free=free,
        gpus=tuple(str(card["name"]) for card in _cards()),
        gpus_seen=len(gpus()),
    )


def required() -> dict[str, str]:
    """Gives the lowest versions that this version takes; nothing when it is used from a checkout, not installed."""
    try:
        asked = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return {}
    found = [re.match(r"([\w.-]+)>=([\d.]+)$", each) for each in asked]
    return {match[1]: match[2] for match in found if match}


def is_beside_cells() -> bool:
    """Tells whether this runs beside the thread of the cells: what comes in here is heard while a cell runs."""
    return threading.current_thread() is not threading.main_thread()


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _kernel() -> object | None:
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return getattr(shell, "kernel", None)


def _place(folder: Path) -> Place:
    return Place(
        folder=str(folder),
        exists=folder.is_dir(),
        problem=why_unusable(folder) or why_unreadable(folder),
        file_system=_file_system(nearest(folder)),
        free=free_bytes(folder),
    )


def _file_system(folder: Path) -> str | None:
    """Gives the kind of the file system that a folder lies on: of the mount with the longest path above it."""
    real = os.path.realpath(folder)
    try:
        mounts = psutil.disk_partitions(all=True)
    except (OSError, psutil.Error):
        return None
    above = [each for each in mounts if os.path.commonpath([real, each.mountpoint]) == each.mountpoint]
    return max(above, key=lambda each: len(each.mountpoint)).fstype or None if above else None


def _memory() -> tuple[int, int]:
    """Gives bytes in all and free: of the container, where it has a limit of its own."""
    machine_has = psutil.virtual_memory()
    limit, use = _read_count(CGROUP_LIMITS), _read_count(CGROUP_USE)
    if limit is None or limit >= machine_has.total:
        return machine_has.total, machine_has.available
    return limit, max(0, min(machine_has.available, limit - (use or 0)))


def _read_count(paths: tuple[str, ...]) -> int | None:
    for path in paths:
        with contextlib.suppress(OSError, ValueError):
            return int(Path(path).read_text(encoding="ascii"))
    return None


def _cards() -> list[dict[str, object]]:
    try:
        return GpuMeter().cards()
    except Exception:  # noqa: BLE001 - a driver may fail in any way; then its cards are not there
        return []
