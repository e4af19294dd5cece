from __future__ import annotations

import os
import sqlite3

import pytest

from hpo_widgets.store import probe
from hpo_widgets.store.sqlite import SqliteStore


def test_folder_that_is_not_there_is_probed_above_it_and_not_made(tmp_path):
    folder = tmp_path / "one" / "two"

    assert probe.why_unusable(folder) == ""
    assert probe.nearest(folder) == tmp_path
    assert probe.free_bytes(folder) > 0
    assert os.listdir(tmp_path) == []


def test_file_in_the_way_is_named(tmp_path):
    (tmp_path / ".hpo").write_text("")

    assert "in the way" in probe.why_unusable(tmp_path / ".hpo")


def test_folder_that_cannot_be_written_says_why(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(probe.tempfile, "mkdtemp", refuse)

    assert probe.why_unusable(tmp_path) == "Read-only file system"


@pytest.mark.parametrize(
    ("at", "written", "said"),
    [(0, b"garbage", "is damaged"), (60, b"\0\0\x03\xe7", "a newer"), (68, b"\1\2\3\4", "of another program")],
)
def test_store_that_cannot_be_used_is_told_by_the_head_of_its_file(tmp_path, at, written, said):
    assert probe.why_unreadable(tmp_path) == ""
    store = SqliteStore(tmp_path)
    store.close()
    assert probe.why_unreadable(tmp_path) == ""

    with (tmp_path / "store.sqlite").open("r+b") as file:
        file.seek(at)
        file.write(written)

    assert said in probe.why_unreadable(tmp_path)


@pytest.mark.parametrize("mode", ["delete", "error"])
def test_folder_without_the_locks_of_sqlite_is_refused_and_left_clean(tmp_path, monkeypatch, mode):
    class Connection:
        def execute(self, statement):
            if mode == "error" and statement.startswith("CREATE"):
                raise sqlite3.OperationalError("locking protocol")
            return self

        def fetchone(self):
            return ["delete" if mode == "delete" else "wal"]

        def close(self):
            pass

    monkeypatch.setattr(probe.sqlite3, "connect", lambda *_, **__: Connection())

    assert probe.why_unusable(tmp_path)
    assert os.listdir(tmp_path) == []
