"""Reads the command line and hands over to the module of its sub-command."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
from typing import Any

from hpo_widgets import __version__
from hpo_widgets.errors import HpoError, InvalidInput

COMMANDS = {
    "agent": ("hpo_widgets.cli.agent", "serve a queue of the store: run the tasks that wait in it"),
    "doctor": ("hpo_widgets.cli.doctor", "say what works on this machine, and what to do about what does not"),
    "optimize": ("hpo_widgets.cli.optimize", "run a script in the style of Comet on a search, in several processes"),
    "param-search": ("hpo_widgets.cli.param_search", "search the parameters of a script, notebook or recorded task"),
    "show": ("hpo_widgets.cli.show", "list the studies of the store, print one, or write its report"),
}
"""Sub-command to its module and what it does. A module has `add_arguments(parser)` and `run(arguments)`."""

DONE, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130


def run(given: list[str] | None = None) -> int:
    """Runs a sub-command and gives its exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    words = sys.argv[1:] if given is None else given
    try:
        parser = _parser(words)
        arguments, unknown = parser.parse_known_args(words)
        if unknown:
            arguments.usage.error(f"unrecognized arguments: {' '.join(unknown)}")
        if arguments.command is None:
            parser.print_help()
            return BAD_INPUT
        code: int = arguments.run(arguments)
        sys.stdout.flush()
    except InvalidInput as error:
        print(f"hpo-widgets {arguments.command}: {error}", file=sys.stderr)
        return BAD_INPUT
    except HpoError as error:
        print(f"hpo-widgets {arguments.command}: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # `| head` has read enough; what is still in the buffer goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    return code


def _parser(words: list[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hpo-widgets", description="Hyperparameter optimization without a server.")
    parser.set_defaults(usage=parser)
    parser.add_argument("--version", action="version", version=f"hpo-widgets {__version__}")
    below = parser.add_subparsers(dest="command", metavar="SUB-COMMAND")
    for name, (module, about) in COMMANDS.items():
        each = below.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.")
        if name in words:  # the others are listed without being loaded
            loaded: Any = importlib.import_module(module)
            loaded.add_arguments(each)
            each.set_defaults(run=loaded.run, usage=each)
    return parser
