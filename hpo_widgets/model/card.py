"""What people give a task besides its parameters, the files kept with it, and the agents that serve queues."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hpo_widgets.model.study import Owner


@dataclass(frozen=True, kw_only=True)
class TaskCard:
    """Says what people gave a task; the default says it of a task that nobody gave anything. Changed by copy."""

    project: str = ""
    """For people."""
    type: str = "training"
    """training, testing, inference, optimizer, ..., as in ClearML."""
    tags: tuple[str, ...] = ()
    """For people, in the order they were added."""
    parent: str | None = None
    """Id of the task it was cloned from, or of any that people name."""
    comment: str = ""
    """For people."""


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """Describes one file that is kept with a task."""

    task: str
    """Id of the task."""
    kind: str
    """`artifact` for what a person keeps, else what was reported: `plot`, `table`, `image`, `notebook`, ..."""
    name: str
    """Unique among those of its task and kind."""
    file: str
    """Name of the file in the task's own folder; never made from anything a person wrote."""
    size: int
    """Bytes."""
    hash: str
    """SHA-256 of the file."""
    time: float
    """UTC seconds at which it was kept."""
    about: dict[str, Any] = field(default_factory=dict)
    """What to know without reading the file: how to read it, title, series, iteration, a preview."""


@dataclass(frozen=True, kw_only=True)
class AgentRecord:
    """Says who serves a queue, or which process runs a task of its own."""

    id: str
    """As in the `agent` of the tasks it runs."""
    queue: str
    """The queue it serves; empty for a process that runs only its own task."""
    slots: int
    """Tasks at one time."""
    gpus: tuple[str, ...]
    """Devices dealt to the slots."""
    owner: Owner
    """The process it lives in."""
    started: float
    """UTC seconds."""
    ended: float | None = None
    """UTC seconds when it left in order, or was found dead; `None` while it serves."""
