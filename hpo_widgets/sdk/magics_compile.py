"""From a cell's text to code that takes its literals from outside and hands out its last expression."""

from __future__ import annotations

import ast
import dis
import types
from collections.abc import Collection
from dataclasses import dataclass

from hpo_widgets.agents.captured import code_objects
from hpo_widgets.agents.cell_kind import GIVEN, RESULT
from hpo_widgets.errors import InvalidInput
from hpo_widgets.sdk.notebook_literals import Assignment, literals, without_magics

RESERVED = frozenset({"task", "report"})
"""Names that mean something else to a base task."""
_BINDS = (ast.Assign, ast.AnnAssign, ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True, kw_only=True)
class CompiledCell:
    """Is a cell ready to be run with other values."""

    code: types.CodeType
    literals: tuple[Assignment, ...]
    """Its hyperparameters, in order."""
    needed: frozenset[str]
    """Names that it may take from its surroundings: not those it has always set before it uses them."""


def compile_cell(source: str, filename: str) -> CompiledCell:
    """Compiles a cell; runs nothing.

    Raises:
        SyntaxError: As Python says it.
        InvalidInput: When it has lines of IPython's own syntax, which task processes do not know.
    """
    found = [each for each in literals(source) if each.name not in RESERVED and not each.name.startswith("_")]
    try:
        tree = ast.parse(source, filename)
    except SyntaxError:
        magics = _magics(source)
        if not magics:
            raise
        raise InvalidInput(
            f"an objective is run in other processes, where there are no magics and no '!' ({magics}); move such lines "
            "to another cell."
        ) from None
    needed = _needed(tree)
    _take_from_outside(tree, {each.name for each in found})
    _keep_last_expression(tree)
    ast.fix_missing_locations(tree)
    code = compile(tree, filename, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    return CompiledCell(code=code, literals=tuple(found), needed=needed)


def _magics(source: str) -> str:
    lines = zip(source.split("\n"), without_magics(source).split("\n"), strict=True)
    return "; ".join(f"line {i}: {old.strip()}" for i, (old, new) in enumerate(lines, 1) if old != new)


def _take_from_outside(tree: ast.Module, names: Collection[str]) -> None:
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(target, ast.Name) and target.id in names:
            given = ast.Subscript(ast.Name(GIVEN, ast.Load()), ast.Constant(target.id), ast.Load())
            assert node.value is not None
            node.value = ast.copy_location(given, node.value)


def _keep_last_expression(tree: ast.Module) -> None:
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        last = tree.body[-1]
        tree.body[-1] = ast.copy_location(ast.Assign([ast.Name(RESULT, ast.Store())], last.value), last)


def _needed(tree: ast.Module) -> frozenset[str]:
    bound: set[str] = set()
    needed: set[str] = set()
    for node in tree.body:
        code = compile(ast.Module([node], []), "<cell>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        needed |= _loaded(code) - bound
        if isinstance(node, _BINDS):
            bound |= {str(step.argval) for step in dis.get_instructions(code) if step.opname == "STORE_NAME"}
    return frozenset(needed - RESERVED)


def _loaded(code: types.CodeType) -> set[str]:
    inside = types.FunctionType(code, {})
    return {
        str(step.argval)
        for each in code_objects(inside)
        for step in dis.get_instructions(each)
        if step.opname in ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS")
    }
