"""The configuration of a study: all that a person asks for, as one immutable value with a JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from hpo_widgets.model.found import Found
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.objective import Objective, Sign
from hpo_widgets.model.parameter_values import decode, encode
from hpo_widgets.model.space import SearchSpace

CONFIG_FORMAT = "hpo_widgets.study"
CONFIG_VERSION = 1


class Isolation(Enum):
    """How tasks are kept apart from the kernel and from each other."""

    FORK = "fork"
    """A child of a clean process that has only imported what the task imports: milliseconds a task (Linux)."""
    REUSE = "reuse"
    """As fork, but one process a slot that runs one task after another: what the function keeps (data, a CUDA context)
    stays for the next one. A process whose task failed, was stopped or left something behind is not used again."""
    SPAWN = "spawn"
    """A fresh interpreter for every task: seconds with large imports, runs everywhere."""
    THREAD = "thread"
    """A thread of this process: shares its memory; a stop takes effect at the task's next report."""
    SAME_THREAD = "same-thread"
    """The thread that drives the agent, one task after another: for debugging."""


@dataclass(frozen=True, kw_only=True)
class StudyConfig:
    """Says what a person asked for. Changed by copy; stored as JSON."""

    name: str
    asked_name: str = ""
    """Name that a person chose, which may have been taken; empty when nobody did and it is the base task's."""
    project: str = ""
    space: SearchSpace
    objectives: tuple[Objective, ...]
    limits: Limits = field(default_factory=Limits)
    strategy: dict[str, Any] = field(default_factory=lambda: {"name": "auto", "options": {}})
    """`{"name", "options"}`, or `{"code": hash}` for a strategy object that was given as such."""
    seed: int | None = None
    code: str | None = None
    """Hash of the base task's code in the store."""
    base_name: str = ""
    """What people call the base task."""
    isolation: Isolation = Isolation.FORK
    gpus: tuple[str, ...] = ()
    """Device ids dealt to the slots, as in CUDA_VISIBLE_DEVICES; empty leaves the variable alone."""
    queue: str = ""
    """Queue its tasks are put in; empty means a queue of its own, served by the study's own agent."""

    repeats: int = 1
    """Runs of each parameter set; the strategy learns their mean."""
    warm_start: tuple[Found, ...] = ()
    """What other searches had found; the strategy learns from it first."""
    added: Mapping[str, Any] = field(default_factory=dict)
    """Parameters that were added on the way, with the value that all trials before had."""

    def to_json(self) -> dict[str, Any]:
        """Gives the stored form."""
        return {
            "format": CONFIG_FORMAT,
            "version": CONFIG_VERSION,
            "name": self.name,
            **({"asked_name": self.asked_name} if self.asked_name else {}),
            "project": self.project,
            "space": self.space.to_json(),
            "objectives": [o.to_json() for o in self.objectives],
            "limits": self.limits.to_json(),
            "strategy": self.strategy,
            "seed": self.seed,
            "code": self.code,
            "base_name": self.base_name,
            "isolation": self.isolation.value,
            "gpus": list(self.gpus),
            "queue": self.queue,
            **({"repeats": self.repeats} if self.repeats > 1 else {}),
            **({"added": encode(dict(self.added))} if self.added else {}),
            **({"warm_start": [each.to_json() for each in self.warm_start]} if self.warm_start else {}),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> StudyConfig:
        """Reads the stored form."""
        objectives = tuple(Objective(o["title"], o["series"], Sign(o["sign"])) for o in data["objectives"])
        return cls(
            name=data["name"],
            asked_name=data.get("asked_name", ""),
            project=data["project"],
            space=SearchSpace.from_json(data["space"]),
            objectives=objectives,
            limits=Limits.from_json(data["limits"]),
            strategy=data["strategy"],
            seed=data["seed"],
            code=data["code"],
            base_name=data["base_name"],
            isolation=Isolation(data["isolation"]),
            gpus=tuple(data["gpus"]),
            queue=data["queue"],
            repeats=data.get("repeats", 1),
            added=decode(data["added"]) if "added" in data else {},
            warm_start=tuple(map(Found.from_json, data.get("warm_start", ()))),
        )

    def completed(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """Gives what a trial ran with, with the values it had for parameters that were added after it."""
        return {**self.added, **parameters} if self.added else parameters
