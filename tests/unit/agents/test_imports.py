"""What a fork server and a task's process load: each megabyte costs every task a part of a millisecond."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import importlib, sys
before = set(sys.modules)
from hpo_widgets.agents import forkserver_main
for name in forkserver_main.PRELOAD:
    importlib.import_module(name)
loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
print(*sorted(loaded - set(sys.stdlib_module_names)))
"""


def test_the_fork_server_loads_the_standard_library_only() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )

    assert done.stdout.split() == ["hpo_widgets"]
