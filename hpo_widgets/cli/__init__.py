"""The command line: `hpo-widgets SUB-COMMAND`, one module a sub-command.

Promise: each sub-command says what it does with `--help`; exit codes are 0 (done), 1 (it failed), 2 (bad input, nothing
started) and 130 (ended by Ctrl-C, in order); what is wrong is said in one message without a traceback. On a terminal
progress is shown; when piped, plain lines.

May import: everything below `widgets`; a sub-command's module is imported only when it is used.
Threads: the main thread only, which handles signals; what runs in the background belongs to what is started.
"""

from __future__ import annotations


def main(arguments: list[str] | None = None) -> int:
    """Runs a sub-command and gives its exit code."""
    from hpo_widgets.cli.main import run

    return run(arguments)
