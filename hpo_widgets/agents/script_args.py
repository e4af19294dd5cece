"""Gives a script's own command line other values: argparse's namespaces, click's and typer's parameters."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from hpo_widgets.agents.script_imports import when_imported
from hpo_widgets.agents.script_parameters import SHOWN, not_a_choice
from hpo_widgets.errors import InvalidInput

CLICK_MODULES = ("click.core", "typer._click.core")
"""Where click lives: by itself, and inside newer versions of typer."""
BUILT_IN = (None, int, float, str, bool)


class Injection:
    """Holds the values of one run by the script's own names, and which of them the script has taken.

    Args:
        values: Value by argparse's `dest` or click's parameter name, of the declared type already.
        base: What people call the script.
    """

    def __init__(self, values: Mapping[str, Any], base: str) -> None:
        self.values = dict(values)
        self.left = set(values)
        self._base = base

    def install(self) -> None:
        """Has argparse, click and typer give the values, from now on, in this process."""
        self._install_argparse()
        for name in CLICK_MODULES:
            when_imported(name, self._install_click)

    def _install_argparse(self) -> None:
        parse = argparse.ArgumentParser.parse_known_args
        injection = self

        def parse_known_args(self: Any, args: Any = None, namespace: Any = None, **more: Any) -> Any:
            actions = [each for each in self._actions if each.dest in injection.values]
            for action in actions:
                action.required = False
            for group in self._mutually_exclusive_groups:
                if any(action in actions for action in group._group_actions):
                    group.required = False
            parsed, rest = parse(self, args, namespace, **more)
            for action in actions:
                setattr(parsed, action.dest, injection.of_action(action))
                injection.left.discard(action.dest)
            return parsed, rest

        argparse.ArgumentParser.parse_known_args = parse_known_args  # type: ignore[method-assign]

    def of_action(self, action: argparse.Action) -> Any:
        """Gives the value for one argument, through the script's own `type=` function where it has one.

        Raises:
            InvalidInput: When that function refuses it or it is not among the choices.
        """
        value = self.values[action.dest]
        found = [self._typed(action, each) for each in value] if isinstance(value, list) else self._typed(action, value)
        for each in found if isinstance(found, list) else [found]:
            if action.choices is not None and each not in action.choices:
                raise InvalidInput(not_a_choice(f"Args/{action.dest}", self._base, each, action.choices))
        return found

    def _typed(self, action: argparse.Action, value: Any) -> Any:
        if action.type in BUILT_IN or not callable(action.type) or value is None:
            return value
        try:
            return action.type(str(value))
        except (argparse.ArgumentTypeError, TypeError, ValueError) as error:
            kind = getattr(action.type, "__name__", repr(action.type))
            raise InvalidInput(
                f"the parameter 'Args/{action.dest}' of {self._base!r} takes {kind} and was given "
                f"{value!r:.{SHOWN}}: {error}."
            ) from None

    def _install_click(self, core: ModuleType) -> None:
        handle = core.Parameter.handle_parse_result
        injection = self

        def handle_parse_result(self: Any, ctx: Any, opts: Any, args: Any) -> Any:
            if self.name in injection.values:
                opts = {**opts, self.name: injection.values[self.name]}
                injection.left.discard(self.name)
            return handle(self, ctx, opts, args)

        core.Parameter.handle_parse_result = handle_parse_result
