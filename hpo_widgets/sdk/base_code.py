"""What a search runs: the first argument of `tune` or of an optimizer, read into one form whatever it is."""

from __future__ import annotations

import functools
import os
import pickle
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hpo_widgets.agents.script_parameters import declared, find, name_problems
from hpo_widgets.agents.ship import describe, ship
from hpo_widgets.errors import InvalidInput, NotFound
from hpo_widgets.model.base_task import BaseParameter, BaseTask
from hpo_widgets.model.config import Isolation
from hpo_widgets.model.latent import CategoricalLatent, Latent
from hpo_widgets.model.parameter_choices import DiscreteParameterRange
from hpo_widgets.model.parameter_tree import Fixed
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.sdk.base_sections import SectionCall, argument_of, call_without_sections
from hpo_widgets.sdk.base_signature import arguments_of, signature_problems
from hpo_widgets.sdk.notebook import ReadNotebook
from hpo_widgets.sdk.ranges import propose_space
from hpo_widgets.sdk.script import CapturedScript
from hpo_widgets.sdk.signature import signature_parameters
from hpo_widgets.store.base import Code, Store

MOST_CHOICES = 1000
"""Choices of one parameter that are tried against the base task's type."""
PARTS = (0.0, 0.5, 1.0, 0.3819)
"""Where in a range a value is tried: its ends, its middle, and a place that no round number lies at."""
IN_THIS_PROCESS = (Isolation.THREAD, Isolation.SAME_THREAD)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Is a base task in a store, ready to run."""

    code: str
    """Its hash."""
    function: Callable[..., Any] | None
    """For tasks that run in threads of this process."""


@dataclass(frozen=True, kw_only=True)
class BaseCode:
    """Is what a search runs."""

    name: str
    """What people call it."""
    function: Callable[..., Any] | None = None
    """When it is a function of this process."""
    code: Code | None = None
    """When it is a function in the store, or a script that asks for its parameters itself (`Task.init`)."""
    task: BaseTask | None = None
    """When it is a script or notebook in the store."""
    script: CapturedScript | None = None
    """When it is a script."""
    notebook: ReadNotebook | None = None
    """When it is a notebook."""
    connected: tuple[BaseParameter, ...] | None = None
    """What a script in the store has connected; `None` when nobody knows."""
    own: Mapping[str, Any] = field(default_factory=dict)
    """A template's own parameters; what is searched overrides them, what is not stays (reference d22)."""

    @property
    def space(self) -> SearchSpace | None:
        """The search space that it proposes: by comments, choices, annotations, names and sizes of its defaults.

        Raises:
            InvalidInput: When no parameter has a range.
        """
        if self.notebook is not None:
            return self.notebook.space
        own: SearchSpace | None = getattr(self.function, "space", None)
        if own is not None:
            return own
        found = self.parameters
        if found is None and self.function is not None:
            found = signature_parameters(self.function)
        return None if found is None else propose_space(found)

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
        if self.code is not None:
            return self.connected
        return self.task.parameters if self.task is not None and self.task.kind in ("script", "notebook") else None

    @property
    def folder(self) -> Path:
        """Where its code lies, as far as that is known."""
        path = self._about.get("script") or self._about.get("path")
        return Path(path).parent if path else Path.cwd()

    @property
    def command(self) -> list[str]:
        """How it would be started by hand; for code of this process, how that was."""
        if self.code is not None and "script" in self._about:
            return [sys.executable, self._about["script"], *self._about.get("argv", ())]
        return list(self._about.get("command") or sys.orig_argv)

    @property
    def _about(self) -> dict[str, Any]:
        for each in (self.script, self.notebook, self.code, self.task):
            if each is not None:
                return each.about
        return {}

    @property
    def _needs_process(self) -> bool:
        return self.function is None and (self.code is None or "script" in self._about)

    # -- what is searched ------------------------------------------------------------------------------------------
    def completed(self, space: SearchSpace) -> SearchSpace:
        """Gives a space with the template's own parameters that it does not search, as ranges of one value."""
        searched = {self.meant(name) for name in space.names}
        kept = {name: value for name, value in self.own.items() if self.meant(name) not in searched}
        fixed = (DiscreteParameterRange(name, [value]) for name, value in kept.items())
        return SearchSpace([*space, *fixed], space.constraints)

    def meant(self, name: str) -> str:
        """Gives the name that the base task itself has for a parameter, whatever section it is given with."""
        found = find(name, self.parameters or ())
        return argument_of(name) if found is None else found.name

    def problems(self, space: SearchSpace, isolation: Isolation) -> list[str]:
        """Lists why it cannot be searched over a space: names it has not, values it does not take, threads."""
        found = []
        if self._needs_process and isolation in IN_THIS_PROCESS:
            found.append(f"{self.name!r} needs a process of its own; isolation is {isolation.value!r}, use 'fork'.")
        if self.parameters is not None:
            found += name_problems(space.names, self.parameters, self.name, self._about.get("unread", ""))
            found += _value_problems(space, self.parameters, self.name)
        elif self.function is not None:
            found += signature_problems(space.names, arguments_of(self.function), self.name, sometimes=space.sometimes)
        elif self.code is not None:
            found += signature_problems(
                space.names, self.code.about.get("signature"), self.name, self.own, space.sometimes
            )
        return found

    # -- keeping ---------------------------------------------------------------------------------------------------
    def keep(self, store: Store, isolation: Isolation, names: Iterable[str]) -> Kept:
        """Keeps it in the store so that tasks can run it with parameters of these names.

        Raises:
            CannotShip: When a function cannot be sent to another process and has to be.
            InvalidInput: When it is a base task of another store.
        """
        if self.function is not None or self.code is not None:
            return self._keep_function(store, isolation, any(argument_of(name) != name for name in names))
        for each in (self.script, self.notebook):
            if each is not None:
                return Kept(code=each.keep(store).code, function=None)
        assert self.task is not None, "read_base gives one of them"
        try:
            return Kept(code=store.code(self.task.code).hash, function=None)
        except NotFound:
            raise InvalidInput(
                f"the base task {self.name!r} is not in this study's store; make it with store= this one."
            ) from None

    def _keep_function(self, store: Store, isolation: Isolation, has_sections: bool) -> Kept:
        if isolation in IN_THIS_PROCESS:
            function = self.function if self.function is not None else pickle.loads(self._stored.body)
            called = without_sections(function) if has_sections else function
            return Kept(code=keep_function(store, called, isolation), function=called)
        if self.function is not None:
            shipment = ship(self.function)
            body, about = shipment.body, shipment.about
        else:
            body, about = self._stored.body, self._stored.about
        if has_sections and "script" not in about:  # which asks for its parameters itself
            body = pickle.dumps(SectionCall(body))
        return Kept(code=store.put_code("function", body, about), function=self.function)

    @property
    def _stored(self) -> Code:
        assert self.code is not None, "a function is here or in the store"
        return self.code


def keep_function(store: Store, function: Callable[..., Any], isolation: Isolation) -> str:
    """Keeps a function in the store so that task processes can run it; gives its hash.

    Raises:
        CannotShip: When it cannot be sent to another process and has to be.
    """
    if isolation in IN_THIS_PROCESS:
        about = describe(function)
        return store.put_code("function", f"{about['name']} of process {os.getpid()}, {id(function)}".encode(), about)
    shipment = ship(function)
    return store.put_code("function", shipment.body, shipment.about)


def without_sections(function: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a function that takes its arguments by their names with a section too."""

    @functools.wraps(function)
    def call(**parameters: Any) -> Any:
        return call_without_sections(function, **parameters)

    return call


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
