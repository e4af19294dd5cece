from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import hpo_widgets as hpo
from hpo_widgets.cli.main import run as main
from hpo_widgets.model.config import StudyConfig
from hpo_widgets.model.objective import parse_objectives
from hpo_widgets.model.scalar import Metric
from hpo_widgets.model.space_shorthand import as_space
from hpo_widgets.model.study import StudyState
from hpo_widgets.model.task import TaskState
from hpo_widgets.store.base import NewTask, Store
from hpo_widgets.store.location import open_store
from hpo_widgets.store.sqlite import SqliteStore
from hpo_widgets.study import Study


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    hpo.configure(store=tmp_path / "store")
    yield open_store()
    hpo.configure(store=None)


def study(store: Store, name: str, values: list[float], objective: Any = "loss", **more: Any) -> Study:
    """Gives an ended study; each value is a trial of its own, of two parameter sets in turn."""
    objectives = parse_objectives(objective, "max")
    given = {"name": name, "space": as_space({"x": (0, 1)}), "objectives": objectives, "base_name": "train", **more}
    config = StudyConfig(**given)
    record = store.create_study(name, "", config.to_json(), 1.0)
    for trial, value in enumerate(values):
        new = NewTask(study=record.id, trial=trial, name=name, parameters={"x": trial % 2}, queue="q", code=None)
        task = store.create_tasks([new], 1.0)[0]
        store.record_scalars(task.key, [(Metric(o.title, o.series), 0, 1.0, value) for o in objectives])
        store.move_task(task.id, TaskState.COMPLETED, expect=[TaskState.QUEUED])
    store.update_study(record.id, state=StudyState.COMPLETED)
    return Study(store, record.id)


def listed(capsys: pytest.CaptureFixture[str]) -> dict[str, list[str]]:
    assert main(["show"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["study", "state", "trials", "best", "started", "base", "task"]
    return {cells[0]: cells[1:4] for line in lines[2:] if (cells := re.split(r"  +", line))}


def test_the_list_of_studies_reads_no_task(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    study(store, "good", [0.5, 2.5, math.inf, 1.0])
    study(store, "空の探索", [])
    study(store, "bad", [math.nan])
    study(store, "repeated", [1.0, 9.0, 3.0, 0.0], repeats=2)
    study(store, "several", [1.0, math.nan, 2.0], ["loss", "size"])

    def read(*_: Any, **__: Any) -> None:
        raise AssertionError("tasks were read")

    for name in ("tasks", "task", "summaries", "task_summaries"):
        monkeypatch.setattr(SqliteStore, name, read)
    assert listed(capsys) == {
        "good": ["completed", "4", "2.5"],
        "空の探索": ["completed", "0", "–"],
        "bad": ["completed", "1", "–"],
        "repeated": ["completed", "4", "4.5"],
        "several": ["completed", "3", "2, 2"],
    }


def test_the_list_shows_what_best_means_in_each_study(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    study(store, "repeated", [1.0, 9.0, 3.0, 0.0], repeats=2)
    study(store, "several", [1.0, 2.0], ["loss", "size"])
    assert listed(capsys) == {"repeated": ["completed", "4", "4.5"], "several": ["completed", "2", "2, 2"]}
    for each in hpo.studies():
        assert each.glance()[1] == each.top(1)[0].result.values


def test_one_study_says_in_words_why_it_ended_and_what_was_not_searched(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    space = as_space({"x": (0, 1), "opt": "adam", "epochs": [3], "act": ["relu", "tanh"]})
    ended = study(store, "ended", [0.5], space=space)
    store.update_study(ended.id, reason="limit: patience", limits={"patience": 7})

    assert main(["show", "ended"]) == 0

    said = capsys.readouterr().out
    assert "state      completed (no better value in 7 trials)" in said
    assert "fixed      opt='adam', epochs=3\n" in said
