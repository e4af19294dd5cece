from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hpo_widgets.errors import NotFound
from hpo_widgets.model.scalar import Metric
from hpo_widgets.model.task import TaskState
from hpo_widgets.store.base import Store
from hpo_widgets.widgets.panels.task_detail import LOG_TAIL, OPEN, POINTS, TaskDetail
from tests.unit.widgets.desk import Desk

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def log(store: Store, tmp_path: Path) -> Callable[[str, str], None]:
    """Is a function that prints as a task would."""
    store.folder = tmp_path
    (tmp_path / "logs").mkdir()

    def write(task: str, text: str) -> None:
        with (tmp_path / "logs" / f"{task}.log").open("a") as file:
            file.write(text)

    return write


def take(detail: TaskDetail, now: float = 2000.0) -> Any:
    found = detail.take(now)
    json.dumps(found, allow_nan=False)
    return found


def test_the_first_look_gives_all_and_the_next_nothing(desk: Callable[..., Desk]) -> None:
    made = desk()
    task = made.trial(3, 0.9, lr=0.5)
    detail = TaskDetail(made.study)
    detail.open(task)

    [first] = take(detail)

    assert first["whole"]
    assert (first["id"], first["task"]["trial"], first["task"]["state"]) == (task, 3, "completed")
    assert first["task"]["parameters"] == [["lr", "0.5"]]
    assert first["curves"] == [["accuracy", 1, [[0, 0.9]]]]
    assert [field["text"] for field in first["fields"]] == ["0.5"]
    assert take(detail) == []


def test_only_what_is_new_comes_later(desk: Callable[..., Desk], log: Callable[[str, str], None]) -> None:
    made = desk()
    task = made.start(0)
    log(task, "one\n")
    detail = TaskDetail(made.study)
    detail.open(task)
    assert take(detail)[0]["log"] == {"text": "one\n", "left_out": 0, "whole": True}

    log(task, "two\n")

    assert take(detail) == [{"id": task, "log": {"text": "two\n", "left_out": 0, "whole": False}, "whole": False}]
    made.end(task, TaskState.FAILED, error=HOSTILE)
    assert take(detail)[0]["task"]["error"] == HOSTILE
    log(task, "the last words\n")
    assert take(detail)[0]["log"]["text"] == "the last words\n"


def test_a_long_log_begins_with_its_end(desk: Callable[..., Desk], log: Callable[[str, str], None]) -> None:
    made = desk()
    task = made.start(0)
    log(task, "x" * LOG_TAIL + "the end")
    detail = TaskDetail(made.study)
    detail.open(task)

    found = take(detail)[0]["log"]

    assert found["text"].endswith("the end")
    assert (len(found["text"]), found["left_out"]) == (LOG_TAIL, len("the end"))


def test_curves_are_thinned_and_keep_their_last_point(desk: Callable[..., Desk], store: Store) -> None:
    made = desk()
    task = made.start(0)
    points = [(Metric("loss", "train"), i, 1000.0 + i, math.nan if i == 999 else float(i)) for i in range(1000)]
    store.record_scalars(store.task(task).key, points)
    detail = TaskDetail(made.study)
    detail.open(task)

    [[name, count, kept]] = take(detail)[0]["curves"]

    assert (name, count) == ("loss/train", 1000)
    assert len(kept) <= POINTS
    assert kept[-1] == [999, None]


def test_a_note_shows_in_the_next_look(desk: Callable[..., Desk]) -> None:
    made = desk()
    task = made.trial(0, 0.5)
    detail = TaskDetail(made.study)
    detail.open(task)
    take(detail)
    take(detail)

    made.study.note(task, HOSTILE)

    assert take(detail)[0]["task"]["note"] == HOSTILE


def test_a_few_tasks_at_a_time_are_followed(desk: Callable[..., Desk]) -> None:
    made = desk()
    tasks = [made.start(number) for number in range(OPEN + 1)]
    detail = TaskDetail(made.study)
    for task in tasks:
        detail.open(task)
    assert [each["id"] for each in take(detail)] == tasks[1:]
    for task in tasks:
        detail.close(task)
    assert not detail.is_open
    with pytest.raises(NotFound):
        detail.open("0" * 32)
