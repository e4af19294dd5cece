"""What goes wrong with files and disks: each a clear error, nothing lost, and on it goes when the cause is gone."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hpo_widgets.errors import HpoError, StoreCorrupt, StoreError, StoreTooNew, StoreUnavailable
from hpo_widgets.model.scalar import Metric
from hpo_widgets.model.study import StudyState
from hpo_widgets.store import connection
from hpo_widgets.store.base import NewTask
from hpo_widgets.store.sqlite import SqliteStore

ROOT = Path(__file__).parents[2]
LOSS = Metric("loss", "loss")
POSIX = pytest.mark.skipif(os.name != "posix", reason="needs POSIX permissions and limits")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


def filled(folder: Path, tasks: int = 50) -> SqliteStore:
    """Makes a store with some of everything."""
    store = SqliteStore(folder)
    study = store.create_study("digits", "", {}, 1.0)
    new = [
        NewTask(study=study.id, trial=i, name="n" * 50, parameters={"x": i}, queue="q", code=None) for i in range(tasks)
    ]
    for task in store.create_tasks(new, 1.0):
        store.record_scalars(task.key, [(LOSS, i, 1.0, float(i)) for i in range(20)])
    return store


def read_all(store: SqliteStore) -> None:
    for study in store.studies():
        for task in store.tasks(study.id):
            store.scalars(task.id)
        store.summaries(study.id)


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}


def run(script: str, *arguments: object) -> None:
    """Runs a script in a process of its own; it asserts by itself."""
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


# -- files that are not ours to touch ------------------------------------------------------------------------------
def newer(file: Path) -> None:
    with sqlite3.connect(file) as con:
        con.execute("PRAGMA user_version = 99")
    con.close()


def garbage(file: Path) -> None:
    file.write_bytes(b"this is not a database" * 100)


def foreign(file: Path) -> None:
    file.unlink()
    with sqlite3.connect(file) as con:
        con.execute("CREATE TABLE diary (entry TEXT)")
    con.close()


def truncated(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2 + 100)


def emptied_beside_its_log(file: Path) -> None:
    file.with_name(file.name + "-wal").write_bytes(b"x" * 5000)
    os.truncate(file, 0)


@pytest.mark.parametrize(
    ("harm", "kind", "words"),
    [
        (newer, StoreTooNew, "format 99.*upgrade hpo_widgets"),
        (garbage, StoreCorrupt, "damaged or not a store.*left as it is"),
        (foreign, StoreCorrupt, "another program.*choose another folder"),
        (truncated, StoreCorrupt, "damaged.*Move its folder away"),
        (emptied_beside_its_log, StoreCorrupt, "empty, while its log is not"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_and_left_as_it_is(
    folder: Path, harm: Callable[[Path], None], kind: type[StoreError], words: str
) -> None:
    filled(folder).close()
    harm(folder / "store.sqlite")
    before = contents(folder)
    for create in (True, False):
        with pytest.raises(kind, match=words):
            read_all(SqliteStore(folder, create=create))
    assert {name: text for name, text in contents(folder).items() if not name.endswith(("-shm", "-wal"))} == {
        name: text for name, text in before.items() if not name.endswith(("-shm", "-wal"))
    }


def test_damaged_pages_are_told_and_never_answered_with_garbage(folder: Path) -> None:
    filled(folder).close()
    file = folder / "store.sqlite"
    whole = file.read_bytes()
    told: list[HpoError] = []
    for start in range(1024, len(whole), 1024):
        file.write_bytes(whole[:start] + b"\xa5" * 1024 + whole[start + 1024 :])
        try:
            store = SqliteStore(folder)
            try:
                read_all(store)
            finally:
                store.close()
        except HpoError as error:
            told.append(error)
    assert len(told) > 50
    assert all(isinstance(error, StoreCorrupt) and str(file) in str(error) for error in told)
    file.write_bytes(whole)
    store = SqliteStore(folder)
    read_all(store)
    store.close()


def test_rows_that_no_version_wrote_are_told_as_damage(folder: Path) -> None:
    store = filled(folder, 1)
    with sqlite3.connect(folder / "store.sqlite") as con:
        con.execute("UPDATE task SET parameters = '{'")
        con.execute("UPDATE study SET state = 'dancing'")
    con.close()
    for call in (store.studies, lambda: store.claim("q", "a", 1, 1.0)):
        with pytest.raises(StoreCorrupt, match="cannot be read"):
            call()
    store.close()


# -- disks ---------------------------------------------------------------------------------------------------------
FILL = """
import os, sys
from hpo_widgets.errors import StoreUnavailable
from hpo_widgets.store.base import NewTask
from hpo_widgets.store.sqlite import SqliteStore
folder, mode = sys.argv[1:]
store = SqliteStore(folder)
new = NewTask(study=None, trial=0, name="", parameters={}, queue="q", code=None)
task = store.create_tasks([new], 1.0)[0]
if mode == "limit":
    import resource
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
point = lambda i: (("a", "b"), i, 1.0, float(i))
i, errors = 0, []
while not errors:
    try:
        store.record_scalars(task.key, [point(n) for n in range(i, i + 100)])
        i += 100
    except StoreUnavailable as error:
        errors.append(str(error))
try:
    with store.transaction():
        store.put_code("x", os.urandom(1_000_000), {})
        assert False
except StoreUnavailable as error:
    errors.append(str(error))
try:
    with store.transaction():
        store.update_task(task.id, name="half")
        try:
            store.put_code("x", os.urandom(1_000_000), {})
        except StoreUnavailable:
            pass  # SQLite has rolled all of it back by now
        store.update_task(task.id, pid=1)
    assert False
except StoreUnavailable as error:
    assert "rolled back" in str(error) or "no space" in str(error), error
assert all("no space left" in e and "goes on" in e for e in errors), errors
assert len(store.scalars(task.id)) == i and store.task(task.id) == task
if mode == "limit":
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
else:
    os.unlink(os.path.join(os.path.dirname(folder), "ballast"))
store.record_scalars(task.key, [point(n) for n in range(i, i + 100)])
store.update_task(task.id, name="whole")
assert [s.iteration for s in SqliteStore(folder).scalars(task.id)] == list(range(i + 100))
"""


@POSIX
def test_a_file_that_may_not_grow_loses_nothing(folder: Path) -> None:
    run(FILL, folder, "limit")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount a small disk")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@POSIX
@pytest.mark.skipif(shutil.which("mount") is None, reason="needs mount")
def test_a_full_disk_loses_nothing(small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(b"x" * 2_000_000)
    run(FILL, small_disk / "store", "disk")


@POSIX
@pytest.mark.skipif(shutil.which("mount") is None, reason="needs mount")
def test_a_disk_without_room_for_a_store_is_told(small_disk: Path) -> None:
    with (small_disk / "ballast").open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
        while True:  # until there is no space left
            ballast.write(b"x" * 4096)
    with pytest.raises(StoreUnavailable, match="no space left"):
        SqliteStore(small_disk / "store")
    (small_disk / "ballast").unlink()
    SqliteStore(small_disk / "store").close()


AS_NOBODY = """
import os, sys
from pathlib import Path
from hpo_widgets.errors import StoreUnavailable
from hpo_widgets.store.sqlite import SqliteStore
parent = Path(sys.argv[1])
if os.geteuid() == 0:
    for path in (parent, *parent.rglob("*")):
        os.chown(path, 65534, 65534)
    os.setgid(65534)
    os.setuid(65534)
SqliteStore(parent / "store").close()
for path in (parent / "store", parent):
    path.chmod(0o500)
for folder in (parent / "store", parent / "new"):
    try:
        SqliteStore(folder)
        assert False, folder
    except StoreUnavailable as error:
        assert str(folder) in str(error) and ("permission" in str(error) or "HPO_WIDGETS_STORE" in str(error)), error
for path in (parent, parent / "store"):
    path.chmod(0o700)
for folder in (parent / "store", parent / "new"):
    SqliteStore(folder).create_study("digits", "", {}, 1.0)
"""


@POSIX
def test_a_read_only_folder_is_told_and_used_once_it_is_not() -> None:
    with tempfile.TemporaryDirectory() as parent:
        run(AS_NOBODY, parent)


def test_a_file_system_without_locks_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "OPTIONS", "mode=rw&vfs=unix-none")  # has neither locks nor shared memory
    with pytest.raises(StoreUnavailable, match=r"without the locks.*HPO_WIDGETS_STORE"):
        SqliteStore(folder)


@pytest.mark.parametrize("back", [True, False])
def test_a_folder_that_goes_away_under_a_running_store_is_told(folder: Path, back: bool) -> None:
    store = filled(folder, 1)
    study = store.studies()[0]
    (task,) = store.tasks(study.id)
    away = folder.with_name("away")
    folder.rename(away)
    if not back:
        SqliteStore(folder).close()  # somebody made a new one
    for call in (
        lambda: store.record_scalars(task.key, [(LOSS, 99, 1.0, 1.0)]),
        lambda: store.update_study(study.id, state=StudyState.FAILED),
        store.watch,
    ):
        with pytest.raises(StoreUnavailable, match="deleted, moved or replaced"):
            call()
    assert store.study(study.id) == study and len(store.scalars(task.id)) == 20
    if back:
        away.rename(folder)
        store.record_scalars(task.key, [(LOSS, 99, 1.0, 1.0)])
        assert len(SqliteStore(folder).scalars(task.id)) == 21
    store.close()
    if not back:
        with pytest.raises(StoreUnavailable):
            store.studies()
