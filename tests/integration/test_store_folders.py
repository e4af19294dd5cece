"""Where a store may lie, who may read it, and what is told about a place that cannot be used."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hpo_widgets.errors import StoreUnavailable
from hpo_widgets.store.sqlite import SqliteStore

ROOT = Path(__file__).parents[2]
POSIX = pytest.mark.skipif(os.name != "posix", reason="needs POSIX permissions and limits")


@POSIX
def test_everything_is_for_its_owners_eyes_only(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    before = os.umask(0)
    try:
        store = SqliteStore(folder)
        with store.watch():
            modes = {p.relative_to(folder).as_posix(): stat.S_IMODE(p.stat().st_mode) for p in folder.rglob("*")}
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {modes[name] for name in ("bells", "logs", "tasks")} == {0o700}
    files = {"store.sqlite", "store.sqlite-wal", "store.sqlite-shm"}
    bells = {name for name in modes if name.startswith("bells/")}
    assert {modes[name] for name in files | bells} == {0o600} and len(bells) == 1
    assert (folder / ".gitignore").read_text() == "*\n"
    store.close()


def test_a_project_named_as_the_store_by_mistake_stays_visible_to_git(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("")
    SqliteStore(tmp_path).close()
    assert not (tmp_path / ".gitignore").exists()


@pytest.mark.parametrize(
    "name",
    [
        "with space",
        "it's",
        'a"b',
        "what?x=1",
        "100%41",
        "#1",
        "a;b&c",
        "表 ünïcode 🦉",
        "half\udc80",
        "new\nline",
        "-x",
        "y" * 250,
    ],
)
def test_folders_may_have_any_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name / "store"
    store = SqliteStore(folder)
    with store.watch() as watch:
        SqliteStore(folder, create=False).create_study("other", "", {}, 1.0)
        assert len(store.studies()) == 1
        assert watch.wait(5)  # by another store on the same folder
    assert sorted(p.name for p in folder.glob("store.sqlite*"))[0] == "store.sqlite"
    assert [p.name for p in tmp_path.iterdir()] == [name]
    store.close()


def test_a_path_of_300_characters_works_and_one_of_600_is_told(tmp_path: Path) -> None:
    def of_length(length: int) -> Path:
        place = tmp_path
        while len(str(place)) < length:
            place /= "d" * min(100, max(1, length - len(str(place)) - 1))
        return place

    SqliteStore(of_length(300)).close()
    with pytest.raises(StoreUnavailable, match="choose a shorter one"):
        SqliteStore(of_length(600))
    with pytest.raises(StoreUnavailable, match="cannot be made"):
        SqliteStore(tmp_path / ("n" * 300))


@POSIX
def test_too_many_open_files_are_told(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    script = """
import os, resource, sys, threading
from hpo_widgets.errors import StoreUnavailable
from hpo_widgets.store.sqlite import SqliteStore
store = SqliteStore(sys.argv[1])
study = store.create_study("digits", "", {}, 1.0)
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
held, told = [], []
while True:
    try:
        held.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        break
def use():
    try:
        store.study(study.id)
    except StoreUnavailable as error:
        told.append(str(error))
thread = threading.Thread(target=use); thread.start(); thread.join()
assert "too many files open" in told[0], told
store.update_study(study.id, reason="x")
for fd in held:
    os.close(fd)
thread = threading.Thread(target=use); thread.start(); thread.join()
assert len(told) == 1
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
