"""What `Store` promises about transactions, cursors and deltas, held by every implementation."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpo_widgets.model.delta import Cursor
from hpo_widgets.model.scalar import Metric
from hpo_widgets.model.study import RequestKind, StudyRecord, StudyState
from hpo_widgets.model.task import TaskState
from hpo_widgets.store.base import NewTask, Rung, Store
from hpo_widgets.store.memory import MemoryStore
from hpo_widgets.store.sqlite import SqliteStore

LOSS, OTHER = Metric("loss", "loss"), Metric("other", "other")


@pytest.fixture(params=["sqlite", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made: Store = SqliteStore(tmp_path / "store") if request.param == "sqlite" else MemoryStore()
    yield made
    made.close()


@pytest.fixture
def study(store: Store) -> StudyRecord:
    return store.create_study("digits", "", {}, 1.0)


def tasks_of(store: Store, study: StudyRecord, count: int) -> list[int]:
    new = [NewTask(study=study.id, trial=i, name="", parameters={}, queue="q", code=None) for i in range(count)]
    return [t.key for t in store.create_tasks(new, 1.0)]


class Oops(Exception):
    pass


@contextlib.contextmanager
def failing(store: Store) -> Iterator[None]:
    """Is a transaction that fails at its end."""
    with contextlib.suppress(Oops), store.transaction():
        yield
        raise Oops


class TestTransactions:
    def test_all_or_nothing(self, store: Store, study: StudyRecord) -> None:
        (key,) = tasks_of(store, study, 1)
        task = store.tasks(study.id)[0]
        store.record_scalars(key, [(LOSS, 0, 1.0, 1.0)])
        before = store.cursor(), store.delta(Cursor(), study.id)
        with failing(store):
            tasks_of(store, study, 2)
            with store.transaction():
                store.update_study(study.id, reason="x")
                store.move_task(task.id, TaskState.RUNNING, expect={TaskState.QUEUED})
            store.request(RequestKind.STOP, study=study.id, task=None, payload={}, now=1.0)
            store.record_scalars(key, [(LOSS, 1, 1.0, -5.0), (OTHER, 1, 1.0, 5.0)])
            store.create_study("gone", "", {}, 1.0)
            assert store.tasks(study.id)[0].state is TaskState.RUNNING and len(store.scalars(task.id)) == 3
        after = store.delta(Cursor(), study.id)
        assert (after.tasks, after.studies, after.requests, after.scalars) == (
            before[1].tasks,
            before[1].studies,
            before[1].requests,
            before[1].scalars,
        )
        assert not store.delta(before[0], study.id) and [s.name for s in store.studies()] == ["digits"]
        assert [(s.metric, s.points, s.min) for s in store.task_summaries(task.id)] == [(LOSS, 1, 1.0)]
        assert [t.key for t in store.claim("q", "a", 9, 2.0)] == [key]

    def test_a_metric_first_seen_in_a_failed_transaction_is_numbered_afresh(
        self, store: Store, study: StudyRecord
    ) -> None:
        (key,) = tasks_of(store, study, 1)
        with failing(store):
            store.record_scalars(key, [(LOSS, 0, 1.0, 1.0)])
        store.record_scalars(key, [(OTHER, 0, 1.0, 2.0)])
        store.record_scalars(key, [(LOSS, 0, 1.0, 3.0)])
        assert [(s.metric, s.value) for s in store.delta(Cursor(), study.id).scalars] == [(OTHER, 2.0), (LOSS, 3.0)]

    def test_a_failed_call_inside_leaves_the_rest(self, store: Store, study: StudyRecord) -> None:
        with store.transaction():
            store.update_study(study.id, reason="kept")
            with pytest.raises(TypeError):
                store.update_study(study.id, nothing=1)
        assert store.study(study.id).reason == "kept"

    def test_others_see_nothing_before_the_end(self, store: Store, study: StudyRecord) -> None:
        seen: list[StudyState] = []
        reader = threading.Thread(target=lambda: seen.append(store.study(study.id).state))
        with store.watch() as watch:
            with store.transaction():
                store.update_study(study.id, state=StudyState.RUNNING)
                reader.start()
                if isinstance(store, SqliteStore):  # the one in memory lets readers wait for the end
                    reader.join()
                    assert seen == [StudyState.CREATED]
            reader.join()
            assert watch.wait(0) is Rung.NOTHING

    def test_a_failed_transaction_wakes_nobody(self, store: Store, study: StudyRecord) -> None:
        def fail() -> None:
            with failing(store):
                store.update_study(study.id)

        with store.watch() as watch:
            thread = threading.Thread(target=fail)
            thread.start()
            thread.join()
            assert watch.wait(0) is Rung.NOTHING


class TestDeltas:
    def test_a_delta_holds_what_is_new_of_one_study(self, store: Store, study: StudyRecord) -> None:
        elsewhere = store.create_study("elsewhere", "", {}, 1.0)
        (key,), (far,) = tasks_of(store, study, 1), tasks_of(store, elsewhere, 1)
        since = store.cursor()
        assert not store.delta(since, study.id) and store.delta(since, study.id).cursor == since
        for each in (key, far):
            store.record_scalars(each, [(LOSS, 0, 1.0, 1.0), (OTHER, 0, 1.0, 2.0)])
        request = store.request(RequestKind.PAUSE, study=study.id, task=None, payload={}, now=1.0)
        found = store.delta(since, study.id)
        assert (found.studies, found.tasks, found.requests) == ((), (), (request,))
        assert [s.metric for s in found.scalars] == [LOSS, OTHER] and found.cursor == store.cursor()
        assert [s.metric for s in store.delta(since, study.id, [OTHER]).scalars] == [OTHER]
        for wanted in ([], [Metric("no", "no")]):
            chosen = store.delta(since, study.id, wanted)
            assert chosen.scalars == () and chosen.cursor == found.cursor
        assert not store.delta(found.cursor, study.id)

    def test_everything_since_the_beginning_is_in_the_order_reported(self, store: Store, study: StudyRecord) -> None:
        keys = tasks_of(store, study, 3)
        for i in range(12):
            store.record_scalars(keys[i % 3], [((LOSS, OTHER)[i % 2], -i, 1.0, float(i))])
        assert [s.value for s in store.delta(Cursor(), study.id).scalars] == [float(i) for i in range(12)]
        assert [s.value for s in store.delta(Cursor(), study.id, [OTHER]).scalars] == [1.0, 3.0, 5.0, 7.0, 9.0, 11.0]
        assert [s.value for s in store.delta(Cursor(0, 4), study.id).scalars] == [float(i) for i in range(4, 12)]

    def test_a_cursor_from_inside_a_transaction_misses_nothing_of_it(self, store: Store, study: StudyRecord) -> None:
        (key,) = tasks_of(store, study, 1)
        with store.transaction():
            store.update_study(study.id, reason="before")
            cursor = store.cursor()
            store.record_scalars(key, [(LOSS, 0, 1.0, 1.0)])
            assert store.cursor() == cursor
            inside = store.delta(cursor, study.id)
            assert inside.studies[0].reason == "before" and len(inside.scalars) == 1
            store.update_study(study.id, error="after")
        found = store.delta(cursor, study.id)
        assert (found.studies[0].reason, found.studies[0].error, len(found.scalars)) == ("before", "after", 1)
        with failing(store):
            tasks_of(store, study, 1)
            rolled_back = store.cursor()
        tasks_of(store, study, 1)
        assert len(store.delta(rolled_back, study.id).tasks) == 1

    def test_changed_tasks_come_in_order_of_creation(self, store: Store, study: StudyRecord) -> None:
        tasks_of(store, study, 3)
        made = store.tasks(study.id)
        since = store.cursor()
        for each in (made[2], made[0]):
            store.update_task(each.id, pid=1)
        assert [t.trial for t in store.delta(since, study.id).tasks] == [0, 2]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("task"), st.integers(1, 3)),
        st.tuples(st.just("scalars"), st.integers(0, 5)),
        st.tuples(st.just("move"), st.integers(0, 5)),
        st.tuples(st.just("fail"), st.integers(0, 5)),
        st.tuples(st.just("read"), st.just(0)),
    ),
    max_size=25,
)


def do(store: Store, study: StudyRecord, kind: str, n: int) -> None:
    tasks = store.tasks(study.id)
    if kind == "task":
        tasks_of(store, study, n)
    elif kind == "scalars" and tasks:
        store.record_scalars(
            tasks[n % len(tasks)].key, [((LOSS, OTHER)[i % 2], i, 1.0, float(n * i)) for i in range(n)]
        )
    elif kind == "move" and tasks:
        store.move_task(tasks[n % len(tasks)].id, TaskState.RUNNING, expect={TaskState.QUEUED})
    elif kind == "fail":
        with failing(store):
            for each in ("task", "scalars", "move"):
                do(store, study, each, n)


@settings(max_examples=40, deadline=None)
@given(steps=STEPS)
def test_deltas_add_up_to_the_whole_and_both_stores_agree(
    steps: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    views = []
    for store in (MemoryStore(), SqliteStore(tmp_path_factory.mktemp("store") / "s")):
        study = store.create_study("digits", "", {}, 1.0)
        cursor, tasks, scalars = Cursor(), {}, []
        for kind, n in [*steps, ("read", 0)]:
            if kind != "read":
                do(store, study, kind, n)
                continue
            delta = store.delta(cursor, study.id)
            cursor = delta.cursor
            tasks |= {t.id: t for t in delta.tasks}
            scalars += delta.scalars
        assert sorted(tasks.values(), key=lambda t: t.key) == store.tasks(study.id)
        assert tuple(scalars) == store.delta(Cursor(), study.id).scalars
        keys = {id: t.key for id, t in tasks.items()}
        summaries = {
            (keys[s.task], s.metric, s.points, s.last, s.min, s.max_iteration) for s in store.summaries(study.id)
        }
        views.append(
            ([(t.key, t.state) for t in store.tasks(study.id)], [(keys[s[0]], *s[1:]) for s in scalars], summaries)
        )
        store.close()
    assert views[0] == views[1]
