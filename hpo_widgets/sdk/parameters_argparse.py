"""Connects argparse parsers with the parameters of a task, in the section `Args`, without a change to the script."""

from __future__ import annotations

import argparse
import inspect
import threading
import weakref
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.sdk.parameters import ARGS, as_default, cast, find_name, is_keepable, keepable
from hpo_widgets.sdk.parameters_connect import Connection


class _Patch:
    """Holds what parsed before a link was installed: argparse's own method, or what others have put in its place."""

    before: Callable[..., Any] | None = None


def _parse(*args: Any, **more: Any) -> Any:
    assert _Patch.before is not None, "only a link that is installed parses"
    return _Patch.before(*args, **more)


class ParserLink:
    """Has every parse of this process (or of chosen parsers) take the task's values and tell it what was parsed.

    Args:
        connect: Gives the connection at the moment of a parse.
    """

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._all = False
        self._left_out: Collection[str] = ()
        self._chosen: weakref.WeakSet[argparse.ArgumentParser] = weakref.WeakSet()
        self._inside = threading.local()

    def watch_all(self, left_out: Collection[str] = (), *, parsed_before: bool = False) -> None:
        """Connects every parser from now on, without the arguments named.

        Args:
            left_out: Names of arguments.
            parsed_before: Whether to keep what the callers have parsed already and hold in a variable.
        """
        self._all, self._left_out = True, left_out
        self._install()
        if parsed_before:
            self._keep(self._connect(), {k: v for k, v in _parsed_before().items() if k not in left_out})

    def watch(self, parser: argparse.ArgumentParser) -> None:
        """Connects one parser: its defaults are kept now, what it parses then."""
        self._chosen.add(parser)
        self._install()
        connection = self._connect()
        defaults = {each.dest: parser.get_default(each.dest) for each in _arguments(parser, ())}
        self._keep(connection, {dest: value for dest, value in defaults.items() if value is not None})

    def _install(self) -> None:
        link = self
        if _Patch.before is None:
            _Patch.before = argparse.ArgumentParser.parse_known_args

        def parse_known_args(parser: Any, args: Any = None, namespace: Any = None, **more: Any) -> Any:
            return link._parsed(parser, args, namespace, more)

        argparse.ArgumentParser.parse_known_args = parse_known_args  # type: ignore[method-assign,assignment]

    @staticmethod
    def remove() -> None:
        """Leaves parsers alone again."""
        if _Patch.before is not None:
            argparse.ArgumentParser.parse_known_args = _Patch.before  # type: ignore[method-assign]
            _Patch.before = None

    def _parsed(self, parser: argparse.ArgumentParser, args: Any, namespace: Any, more: dict[str, Any]) -> Any:
        # A sub-command's parser is parsed inside its parent, which then has all the values.
        if getattr(self._inside, "depth", 0) or not (self._all or parser in self._chosen):
            return _parse(parser, args, namespace, **more)
        connection = self._connect()
        actions = _arguments(parser, self._left_out)
        names = {each.dest: find_name(f"{ARGS}/{each.dest}", connection.stored) for each in actions}
        given = {dest: connection.stored[name] for dest, name in names.items() if name is not None}
        self._inside.depth = 1
        try:
            with _relaxed(actions, given):
                found, rest = _parse(parser, args, namespace, **more)
        finally:
            self._inside.depth = 0
        for action in actions:
            if action.dest in given:
                setattr(found, action.dest, read_argument(action, given[action.dest]))
        self._keep(connection, {each.dest: getattr(found, each.dest, None) for each in actions})
        return found, rest

    def _keep(self, connection: Connection, values: Mapping[str, Any]) -> None:
        names = {f"{ARGS}/{dest}": value for dest, value in values.items()}
        new = {
            name: keepable(value)
            for name, value in names.items()
            if find_name(name, connection.stored) is None and is_keepable(value)
        }
        if new:
            connection.write(new)


def _parsed_before() -> dict[str, Any]:
    """Gives the values of the parsed command lines in the variables of the callers, the innermost first."""
    found: dict[str, Any] = {}
    frame = inspect.currentframe()
    while frame is not None:
        for value in list(frame.f_locals.values()):
            if type(value) is argparse.Namespace:
                found = vars(value) | found
        frame = frame.f_back
    return found


def _arguments(parser: argparse.ArgumentParser, left_out: Collection[str]) -> list[argparse.Action]:
    """Lists the arguments that have values, those of sub-commands included."""
    found: list[argparse.Action] = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                found += [a for a in _arguments(each, left_out) if a.dest not in {b.dest for b in found}]
        is_value = action.dest != argparse.SUPPRESS and not isinstance(action, (argparse._HelpAction,))
        if is_value and not isinstance(action, argparse._VersionAction) and action.dest not in left_out:
            found.append(action)
    return found


@contextmanager
def _relaxed(actions: list[argparse.Action], given: Mapping[str, Any]) -> Iterator[None]:
    """Does not ask the command line for what the task gives."""
    before = [(each, each.required, each.nargs) for each in actions if each.dest in given]
    try:
        for each, _, nargs in before:
            each.required = False
            if not each.option_strings and not isinstance(each, argparse._SubParsersAction):
                each.nargs = "?" if nargs is None else "*"
        yield
    finally:
        for each, required, nargs in before:
            each.required, each.nargs = required, nargs


def read_argument(action: argparse.Action, value: Any) -> Any:
    """Gives a task's value as the argument would have it.

    Raises:
        InvalidInput: When it cannot become the argument's type, or is none of its choices; it names both.
    """
    name = f"{ARGS}/{action.dest}"
    many = action.nargs in ("*", "+") or (isinstance(action.nargs, int) and action.nargs != 0)
    if value is None:
        return None
    if many or isinstance(action, argparse._AppendAction):
        found = as_default(name, value, [])
        items = [_item(action, name, each) for each in found]
        _check(action, name, *items)
        return items
    found = _item(action, name, value)
    _check(action, name, found)
    return found


def _check(action: argparse.Action, name: str, *values: Any) -> None:
    if action.choices is None or isinstance(action, argparse._SubParsersAction):
        return
    for value in values:
        if value not in action.choices:
            allowed = ", ".join(repr(each) for each in action.choices)
            raise InvalidInput(f"the parameter {name!r} is {value!r}; the script allows {allowed}.")


def _item(action: argparse.Action, name: str, value: Any) -> Any:
    if action.nargs == 0:  # a switch
        return as_default(name, value, action.const) if action.const is not None else value
    if action.type is None:
        return value if isinstance(action.default, (list, tuple)) else as_default(name, value, action.default)
    read: Any = action.type if callable(action.type) else str
    plain = read in (int, float, str)
    if plain and type(action.default) is read:
        return as_default(name, value, action.default)
    try:
        return cast(value, read()) if plain else read(value if isinstance(value, str) else str(value))
    except (TypeError, ValueError, argparse.ArgumentTypeError) as error:
        raise InvalidInput(
            f"the parameter {name!r} is {value!r} ({type(value).__name__}); the script reads it with "
            f"{getattr(read, '__name__', read)!r} (its own default is {action.default!r}), which says: {error}."
        ) from error
