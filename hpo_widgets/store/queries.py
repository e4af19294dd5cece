"""Reads SQL from the files beside it: queries by name, scripts by statement."""

from __future__ import annotations

import sqlite3
from importlib.resources import files


def read_text(name: str) -> str:
    """Gives the text of a file of this folder."""
    return files("hpo_widgets.store").joinpath(name).read_text(encoding="utf-8")


def split_statements(text: str) -> list[str]:
    """Cuts an SQL script into complete statements (a trigger's body holds semicolons)."""
    statements: list[str] = []
    pending = ""
    for line in text.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            statements.append(pending.strip())
            pending = ""
    return statements


def load_queries(name: str) -> dict[str, str]:
    """Reads named queries: `-- name: x` starts one."""
    found: dict[str, str] = {}
    for part in read_text(name).split("-- name: ")[1:]:
        title, _, body = part.partition("\n")
        lines = [line for line in body.splitlines() if not line.startswith("--")]
        found[title.strip()] = " ".join(" ".join(lines).split()).removesuffix(";")
    return found


QUERIES = load_queries("queries.sql") | load_queries("queries_tasks.sql")
