"""Literals at the top of a script (`lr = 1e-3`): found and replaced in its syntax tree."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def literals(tree: ast.Module) -> dict[str, Any]:
    """Gives the module-level names that are bound once, to a literal, and nowhere again, with their values.

    Looked at are the statements of the module itself and of its `if __name__ == "__main__":`. A name that is bound
    anywhere else too (a counter, a loop's variable, `global` in a function) is no parameter, nor is a `__dunder__`.
    """
    counted = Counter(_bound(tree))
    found: dict[str, Any] = {}
    for name, value in _assignments(tree):
        if counted[name] != 1 or (name.startswith("__") and name.endswith("__")):
            continue
        try:
            found[name] = ast.literal_eval(value)
        except ValueError:
            continue
    return {name: value for name, value in found.items() if _is_plain(value)}


def replace(tree: ast.Module, values: Mapping[str, Any]) -> set[str]:
    """Puts values in place of the literals of these names, where they stand; gives the names that were replaced."""
    replaced = set()
    for block in _blocks(tree):
        for node in block:
            name = _target(node)
            if name is not None and name in values and isinstance(node, (ast.Assign, ast.AnnAssign)):
                assert node.value is not None, "a target has a value"
                new = _node(values[name])
                for inner in ast.walk(new):
                    ast.copy_location(inner, node.value)
                node.value = new
                replaced.add(name)
    return replaced


def _node(value: Any) -> ast.expr:
    if isinstance(value, list):
        return ast.List(elts=[_node(each) for each in value], ctx=ast.Load())
    if isinstance(value, tuple):
        return ast.Tuple(elts=[_node(each) for each in value], ctx=ast.Load())
    return ast.Constant(value=value)


def _blocks(tree: ast.Module) -> Iterator[list[ast.stmt]]:
    yield tree.body
    for node in tree.body:
        if isinstance(node, ast.If) and ast.unparse(node.test).replace('"', "'") == "__name__ == '__main__'":
            yield node.body


def _target(node: ast.stmt) -> str | None:
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
        return node.target.id
    return None


def _assignments(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for block in _blocks(tree):
        for node in block:
            name = _target(node)
            if name is not None and isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
                yield name, node.value


def _bound(node: ast.AST) -> Iterator[str]:
    """Yields a name each time the module's own scope binds it, and each time a function claims it as global."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, SCOPES):
            if not isinstance(child, ast.Lambda):
                yield child.name
            yield from (name for each in ast.walk(child) if isinstance(each, ast.Global) for name in each.names)
            continue
        if isinstance(child, COMPREHENSIONS):
            continue
        if isinstance(child, ast.Name) and not isinstance(child.ctx, ast.Load):
            yield child.id
        elif isinstance(child, ast.alias):
            yield (child.asname or child.name).partition(".")[0]
        elif isinstance(child, ast.AugAssign) and isinstance(child.target, ast.Name):
            yield child.target.id
        elif isinstance(child, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and child.name:
            yield child.name
        yield from _bound(child)


def _is_plain(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, (bool, int, float, str))
