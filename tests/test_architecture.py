"""Holds the arrows of the house: who may import whom, who may print, how long a file may be.

The rules are data (the tables below); `violations` applies them to parsed files, and the last tests plant one
violation of each kind to show that it is found.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "hpo_widgets"
MAX_LINES = 400

_DOORS = {"errors", "model", "dialects", "strategies", "store", "charts", "agents", "engine", "study"}
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "model": {"errors"},
    "dialects": {"errors", "model"},
    "strategies": {"errors", "model"},
    "store": {"errors", "model"},
    "charts": {"errors", "model"},
    "agents": {"errors", "model", "store"},
    "engine": {"errors", "model", "strategies", "store", "agents"},
    "publisher": set(),
    "study": {"errors", "model", "strategies", "store", "charts", "agents", "engine"},
    "sdk": _DOORS,
    "automation": _DOORS | {"sdk"},
    "comet": _DOORS | {"sdk"},
    "integrations": {"errors", "model", "agents"},
    "widgets": {"errors", "model", "dialects", "charts", "publisher", "study", "sdk"},
    "cli": _DOORS | {"sdk", "automation", "comet"},
    "root": _DOORS | {"sdk", "automation", "comet", "integrations", "widgets"},
}
"""Layer of hpo_widgets → the layers that it may import, besides itself; the root is the package's own `__init__`."""

_CLOCK_THREAD_FILE = {
    "asyncio", "concurrent", "io", "multiprocessing", "os", "pathlib", "shutil", "socket", "sqlite3", "subprocess",
    "tempfile", "threading", "time",
}  # fmt: skip
NEVER_IMPORT: dict[str, set[str]] = {
    "model": _CLOCK_THREAD_FILE,
    "strategies": _CLOCK_THREAD_FILE,
    "charts": {"ipywidgets", "anywidget", "IPython", "sqlite3", "subprocess", "threading"},
    "widgets": {"sqlite3", "subprocess", "threading"},
}
"""Layer → modules outside hpo_widgets that it never imports, not even lazily."""

MAY_DEPEND: dict[str, set[str]] = {
    "errors": set(),
    "model": {"pydantic"},
    "store": set(),
    "agents": {"cloudpickle", "psutil", "dask", "distributed", "IPython", "traitlets", "nbclient", "nbformat"},
    "engine": {"cloudpickle", "psutil"},
    "root": set(),
}
"""Layer → the third-party packages that it may import; layers not named here may import what they need."""

FORK_SERVER = {
    "birth", "child", "child_main", "console", "forkserver_main", "launcher", "orphans", "reporter", "results",
    "metrics_stdout", "metrics_tensorboard", "reuse", "running", "script_args", "script_console", "script_imports",
    "script_kind", "script_literals", "script_parameters", "wire",
}  # fmt: skip
"""Modules of `agents` that run in the fork server or in a task: third-party modules only psutil, and only lazily."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Is one parsed file of the package."""

    name: str  # path relative to the package, e.g. "model/space.py"
    text: str
    tree: ast.Module = field(repr=False)

    @property
    def layer(self) -> str:
        """Is the folder or module right below the package."""
        first = Path(self.name).with_suffix("").parts[0]
        return "root" if first == "__init__" else first

    @property
    def stem(self) -> str:
        return Path(self.name).stem


def source(name: str, text: str) -> Source:
    return Source(name=name, text=text, tree=ast.parse(text, filename=name))


def sources(package: Path = PACKAGE) -> list[Source]:
    return [source(path.relative_to(package).as_posix(), path.read_text()) for path in sorted(package.rglob("*.py"))]


def imports(tree: ast.AST, *, with_typing: bool) -> Iterator[tuple[int, str]]:
    """Yields line and full name of everything that is imported anywhere in the file.

    Args:
        with_typing: Whether imports under `if TYPE_CHECKING:` count.
    """
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING") and not with_typing:
            for other in node.orelse:
                yield from imports(other, with_typing=with_typing)
        else:
            yield from imports(node, with_typing=with_typing)


def violations(file: Source) -> list[str]:
    """Names every rule that one file breaks, with the line."""
    rules = (_wrong_arrows, _wrong_outside, _optuna_elsewhere, _prints, _too_long, _no_charter)
    return [f"{file.name}:{said}" for rule in rules for said in rule(file)]


def _wrong_arrows(file: Source) -> Iterator[str]:
    allowed = MAY_IMPORT.get(file.layer)
    if allowed is None:
        yield f"1: {file.layer!r} is no layer of the house; layers are {', '.join(sorted(MAY_IMPORT))}"
        return
    for line, name in imports(file.tree, with_typing=True):
        if name.startswith("."):
            yield f"{line}: relative import of {name!r}; write it from hpo_widgets on"
        if not name.startswith("hpo_widgets."):
            continue
        layer = name.split(".")[1]
        if layer not in {file.layer, "__version__"} and layer not in allowed:
            yield f"{line}: {file.layer} may not import {name}; it may import {', '.join(sorted(allowed)) or 'nothing'}"


def _wrong_outside(file: Source) -> Iterator[str]:
    never = NEVER_IMPORT.get(file.layer, set())
    in_fork_server = file.layer == "agents" and file.stem in FORK_SERVER
    depend = {"psutil"} if in_fork_server else MAY_DEPEND.get(file.layer)
    at_once = {node.lineno for node in file.tree.body}
    for line, name in imports(file.tree, with_typing=False):
        top = name.split(".")[0]
        if in_fork_server and line in at_once and top == "psutil":
            yield f"{line}: what the fork server imports stays small; import psutil where it is needed"
        if top in never:
            yield f"{line}: {file.layer} never imports {top}"
        if depend is not None and top not in {*sys.stdlib_module_names, "hpo_widgets", "", *depend}:
            yield f"{line}: {file.layer} does not depend on {top}; it may use {', '.join(sorted(depend)) or 'nothing'}"
    for node in ast.walk(file.tree):
        if file.layer in {"model", "strategies"} and isinstance(node, ast.Call) and ast.unparse(node.func) == "open":
            yield f"{node.lineno}: {file.layer} never opens a file"


def _optuna_elsewhere(file: Source) -> Iterator[str]:
    if file.layer == "strategies" and file.stem.startswith("optuna"):
        return
    for line, name in imports(file.tree, with_typing=False):
        if name.split(".")[0] == "optuna":
            yield f"{line}: only strategies/optuna*.py import optuna"


def _prints(file: Source) -> Iterator[str]:
    for node in ast.walk(file.tree):
        if file.layer != "cli" and isinstance(node, ast.Call) and ast.unparse(node.func) in {"print", "pprint"}:
            yield f"{node.lineno}: no print outside cli/"


def _too_long(file: Source) -> Iterator[str]:
    lines = file.text.count("\n") + 1
    if lines > MAX_LINES:
        yield f"{lines}: a file of {lines} lines hides a noun that wants a file; {MAX_LINES} at most"


def _no_charter(file: Source) -> Iterator[str]:
    if file.stem == "__init__" and "May import:" not in (ast.get_docstring(file.tree) or "") and file.layer != "root":
        yield "1: the docstring of a folder is its charter: promise, `May import:`, threads"


@pytest.mark.parametrize("file", sources(), ids=lambda file: file.name)
def test_file_keeps_the_rules_of_the_house(file: Source) -> None:
    assert violations(file) == []


def test_every_layer_that_exists_is_a_package_or_a_module_of_the_house() -> None:
    found = {file.layer for file in sources()}

    assert {"errors", "model", "root"} <= found <= set(MAY_IMPORT)
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert {name for name in folders if not (PACKAGE / name / "__init__.py").exists()} == set()


def test_modules_of_the_fork_server_exist() -> None:
    assert {name for name in FORK_SERVER if not (PACKAGE / "agents" / f"{name}.py").exists()} == set()


def test_arrows_have_no_circle() -> None:
    seen: set[str] = set()

    def visit(layer: str, path: tuple[str, ...]) -> None:
        assert layer not in path, f"circle: {' → '.join((*path, layer))}"
        for below in MAY_IMPORT[layer]:
            visit(below, (*path, layer))
        seen.add(layer)

    visit("root", ())
    visit("cli", ())
    assert seen == set(MAY_IMPORT)


def test_importing_the_package_loads_the_standard_library_only() -> None:
    code = (
        "import sys; before = set(sys.modules); import hpo_widgets, json;"
        "print(json.dumps([hpo_widgets.__file__, sorted(set(sys.modules) - before)]))"
    )

    said = subprocess.run(
        [sys.executable, "-c", code], cwd=PACKAGE.parent, check=True, capture_output=True, text=True, timeout=60
    )
    home, loaded = json.loads(said.stdout)

    assert Path(home).parent == PACKAGE
    assert [name for name in loaded if name.startswith("hpo_widgets.")] == []
    assert {name.split(".")[0] for name in loaded} - {"hpo_widgets"} <= set(sys.stdlib_module_names)


PLANTED = [
    ("model/space.py", "from hpo_widgets.store.sqlite import x", "model may not import"),
    ("model/space.py", "from hpo_widgets import study", "model may not import"),
    ("model/space.py", "import threading", "never imports threading"),
    ("model/space.py", "def f():\n    import numpy", "does not depend on numpy"),
    ("store/sqlite.py", "from hpo_widgets.engine.engine import Engine", "store may not import"),
    ("engine/planner.py", "if TYPE_CHECKING:\n    from hpo_widgets.widgets.app import App", "engine may not import"),
    ("agents/child.py", "def f():\n    import cloudpickle", "does not depend on cloudpickle"),
    ("agents/orphans.py", "import psutil", "import psutil where it is needed"),
    ("agents/agent.py", "import hpo_widgets.engine", "agents may not import"),
    ("strategies/tpe.py", "from time import monotonic", "never imports time"),
    ("strategies/grid.py", "open('x')", "never opens a file"),
    ("strategies/auto.py", "import optuna.samplers", "only strategies/optuna"),
    ("widgets/form.py", "from hpo_widgets.store import sqlite", "widgets may not import"),
    ("widgets/form.py", "def f():\n    import sqlite3", "never imports sqlite3"),
    ("widgets/form.py", "from ..model import space", "relative import"),
    ("study.py", "print('x')", "no print outside cli/"),
    ("study.py", "\n" * MAX_LINES, "hides a noun"),
    ("charts/__init__.py", '"""Charts."""', "charter"),
    ("helpers/strings.py", "", "no layer of the house"),
]


@pytest.mark.parametrize(("name", "text", "expected"), PLANTED, ids=[f"{name}: {said}" for name, _, said in PLANTED])
def test_planted_violation_is_found(name: str, text: str, expected: str) -> None:
    found = violations(source(name, text))

    assert len(found) == 1
    assert expected in found[0]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("model/space.py", "from hpo_widgets.errors import InvalidInput\nimport math\nfrom pydantic import BaseModel"),
        ("strategies/optuna_tpe.py", "import optuna\nfrom hpo_widgets.model.space import SearchSpace"),
        ("study.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import optuna"),
        ("agents/orphans.py", "def f():\n    import psutil"),
        ("cli/show.py", "from hpo_widgets import __version__, study\nprint(__version__)"),
    ],
)
def test_what_the_house_allows_is_not_a_violation(name: str, text: str) -> None:
    assert violations(source(name, text)) == []
