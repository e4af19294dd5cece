"""The records of `hpo.doctor()`: what a machine, its Python and a page are like, and what that means line by line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Standing(StrEnum):
    """Is how one thing stands."""

    GOOD = "good"
    """As it should be."""
    NOTE = "note"
    """It works, and it is worth knowing."""
    BAD = "bad"
    """Something does not work until it is mended."""
    WAITING = "waiting"
    """Not known yet."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Is one line of the report."""

    name: str
    """What was looked at."""
    found: str
    """What it is like."""
    standing: Standing = Standing.GOOD
    advice: str = ""
    """One sentence on what to do; empty when nothing is off."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Is what the folder of the store is like; it need not be there yet."""

    folder: str
    exists: bool
    problem: str = ""
    """Why nothing can be written there; empty when a test file with SQLite's locks could."""
    file_system: str | None = None
    """As the system names it ("ext4", "nfs4"); `None` when it does not say."""
    free: int | None = None
    """Bytes left on the disk."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """Is what a page said of itself when the widget reached it."""

    front_end: str
    version: str = ""
    while_busy: bool | None
    """Whether its words came in beside the main thread of the kernel, where cells run; `None` is not known yet."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Is what a machine and its Python are like."""

    versions: Mapping[str, str | None]
    """Package → version, `None` where it is not installed; in the order in which they are shown."""
    wanted: Mapping[str, str] = field(default_factory=dict)
    """Package → the lowest version that this version of hpo_widgets takes."""
    has_kernel: bool
    subshells: bool
    """Whether the kernel says that it has subshells."""
    place: Place
    start_methods: tuple[str, ...]
    forks: bool
    """Whether tasks are forked from a process that has their imports."""
    cores: int
    memory: int
    """Bytes that this process may use in all."""
    memory_free: int
    gpus: tuple[str, ...] = ()
    """Names of the cards that the driver answers for."""
    gpus_seen: int = 0
    """How many the system lists, whether or not the driver answers."""
