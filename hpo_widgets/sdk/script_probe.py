"""The helper process that runs a script up to the point where it reads its command line, and writes down what it reads.

Imports the standard library only, so that the script finds a process as clean as its own. It ends itself with
`os._exit` in the middle of the script's call: no `finally`, no exit handler, no training runs after it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import traceback
import types
import typing
from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, NoReturn

from hpo_widgets.agents.orphans import die_with_parent
from hpo_widgets.agents.script_args import CLICK_MODULES
from hpo_widgets.agents.script_imports import when_imported

MOST_CHOICES = 1000
"""Choices that are written down; longer lists are checked by the script itself."""
RAISED, ENDED = 70, 71
"""Exit codes: the script raised, or ended by itself without reading a command line."""
CLICK_TYPES = {"integer": "int", "float": "float", "boolean": "bool", "text": "str", "choice": "str"}
CLICK_TYPES |= {"integer range": "int", "float range": "float", "int": "int", "bool": "bool", "str": "str"}


def main() -> NoReturn:
    """Runs the script of the arguments: file for what is found, path, how often it parses and connects, its arguments.

    Never runs past the first command line that it reads, but for argparse's parsers without help before the last one,
    and for a script that connects parameters with its task: see `script_probe_task`.
    """
    die_with_parent()
    out, path, calls, sites, *args = sys.argv[1:]
    found = _Found(Path(out), int(calls), int(sites))
    if found.sites:
        from hpo_widgets.sdk.script_probe_task import watch_task

        watch_task(found)
    _watch_argparse(found)
    for name in CLICK_MODULES:
        when_imported(name, lambda core: _watch_click(core, found))
    main_module = types.ModuleType("__main__")
    main_module.__file__ = path
    sys.modules["__main__"] = main_module
    sys.argv = [path, *args]
    sys.path.insert(0, str(Path(path).parent))
    code = compile(Path(path).read_bytes(), path, "exec", dont_inherit=True)
    try:
        exec(code, vars(main_module))
    except SystemExit as error:
        found.end()
        if isinstance(error.code, str):
            sys.stderr.write(f"{error.code}\n")
        _leave(ENDED if error.code in (None, 0) else error.code if isinstance(error.code, int) else 1)
    except BaseException:  # noqa: BLE001 - whatever it raised is the answer
        traceback.print_exc()
        found.end()
        _leave(RAISED)
    found.end()
    _leave(ENDED)


def _leave(code: int) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code & 0xFF)


class _Found:
    """Collects what parsers declare.

    Args:
        out: File for the result.
        calls: Calls of a parser in the script's text.
        sites: Calls of its task's `connect` there.
    """

    def __init__(self, out: Path, calls: int, sites: int) -> None:
        self._out = out
        self._calls = calls
        self._seen = 0
        self._connected: set[Any] = set()
        self.sites = sites
        self.parameters: dict[str, dict[str, Any]] = {}

    def add(self, entries: Iterable[dict[str, Any]]) -> None:
        self.parameters |= {each["name"]: each for each in entries}

    def is_last(self, only_a_first_one: bool) -> bool:
        """Whether this call is the one to stop at: there is no other, or it is no parser that merely looks ahead."""
        self._seen += 1
        return not only_a_first_one or self._seen >= self._calls

    def finish(self, reads: str, error: str | None = None) -> NoReturn:
        self._write(reads, error)
        _leave(0)

    def _write(self, reads: str, error: str | None = None) -> None:
        result = {"reads": reads, "parameters": list(self.parameters.values()), "error": error}
        beside = self._out.with_suffix(".new")
        beside.write_text(json.dumps(result))
        os.replace(beside, self._out)

    # -- a script that connects its parameters with its task
    def connected(self, parameters: Mapping[str, Any], site: Any) -> None:
        self._connected.add(site)
        for name, value in parameters.items():
            kind = type(value).__name__ if isinstance(value, (bool, int, float, str)) else None
            self.parameters.setdefault(name, {"name": name, "default": plain(value), "type": kind})
        self._write("task")  # what is known when time is over
        self.finish_if_done()

    def finish_if_done(self) -> None:
        if len(self._connected) >= self.sites and self._seen >= self._calls:
            self.finish("task")

    def enough(self) -> None:
        self.finish("task")

    def end(self) -> None:
        """Ends with what was found when the script has ended by itself."""
        if self.sites and self.parameters:
            self.finish("task")


# -- argparse ------------------------------------------------------------------------------------------------------
def _watch_argparse(found: _Found) -> None:
    parse_known, parse = argparse.ArgumentParser.parse_known_args, argparse.ArgumentParser.parse_args
    inside: list[bool] = []

    def parse_args(self: Any, args: Any = None, namespace: Any = None) -> Any:
        inside.append(True)
        _read_parser(self, args, found, parse_known, strict=True)
        if not found.sites:
            found.finish("argparse")
        return go_on(parse, self, args, namespace)

    def go_on(call: Any, self: Any, args: Any, namespace: Any) -> Any:
        """Lets the script have what it parsed, required or not, and go on to what it connects."""
        found.is_last(only_a_first_one=True)
        for each in self._actions:
            each.required = False
        try:
            parsed = call(self, args, namespace)
        finally:
            inside.pop()
        found.finish_if_done()
        return parsed

    def parse_known_args(self: Any, args: Any = None, namespace: Any = None, **more: Any) -> Any:
        if inside:  # a sub-command's parser, called by its parent
            return parse_known(self, args, namespace, **more)
        if found.sites:
            inside.append(True)
            _read_parser(self, args, found, parse_known, strict=False)
            return go_on(parse_known, self, args, namespace)
        if found.is_last(only_a_first_one=not self.add_help):
            inside.append(True)
            _read_parser(self, args, found, parse_known, strict=False)
            found.finish("argparse")
        inside.append(True)
        try:
            parsed = parse_known(self, args, namespace, **more)
        finally:
            inside.pop()
        found.add(_actions(self, vars(parsed[0])))
        return parsed

    argparse.ArgumentParser.parse_args = parse_args  # type: ignore[method-assign]
    argparse.ArgumentParser.parse_known_args = parse_known_args  # type: ignore[method-assign]


def _read_parser(self: Any, args: Any, found: _Found, parse_known: Any, *, strict: bool) -> None:
    """Notes what a parser takes, and which of it the command line gives."""
    actions = _all_actions(self, sys.argv[1:] if args is None else list(args))
    defaults = [(each, each.default, each.required) for each in actions]
    for each in actions:
        each.default, each.required = argparse.SUPPRESS, False
    for group in self._mutually_exclusive_groups:
        group.required = False
    before, self._defaults = self._defaults, {}

    def refuse(message: str) -> NoReturn:
        found.finish("argparse", f"{message} (args: {' '.join(sys.argv[1:]) or 'none'})")

    self.error = refuse
    given, rest = parse_known(self, args, None)
    if rest and strict:
        refuse(f"unrecognized arguments: {' '.join(rest)}")
    self._defaults = before
    for each, default, required in defaults:
        each.default, each.required = before.get(each.dest, default), required
    found.add(_describe(self, actions, vars(given)))


def _all_actions(parser: Any, args: list[str]) -> list[Any]:
    """Gives the arguments of a parser and of the sub-commands that the command line names."""
    found = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word in args:
                if word in action.choices:
                    found += _all_actions(action.choices[word], args)
                    break
        elif not isinstance(action, (argparse._HelpAction, argparse._VersionAction)):
            found.append(action)
    return found


def _actions(parser: Any, given: Mapping[str, Any]) -> list[dict[str, Any]]:
    return _describe(parser, _all_actions(parser, []), given)


def _describe(parser: Any, actions: list[Any], given: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for each in actions:
        if each.dest in found or each.dest == argparse.SUPPRESS:
            continue
        was_given = each.dest in given
        default = given[each.dest] if was_given else None if each.default == argparse.SUPPRESS else each.default
        found[each.dest] = {
            "name": f"Args/{each.dest}",
            "default": plain(_as_parsed(each, default)),
            "required": bool(each.required) and not was_given,
            "type": _argparse_type(each, default),
            "choices": choices_of(each.choices),
            "help": _help(parser, each),
        }
    return list(found.values())


def _as_parsed(action: Any, default: Any) -> Any:
    """Gives a default as the script sees it: argparse passes text through the argument's type."""
    if isinstance(default, str) and action.type in (int, float):
        with contextlib.suppress(ValueError):
            return action.type(default)
    return default


def _argparse_type(action: Any, default: Any) -> str | None:
    if isinstance(action, argparse._CountAction):
        return "int"
    if action.nargs == 0:
        constant = getattr(action, "const", None)
        return "bool" if isinstance(constant, bool) or constant is None else type(constant).__name__
    kind = None if action.type is None else getattr(action.type, "__name__", str(action.type))
    if type(action).__name__ == "BooleanOptionalAction":
        kind = "bool"
    many = isinstance(action.nargs, int) or action.nargs in ("*", "+") or type(action).__name__ in MANY
    if many:
        return f"list[{kind}]" if kind else "list"
    if kind is None and isinstance(default, (bool, int, float, str)):
        kind = type(default).__name__  # a command line would give text here; the default says what is meant
    return kind


MANY = ("_AppendAction", "_ExtendAction")


def _help(parser: Any, action: Any) -> str:
    try:
        return str(parser._get_formatter()._expand_help(action)) if action.help else ""
    except (KeyError, TypeError, ValueError):  # a stray % in the text
        return str(action.help)


# -- click and typer -----------------------------------------------------------------------------------------------
def _watch_click(core: types.ModuleType, found: _Found) -> None:
    old: Any = getattr(core, "BaseCommand", None)
    command: Any = old if isinstance(old, type) and "make_context" in vars(old) else core.Command

    go_on = command.make_context
    seen: list[Any] = []

    def make_context(self: Any, info_name: Any, args: list[str], *more: Any, **named: Any) -> Any:
        if not seen:  # else it is a sub-command, called by its parent
            seen.append(self)
            _read_command(self, list(args), found)
            if not found.sites:
                found.finish("click")
            found.is_last(only_a_first_one=True)
            found.finish_if_done()
        return go_on(self, info_name, args, *more, **named)

    command.make_context = make_context


def _read_command(command: Any, args: list[str], found: _Found) -> None:
    """Notes what a command and the sub-commands that the command line names take; from then on nothing is needed."""
    while True:
        found.add([_click_parameter(each, args) for each in command.params if each.expose_value])
        for each in command.params:
            each.required, each.prompt = False, None
        named = [word for word in args if word in getattr(command, "commands", {})]
        if not named:
            return
        command = command.commands[named[0]]


def _click_parameter(parameter: Any, args: list[str]) -> dict[str, Any]:
    kind, choices = _click_type(parameter)
    many = parameter.nargs != 1 or getattr(parameter, "multiple", False)
    default = parameter.default
    unset = repr(default) == "Sentinel.UNSET" or callable(default)
    names = (*parameter.opts, *parameter.secondary_opts)
    was_given = any(word.partition("=")[0] in names for word in args)
    is_argument = parameter.param_type_name == "argument"
    return {
        "name": f"Args/{parameter.name}",
        "default": None if unset else plain(default),
        "required": bool(parameter.required) and not was_given and not (is_argument and args),
        "type": f"list[{kind}]" if many else kind,
        "choices": choices_of(choices),
        "help": getattr(parameter, "help", None) or "",
    }


def _click_type(parameter: Any) -> tuple[str, Any]:
    """Gives the type's name and the choices; newer versions of typer keep the annotation instead of click's type."""
    if getattr(parameter, "count", False):
        return "int", None
    declared = getattr(parameter, "type", None)
    if declared is not None:
        return CLICK_TYPES.get(declared.name, declared.name), getattr(declared, "choices", None)
    described = parameter.type_descriptor
    inner = typing.get_args(described.annotation)
    kind = inner[0] if inner else described.annotation
    return getattr(kind, "__name__", str(kind)), described.choices


# -- values --------------------------------------------------------------------------------------------------------
def plain(value: Any) -> Any:
    """Gives a value that JSON has; the text of anything else."""
    if isinstance(value, Enum):
        return plain(value.value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return str(value)


def choices_of(choices: Any) -> list[Any] | None:
    """Gives choices that JSON has; `None` when there are none, too many, or others."""
    if choices is None:
        return None
    found = [plain(each) if isinstance(each, Enum) else each for each in list(choices)[: MOST_CHOICES + 1]]
    if len(found) > MOST_CHOICES or not all(isinstance(each, (bool, int, float, str)) for each in found):
        return None
    return found
