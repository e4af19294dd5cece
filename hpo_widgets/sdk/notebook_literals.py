"""What a cell's source declares: assignments at its top level, their literals, type hints, comments. Runs nothing."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

_MAGIC = re.compile(r"^(\s*)(?:[%!?].*|[\w.]+\?{1,2})$")
_MAGIC_ASSIGNED = re.compile(r"^(\s*[\w, ]+=)\s*[%!].*$")
_TYPE_COMMENT = re.compile(r"^type:\s*(\S+)\s*(.*)$")
_KEPT = (bool, int, float, str, list, tuple, dict)
"""What a store keeps, and so what a parameter may be."""
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_LOCAL = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """Is one `name = value` at the top level of a cell."""

    name: str
    value: Any
    """The literal; `None` when it is none, see `is_literal`."""
    is_literal: bool
    type: str | None
    """From the annotation or a `# type:` comment, else the literal's own; `None` when nobody says."""
    comment: str
    """What stands behind `#` at the end of the line, without the type."""
    line: int
    """From 1."""
    span: tuple[int, int, int, int]
    """Where the value stands: line from 1 and byte offset of its first character, and of the one after its last."""


def parse(source: str) -> ast.Module | None:
    """Parses a cell, lines of IPython's own syntax left out; `None` when it is no Python (a cell magic, an error)."""
    python = _python(source)
    return None if python is None else ast.parse(python)


def _python(source: str) -> str | None:
    # As it is where that is Python: a line in a text may begin like a magic.
    for text in (source, without_magics(source)):
        try:
            ast.parse(text)
        except (SyntaxError, ValueError):
            continue
        return text
    return None


def without_magics(source: str) -> str:
    """Gives the source with a statement that does nothing in place of each magic, so that lines keep their numbers."""
    lines = [_MAGIC.sub(r"\1pass", line) for line in source.split("\n")]
    return "\n".join(_MAGIC_ASSIGNED.sub(r"\1 ...", line) for line in lines)


def assignments(source: str) -> list[Assignment]:
    """Lists the assignments of one name at the top level of a cell, in order."""
    python = _python(source)
    if python is None:
        return []
    comments = _comments(python)
    found = []
    for node in ast.parse(python).body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, value, hint = node.targets[0], node.value, None
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            target, value, hint = node.target, node.value, ast.unparse(node.annotation).strip("\"'")
        else:
            continue
        if isinstance(target, ast.Name):
            found.append(_assignment(target.id, value, hint, comments.get(node.end_lineno or node.lineno, "")))
    return found


def _assignment(name: str, value: ast.expr, hint: str | None, comment: str) -> Assignment:
    typed = _TYPE_COMMENT.match(comment)
    if typed is not None:
        hint, comment = hint or typed[1], typed[2]
    literal: Any = None
    try:
        literal = ast.literal_eval(value)
        is_literal = literal is None or isinstance(literal, _KEPT)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        is_literal = False
    if hint is None and is_literal and literal is not None:
        hint = type(literal).__name__
    span = (value.lineno, value.col_offset, value.end_lineno or 0, value.end_col_offset or 0)
    return Assignment(
        name=name, value=literal, is_literal=is_literal, type=hint, comment=comment, line=value.lineno, span=span
    )


def literals(source: str, stored: Counter[str] | None = None) -> list[Assignment]:
    """Lists the literals that nothing else assigns: `total = 0` with a later `total += x` is none.

    Args:
        source: Of one cell.
        stored: How often each name is assigned, when other cells count too; see `count_stored`.
    """
    counts = count_stored([source]) if stored is None else stored
    return [each for each in assignments(source) if each.is_literal and counts[each.name] == 1]


def count_stored(sources: Iterable[str]) -> Counter[str]:
    """Counts how often each name is assigned, imported or defined at the top level of some cells."""
    counts: Counter[str] = Counter()
    for source in sources:
        tree = parse(source)
        if tree is not None:
            counts.update(_stored(tree))
    return counts


def _stored(node: ast.AST) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Name) and isinstance(child.ctx, (ast.Store, ast.Del)):
            yield child.id
        elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield child.name
        elif isinstance(child, ast.alias):
            yield (child.asname or child.name).partition(".")[0]
        if isinstance(child, _SCOPES):
            # Only what is declared global in there is a name of the cell.
            yield from (name for each in ast.walk(child) if isinstance(each, ast.Global) for name in each.names)
        elif not isinstance(child, _LOCAL):
            yield from _stored(child)


def imported(source: str) -> set[str]:
    """Gives the modules that a cell imports by their full names."""
    tree = parse(source)
    found: set[str] = set()
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


def _comments(source: str) -> dict[int, str]:
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        return {}
    return {each.start[0]: each.string.lstrip("#").strip() for each in tokens if each.type == tokenize.COMMENT}
