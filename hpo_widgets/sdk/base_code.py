"""What a search runs: the first argument of `tune`, read into one form whatever it is."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hpo_widgets.agents.script_parameters import declared, find, name_problems
from hpo_widgets.agents.ship import describe, ship
from hpo_widgets.errors import InvalidInput, NotFound
from hpo_widgets.model.base_task import BaseParameter, BaseTask
from hpo_widgets.model.config import Isolation
from hpo_widgets.model.latent import CategoricalLatent, Latent
from hpo_widgets.model.parameter_tree import Fixed
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.sdk.base_recorded import own_parameters, recorded_base
from hpo_widgets.sdk.notebook import ReadNotebook, read_notebook
from hpo_widgets.sdk.script import CapturedScript, capture_script
from hpo_widgets.store.base import Store

ALLOWED = "give a function, the path of a script or notebook, a base task, or a study or task to run again"
MOST_CHOICES = 1000
"""Choices of one parameter that are tried against the base task's type."""
PARTS = (0.0, 0.5, 1.0, 0.3819)
"""Where in a range a value is tried: its ends, its middle, and a place that no round number lies at."""


@dataclass(frozen=True, kw_only=True)
class BaseCode:
    """Is what a search runs."""

    name: str
    """What people call it."""
    function: Callable[..., Any] | None = None
    """When it is a function of this process."""
    task: BaseTask | None = None
    """When it is in the store already."""
    script: CapturedScript | None = None
    """When it is a script."""
    notebook: ReadNotebook | None = None
    """When it is a notebook."""
    own: Mapping[str, Any] = field(default_factory=dict)
    """Values of what is not searched, for a task that is run again."""

    @property
    def space(self) -> SearchSpace | None:
        """The search space that it proposes itself, for a cell or a notebook."""
        return self.notebook.space if self.notebook is not None else getattr(self.function, "space", None)

    @property
    def recorded_name(self) -> str:
        """Its name as studies record it, with its version where it has one."""
        return str(getattr(self.function, "base_name", self.name))

    @property
    def parameters(self) -> Sequence[BaseParameter] | None:
        """What it declares; `None` when only running it tells."""
        if self.script is not None:
            return self.script.script.parameters
        if self.notebook is not None:
            return self.notebook.parameters
        if self.function is not None:
            return getattr(self.function, "base_parameters", None)
        return self.task.parameters if self.task is not None and self.task.kind in ("script", "notebook") else None

    @property
    def folder(self) -> Path:
        """Where its code lies, as far as that is known."""
        path = self._about.get("script") or self._about.get("path")
        return Path(path).parent if path else Path.cwd()

    @property
    def command(self) -> list[str]:
        """How it would be started by hand; for code of this process, how that was."""
        return list(self._about.get("command") or sys.orig_argv)

    @property
    def _about(self) -> dict[str, Any]:
        if self.script is not None:
            return self.script.about
        if self.notebook is not None:
            return self.notebook.about
        return {} if self.task is None else self.task.about

    def problems(self, space: SearchSpace, isolation: Isolation) -> list[str]:
        """Lists why it cannot be searched over a space: names it has not, values it does not take, threads."""
        found = []
        if self.function is None and isolation in (Isolation.THREAD, Isolation.SAME_THREAD):
            found.append(f"{self.name!r} needs a process of its own; isolation is {isolation.value!r}, use 'fork'.")
        if self.parameters is not None:
            found += name_problems(space.names, self.parameters, self.name)
            found += _value_problems(space, self.parameters, self.name)
        return found

    def keep(self, store: Store, isolation: Isolation) -> str:
        """Keeps it in the store so that task processes can run it; gives its hash.

        Raises:
            CannotShip: When a function cannot be sent to another process and has to be.
            InvalidInput: When it is a base task of another store.
        """
        if self.function is not None:
            return keep_function(store, self.function, isolation)
        if self.script is not None:
            return self.script.keep(store).code
        if self.notebook is not None:
            return self.notebook.keep(store).code
        assert self.task is not None, "read_base gives one of the three"
        try:
            return store.code(self.task.code).hash
        except NotFound:
            raise InvalidInput(
                f"the base task {self.name!r} is not in this study's store; make it with store= this one."
            ) from None


def read_base(given: Any, *, args: Sequence[Any] = (), metrics: str | None = None) -> BaseCode:
    """Reads what a person wants to run.

    Args:
        given: A function, the path of a script (text or `Path`), a base task, or a study or task of a store.
        args: Command line of a script.
        metrics: Where else a script's metrics come from; see `script_base_task`.

    Raises:
        InvalidInput: When it is none of these, or the script cannot be read.
    """
    if isinstance(given, (str, Path)) and Path(given).suffix == ".ipynb":
        notebook = read_notebook(given)
        return BaseCode(name=notebook.name, notebook=notebook)
    if isinstance(given, (str, Path)):
        script = capture_script(given, args=args, metrics=metrics)
        return BaseCode(name=script.script.name, script=script)
    if args or metrics is not None:
        raise InvalidInput("args and metrics are for the path of a script; leave them out.")
    own, given = own_parameters(given), recorded_base(given)
    if isinstance(given, BaseTask):
        return BaseCode(name=given.name, task=given, own=own)
    if not callable(given):
        raise InvalidInput(f"{given!r:.200} is not a function; {ALLOWED} as the first argument.")
    return BaseCode(name=str(getattr(given, "__name__", type(given).__name__)), function=given)


def keep_function(store: Store, function: Callable[..., Any], isolation: Isolation) -> str:
    """Keeps a function in the store so that task processes can run it; gives its hash.

    Raises:
        CannotShip: When it cannot be sent to another process and has to be.
    """
    if isolation in (Isolation.THREAD, Isolation.SAME_THREAD):
        about = describe(function)
        return store.put_code("function", f"{about['name']} of process {os.getpid()}, {id(function)}".encode(), about)
    shipment = ship(function)
    return store.put_code("function", shipment.body, shipment.about)


def _value_problems(space: SearchSpace, parameters: Sequence[BaseParameter], base: str) -> Iterator[str]:
    """Yields, of each searched parameter, the first value that the base task would refuse."""
    for leaf in space.leaves():
        parameter = find(leaf.name, parameters)
        if parameter is None:
            continue
        values = [leaf.value] if isinstance(leaf, Fixed) else map(leaf.parameter.to_value, _some(leaf.parameter.latent))
        for value in values:
            try:
                declared(parameter, value, base)
            except InvalidInput as error:
                yield from error.problems
                break


def _some(latent: Latent) -> list[float]:
    if isinstance(latent, CategoricalLatent):
        return list(range(min(latent.size, MOST_CHOICES)))
    found = [latent.low + (latent.high - latent.low) * part for part in PARTS]
    return found if isinstance(latent.low, float) else [int(each) for each in found]
