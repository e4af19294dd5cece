"""Many real processes on one store: nothing acknowledged is lost, nothing is given twice, nothing goes unheard."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from hpo_widgets.errors import StoreError
from hpo_widgets.model.delta import Cursor
from hpo_widgets.model.scalar import Metric
from hpo_widgets.model.study import StudyRecord
from hpo_widgets.store.base import NewTask, Rung
from hpo_widgets.store.sqlite import SqliteStore

LOSS = Metric("loss", "loss")
ROOT = Path(__file__).parents[2]

WRITER = """
import sys
from hpo_widgets.store.sqlite import SqliteStore
folder, key, count, batch = sys.argv[1], *map(int, sys.argv[2:])
store = SqliteStore(folder, create=False)
for i in range(0, count, batch):
    store.record_scalars(key, [(("loss", "loss"), n, 1.0, float(n)) for n in range(i, i + batch)])
    sys.stdout.write(f"{i + batch}\\n")
    sys.stdout.flush()
"""
CLAIMER = """
import sys
from hpo_widgets.store.sqlite import SqliteStore
store = SqliteStore(sys.argv[1], create=False)
sys.stdin.readline()
while claimed := store.claim("q", sys.argv[2], 3, 1.0):
    for task in claimed:
        print(task.key)
"""
MIGRATOR = """
import sys
from hpo_widgets.store.sqlite import SqliteStore
sys.stdin.readline()
print(SqliteStore(sys.argv[1]).create_study("digits", "", {}, 1.0).name)
"""
REPORTER = """
import sys, time
from hpo_widgets.store.sqlite import SqliteStore
store = SqliteStore(sys.argv[1], create=False)
for line in sys.stdin:
    store.record_scalars(int(sys.argv[2]), [(("loss", "loss"), int(line), time.time(), 0.0)])
"""


def python(script: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def output(process: subprocess.Popen[str], text: str = "go\n") -> str:
    out, _ = process.communicate(text, timeout=60)
    assert process.returncode == 0
    return out


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    made = SqliteStore(tmp_path / "store")
    yield made
    made.close()


@pytest.fixture
def study(store: SqliteStore) -> StudyRecord:
    return store.create_study("digits", "", {}, 1.0)


def keys_of(store: SqliteStore, study: StudyRecord, count: int) -> list[int]:
    new = [NewTask(study=study.id, trial=i, name="", parameters={}, queue="q", code=None) for i in range(count)]
    return [t.key for t in store.create_tasks(new, 1.0)]


def check(store: SqliteStore) -> None:
    with sqlite3.connect(store.folder / "store.sqlite") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_reader_that_follows_eight_writers_skips_nothing(store: SqliteStore, study: StudyRecord) -> None:
    keys = keys_of(store, study, 8)
    cursor, seen = store.cursor(), []
    with store.watch() as watch:
        writers = [python(WRITER, store.folder, key, 600, 1 + key % 3 * 2) for key in keys]
        while len(seen) < 8 * 600:
            assert watch.wait(60), "nothing was heard although writers are at work"
            delta = store.delta(cursor, study.id)
            cursor = delta.cursor
            seen += delta.scalars
    for writer in writers:
        output(writer)
    assert tuple(seen) == store.delta(Cursor(), study.id).scalars
    assert all(n == 1 for n in Counter((s.task, s.iteration) for s in seen).values())
    assert {(s.points, s.last, s.min, s.max) for s in store.summaries(study.id)} == {(600, 599.0, 0.0, 599.0)}
    check(store)


@pytest.mark.parametrize("seed", range(3))
def test_kill_9_of_writers_loses_nothing_acknowledged(store: SqliteStore, study: StudyRecord, seed: int) -> None:
    chance = random.Random(seed)
    keys = keys_of(store, study, 6)
    writers = [python(WRITER, store.folder, key, 10_000_000, 1 if key % 2 else 7) for key in keys]
    acknowledged = []
    for writer in writers:
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(chance.randint(1, 300))]
        writer.send_signal(signal.SIGKILL)
        lines += writer.stdout.readlines()
        writer.wait()
        whole = [line for line in lines if line.endswith("\n")]
        acknowledged.append(int(whole[-1]))
    check(store)
    for task, count, batch in zip(store.tasks(study.id), acknowledged, [1, 7] * 3, strict=True):
        kept = [s.iteration for s in store.scalars(task.id)]
        assert kept == list(range(len(kept)))
        assert count <= len(kept) <= count + batch
        assert store.task_summaries(task.id)[0].points == len(kept)
    store.record_scalars(keys[0], [(LOSS, 0, 1.0, 1.0)])  # the locks of the dead are gone


def test_no_task_is_claimed_twice(store: SqliteStore, study: StudyRecord) -> None:
    keys = keys_of(store, study, 200)
    agents = [python(CLAIMER, store.folder, f"agent-{i}") for i in range(2)]
    agents_out = {}
    threads = [threading.Thread(target=lambda a=a: agents_out.update({a: output(a)})) for a in agents]  # type: ignore[misc]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    claimed = [[int(key) for key in out.split()] for out in agents_out.values()]
    assert sorted(key for each in claimed for key in each) == keys
    assert all(each == sorted(each) for each in claimed)


def test_many_processes_may_make_the_same_new_store(tmp_path: Path) -> None:
    makers = [python(MIGRATOR, tmp_path / "new" / "store") for _ in range(6)]
    for maker in makers:
        assert maker.stdin is not None
        maker.stdin.write("go\n")
        maker.stdin.flush()
    names = sorted(output(maker, "") for maker in makers)
    assert names == ["digits\n", *(f"digits-{i}\n" for i in range(2, 7))]
    store = SqliteStore(tmp_path / "new" / "store", create=False)
    assert len(store.studies()) == 6
    check(store)
    store.close()


def test_every_watch_hears_the_first_write_after_it_was_made(store: SqliteStore, study: StudyRecord) -> None:
    # The writer has listed the folder just before: what it remembers must not hide the new watch.
    (key,) = keys_of(store, study, 1)
    writer = python(REPORTER, store.folder, key)
    assert writer.stdin is not None
    for i in range(100):
        with store.watch() as watch:
            cursor = store.cursor()
            writer.stdin.write(f"{i}\n")
            writer.stdin.flush()
            assert watch.wait(30) is Rung.SCALARS
            assert [s.iteration for s in store.delta(cursor, study.id).scalars] == [i]
    writer.stdin.close()
    assert writer.wait(30) == 0


def test_a_watch_whose_process_was_killed_is_removed(store: SqliteStore, study: StudyRecord) -> None:
    script = (
        "import sys, time; from hpo_widgets.store.sqlite import SqliteStore\n"
        "watch = SqliteStore(sys.argv[1]).watch(); print('watching', flush=True); watch.wait(None); watch.wait(None)"
    )
    watcher = python(script, store.folder)
    assert watcher.stdout is not None and watcher.stdout.readline() == "watching\n"
    bells = store.folder / "bells"
    store.update_study(study.id)
    assert len(list(bells.iterdir())) == 1
    watcher.kill()
    watcher.wait()
    store.update_study(study.id)
    assert list(bells.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_opens_its_own_store_and_keeps_what_it_writes(tmp_path: Path) -> None:
    # In a process of its own: the fork must not copy the threads of the test runner.
    script = """
import os, sys
from hpo_widgets.errors import StoreError
from hpo_widgets.store.base import NewTask
from hpo_widgets.store.sqlite import SqliteStore
folder = sys.argv[1]
store = SqliteStore(folder)
key = store.create_tasks([NewTask(study=None, trial=0, name="", parameters={}, queue="q", code=None)], 1.0)[0].key
closed, opened = os.pipe(), os.pipe()
if os.fork() == 0:
    try:
        store.record_scalars(key, [(("a", "a"), 0, 0.0, 0.0)])
    except StoreError as error:
        assert "forked" in str(error), error
    else:
        os._exit(1)
    mine = SqliteStore(folder, create=False)
    mine.record_scalars(key, [(("a", "a"), 1, 0.0, 0.0)])
    os.write(opened[1], b"x")
    os.read(closed[0], 1)  # the parent has closed: were it the last one, it would take the log away
    for i in range(2, 50):
        mine.record_scalars(key, [(("a", "a"), i, 0.0, 0.0)])
    os._exit(0)
os.read(opened[0], 1)
store.record_scalars(key, [(("a", "a"), 0, 0.0, 0.0)])
store.close()
os.write(closed[1], b"x")
assert os.wait()[1] == 0
again = SqliteStore(folder)
points = again.scalars(again.claim("q", "a", 1, 1.0)[0].id)
assert sorted(p.iteration for p in points) == list(range(50)), points
"""
    assert output(python(script, tmp_path / "store")) == ""
    with sqlite3.connect(tmp_path / "store" / "store.sqlite") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_threads_share_a_store_and_leave_no_connection_behind(store: SqliteStore, study: StudyRecord) -> None:
    keys = keys_of(store, study, 4)

    def report(key: int) -> None:
        for i in range(100):
            store.record_scalars(key, [(LOSS, i, 1.0, 1.0)])

    def in_threads() -> None:
        threads = [threading.Thread(target=report, args=(key,)) for key in keys]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    in_threads()
    in_threads()
    in_threads()
    assert {s.points for s in store.summaries(study.id)} == {300}
    assert len(store._connections._open) <= 1 + 2 * len(keys)


def test_a_store_goes_on_after_an_interrupt_in_a_transaction(store: SqliteStore, study: StudyRecord) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    interrupted = 0
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        for i in range(150):
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.00002 * (i % 30 + 1))
                with store.transaction():
                    store.update_study(study.id, reason=str(i))
                signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                interrupted += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert interrupted
    other = SqliteStore(store.folder)
    assert other.update_study(study.id, reason="last").reason == "last"
    assert store.update_study(study.id, reason="after").reason == other.study(study.id).reason
    other.close()


def test_a_closed_store_opens_again(store: SqliteStore, study: StudyRecord) -> None:
    store.close()
    assert store.study(study.id) == study
    store.close()
    assert store.update_study(study.id, reason="x").reason == "x"
    with pytest.raises(StoreError):
        SqliteStore(store.folder / "elsewhere", create=False)
