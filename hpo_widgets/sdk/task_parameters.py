"""The parameters of a task, with ClearML's method names."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.task import TaskRecord, TaskState
from hpo_widgets.sdk.parameters import GENERAL, find_name, full_name, merged
from hpo_widgets.sdk.parameters_argparse import ParserLink
from hpo_widgets.sdk.parameters_connect import Connection, connect_dict, connect_object
from hpo_widgets.sdk.task_running import own, under_agent
from hpo_widgets.sdk.task_states import STATUS, TaskBase
from hpo_widgets.store.base import Store


class TaskParameters(TaskBase):
    """Is the part of a task that has parameters. Names are "Section/name"; a bare one is in `General/`."""

    def __init__(self, store: Store, id: str) -> None:
        super().__init__(store, id)
        self._link: ParserLink | None = None

    # -- reading ---------------------------------------------------------------------------------------------------
    def get_parameters(self, backwards_compatibility: bool = True, cast: bool = False) -> dict[str, Any]:
        """Gives its parameters by full name. Values have their Python types, whatever `cast` says."""
        return {full_name(name): value for name, value in self._record.parameters.items()}

    def get_parameters_as_dict(self, cast: bool = False) -> dict[str, Any]:
        """Gives its parameters as nested dicts: `{"General": {"lr": 0.1, "model": {"layers": 2}}}`."""
        found: dict[str, Any] = {}
        for name, value in self.get_parameters().items():
            inner = found
            *path, last = name.split("/")
            for key in path:
                below = inner.setdefault(key, {})
                inner = below if isinstance(below, dict) else inner
            inner[last] = value
        return found

    def get_parameter(self, name: str, default: Any = None, cast: bool = False) -> Any:
        """Gives one parameter by any of its names, `default` when the task has none of this name."""
        parameters = self._record.parameters
        known = find_name(name, parameters)
        return default if known is None else parameters[known]

    # -- writing ---------------------------------------------------------------------------------------------------
    def set_parameters(self, *args: Mapping[str, Any], **kwargs: Any) -> None:
        """Replaces all parameters. Of two names of one parameter the later counts; text that spells a value of the
        type there was becomes that value.

        Raises:
            InvalidInput: When the task has begun (clone it), or a value cannot be kept.
        """
        self._change({}, _given(args, kwargs), replace=True)

    def update_parameters(self, *args: Mapping[str, Any], **kwargs: Any) -> None:
        """Changes the parameters given and leaves the others.

        Raises:
            InvalidInput: As in `set_parameters`.
        """
        self._change({}, _given(args, kwargs), replace=False)

    def set_parameter(self, name: str, value: Any, description: str | None = None, value_type: Any = None) -> None:
        """Changes one parameter; the description and type are accepted, values keep their own.

        Raises:
            InvalidInput: As in `set_parameters`.
        """
        self._change({}, {name: value}, replace=False)

    def delete_parameter(self, name: str, force: bool = False) -> bool:
        """Removes one parameter by any of its names; tells whether there was one."""
        with self._store.transaction():
            record = self._editable()
            known = find_name(name, record.parameters)
            if known is not None:
                kept = {each: value for each, value in record.parameters.items() if each != known}
                self._store.update_task(self.id, parameters=kept)
        return known is not None

    def _change(self, before: Mapping[str, Any], changes: Mapping[str, Any], *, replace: bool) -> None:
        with self._store.transaction():
            record = self._editable()
            start = before if replace else record.parameters
            self._store.update_task(self.id, parameters=merged(start, changes, record.parameters))

    def _editable(self) -> TaskRecord:
        record = self._record
        if record.state is TaskState.CREATED or (record.state is TaskState.RUNNING and self._is_current):
            return record
        todo = "Task.dequeue it first" if record.state is TaskState.QUEUED else "change a clone: Task.clone(task)"
        raise InvalidInput(
            f"the task {record.name!r} is {STATUS[record.state]}, its parameters stay as they are; {todo}."
        )

    @property
    def _is_current(self) -> bool:
        running = under_agent() or own()
        return running is not None and running.id == self.id

    # -- connecting ------------------------------------------------------------------------------------------------
    def connect(self, mutable: Any, name: str | None = None, ignore_remote_overrides: bool = False) -> Any:
        """Makes a script's own values parameters of the task, and has a task that an agent runs override them.

        Args:
            mutable: A dict (nested ones give names as `General/model/lr`), an argparse parser, a class, or an object
                with plain attributes. It gets the task's values, too.
            name: Section; "General" when absent, "Args" for a parser.
            ignore_remote_overrides: Keeps the script's own values also in a task that an agent runs.

        Returns:
            For a dict one whose later changes are kept as well; everything else as it was given.

        Raises:
            InvalidInput: When a value of the task cannot become the type of the script's own, naming both; or for
                something that cannot be connected.
        """
        if isinstance(mutable, argparse.ArgumentParser):
            self._parsers().watch(mutable)
            return mutable
        if isinstance(mutable, argparse.Namespace):
            return connect_object(self._connection(ignore_remote_overrides), mutable, name or "Args")
        if isinstance(mutable, dict):
            return connect_dict(self._connection(ignore_remote_overrides), mutable, name or GENERAL)
        if isinstance(mutable, type) or hasattr(mutable, "__dict__"):
            return connect_object(self._connection(ignore_remote_overrides), mutable, name or GENERAL)
        raise InvalidInput(
            f"{mutable!r:.100} of type {type(mutable).__name__} cannot be connected; give a dict, an argparse parser, "
            "a class, or an object with attributes."
        )

    def connect_parsers(self) -> None:
        """Connects every argparse parser of this process from now on, as `Task.init` does."""
        self._parsers().watch_all()

    def _parsers(self) -> ParserLink:
        if self._link is None:
            self._link = ParserLink(lambda: self._connection(False))
        return self._link

    def _connection(self, ignore_overrides: bool) -> Connection:
        running = under_agent()
        if running is None or not self._is_current or ignore_overrides:
            return Connection(stored={}, write=self._write)
        stored = self._record.parameters if running.given is None else running.given
        return Connection(stored=stored, write=self._write, left=running.left)

    def _write(self, changes: dict[str, Any]) -> None:
        # What a trial of a study runs with is its engine's; what has ended stays as it was.
        with self._store.transaction():
            record = self._record
            if record.study is None and not record.state.is_final:
                self._store.update_task(self.id, parameters=merged(record.parameters, changes, {}))


def _given(args: tuple[Mapping[str, Any], ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in args:
        if not isinstance(each, Mapping):
            raise InvalidInput(f"{each!r:.100} is not a dict; give parameters as dicts or by keyword.")
        found.update(_flat(each))
    return found | dict(kwargs)


def _flat(given: Mapping[Any, Any]) -> dict[str, Any]:
    """Spells `{"General": {"lr": 1}}` as `{"General/lr": 1}` where ClearML's own form was given."""
    found: dict[str, Any] = {}
    for name, value in given.items():
        if isinstance(value, Mapping) and value and "/" not in str(name):
            found |= {f"{name}/{inner}": each for inner, each in _flat(value).items()}
        else:
            found[str(name)] = value
    return found
