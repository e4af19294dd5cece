"""What a script's text tells without running it: whether it is Python, what it imports, what argparse it declares."""

from __future__ import annotations

import ast
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.machinery import PathFinder
from os import PathLike
from pathlib import Path
from typing import Any

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.base_task import BaseParameter

READERS = {
    "hydra": ("main",),
    "typer": ("Typer", "run"),
    "click": ("command", "group", "Command", "Group"),
    "argparse": ("parse_args", "parse_known_args", "parse_intermixed_args", "parse_known_intermixed_args"),
}
"""Modules that read a command line, and the names with which they do: a script without them only trains."""
BUILD_ON_ARGPARSE = ("absl", "configargparse", "jsonargparse", "simple_parsing", "tap", "transformers")
"""Modules whose own parsers are argparse's underneath."""
LATE = {"torch": ("torch._dynamo",)}
"""What a module imports only when it is used: torch's optimizers import its compiler (1.2 s in every task)."""
MOST_LOCAL_FILES = 200
"""Files beside the script that are looked through for its parser."""


@dataclass(frozen=True, kw_only=True)
class ScriptText:
    """Is a script as it was read."""

    path: Path
    """Absolute."""
    source: str
    tree: ast.Module

    @property
    def folder(self) -> Path:
        """Where its own modules lie."""
        return self.path.parent


def read_script(given: str | PathLike[str]) -> ScriptText:
    """Reads a script.

    Raises:
        InvalidInput: When there is none, with the closest names, or it is not Python, with the line.
    """
    path = Path(given).expanduser().absolute()
    if path.is_dir():
        raise InvalidInput(f"{str(given)!r} is a folder; give the script in it that trains.")
    if not path.is_file():
        beside = [each.name for each in sorted(path.parent.glob("*.py"))] if path.parent.is_dir() else []
        close = get_close_matches(path.name, beside, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(map(repr, close))}?" if close else f"looked in {path.parent}."
        raise InvalidInput(f"there is no script {str(given)!r}; {hint}")
    try:
        with tokenize.open(path) as file:
            source = file.read()
        return ScriptText(path=path, source=source, tree=ast.parse(source, filename=str(path)))
    except SyntaxError as error:
        where = f", line {error.lineno}" if error.lineno else ""
        text = f": {error.text.strip()}" if error.text else ""
        raise InvalidInput(f"{path.name}{where}: {error.msg}{text}") from None
    except ValueError as error:  # null bytes, or text that is not in the encoding it claims
        raise InvalidInput(f"{path.name} is no Python script: {error}.") from None
    except OSError as error:
        raise InvalidInput(f"{path.name} cannot be read: {error.strerror}.") from None


# -- imports -------------------------------------------------------------------------------------------------------
def imported(tree: ast.AST) -> Iterator[tuple[str, bool]]:
    """Yields the modules a text imports, and whether it is sure that they are modules (`from a import b`: maybe)."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, True) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, True
            yield from ((f"{node.module}.{alias.name}", False) for alias in node.names)
        else:
            yield from imported(node)


def installed_modules(text: ScriptText) -> list[str]:
    """Gives the installed modules that a script imports, its own folder's left out. Imports nothing itself."""
    found: set[str] = set()
    names = {name for name, _ in imported(text.tree)}
    names |= {late for name in names for late in LATE.get(name.partition(".")[0], ())}
    for name in names:
        top = name.partition(".")[0]
        if top not in ("__main__", "hpo_widgets") and not is_local(top, text.folder) and _exists(name):
            found.add(name)
    return sorted(found)


def is_local(top: str, folder: Path) -> bool:
    """Whether a module lies beside the script."""
    return (folder / f"{top}.py").is_file() or (folder / top).is_dir()


def _exists(name: str) -> bool:
    path: Any = None
    parts = name.split(".")
    for count in range(1, len(parts) + 1):
        if count > 1 and path is None:
            return False
        try:
            spec = PathFinder.find_spec(".".join(parts[:count]), path)
        except (ImportError, ValueError, AttributeError):
            return False
        if spec is None:
            return False
        path = spec.submodule_search_locations
    return True


def parser_of(text: ScriptText) -> str | None:
    """Names the module with which a script, or a module beside it that it imports, reads a command line."""
    trees = _own_trees(text)
    modules = {name.partition(".")[0] for tree in trees for name, _ in imported(tree)}
    words = {word for tree in trees for node in ast.walk(tree) for word in _words(node)}
    for reader, names in READERS.items():
        if reader in modules and words.intersection(names):
            return reader
    return "argparse" if modules & {*BUILD_ON_ARGPARSE} else None


def _words(node: ast.AST) -> tuple[str, ...]:
    if isinstance(node, ast.Attribute):
        return (node.attr,)
    return (node.name,) if isinstance(node, ast.alias) else ()


def parser_calls(text: ScriptText) -> int:
    """Counts the places where a script, or a module beside it, has argparse parse."""
    nodes = (node for tree in _own_trees(text) for node in ast.walk(tree))
    return sum(isinstance(node, ast.Attribute) and node.attr in READERS["argparse"] for node in nodes)


def connect_calls(text: ScriptText) -> int:
    """Counts the places where a script, or a module beside it, connects its own values with its task."""
    trees = _own_trees(text)
    names = [name for tree in trees for name, _ in imported(tree)]
    if not any(name.partition(".")[0] == "hpo_widgets" for name in names):
        return 0
    modules = {name.partition(".")[0] for name in names}  # `sqlite3.connect` is another thing
    return sum(_connects(node, modules) for tree in trees for node in ast.walk(tree))


def _connects(node: ast.AST, modules: set[str]) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "connect":
        return False
    return not (isinstance(node.func.value, ast.Name) and node.func.value.id in modules)


def _own_trees(text: ScriptText) -> list[ast.Module]:
    trees, seen, open_ = [text.tree], {text.path}, [text.tree]
    while open_ and len(seen) < MOST_LOCAL_FILES:
        for name, _ in imported(open_.pop()):
            parts = name.split(".")
            for path in (
                text.folder.joinpath(*parts).with_suffix(".py"),
                text.folder.joinpath(*parts, "__init__.py"),
            ):
                if path in seen or not path.is_file():
                    continue
                seen.add(path)
                try:
                    with tokenize.open(path) as file:
                        tree = ast.parse(file.read())
                except (SyntaxError, ValueError, OSError):
                    continue  # running the script will say what is wrong with it
                trees.append(tree)
                open_.append(tree)
    return trees


# -- argparse without running it -----------------------------------------------------------------------------------
def declared_statically(text: ScriptText) -> tuple[BaseParameter, ...]:
    """Gives what `add_argument` calls with literal arguments declare, for a script that cannot be run so far."""
    found: dict[str, BaseParameter] = {}
    for tree in _own_trees(text):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add_argument":
                each = _argument(node)
                if each is not None:
                    found.setdefault(each.name, each)
    return tuple(found.values())


def _argument(call: ast.Call) -> BaseParameter | None:
    flags = [each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    words = {each.arg: each.value for each in call.keywords if each.arg}
    long = [flag for flag in flags if flag.startswith("--")]
    dest = _literal(words.get("dest")) or (long or flags or [""])[0].lstrip("-").replace("-", "_")
    action = str(_literal(words.get("action")) or "store")
    if not dest or action in ("help", "version"):
        return None
    default, choices = _literal(words.get("default")), _literal(words.get("choices"))
    named = words.get("type")
    kind = named.id if isinstance(named, ast.Name) else None
    if action in ("store_true", "store_false") or "BooleanOptionalAction" in ast.dump(call):
        kind, default = "bool", action == "store_false" if default is None else default
    elif action == "count":
        kind = "int"
    elif action in ("append", "extend") or _literal(words.get("nargs")) not in (None, "?"):
        kind = f"list[{kind}]" if kind else "list"
    elif kind is None and isinstance(default, (bool, int, float, str)):
        kind = type(default).__name__
    return BaseParameter(
        name=f"Args/{dest}",
        default=default,
        required=bool(_literal(words.get("required"))) or bool(flags and not flags[0].startswith("-")),
        type=kind,
        choices=tuple(choices) if isinstance(choices, (list, tuple)) else None,
        help=str(_literal(words.get("help")) or ""),
    )


def _literal(node: ast.expr | None) -> Any:
    try:
        return None if node is None else ast.literal_eval(node)
    except ValueError:
        return None
