"""What a study writes for other programs, and what it tells while it runs."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

import optuna
import pandas as pd
import pytest

import hpo_widgets as hpo
from hpo_widgets.errors import InvalidInput
from hpo_widgets.store.location import open_store
from hpo_widgets.study import Study

HOSTILE = '<b>"lr", =1+1</b> 🦜'


@pytest.fixture
def study(tmp_path: Path) -> Study:
    def train(task: Any, **parameters: Any) -> float:
        print("begins with", parameters)
        if parameters[HOSTILE] == 1:
            raise ValueError("too small")
        loss = math.nan if parameters[HOSTILE] == 2 else parameters[HOSTILE]
        task.get_logger().report_scalar("loss", "loss", loss, 3)
        return float(parameters[HOSTILE])

    found = hpo.tune(
        train,
        {HOSTILE: [1, 2, 3]},
        objective="loss",
        strategy="grid",
        name=HOSTILE,
        max_jobs=3,
        concurrency=1,
        store=open_store(tmp_path / "store"),
    )
    assert found.wait(60)
    return found


def test_the_table_comes_back_from_csv_as_it_was(study: Study, tmp_path: Path) -> None:
    place = study.export_csv(tmp_path / "t.csv")

    read = pd.read_csv(place)

    assert list(read.columns) == list(study.tasks().columns)
    assert list(read[HOSTILE]) == [1, 2, 3]
    assert place.stat().st_mode & 0o077 == 0


def test_json_holds_every_task_and_no_sentinel_for_what_is_missing(study: Study, tmp_path: Path) -> None:
    data = json.loads(study.export_json(tmp_path / "t.json").read_text(), parse_constant=pytest.fail)

    assert data["name"] == HOSTILE
    assert [task["state"] for task in data["tasks"]] == ["failed", "completed", "completed"]
    assert [task["values"] for task in data["tasks"]] == [None, ["NaN"], [3.0]]
    assert "too small" in data["tasks"][0]["error"]
    assert hpo.SearchSpace.from_json(data["space"]) == study.config.space


def test_a_place_that_cannot_be_written_is_an_error_and_leaves_nothing(study: Study, tmp_path: Path) -> None:
    for place in (tmp_path / "none" / "t.csv", tmp_path):
        with pytest.raises(InvalidInput, match=r"cannot be written|is a folder"):
            study.export_csv(place)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".hpo-export")] == []


def test_an_optuna_storage_gets_a_copy_under_a_free_name(study: Study, tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path / 'o.db'}"

    names = [study.export_optuna(storage), study.export_optuna(storage)]

    assert names == [HOSTILE, f"{HOSTILE}-2"]
    copy = optuna.load_study(study_name=HOSTILE, storage=storage)
    assert copy.best_params == {HOSTILE: 3}
    assert len(copy.trials) == 3
    for wrong in ("o.db", "nosuch://x"):
        with pytest.raises(InvalidInput, match="storage"):
            study.export_optuna(wrong)


def test_a_log_is_read_from_where_one_was(study: Study) -> None:
    task = study.top(1)[0].id

    first = study.log(task)

    assert first.text.startswith("begins with")
    assert study.log(task, first.offset).text == ""
    assert study.log(task, 7).text == first.text[7:]


def test_resources_name_who_serves_and_what_running_tasks_take(tmp_path: Path) -> None:
    def train(task: Any, x: float) -> float:
        import time

        task.get_logger().report_scalar("up", "up", 1.0, 0)
        time.sleep(1000)
        return x

    store = open_store(tmp_path / "store")
    study = hpo.tune(train, {"x": (0.0, 1.0)}, objective="x", max_jobs=4, concurrency=2, strategy="random", store=store)
    with store.watch() as watch:
        until = time.monotonic() + 60
        while len(study.resources().loads) < 2 and time.monotonic() < until:
            watch.wait(1.0)

    found = study.resources()

    assert [(server.name, server.slots) for server in found.servers] == [("this study", 2)]
    assert len(found.running) == 2
    assert all(load.memory > 1 << 20 and load.processes >= 1 for load in found.loads.values())
    study.stop()
    assert study.wait(30)
    assert study.resources().servers == ()
    assert study.resources().loads == {}
