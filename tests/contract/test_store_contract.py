"""What `Store` promises, held by every implementation."""

from __future__ import annotations

import contextlib
import hashlib
import math
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hpo_widgets.errors import InvalidInput, NotFound, StudyBusy
from hpo_widgets.model.card import AgentRecord, Artifact, TaskCard
from hpo_widgets.model.delta import Cursor
from hpo_widgets.model.objective import Objective, Sign
from hpo_widgets.model.result import read_result, wins
from hpo_widgets.model.scalar import CONSTRAINT_TITLE, SINGLE_VALUE_ITERATION, Metric, Scalar
from hpo_widgets.model.study import Owner, RequestKind, StudyRecord, StudyState
from hpo_widgets.model.task import RUN_AGAIN, SKIPPED, Outcome, TaskRecord, TaskState
from hpo_widgets.store.base import NewTask, Rung, Store
from hpo_widgets.store.memory import MemoryStore
from hpo_widgets.store.sqlite import SqliteStore

LOSS, ACCURACY = Metric("loss", "loss"), Metric("accuracy", "test")
HOSTILE = [
    "'; DROP TABLE task; --",
    "<img src=x onerror=alert(1)>",
    "a\0b",
    "\0",
    "🦉 ünïcode 表",
    "x" * 300,
    "../../etc/passwd",
    ":name ? %s {}",
    "",
]
HALF = "half \udc80 a character"
HALF_KEPT = "half \\udc80 a character"
ME, OTHER = Owner(host="here", pid=1, born=1.5), Owner(host="here", pid=2, born=2.5)


@pytest.fixture(params=["sqlite", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made: Store = SqliteStore(tmp_path / "store") if request.param == "sqlite" else MemoryStore()
    yield made
    made.close()


@pytest.fixture
def study(store: Store) -> StudyRecord:
    return store.create_study("digits", "project", {"limits": {"retries": 1}}, 1.0)


def new(study: StudyRecord | None, trial: int | None = 0, queue: str = "q", **more: Any) -> NewTask:
    values: dict[str, Any] = {"name": f"t{trial}", "parameters": {"lr": 0.1}, "code": None} | more
    return NewTask(study=study and study.id, trial=trial, queue=queue, **values)


@pytest.fixture
def task(store: Store, study: StudyRecord) -> TaskRecord:
    return store.create_tasks([new(study)], 2.0)[0]


class TestStudies:
    def test_a_new_study_is_created_with_its_config_and_limits(self, store: Store) -> None:
        made = store.create_study("digits", "p", {"name": "x", "limits": {"retries": 1}}, 5)
        assert (made.name, made.project, made.state, made.created) == ("digits", "p", StudyState.CREATED, 5.0)
        assert type(made.created) is float
        assert made.config == {"name": "digits", "limits": {"retries": 1}} and made.limits == {"retries": 1}
        assert store.study(made.id) == made == store.study("digits")

    def test_a_taken_name_gets_a_number(self, store: Store) -> None:
        assert [store.create_study("a", "", {}, 1.0).name for _ in range(3)] == ["a", "a-2", "a-3"]

    def test_studies_are_listed_newest_first(self, store: Store) -> None:
        made = [store.create_study(name, "", {}, 1.0) for name in "abc"]
        assert store.studies() == made[::-1]

    def test_an_unknown_study_is_answered_with_close_names(self, store: Store) -> None:
        with pytest.raises(NotFound, match="no studies yet"):
            store.study("digits")
        store.create_study("digits", "", {}, 1.0)
        with pytest.raises(NotFound, match="'digits'"):
            store.study("digts")

    def test_an_id_goes_before_a_name(self, store: Store, study: StudyRecord) -> None:
        store.create_study(study.id, "", {}, 1.0)
        assert store.study(study.id).name == "digits"

    def test_changes_are_kept(self, store: Store, study: StudyRecord) -> None:
        changes: dict[str, Any] = {"state": StudyState.FAILED, "reason": "r", "error": "e", "limits": {"a": 1}}
        changed = store.update_study(study.id, **changes, started=1, ended=2, memo={"k": (1, math.inf)})
        assert store.study(study.id) == changed
        assert (changed.state, changed.reason, changed.error, changed.limits) == (StudyState.FAILED, "r", "e", {"a": 1})
        assert (changed.started, changed.ended, changed.memo) == (1.0, 2.0, {"k": (1, math.inf)})

    def test_a_change_of_nothing_is_still_a_change(self, store: Store, study: StudyRecord) -> None:
        since = store.cursor()
        store.update_study(study.id)
        assert store.delta(since, study.id).studies == (study,)

    def test_what_cannot_be_changed_is_refused(self, store: Store, study: StudyRecord, task: TaskRecord) -> None:
        with pytest.raises(TypeError, match="no id to change"):
            store.update_study(study.id, id="x")
        with pytest.raises(TypeError, match="state"):
            store.update_task(task.id, **{"state = 'lost' --": 1})
        assert store.task(task.id) == task
        with pytest.raises(NotFound):
            store.update_study("nobody", reason="x")

    def test_one_process_owns_a_study(self, store: Store, study: StudyRecord) -> None:
        owned = store.own_study(study.id, ME, replacing=None, state=StudyState.RUNNING)
        assert (owned.owner, owned.state) == (ME, StudyState.RUNNING)
        for owner in (OTHER, ME):
            with pytest.raises(StudyBusy, match="process 1"):
                store.own_study(study.id, owner, replacing=None, state=StudyState.PAUSED)
        assert store.study(study.id) == owned
        store.own_study(study.id, OTHER, replacing=ME, state=StudyState.RUNNING)
        store.release_study(study.id, ME, state=StudyState.STOPPED)
        assert store.study(study.id).owner == OTHER and store.study(study.id).state is StudyState.RUNNING
        store.release_study(study.id, OTHER, state=StudyState.STOPPED)
        assert (store.study(study.id).owner, store.study(study.id).state) == (None, StudyState.STOPPED)
        with pytest.raises(NotFound):
            store.own_study("nobody", ME, replacing=None, state=StudyState.RUNNING)


class TestTasks:
    def test_a_new_task_is_as_asked(self, store: Store, study: StudyRecord) -> None:
        made = store.create_tasks([new(study, 3, attempt=1, memo={"a": 1}, code="c"), new(study, 4)], 2)
        assert [t.trial for t in made] == [3, 4] and made[0].id != made[1].id
        first = made[0]
        assert (first.attempt, first.memo, first.code, first.state) == (1, {"a": 1}, "c", TaskState.QUEUED)
        assert (first.started, first.ended, first.pid, first.archived, first.created) == (None, None, None, False, 2.0)
        assert store.tasks(study.id) == made and store.task(first.id) == first
        assert store.create_tasks([], 2.0) == []

    def test_values_keep_their_types(self, store: Store, study: StudyRecord) -> None:
        given: dict[str, Any] = {
            "tuple": (1, (2.0, [None, "x"])),
            "keys": {1: "a", 1.5: "b", None: "c", (1, 2): "e"},
            "tag": {"__tuple__": [1]},
            "tags": [{"__pairs__": [[1, 2]]}, {"__tuple__": 1, "b": 2}],
            "numbers": [1, 1.0, True, 2**70, -0.0, math.inf, -math.inf, 1e308, 5e-324],
            "text": ["", "\0", HALF, "🦉"],
        }
        kept = store.create_tasks([new(study, parameters=given)], 1.0)[0].parameters
        assert repr(kept) == repr(given)
        assert repr(store.task(store.tasks(study.id)[0].id).parameters) == repr(given)
        made = store.create_tasks([new(study, parameters={"nan": math.nan})], 1.0)[0]
        assert math.isnan(made.parameters["nan"])

    def test_numbers_of_numpy_become_plain(self, store: Store, study: StudyRecord) -> None:
        numpy = pytest.importorskip("numpy")
        kept = store.create_tasks([new(study, parameters={"a": numpy.int64(3), "b": numpy.float32(0.5)})], 1.0)[0]
        assert kept.parameters == {"a": 3, "b": 0.5} and type(kept.parameters["a"]) is int

    def test_a_value_that_cannot_be_kept_is_refused(self, store: Store, study: StudyRecord) -> None:
        with pytest.raises(InvalidInput, match="of type object"):
            store.create_tasks([new(study), new(study, parameters={"x": object()})], 1.0)
        assert store.tasks(study.id) == []

    def test_records_are_values(self, store: Store, study: StudyRecord) -> None:
        given = {"list": [1]}
        made = store.create_tasks([new(study, parameters=given)], 1.0)[0]
        given["list"].append(2)
        made.parameters["list"].append(3)
        store.task(made.id).parameters["list"].append(4)
        store.delta(Cursor(), study.id).tasks[0].parameters.clear()
        assert store.task(made.id).parameters == {"list": [1]}

    def test_a_task_of_no_known_study_is_refused(self, store: Store) -> None:
        with pytest.raises(NotFound):
            store.create_tasks([NewTask(study="x", trial=0, name="", parameters={}, queue="q", code=None)], 1.0)

    def test_tasks_without_a_study_are_served_too(self, store: Store) -> None:
        made = store.create_tasks([new(None, None)], 1.0)[0]
        assert made.study is None and [t.id for t in store.claim("q", "a", 1, 2.0)] == [made.id]

    def test_states_are_filtered_in_order_of_creation(self, store: Store, study: StudyRecord) -> None:
        made = store.create_tasks([new(study, i) for i in range(4)], 1.0)
        for each in (made[2], made[0]):
            store.move_task(each.id, TaskState.ABORTED, expect={TaskState.QUEUED})
        store.move_task(made[3].id, TaskState.LOST, expect={TaskState.QUEUED})
        chosen = store.tasks(study.id, [TaskState.LOST, TaskState.ABORTED])
        assert [t.trial for t in chosen] == [0, 2, 3]
        assert store.tasks(study.id, []) == [] and store.tasks("nobody") == []

    def test_a_task_moves_only_from_an_expected_state(self, store: Store, task: TaskRecord) -> None:
        assert store.move_task(task.id, TaskState.COMPLETED, expect={TaskState.RUNNING}) is None
        assert store.move_task(task.id, TaskState.LOST, expect=()) is None
        assert store.move_task("nobody", TaskState.LOST, expect={TaskState.QUEUED}) is None
        assert store.task(task.id) == task
        moved = store.move_task(task.id, TaskState.ABORTED, expect=set(TaskState), reason="user", ended=3, error="e")
        assert moved is not None and (moved.reason, moved.ended, moved.error) == ("user", 3.0, "e")
        assert store.task(task.id) == moved

    def test_updates(self, store: Store, task: TaskRecord) -> None:
        store.update_task(task.id, pid=7, archived=True, name="n", memo=None)
        found = store.task(task.id)
        assert (found.pid, found.archived, found.name, found.memo) == (7, True, "n", None)
        for call in (lambda: store.update_task("nobody", pid=1), lambda: store.task("nobody")):
            with pytest.raises(NotFound):
                call()

    def test_claims_are_oldest_first_and_once(self, store: Store, study: StudyRecord) -> None:
        made = store.create_tasks(
            [new(study, i, state=TaskState.CREATED if i == 0 else TaskState.QUEUED) for i in range(5)], 1.0
        )
        other = store.create_tasks([new(study, 9, queue="other")], 1.0)[0]
        store.move_task(made[1].id, TaskState.ABORTED, expect={TaskState.QUEUED})
        store.move_task(made[0].id, TaskState.QUEUED, expect={TaskState.CREATED})
        assert store.claim("q", "a", 0, 2.0) == [] == store.claim("nobody", "a", 1, 2.0)
        first, rest = store.claim("q", "a", 2, 2), store.claim("q", "b", 9, 3.0)
        assert [t.trial for t in first] == [0, 2] and [t.trial for t in rest] == [3, 4]
        assert {(t.state, t.agent, t.started) for t in first} == {(TaskState.RUNNING, "a", 2.0)}
        assert store.claim("q", "a", 9, 4.0) == []
        assert store.task(other.id) == other

    def test_outcomes(self, store: Store, task: TaskRecord) -> None:
        assert store.outcome(task.id) is None
        store.finish(task.id, Outcome(ok=False, error=f"boom {HALF}"))
        assert store.outcome(task.id) == Outcome(ok=False, error=f"boom {HALF_KEPT}")
        with pytest.raises(NotFound):
            store.finish("nobody", Outcome(ok=True))


class TestScalars:
    def test_points_come_back_in_order_of_iteration_and_time(self, store: Store, task: TaskRecord) -> None:
        points = [(LOSS, 2, 9.0, 1.0), (LOSS, 1, 5.0, 2.0), (ACCURACY, 1, 4.0, 3.0), (LOSS, 1, 5.0, 4.0)]
        store.record_scalars(task.key, points)
        store.record_scalars(task.key, [])
        assert [s.value for s in store.scalars(task.id)] == [3.0, 2.0, 4.0, 1.0]
        assert store.scalars(task.id, LOSS)[0] == Scalar(task.id, LOSS, 1, 5.0, 2.0)
        assert len(store.scalars(task.id, LOSS)) == 3
        assert store.scalars(task.id, Metric("no", "no")) == [] == store.scalars("nobody")

    def test_a_summary_knows_last_and_extremes(self, store: Store, study: StudyRecord, task: TaskRecord) -> None:
        points = [(3, 1.0, 5.0), (5, 1.0, -1.0), (5, 2.0, 4.0), (5, 1.5, 9.0), (4, 9.0, -1.0), (5, 2.0, 3.0)]
        store.record_scalars(task.key, [(LOSS, *point) for point in points])
        (found,) = store.summaries(study.id)
        assert (found.task, found.metric, found.points) == (task.id, LOSS, 6)
        assert (found.last, found.last_iteration) == (3.0, 5)
        assert (found.min, found.min_iteration, found.max, found.max_iteration) == (-1.0, 5, 9.0, 5)
        assert store.task_summaries(task.id) == [found]

    def test_what_is_no_number_never_wins(self, store: Store, study: StudyRecord, task: TaskRecord) -> None:
        store.record_scalars(task.key, [(LOSS, 0, 1.0, math.nan)])
        (found,) = store.summaries(study.id)
        assert math.isnan(found.last) and found.min is found.max is found.min_iteration is found.max_iteration is None
        store.record_scalars(task.key, [(LOSS, 1, 1.0, 2), (LOSS, 2, 1.0, math.inf), (LOSS, 3, 1.0, -math.inf)])
        (found,) = store.summaries(study.id)
        assert (found.last, found.min, found.max, found.points) == (-math.inf, 2.0, 2.0, 4)
        values = [s.value for s in store.scalars(task.id)]
        assert math.isnan(values[0]) and values[1:] == [2.0, math.inf, -math.inf] and type(values[1]) is float

    def test_single_values_have_their_iteration(self, store: Store, task: TaskRecord) -> None:
        store.record_scalars(task.key, [(LOSS, SINGLE_VALUE_ITERATION, 1.0, 1.0)])
        assert store.task_summaries(task.id)[0].last_iteration == -(2**31)

    def test_summaries_of_chosen_metrics(self, store: Store, study: StudyRecord) -> None:
        for each in store.create_tasks([new(study, i) for i in range(3)], 1.0):
            store.record_scalars(each.key, [(LOSS, 0, 1.0, 1.0), (ACCURACY, 0, 1.0, 2.0)])
        assert len(store.summaries(study.id)) == 6
        assert {s.metric for s in store.summaries(study.id, [ACCURACY])} == {ACCURACY}
        assert store.summaries(study.id, []) == [] == store.summaries(study.id, [Metric("no", "no")])

    def test_summaries_of_chosen_metrics_bring_the_constraints(self, store: Store, task: TaskRecord) -> None:
        bound = Metric(CONSTRAINT_TITLE, "size")
        store.record_scalars(task.key, [(LOSS, 0, 1.0, 1.0), (bound, 0, 1.0, -2.0), (ACCURACY, 0, 1.0, 3.0)])
        assert task.study is not None
        assert {s.metric for s in store.summaries(task.study, [LOSS])} == {LOSS, bound}
        assert store.summaries("nobody") == []

    def test_trials_are_counted_once_however_often_they_ran(self, store: Store, study: StudyRecord) -> None:
        assert store.count_trials(study.id) == 0
        store.create_tasks([new(study, 0), new(study, 1), new(study, 1, attempt=1), new(study, 4), new(None)], 1.0)
        assert store.count_trials(study.id) == 3

    @pytest.mark.parametrize("sign", Sign)
    def test_the_best_value_is_that_of_the_tasks_that_win(self, store: Store, study: StudyRecord, sign: Sign) -> None:
        objective, bound = Objective(*LOSS, sign), Metric(CONSTRAINT_TITLE, "size")
        ends: list[tuple[TaskState, str | None, list[float], list[float]]] = [
            (TaskState.COMPLETED, None, [3.0, 5.0, 4.0], []),
            (TaskState.COMPLETED, None, [6.0, 2.0, math.nan], [-1.0]),
            (TaskState.ABORTED, "user", [1.5, 7.0, 6.5], []),
            (TaskState.ABORTED, SKIPPED, [0.0, 9.0, 0.0], []),
            (TaskState.ABORTED, RUN_AGAIN, [0.0, 9.0, 0.0], []),
            (TaskState.PRUNED, "pruned", [-1.0, 10.0], []),
            (TaskState.FAILED, None, [-1.0, 10.0], []),
            (TaskState.RUNNING, None, [-2.0, 11.0], []),
            (TaskState.COMPLETED, None, [-3.0, 12.0], [0.0, 0.5]),
            (TaskState.COMPLETED, None, [-3.0, 12.0], [math.nan]),
            (TaskState.COMPLETED, None, [math.inf], []),
            (TaskState.COMPLETED, None, [-math.inf], []),
            (TaskState.COMPLETED, None, [], []),
        ]
        assert store.best_value(study.id, objective) is None
        for trial, (state, reason, values, bounds) in enumerate(ends):
            task = store.create_tasks([new(study, trial)], 1.0)[0]
            points = [(LOSS, i, 1.0, v) for i, v in enumerate(values)] + [
                (bound, i, 1.0, v) for i, v in enumerate(bounds)
            ]
            store.record_scalars(task.key, [*points, (ACCURACY, 0, 1.0, -50.0)])
            store.move_task(task.id, state, expect=[TaskState.QUEUED], reason=reason)
        found = [(t, read_result([objective], store.task_summaries(t.id))) for t in store.tasks(study.id)]
        values = [result.values[0] for task, result in found if wins(task, result)]
        expected = {Sign.MIN: 4.0, Sign.MAX: 6.5, Sign.MIN_GLOBAL: 1.5, Sign.MAX_GLOBAL: 7.0}[sign]
        assert expected in values and store.best_value(study.id, objective) == expected
        assert store.best_value(study.id, Objective("no", "no")) is None
        assert store.best_value("nobody", objective) is None

    @pytest.mark.parametrize("sets", [False, True])
    @pytest.mark.parametrize("several", [False, True])
    def test_winning_values_are_those_of_the_tasks_or_sets_that_win(
        self, store: Store, study: StudyRecord, sets: bool, several: bool
    ) -> None:
        size = Metric(CONSTRAINT_TITLE, "size")
        objectives = [Objective(*LOSS, Sign.MIN_GLOBAL), Objective(*ACCURACY, Sign.MAX)][: 1 + several]
        ends: list[tuple[TaskState, str | None, dict[str, Any], dict[Metric, list[float]]]] = [
            (TaskState.COMPLETED, None, {"x": 1, "y": 0.5}, {LOSS: [3.0, 5.0], ACCURACY: [0.5, 0.75]}),
            (TaskState.COMPLETED, None, {"y": 0.5, "x": 1}, {LOSS: [2.0], ACCURACY: [0.25], size: [-1.0]}),
            (TaskState.ABORTED, "user", {"x": 2}, {ACCURACY: [0.5], LOSS: [1.0]}),
            (TaskState.ABORTED, SKIPPED, {"x": 2}, {LOSS: [-9.0], ACCURACY: [9.0]}),
            (TaskState.ABORTED, RUN_AGAIN, {"x": 2}, {LOSS: [-9.0], ACCURACY: [9.0]}),
            (TaskState.FAILED, None, {"x": 2}, {LOSS: [-9.0], ACCURACY: [9.0]}),
            (TaskState.COMPLETED, None, {"x": 3}, {LOSS: [4.0]}),
            (TaskState.COMPLETED, None, {"x": 3}, {LOSS: [math.nan], ACCURACY: [0.5]}),
            (TaskState.COMPLETED, None, {"x": 4}, {LOSS: [-7.0], ACCURACY: [8.0]}),
            (TaskState.FAILED, None, {"x": 4}, {size: [0.5]}),
        ]
        assert store.winning_values(study.id, objectives, sets=sets) == []
        for trial, (state, reason, parameters, reported) in enumerate(ends):
            task = store.create_tasks([new(study, trial, parameters=parameters)], 1.0)[0]
            store.record_scalars(
                task.key, [(m, i, 1.0, v) for m, values in reported.items() for i, v in enumerate(values)]
            )
            store.move_task(task.id, state, expect=[TaskState.QUEUED], reason=reason)
        each = [(3.0, 0.75), (2.0, 0.25), (1.0, 0.5), *([] if several else [(4.0,)]), (-7.0, 8.0)]
        means = [(2.5, 0.5), (1.0, 0.5), *([] if several else [(4.0,)])]
        expected = [values[: 1 + several] for values in (means if sets else each)]
        assert store.winning_values(study.id, objectives, sets=sets) == expected
        assert store.winning_values(study.id, [Objective("no", "no")], sets=sets) == []

    def test_reports_are_in_the_order_reported(self, store: Store, study: StudyRecord) -> None:
        one, two = store.create_tasks([new(study, 0), new(study, 1)], 1.0)
        for key, at in ((two.key, 5), (one.key, 3), (two.key, 1)):
            store.record_scalars(key, [(LOSS, at, 1.0, float(at)), (ACCURACY, at, 1.0, 0.0)])
        assert list(store.reports(study.id, LOSS)) == [(two.id, 5, 5.0), (one.id, 3, 3.0), (two.id, 1, 1.0)]
        assert list(store.reports(study.id, Metric("no", "no"))) == []

    def test_points_of_no_known_task_are_refused(self, store: Store, task: TaskRecord) -> None:
        for key in (task.key + 1, 0, -1):
            with pytest.raises(NotFound):
                store.record_scalars(key, [(LOSS, 0, 1.0, 1.0)])
        with pytest.raises(InvalidInput, match="too large"):
            store.record_scalars(task.key, [(LOSS, 0, 1.0, 1.0), (LOSS, 2**63, 1.0, 1.0)])
        assert store.scalars(task.id) == [] and store.cursor().scalar == 0

    @pytest.mark.parametrize("name", HOSTILE)
    def test_names_are_data(self, store: Store, name: str) -> None:
        study = store.create_study(name, name, {name: name}, 1.0)
        made = store.create_tasks([new(study, name=name, queue=name, parameters={name: name})], 1.0)[0]
        metric = Metric(name, name)
        store.record_scalars(made.key, [(metric, 0, 1.0, 1.0)])
        assert store.study(name) == study and (study.name, study.project) == (name, name)
        assert (made.name, made.queue, made.parameters) == (name, name, {name: name})
        assert store.scalars(made.id, metric) == [Scalar(made.id, metric, 0, 1.0, 1.0)]
        assert store.summaries(study.id, [metric])[0].metric == metric
        assert store.delta(Cursor(), study.id, [metric]).scalars[0].metric == metric
        assert [t.id for t in store.claim(name, name, 1, 1.0)] == [made.id]

    def test_half_characters_are_spelled_out(self, store: Store) -> None:
        study = store.create_study(HALF, HALF, {}, 1.0)
        assert (study.name, study.project) == (HALF_KEPT, HALF_KEPT)
        assert store.study(HALF) == study and store.create_study(HALF, "", {}, 1.0).name == HALF_KEPT + "-2"
        made = store.create_tasks([new(study, name=HALF)], 1.0)[0]
        store.record_scalars(made.key, [(Metric(HALF, HALF), 0, 1.0, 1.0)])
        assert store.task(made.id).name == HALF_KEPT
        for metric in (Metric(HALF, HALF), Metric(HALF_KEPT, HALF_KEPT)):
            assert store.scalars(made.id, metric)[0].metric == Metric(HALF_KEPT, HALF_KEPT)
            assert len(store.summaries(study.id, [metric])) == 1


class TestRequests:
    def test_requests_wait_until_answered_once(self, store: Store, study: StudyRecord, task: TaskRecord) -> None:
        pause = store.request(RequestKind.PAUSE, study=study.id, task=None, payload={}, now=1)
        stop = store.request(RequestKind.STOP_TASK, study=None, task=task.id, payload={"reason": "user"}, now=2.0)
        assert stop.study == study.id and pause.time == 1.0 and pause.handled is None
        assert store.open_requests(study=study.id) == [pause] and store.open_requests(queue="q") == [stop]
        assert store.open_requests(study=study.id, queue="q") == [pause, stop]
        assert store.open_requests() == [] == store.open_requests(queue="other")
        store.answer(pause.id, 3, "no")
        store.answer(pause.id, 4.0, "yes")
        store.answer(99, 4.0)
        assert store.open_requests(study=study.id) == []
        kept = store.requests(study.id)
        assert [(r.id, r.handled, r.answer) for r in kept] == [(pause.id, 3.0, "no"), (stop.id, None, None)]

    def test_requests_need_somebody_to_ask(self, store: Store, study: StudyRecord) -> None:
        for where in ({"study": "x", "task": None}, {"study": study.id, "task": "x"}):
            with pytest.raises(NotFound):
                store.request(RequestKind.STOP, payload={}, now=1.0, **where)  # type: ignore[arg-type]
        assert store.requests(study.id) == []


class TestCode:
    def test_code_is_kept_once_and_given_as_it_is(self, store: Store) -> None:
        hash = store.put_code("function", b"\0\xff", {"name": "train", "t": (1,)})
        assert store.put_code("function", b"\0\xff", {"name": "other"}) == hash != store.put_code("k", b"\0\xff", {})
        found = store.code(hash)
        assert (found.hash, found.kind, found.body, found.about) == (
            hash,
            "function",
            b"\0\xff",
            {"name": "train", "t": (1,)},
        )
        with pytest.raises(NotFound):
            store.code("nothing")


class TestWatches:
    def test_own_writes_do_not_wake(self, store: Store, study: StudyRecord) -> None:
        with store.watch() as watch:
            store.update_study(study.id, reason="x")
            assert watch.wait(0) is Rung.NOTHING

    def test_a_wake_is_heard_even_before_the_wait_and_never_after_the_end(self, store: Store) -> None:
        with store.watch(scalars=False) as watch:
            threading.Thread(target=watch.wake).start()
            assert watch.wait(None) is Rung.STATES and watch.wait(0) is Rung.NOTHING
        watch.close()
        watch.wake()

    def test_writes_of_others_are_told_apart(self, store: Store, study: StudyRecord, task: TaskRecord) -> None:
        def run(action: Any) -> None:
            thread = threading.Thread(target=action)
            thread.start()
            thread.join()

        def both() -> None:
            with store.transaction():
                store.record_scalars(task.key, [(LOSS, 1, 1.0, 1.0)])
                store.update_study(study.id)

        with store.watch() as all_of_it, store.watch(scalars=False) as states:
            run(lambda: store.record_scalars(task.key, [(LOSS, 0, 1.0, 1.0)]))
            assert all_of_it.wait(5) is Rung.SCALARS and states.wait(0) is Rung.NOTHING
            run(lambda: store.update_study(study.id))
            assert all_of_it.wait(5) is Rung.STATES and states.wait(5) is Rung.STATES
            run(both)
            assert all_of_it.wait(5) is Rung.STATES | Rung.SCALARS and states.wait(5) is Rung.STATES


class TestCards:
    CARD = TaskCard(project="p", type="optimizer", tags=("a", "b"), parent="x", comment="c")

    def test_a_task_that_was_given_nothing_has_the_default_card(self, store: Store, task: TaskRecord) -> None:
        assert store.card(task.id) == TaskCard()
        with pytest.raises(NotFound):
            store.card("nobody")
        with pytest.raises(NotFound):
            store.put_card("nobody", self.CARD)

    def test_a_card_is_kept_and_replaced(self, store: Store, task: TaskRecord) -> None:
        store.put_card(task.id, self.CARD)
        assert store.card(task.id) == self.CARD
        hostile = TaskCard(tags=tuple(HOSTILE), comment=HALF, project="🦉")
        store.put_card(task.id, hostile)
        assert store.card(task.id) == replace(hostile, comment=HALF_KEPT)

    def test_a_card_wakes_those_who_watch_the_task(self, store: Store, study: StudyRecord, task: TaskRecord) -> None:
        since = store.cursor()
        store.put_card(task.id, self.CARD)
        assert [t.id for t in store.delta(since, study.id).tasks] == [task.id]

    def test_a_card_of_a_transaction_that_fails_is_not_kept(self, store: Store, task: TaskRecord) -> None:
        store.put_card(task.id, self.CARD)
        with contextlib.suppress(ZeroDivisionError), store.transaction():
            store.put_card(task.id, TaskCard(comment="other"))
            raise ZeroDivisionError
        assert store.card(task.id) == self.CARD

    def test_the_cards_of_a_study_are_listed_in_the_order_of_its_tasks(self, store: Store, study: StudyRecord) -> None:
        first, second, _ = store.create_tasks([new(study, number) for number in range(3)], 1.0)
        alone = store.create_tasks([new(None, None)], 1.0)[0]
        for task in (alone, second, first):
            store.put_card(task.id, TaskCard(comment=task.id, tags=("a",)))
        assert list(store.cards(study.id).items()) == [
            (each.id, TaskCard(comment=each.id, tags=("a",))) for each in (first, second)
        ]
        assert store.cards("nobody") == {}

    def test_tasks_are_found_by_project_name_and_parent_newest_first(self, store: Store, study: StudyRecord) -> None:
        of_study = store.create_tasks([new(study, 0)], 1.0)[0]
        first, second, third = store.create_tasks([new(None, None, name=name) for name in "aba"], 1.0)
        store.put_card(first.id, TaskCard(project="p"))
        store.put_card(second.id, TaskCard(project="p", parent=first.id))

        def ids(**wanted: str) -> list[str]:
            return [found.id for found, _ in store.find_tasks(**wanted)]

        assert ids() == [third.id, second.id, first.id, of_study.id]
        assert ids(project="p") == [second.id, first.id]
        assert ids(project="p", name="a") == [first.id] and ids(name="a") == [third.id, first.id]
        assert ids(parent=first.id) == [second.id] and ids(name="' OR 1 --") == []
        assert ids(project="project") == [of_study.id]
        assert store.find_tasks(project="project")[0] == (of_study, TaskCard(project="project"))
        assert store.find_tasks(parent=first.id)[0] == (second, TaskCard(project="p", parent=first.id))

    def test_parameters_and_queue_of_a_draft_may_change(self, store: Store) -> None:
        made = store.create_tasks([new(None, None, queue="", state=TaskState.CREATED)], 1.0)[0]
        store.update_task(made.id, parameters={"General/shape": (1, 2.0), "x": None})
        assert store.task(made.id).parameters == {"General/shape": (1, 2.0), "x": None}
        assert store.claim("q", "agent", 1, 2.0) == []
        store.move_task(made.id, TaskState.QUEUED, expect=[TaskState.CREATED], queue="q")
        assert [t.id for t in store.claim("q", "agent", 1, 2.0)] == [made.id]


class TestFiles:
    def keep(self, store: Store, task: TaskRecord, name: str = "n", body: Any = b"body", **more: Any) -> Artifact:
        values: dict[str, Any] = {"kind": "artifact", "suffix": ".txt", "about": {"type": "text"}, "now": 1} | more
        return store.put_artifact(task.id, name=name, body=body, **values)

    @pytest.mark.parametrize("name", HOSTILE)
    def test_a_file_comes_back_whatever_its_name(self, store: Store, task: TaskRecord, name: str) -> None:
        kept = self.keep(store, task, name)
        assert (kept.name, kept.size, kept.time, kept.about) == (name, 4, 1.0, {"type": "text"})
        assert kept.hash == hashlib.sha256(b"body").hexdigest()
        assert re.fullmatch(r"[0-9a-f]{32}\.txt", kept.file)
        assert store.artifact(task.id, "artifact", name) == kept
        assert store.read_artifact(kept) == b"body"

    def test_a_name_taken_again_replaces_the_file(self, store: Store, task: TaskRecord, tmp_path: Path) -> None:
        old = self.keep(store, task)
        (tmp_path / "given").write_bytes(b"x" * 3_000_000)
        newer = self.keep(store, task, body=tmp_path / "given", suffix="../evil")
        assert (newer.size, len(newer.file)) == (3_000_000, 32)
        assert store.artifacts(task.id) == [newer] and store.read_artifact(newer) == b"x" * 3_000_000
        with pytest.raises(NotFound, match="gone"):
            store.read_artifact(old)

    def test_files_are_listed_by_kind_and_name(self, store: Store, task: TaskRecord) -> None:
        for kind, name in (("plot", "b"), ("artifact", "z"), ("plot", "a")):
            self.keep(store, task, name, kind=kind)
        assert [(a.kind, a.name) for a in store.artifacts(task.id)] == [("artifact", "z"), ("plot", "a"), ("plot", "b")]
        assert [a.name for a in store.artifacts(task.id, "plot")] == ["a", "b"]
        with pytest.raises(NotFound, match="'a', 'b'"):
            store.artifact(task.id, "plot", "c")

    def test_a_file_that_is_dropped_is_gone(self, store: Store, task: TaskRecord) -> None:
        kept = self.keep(store, task)
        assert store.drop_artifact(task.id, "artifact", "n") and not store.drop_artifact(task.id, "artifact", "n")
        assert store.artifacts(task.id) == []
        with pytest.raises(NotFound):
            store.read_artifact(kept)

    def test_a_file_of_no_task_or_with_unkeepable_words_leaves_nothing(self, store: Store, task: TaskRecord) -> None:
        with pytest.raises(NotFound):
            store.put_artifact("nobody", "k", "n", b"", suffix="", about={}, now=1.0)
        with pytest.raises(InvalidInput):
            self.keep(store, task, about={"x": object()})
        assert store.artifacts(task.id) == []
        if store.folder is not None:
            assert list((store.folder / "tasks").rglob("*.*")) == []

    @pytest.mark.parametrize("file", ["../../store.sqlite", "/etc/passwd", "", "a" * 32 + "/x"])
    def test_a_damaged_entry_leads_to_no_other_file(self, store: Store, task: TaskRecord, file: str) -> None:
        with pytest.raises(NotFound):
            store.read_artifact(replace(self.keep(store, task), file=file))


class TestAgents:
    def test_agents_come_serve_and_leave(self, store: Store) -> None:
        assert store.agents() == [] and store.queues() == ["default"]
        store.add_agent("a", "gpu", 2, ("0", "1"), ME, 1)
        store.add_agent("b", "", 1, (), OTHER, 2)
        first = AgentRecord(id="a", queue="gpu", slots=2, gpus=("0", "1"), owner=ME, started=1.0)
        assert store.agents()[0] == first and store.queues() == ["default", "gpu"]
        store.end_agent("a", 3)
        store.end_agent("a", 4)
        store.end_agent("nobody", 4)
        assert store.agents()[0] == replace(first, ended=3.0)
        assert [each.id for each in store.agents(serving=True)] == ["b"]
        assert store.queues() == ["default", "gpu"]

    def test_what_an_agent_holds_is_what_it_claimed_and_did_not_end(self, store: Store) -> None:
        made = store.create_tasks([new(None, None) for _ in range(4)], 1.0)
        store.claim("q", "a", 2, 2.0)
        store.claim("q", "b", 1, 2.0)
        store.move_task(made[0].id, TaskState.COMPLETED, expect=[TaskState.RUNNING])
        assert [t.id for t in store.held_tasks("a")] == [made[1].id]
        assert [t.id for t in store.held_tasks("b")] == [made[2].id] and store.held_tasks("nobody") == []
