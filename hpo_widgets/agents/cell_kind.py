"""A cell as a base task: called like a function, sent to task processes like one, its literals are its parameters.

Runs in task processes: imports the standard library and the handle of the running task only.
"""

from __future__ import annotations

import asyncio
import builtins
import contextvars
import copy
import inspect
import linecache
import threading
import types
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from hpo_widgets.agents.reporter import current_task
from hpo_widgets.errors import InvalidInput

if TYPE_CHECKING:
    from hpo_widgets.model.base_task import BaseParameter
    from hpo_widgets.model.space import SearchSpace

GIVEN, RESULT = "__hpo_parameters__", "__hpo_result__"
"""Names in the cell's namespace: where its literals come from, and where its last expression goes."""

listener: contextvars.ContextVar[Callable[..., None] | None] = contextvars.ContextVar("hpo_widgets_cell", default=None)
"""Where a running cell's reports go, for code that it calls: a dry run has no task."""


class CellTask:
    """Is a cell that can be called with other values for its literals; gives the value of its last expression.

    Args:
        name: What people call it.
        version: Counts the different texts that had this name, from 1.
        source: The cell's text.
        code: The compiled cell: reads its parameters from `GIVEN`, puts its last expression in `RESULT`.
        defaults: The literals as written.
        needed: Names that it takes from its surroundings.
        namespace: Its surroundings: read at each call, and when it is sent to task processes. Never written.
        details: What its author's process knows of it: parameters and space; does not travel.
    """

    def __init__(
        self,
        *,
        name: str,
        version: int,
        source: str,
        code: types.CodeType,
        defaults: Mapping[str, Any],
        needed: frozenset[str],
        namespace: Mapping[str, Any],
        details: CellDetails | None = None,
    ) -> None:
        self.__name__ = self.__qualname__ = name
        self.__module__ = "__main__"
        self.version = version
        self.source = source
        self._code = code
        self._defaults = dict(defaults)
        self._needed = needed
        self._namespace = namespace
        self._details = details
        self._show_source()

    @property
    def base_name(self) -> str:
        """Name and version, as its studies record them."""
        return f"{self.__name__} (version {self.version})"

    @property
    def parameters(self) -> dict[str, Any]:
        """Name to default of each parameter; a copy."""
        return dict(self._defaults)

    @property
    def space(self) -> SearchSpace:
        """The search space that its names, values and comments propose.

        Raises:
            InvalidInput: When no parameter has a range.
        """
        if self._details is None:
            raise InvalidInput(f"the space of {self.__name__!r} is known in the notebook that defines it only.")
        return self._details.space()

    @property
    def base_parameters(self) -> tuple[BaseParameter, ...]:
        """Its parameters as records."""
        return self._details.parameters if self._details is not None else ()

    @property
    def __signature__(self) -> inspect.Signature:
        kind = inspect.Parameter.KEYWORD_ONLY
        return inspect.Signature([inspect.Parameter(n, kind, default=v) for n, v in self._defaults.items()])

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in self._defaults.items())
        return f"<objective {self.__name__}({values}), version {self.version}>"

    def __call__(self, **overrides: Any) -> Any:
        """Runs the cell in a namespace of its own.

        Args:
            overrides: Values for some of its parameters.

        Returns:
            The value of its last expression, `None` when that is no metric and the cell has reported one.

        Raises:
            InvalidInput: For names that are none of its parameters.
        """
        __tracebackhide__ = True
        task = current_task()
        return self.run(overrides, report=_say if task is None else task.report)

    def run(self, overrides: Mapping[str, Any], *, report: Callable[..., None]) -> Any:
        """Runs the cell with another way to report; see `__call__`."""
        __tracebackhide__ = True
        unknown = [name for name in overrides if name not in self._defaults]
        if unknown:
            listed = ", ".join(map(repr, self._defaults)) or "none"
            raise InvalidInput([f"{n!r} is no parameter of {self.__name__!r}; it has {listed}." for n in unknown])
        reported: list[str] = []

        def reporting(name: str, value: Any, iteration: int | None = None) -> None:
            report(name, value, iteration)
            reported.append(name)

        names = {**self._namespace, "report": reporting, "__name__": "__main__", "__builtins__": builtins}
        names[GIVEN] = copy.deepcopy({**self._defaults, **overrides})
        before = listener.set(reporting)
        try:
            _run(self._code, names)
        finally:
            listener.reset(before)
        value = names.get(RESULT)
        return None if reported and not _is_metric(value) else value

    def __getstate__(self) -> dict[str, Any]:
        state = {**vars(self), "_details": None}
        state["_namespace"] = {name: self._namespace[name] for name in self._needed if name in self._namespace}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._show_source()

    def _show_source(self) -> None:
        """Lets tracebacks show the cell's lines."""
        lines = self.source.splitlines(keepends=True)
        linecache.cache[self._code.co_filename] = (len(self.source), None, lines, self._code.co_filename)


class CellDetails:
    """Is what only the process that defines a cell knows of it."""

    def __init__(self, parameters: tuple[BaseParameter, ...], space: Callable[[], SearchSpace]) -> None:
        self.parameters = parameters
        self.space = space


def _say(name: str, value: Any, iteration: int | None = None) -> None:
    """Is `report` outside of tasks: there is nowhere to keep it, and the caller sees the cell's own output."""


def _is_metric(value: Any) -> bool:
    if isinstance(value, (Mapping, tuple)):
        return bool(value)
    return hasattr(value, "__float__") and not isinstance(value, bool)


def _run(code: types.CodeType, names: dict[str, Any]) -> None:
    __tracebackhide__ = True
    if not code.co_flags & inspect.CO_COROUTINE:
        exec(code, names)
        return
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(eval(code, names))
        return
    # A kernel's loop runs in this thread already: the cell gets one in a thread of its own.
    failed: list[BaseException] = []

    def beside() -> None:
        try:
            asyncio.run(eval(code, names))
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            failed.append(error)

    thread = threading.Thread(target=contextvars.copy_context().run, args=(beside,), name="hpo-objective")
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
