from __future__ import annotations

import contextlib
import gzip
import json
import queue
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from hpo_widgets.model.config import StudyConfig
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.objective import parse_objectives
from hpo_widgets.model.scalar import Metric
from hpo_widgets.model.space_shorthand import as_space
from hpo_widgets.model.task import TaskState
from hpo_widgets.store.base import NewTask, Store
from hpo_widgets.store.memory import MemoryStore
from hpo_widgets.store.sqlite import SqliteStore
from hpo_widgets.study import Study
from hpo_widgets.study.insight import Answer, Insights

SECONDS = 60


@pytest.fixture(params=[MemoryStore, SqliteStore])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made = request.param() if request.param is MemoryStore else SqliteStore(tmp_path / "store")
    yield made
    made.close()


def filled(store: Store, trials: int) -> Study:
    space = as_space({"x": (0.0, 1.0), "y": (0.0, 1.0)})
    config = StudyConfig(name="s", space=space, objectives=parse_objectives("loss"), limits=Limits())
    record = store.create_study("s", "", config.to_json(), 1000.0)
    for trial in range(trials):
        parameters = {"x": (trial * 7 % 10) / 10, "y": trial / trials}
        new = NewTask(study=record.id, trial=trial, name="t", parameters=parameters, queue="q", code=None)
        task = store.create_tasks([new], 1000.0)[0]
        store.record_scalars(task.key, [(Metric("loss", "loss"), 0, 1000.0, parameters["x"])])
        store.move_task(task.id, TaskState.COMPLETED, expect=[TaskState.QUEUED], started=1000.0, ended=1001.0 + trial)
    return Study(store, record.id)


@pytest.fixture
def answers() -> queue.SimpleQueue[Answer]:
    return queue.SimpleQueue()


@pytest.fixture
def insights(answers: queue.SimpleQueue[Answer]) -> Iterator[Callable[[Study], Insights]]:
    made: list[Insights] = []

    def make(study: Study) -> Insights:
        made.append(Insights(study, answers.put))
        return made[-1]

    yield make
    for each in made:
        each.close(SECONDS)


def helpers() -> list[psutil.Process]:
    return [p for p in psutil.Process().children() if "insight_main" in command_line(p)]


def command_line(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
        return " ".join(process.cmdline())
    return ""


def test_questions_are_answered_in_order_outside_this_process(
    store: Store, insights: Callable[[Study], Insights], answers: queue.SimpleQueue[Answer]
) -> None:
    asking = insights(filled(store, 12))

    for kind in ("importance", "edf"):
        asking.ask({"kind": kind})
    found = [answers.get(timeout=SECONDS) for _ in range(2)]

    assert [each.error for each in found] == ["", ""]
    said = [json.loads(gzip.decompress(each.body)) for each in found]
    assert [each["kind"] for each in said] == ["importance", "edf"]
    assert said[0]["rows"][0][0] == "x"
    assert len(helpers()) == (0 if store.folder is None else 1)


def test_error_is_an_answer_and_the_next_question_is_served(
    store: Store, insights: Callable[[Study], Insights], answers: queue.SimpleQueue[Answer]
) -> None:
    asking = insights(filled(store, 5))

    asking.ask({"kind": "no such"})
    asking.ask({"kind": "timeline"})

    assert "KeyError: 'no such'" in answers.get(timeout=SECONDS).error
    assert answers.get(timeout=SECONDS).error == ""


def test_helper_that_died_is_replaced(
    tmp_path: Path, insights: Callable[[Study], Insights], answers: queue.SimpleQueue[Answer]
) -> None:
    asking = insights(filled(SqliteStore(tmp_path / "store"), 5))
    asking.ask({"kind": "timeline"})
    answers.get(timeout=SECONDS)
    (helper,) = helpers()

    helper.kill()
    helper.wait(SECONDS)
    asking.ask({"kind": "timeline"})

    assert answers.get(timeout=SECONDS).error == ""


def test_closing_ends_the_helper_whatever_it_is_at(
    tmp_path: Path, insights: Callable[[Study], Insights], answers: queue.SimpleQueue[Answer]
) -> None:
    asking = insights(filled(SqliteStore(tmp_path / "store"), 5))
    asking.ask({"kind": "timeline"})
    answers.get(timeout=SECONDS)
    asking.ask({"kind": "importance"})

    asking.close(SECONDS)

    assert helpers() == []
    asking.ask({"kind": "timeline"})
    assert helpers() == []
