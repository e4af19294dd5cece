from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo_widgets.errors import HpoError, NotFound, StoreCorrupt, StoreError, StoreUnavailable
from hpo_widgets.store.kept import clean, dump_json, kept, load_json
from hpo_widgets.store.queries import split_statements
from hpo_widgets.store.trouble import translate

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(SCALARS | st.sampled_from(["__tuple__", "__pairs__"]) | st.tuples(SCALARS), inner)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_values_come_back_as_they_were(value: Any) -> None:
    assert repr(kept(value)) == repr(value)
    assert dump_json(value).isascii() and load_json(None) is None


@given(st.text(st.characters(codec=None, categories=None)))  # with lone surrogates
def test_cleaned_text_is_unicode_and_clean_already(text: str) -> None:
    cleaned = clean(text)
    assert cleaned.encode().decode() == cleaned == clean(cleaned)
    assert cleaned == text or any("\ud800" <= char <= "\udfff" for char in text)


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        ("SQLITE_FULL", StoreUnavailable, "no space left"),
        ("SQLITE_IOERR_WRITE", StoreUnavailable, "no space left"),
        ("SQLITE_IOERR_SHMSIZE", StoreUnavailable, "no space left"),
        ("SQLITE_READONLY_DIRECTORY", StoreUnavailable, "permissions"),
        ("SQLITE_READONLY_DBMOVED", StoreUnavailable, "deleted, moved or replaced"),
        ("SQLITE_PROTOCOL", StoreUnavailable, "without the locks.*HPO_WIDGETS_STORE"),
        ("SQLITE_IOERR_LOCK", StoreUnavailable, "without the locks.*HPO_WIDGETS_STORE"),
        ("SQLITE_IOERR_SHMMAP", StoreUnavailable, "without the locks.*HPO_WIDGETS_STORE"),
        ("SQLITE_BUSY_RECOVERY", StoreUnavailable, "held by another program"),
        ("SQLITE_IOERR_READ", StoreUnavailable, "check the disk"),
        ("SQLITE_CANTOPEN", StoreUnavailable, "does not exist"),
        ("SQLITE_CORRUPT_VTAB", StoreCorrupt, "damaged"),
        ("SQLITE_NOTADB", StoreCorrupt, "damaged"),
        ("SQLITE_CONSTRAINT_FOREIGNKEY", NotFound, "no such study or task"),
        ("SQLITE_CONSTRAINT_NOTNULL", StoreError, "said SQLite"),
        (None, StoreError, "said SQLite"),
    ],
)
def test_errors_say_what_to_do(code: str | None, kind: type[HpoError], words: str, tmp_path: Path) -> None:
    error = sqlite3.OperationalError("said SQLite")
    if code is not None:
        error.sqlite_errorname = code  # type: ignore[misc]
    found = translate(error, tmp_path / "missing" / "store.sqlite")
    assert type(found) is kind and "store.sqlite" in str(found)
    with pytest.raises(kind, match=words):
        raise found


def test_a_trigger_is_one_statement() -> None:
    text = "-- a; comment\nCREATE TABLE a (b);\nCREATE TRIGGER c AFTER INSERT ON a BEGIN\nSELECT 1;\nEND;\n"
    assert len(split_statements(text)) == 2


def test_a_task_process_opens_a_store_with_the_standard_library_alone() -> None:
    code = "import sys, hpo_widgets.store.sqlite as s; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=Path(__file__).parents[3], capture_output=True, text=True, check=True
    )
    foreign = {name for name in done.stdout.split() if name not in sys.stdlib_module_names and not name.startswith("_")}
    assert foreign <= {"hpo_widgets"}, foreign
