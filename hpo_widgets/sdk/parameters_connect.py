"""Connects what a script has (a dict, a class, an object) with the parameters of its task."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from hpo_widgets.sdk.parameters import as_default, find_name, is_keepable, keepable

Write = Callable[[dict[str, Any]], None]
Path = tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Connection:
    """Is one task as the code that connects to it sees it."""

    stored: Mapping[str, Any]
    """Its parameters now; empty when the script's own values are the ones that count."""
    write: Write
    """Merges parameters into the task's, by their full names."""
    left: set[str] = field(default_factory=set)
    """Names in `stored` that nobody has asked for; what is connected is taken out."""


class ConnectedDict(dict[Any, Any]):
    """Is a dict whose later changes are kept with the task too. A copy or a pickle of it is a plain dict."""

    def __init__(self, values: Mapping[Any, Any], prefix: str, write: Write) -> None:
        super().__init__()
        self._prefix, self._write = prefix, write
        for key, value in values.items():
            super().__setitem__(key, self._wrapped(key, value))

    def _wrapped(self, key: Any, value: Any) -> Any:
        if isinstance(value, dict) and value:
            return ConnectedDict(value, f"{self._prefix}/{key}", self._write)
        return value

    def __setitem__(self, key: Any, value: Any) -> None:
        """Sets a value here and in the task's parameters."""
        super().__setitem__(key, self._wrapped(key, value))
        self._write(_kept_values({key: value}, self._prefix))

    def update(self, *args: Any, **values: Any) -> None:
        """Sets several values."""
        for key, value in dict(*args, **values).items():
            self[key] = value

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """Gives a value, set to `default` first when there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def __ior__(self, other: Any) -> ConnectedDict:  # type: ignore[misc]
        self.update(other)
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)

    def copy(self) -> dict[Any, Any]:
        """Gives a plain dict."""
        return dict(self)


def connect_dict(connection: Connection, given: MutableMapping[Any, Any], section: str) -> ConnectedDict:
    """Connects a dict: nested ones give names as `General/model/lr`. The dict given gets the task's values too.

    Raises:
        InvalidInput: When a value of the task cannot become the type of the script's own.
    """
    values = connect_values(connection, given, section)
    _overwrite(given, values)
    return ConnectedDict(values, section, connection.write)


def connect_object(connection: Connection, given: Any, section: str) -> Any:
    """Connects the plain public attributes of a class or an object, and gives it back with the task's values set.

    Raises:
        InvalidInput: As in `connect_dict`.
    """
    before = _attributes(given)
    for name, value in connect_values(connection, before, section).items():
        if value is not before[name]:
            setattr(given, name, value)
    return given


def connect_values(connection: Connection, given: Mapping[Any, Any], section: str) -> dict[Any, Any]:
    """Gives a dict of the same form with the task's values, and keeps with the task what it does not have."""
    result: dict[Any, Any] = {}
    new: dict[str, Any] = {}
    for path, value in _leaves(given):
        name = "/".join([section, *map(str, path)])
        known = find_name(name, connection.stored)
        if known is not None:
            _place(result, path, as_default(name, connection.stored[known], value))
            connection.left.discard(known)
            continue
        _place(result, path, value)
        if is_keepable(value):
            new[name] = keepable(value)
    if new:
        connection.write(new)
    return result


def _kept_values(given: Mapping[Any, Any], prefix: str) -> dict[str, Any]:
    named = (("/".join([prefix, *map(str, path)]), value) for path, value in _leaves(given))
    return {name: keepable(value) for name, value in named if is_keepable(value)}


def _leaves(given: Mapping[Any, Any], path: Path = ()) -> Iterator[tuple[Path, Any]]:
    for key, value in given.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, (*path, key))
        else:
            yield (*path, key), value


def _place(result: dict[Any, Any], path: Path, value: Any) -> None:
    for key in path[:-1]:
        result = result.setdefault(key, {})
    result[path[-1]] = value


def _overwrite(given: MutableMapping[Any, Any], values: Mapping[Any, Any]) -> None:
    for key, value in values.items():
        if isinstance(value, Mapping) and value and isinstance(given.get(key), MutableMapping):
            _overwrite(given[key], value)
        else:
            given[key] = value


def _attributes(given: Any) -> dict[str, Any]:
    kind = given if isinstance(given, type) else type(given)
    found: dict[str, Any] = {}
    for each in reversed(kind.__mro__[:-1]):
        found |= vars(each)
    if kind is not given:
        found |= getattr(given, "__dict__", {})
    return {
        name: value
        for name, value in found.items()
        if not name.startswith("_") and not callable(value) and not hasattr(value, "__get__") and is_keepable(value)
    }
