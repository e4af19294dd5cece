from __future__ import annotations

import os
import sqlite3

import pytest

from hpo_widgets.store import probe


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
