"""The parameters of a script that uses Hydra: the leaves of the configuration that it composes."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.base_task import BaseParameter
from hpo_widgets.sdk.script_process import run_bounded
from hpo_widgets.sdk.script_text import ScriptText

PRINT_S = 60.0
"""How long the script may take to its imports and its configuration."""
PROGRAM = """
import runpy, sys
sys.stdout, sys.argv = open(sys.argv[1], "w"), sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")
sys.stdout.close()
"""


def hydra_parameters(text: ScriptText, args: Sequence[str]) -> tuple[BaseParameter, ...]:
    """Gives a parameter for each leaf of the script's configuration, named as its overrides are: `Hydra/optim.lr`.

    Hydra itself prints the configuration (`--cfg job`) and does not call the script's function.

    Raises:
        InvalidInput: When the script does not get that far, with what it said.
    """
    with tempfile.TemporaryDirectory(prefix="hpo-script-") as folder:
        out = Path(folder) / "config.yaml"
        path = str(text.path)
        code, said = run_bounded([sys.executable, "-c", PROGRAM, str(out), path, *args, "--cfg", "job"], PRINT_S)
        if code != 0:
            how = f"did not print its configuration within {PRINT_S:.0f} s" if code is None else f"exited with {code}"
            raise InvalidInput(f"{text.path.name!r} uses Hydra and {how}. It said:\n{said or '(nothing)'}")
        return tuple(_leaves(_load(out)))


def _load(file: Path) -> Any:
    from omegaconf import OmegaConf

    return json.loads(json.dumps(OmegaConf.to_container(OmegaConf.load(file))))


def _leaves(value: Any, before: str = "") -> Iterator[BaseParameter]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _leaves(each, f"{before}.{name}" if before else str(name))
    elif before:
        kind = type(value).__name__ if isinstance(value, (bool, int, float, str)) else None
        open_ = isinstance(value, str) and (value == "???" or "${" in value)
        yield BaseParameter(
            name=f"Hydra/{before}",
            default=None if value == "???" else value,
            required=value == "???",
            type=None if open_ else kind,
        )
