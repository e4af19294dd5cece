"""A base task: the code that a search runs again and again, and the parameters that it takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class BaseParameter:
    """Is one parameter of a base task, as its own code declares it."""

    name: str
    """Name as the code has it, with its section where it has one: `Args/lr`, `General/batch_size`, `lr`."""
    default: Any = None
    """Value when nobody sets it; see `required`."""
    required: bool = False
    """Whether the code has no default."""
    type: str | None = None
    """Name of the type that values must have: int, float, bool, str, list, ...; `None` when it is open."""
    choices: tuple[Any, ...] | None = None
    """The only values that the code accepts."""
    help: str = ""
    """What the code says about it."""


@dataclass(frozen=True, kw_only=True)
class BaseTask:
    """Is a base task as recorded in a store."""

    name: str
    """For people."""
    kind: str
    """`function`, `script`, `notebook`, `cell`: how its code is run."""
    code: str
    """Hash of its code in the store."""
    parameters: tuple[BaseParameter, ...] = ()
    about: dict[str, Any] = field(default_factory=dict)
    """What was captured with it: source, environment, git commit and diff, command line."""
