"""Code of the kind `script`: a file that runs as `__main__` with values for its parameters, otherwise unmodified."""

from __future__ import annotations

import ast
import json
import sys
import types
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hpo_widgets.agents import metrics_tensorboard, script_literals
from hpo_widgets.agents.launcher import Job
from hpo_widgets.agents.metrics_stdout import StdoutMetrics
from hpo_widgets.agents.reporter import current_task
from hpo_widgets.agents.script_args import Injection
from hpo_widgets.agents.script_console import ConsoleLines
from hpo_widgets.agents.script_parameters import values_of
from hpo_widgets.errors import HpoError
from hpo_widgets.model.base_task import BaseParameter

FORMAT = 1
ARGS = "Args"
"""Section of what is on a command line."""


@dataclass(frozen=True, kw_only=True)
class Script:
    """Is all that is needed to run a script: the body of its code in the store, as JSON."""

    path: str
    """Where it lies, absolute: its folder comes first on the import path."""
    source: str
    """Its text when the study was made; this is what runs."""
    args: tuple[str, ...] = ()
    """Its command line, searched parameters aside."""
    reads: str
    """How it gets its parameters: `argparse`, `click`, `hydra`, `task` (it connects them) or `literals`."""
    metrics: str | None = None
    """`stdout` when printed lines are metrics."""
    parameters: tuple[BaseParameter, ...] = ()

    @property
    def name(self) -> str:
        """What people call it: the file's name."""
        return Path(self.path).name

    def to_bytes(self) -> bytes:
        """Gives the stored form."""
        return json.dumps({"format": FORMAT, **asdict(self)}, ensure_ascii=True).encode()

    @classmethod
    def from_bytes(cls, body: bytes) -> Script:
        """Reads the stored form.

        Raises:
            HpoError: When a newer version wrote it.
        """
        data = json.loads(body)
        if data.pop("format") != FORMAT:
            raise HpoError("this script was stored by another version of hpo_widgets; start a new study with it.")
        parameters = tuple(map(read_parameter, data.pop("parameters")))
        return cls(**{**data, "args": tuple(data["args"])}, parameters=parameters)


def read_parameter(data: dict[str, Any]) -> BaseParameter:
    """Reads a parameter from its JSON form, which is `asdict`'s."""
    choices = data.get("choices")
    return BaseParameter(**{**data, "choices": None if choices is None else tuple(choices)})


def load(job: Job, body: bytes) -> Callable[..., None]:
    """Gives what runs the script in this process, once, with the job's parameters by name.

    Raises:
        InvalidInput: When a parameter's name or value is none that the script takes.
    """
    script = Script.from_bytes(body)
    found = values_of(job.parameters, script.parameters, script.name)

    def run(**_: Any) -> None:
        _run(script, found)

    return run


def _run(script: Script, found: dict[str, Any]) -> None:
    values = {name.partition("/")[2]: value for name, value in found.items()}
    main = _become_main(script)
    tree = ast.parse(script.source, filename=script.path)
    left: Collection[str] = ()
    if script.reads == "literals":
        left = values.keys() - script_literals.replace(tree, values)
    elif script.reads == "hydra":
        sys.argv += [f"{name}={_hydra_text(value)}" for name, value in values.items()]
    elif script.reads == "task":
        left = _give_to_task(script, found)
    else:
        injection = Injection(values, script.name)
        injection.install()
        left = injection.left
    code = compile(tree, script.path, "exec", dont_inherit=True)
    with observed(script.metrics):
        try:
            exec(code, vars(main))
        except SystemExit as error:
            if error.code not in (None, 0):
                raise
    if left:
        listed = ", ".join(sorted(left))
        raise HpoError(
            f"{script.name!r} ended without reading the parameters {listed}: their values had no effect. It must "
            "parse its command line, and connect its parameters, in every run."
        )


@contextmanager
def observed(metrics: str | None) -> Iterator[None]:
    """Has what a script writes be its task's: TensorBoard's scalars, and printed lines when they are metrics.

    Args:
        metrics: `stdout` when printed lines are metrics.
    """
    task = current_task()
    on_line = None
    if task is not None:
        metrics_tensorboard.install(task)
        on_line = StdoutMetrics(task) if metrics == "stdout" else None
    console = ConsoleLines(sys.stdout, on_line), ConsoleLines(sys.stderr)
    sys.stdout, sys.stderr = console
    try:
        yield
    finally:
        for each in console:
            each.finish()


class _Left(Collection[str]):
    """Is what neither the script's `connect` nor its command line has taken so far."""

    def __init__(self, connected: set[str], parsed: set[str]) -> None:
        self._connected, self._parsed = connected, parsed

    def __iter__(self) -> Iterator[str]:
        parsed = {f"{ARGS}/{name}" for name in self._parsed}
        return iter({name for name in self._connected if not name.startswith(f"{ARGS}/") or name in parsed})

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return name in set(self)


def _give_to_task(script: Script, found: dict[str, Any]) -> Collection[str]:
    """Has the script's `connect` and command line give the values; gives the names that are left at any time."""
    task = current_task()
    connected = set(found)
    if task is not None:
        task.given, task.left = dict(found), connected
    injection = Injection(
        {name.partition("/")[2]: value for name, value in found.items() if name.startswith(f"{ARGS}/")}, script.name
    )
    injection.install()
    return _Left(connected, injection.left)


def _become_main(script: Script) -> types.ModuleType:
    """Makes this process look as if the interpreter had been started with the script."""
    main = types.ModuleType("__main__")
    main.__file__ = script.path
    vars(main).update(__builtins__=__builtins__, __cached__=None, __package__=None)
    sys.modules["__main__"] = main
    sys.argv = [script.path, *script.args]
    sys.path.insert(0, str(Path(script.path).parent))
    return main


def _hydra_text(value: Any) -> str:
    """Gives a value in the grammar of Hydra's overrides."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        quoted = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{quoted}'"
    if isinstance(value, (list, tuple)):
        return f"[{','.join(map(_hydra_text, value))}]"
    return repr(value)
