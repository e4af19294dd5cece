"""Makes a base task of a script: what it is, which parameters it takes, and what it needs; trains nothing."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

from hpo_widgets.agents.script_kind import Script, read_parameter
from hpo_widgets.agents.script_literals import literals
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.base_task import BaseParameter, BaseTask
from hpo_widgets.sdk.script_hydra import hydra_parameters
from hpo_widgets.sdk.script_probe import ENDED, RAISED
from hpo_widgets.sdk.script_process import run_bounded
from hpo_widgets.sdk.script_text import (
    ScriptText,
    connect_calls,
    declared_statically,
    installed_modules,
    parser_calls,
    parser_of,
    read_script,
)
from hpo_widgets.store.base import Store
from hpo_widgets.store.location import open_store

PROBE_S = 60.0
"""How long a script may take to the point where it reads its command line: its imports, on a busy machine."""
START = (
    "import sys, os; sys.path[:] = sys.argv.pop().split(os.pathsep); from hpo_widgets.sdk.script_probe import main; "
    "main()"
)
METRICS = (None, "stdout")
UNREAD = "what it connects with its task is not read from a script that uses Hydra: put it in its configuration."
"""Is said beside a name that such a script does not have."""
RUNNER = ("hpo_widgets.agents.script_kind", "argparse", "ast")
"""What every task of a script imports."""
TASK_MODULES = ("hpo_widgets.sdk.task",)
"""What one that connects its parameters with its task imports too."""


@dataclass(frozen=True, kw_only=True)
class CapturedScript:
    """Is a script ready to be kept in a store."""

    script: Script
    about: dict[str, Any]
    """JSON: name, parameters, modules, sources, command line."""

    def keep(self, store: Store) -> BaseTask:
        """Keeps it; gives the base task."""
        code = store.put_code("script", self.script.to_bytes(), self.about)
        return BaseTask(
            name=self.script.name, kind="script", code=code, parameters=self.script.parameters, about=self.about
        )


def script_base_task(
    path: str | PathLike[str], *, args: Sequence[Any] = (), metrics: str | None = None, store: Store | None = None
) -> BaseTask:
    """Makes a base task of a script, unmodified, and keeps it in the store. Nothing is trained.

    A script that uses argparse, click or typer runs in a process of its own up to where it reads its command line, one
    that connects parameters with its task (`Task.init(...).connect(...)`) up to the last of them, at the latest to its
    first report; one that uses Hydra has it compose its configuration, and what it connects is not read; of any other,
    the literals at its top (`lr = 1e-3`) are its parameters. Blocks for as long as the script's imports take.

    Args:
        path: The script.
        args: Its command line; what is searched comes on top.
        metrics: `"stdout"` records lines such as `epoch=3 loss=0.25`; TensorBoard writers and
            `hpo_widgets.integrations` are recorded in any case.
        store: Where to keep it; the store in force when absent.

    Raises:
        InvalidInput: When the script is missing, is no Python, fails before it reads its command line (with what it
            printed), or has no parameters.
    """
    return capture_script(path, args=args, metrics=metrics).keep(open_store() if store is None else store)


def capture_script(
    path: str | PathLike[str], *, args: Sequence[Any] = (), metrics: str | None = None
) -> CapturedScript:
    """Reads what `script_base_task` keeps; see there."""
    check_metrics(metrics)
    if isinstance(args, (str, bytes)):
        raise InvalidInput(f"args={args!r} is one text; give the words of the command line as a list.")
    text = read_script(path)
    words = tuple(map(str, args))
    reads, parameters = _parameters(text, words)
    if not parameters:
        raise InvalidInput(
            f"{text.path.name!r} has no parameters to search: it reads no command line with argparse, click, typer or "
            "Hydra, connects nothing with its task, and no name at its top is bound once to a literal (lr = 1e-3)."
        )
    script = Script(
        path=str(text.path), source=text.source, args=words, reads=reads, metrics=metrics, parameters=parameters
    )
    about = {
        "name": script.name,
        "script": script.path,
        "args": list(words),
        "reads": reads,
        "metrics": metrics,
        "parameters": [asdict(each) for each in parameters],
        **({"unread": UNREAD} if reads == "hydra" and connect_calls(text) else {}),
        "modules": sorted({*installed_modules(text), *RUNNER, *(TASK_MODULES if reads == "task" else ())}),
        "sources": {script.path: text.source},
        "command": [sys.executable, script.path, *words],
    }
    return CapturedScript(script=script, about=about)


def check_metrics(metrics: str | None) -> None:
    """Checks where else than from reports metrics come.

    Raises:
        InvalidInput: For an unknown word.
    """
    if metrics not in METRICS:
        raise InvalidInput(f"metrics={metrics!r} is unknown; use 'stdout', or leave it out.")


def static_parameters(path: str | PathLike[str]) -> tuple[BaseParameter, ...]:
    """Lists what a script's text alone says that it takes; empty when only running it up to its command line tells.

    Raises:
        InvalidInput: When the script is missing or is no Python.
    """
    text = read_script(path)
    parser = parser_of(text)
    if parser is None:
        return tuple(_of_literal(name, value) for name, value in literals(text.tree).items())
    return declared_statically(text) if parser == "argparse" else ()


def _parameters(text: ScriptText, args: Sequence[str]) -> tuple[str, tuple[BaseParameter, ...]]:
    parser = parser_of(text)
    sites = connect_calls(text)
    if sites and parser != "hydra":
        return _probe(text, args, "task", sites, clicks=parser in ("click", "typer"))
    if parser is None:
        found = literals(text.tree)
        return "literals", tuple(_of_literal(name, value) for name, value in found.items())
    if parser == "hydra":
        return "hydra", hydra_parameters(text, args)
    return _probe(text, args, "click" if parser == "typer" else parser)


def _of_literal(name: str, value: Any) -> BaseParameter:
    kind = type(value).__name__ if isinstance(value, (bool, int, float, str)) else None
    return BaseParameter(name=f"General/{name}", default=value, type=kind)


def _probe(
    text: ScriptText, args: Sequence[str], parser: str, sites: int = 0, *, clicks: bool = False
) -> tuple[str, tuple[BaseParameter, ...]]:
    """Runs the script up to where it reads its command line, or has connected its parameters and read that too."""
    with tempfile.TemporaryDirectory(prefix="hpo-script-") as folder:
        out = Path(folder) / "found.json"
        counts = str(parser_calls(text) + clicks), str(sites)
        words = ["-c", START, str(out), str(text.path), *counts, *args, os.pathsep.join(sys.path)]
        code, said = run_bounded([sys.executable, *words], PROBE_S)
        # A script that trains before it has connected everything is ended by the clock: what it had counts.
        found = json.loads(out.read_text()) if code in (0, None) and out.exists() else None
    name = text.path.name
    what = "connected its parameters with its task" if parser == "task" else "read its command line"
    if found is not None:
        if found["error"]:
            raise InvalidInput(f"{name!r} does not take these arguments: {found['error']}.")
        return found["reads"], tuple(map(read_parameter, found["parameters"]))
    if code is not None and code != ENDED:
        how = "raised" if code == RAISED else f"ended by signal {-code}" if code < 0 else f"exited with code {code}"
        raise InvalidInput(f"{name!r} {how} before it {what}. It said:\n{said or '(nothing)'}")
    if parser == "task":
        how = f"had not within {PROBE_S:.0f} s" if code is None else "ended without it"
        raise InvalidInput(f"{name!r} should have {what}, but {how}. It said:\n{said or '(nothing)'}")
    declared = declared_statically(text) if parser == "argparse" else ()
    if not declared:
        how = f"did not within {PROBE_S:.0f} s" if code is None else "ended without it"
        raise InvalidInput(
            f"{name!r} uses {parser} and should read its command line, but {how}. It said:\n{said or '(nothing)'}"
        )
    # Which of the needed ones the command line gives is not known here; the script itself will say what it misses.
    return "argparse", tuple(replace(each, required=each.required and not args) for each in declared)
