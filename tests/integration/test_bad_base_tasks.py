"""What cannot be searched is told in one message through both doors: nothing has started then, and nothing is lost."""

from __future__ import annotations

import json
import logging
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import hpo_widgets as hpo
from hpo_widgets.automation import DiscreteParameterRange, GridSearch, HyperParameterOptimizer
from hpo_widgets.errors import InvalidInput
from hpo_widgets.study import Study

PATIENCE_S = 60.0
Door = Callable[[Any, dict[str, list[Any]]], Study]


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HPO_WIDGETS_STORE", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    yield
    for study in hpo.studies():
        study.stop()
        study.wait(PATIENCE_S)


def by_tune(base: Any, values: dict[str, list[Any]]) -> Study:
    return hpo.tune(base, values, objective="loss", strategy="grid", concurrency=1, max_jobs=3)


def by_optimizer(base: Any, values: dict[str, list[Any]]) -> Study:
    space = [DiscreteParameterRange(name, list(given)) for name, given in values.items()]
    made = HyperParameterOptimizer(
        base, space, "loss", "loss", optimizer_class=GridSearch, max_number_of_concurrent_tasks=1
    )
    made.start()
    assert made.study is not None
    return made.study


@pytest.fixture(params=[by_tune, by_optimizer], ids=["tune", "optimizer"])
def search(request: pytest.FixtureRequest) -> Door:
    door: Door = request.param
    return door


def written(text: str, name: str = "train.py") -> str:
    Path(name).write_text(textwrap.dedent(text))
    return name


def notebook(*sources: str, tags: list[str]) -> str:
    cells = [
        {"cell_type": "code", "metadata": {"tags": tags}, "source": each, "outputs": [], "execution_count": None}
        for each in sources
    ]
    return written(json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}), "train.ipynb")


CONNECTS = "from hpo_widgets import Task, Logger\nsettings = Task.init('a', 'b').connect({'lr': 0.1, 'layers': 2})\n"


@pytest.mark.parametrize(
    ("make", "values", "said"),
    [
        (lambda: "there.is.none.py", {"lr": [1.0]}, "'there.is.none.py'"),
        (lambda: Path("trian.py"), {"lr": [1.0]}, "there is no script"),
        (lambda: written("x = (\n"), {"lr": [1.0]}, r"train\.py, line 1: '\(' was never closed"),
        (lambda: written(CONNECTS), {"General/lrr": [1.0]}, r"no parameter 'General/lrr'; did you mean 'General/lr'\?"),
        (lambda: written(CONNECTS), {"layers": [2.5]}, r"'General/layers' of 'train\.py' takes int and was given 2\.5"),
        (lambda: written("import sys\nimport argparse\nsys.exit(3)\nargparse.ArgumentParser().parse_args()"),
         {"lr": [1.0]}, "exited with code 3 before it read its command line"),
        (lambda: notebook("lr = 0.1", tags=[]), {"lr": [1.0]}, "has no cell tagged 'parameters'.*it has 'lr'"),
        (lambda: notebook("lr = 0.1", tags=["parameters"]), {"lrr": [1.0]}, "'train' has no parameter 'lrr'"),
        (lambda: notebook("n = 1", tags=["parameters"]), {"n": [1.5]}, r"takes int and was given 1\.5"),
        (lambda: written("{", "broken.ipynb"), {"lr": [1.0]}, r"'broken\.ipynb' is not a notebook .*line 1 column"),
        (lambda: (lambda lr: lr), {"lrr": [1.0]}, "has no argument for the parameter 'lrr'; did you mean 'lr'"),
        (lambda: object(), {"lr": [1.0]}, "give a function, the path of a script or notebook, a base task"),
    ],
)  # fmt: skip
def test_what_cannot_be_searched_starts_nothing(
    search: Door, make: Callable[[], Any], values: dict[str, list[Any]], said: str
) -> None:
    base = make()

    with pytest.raises(InvalidInput, match=f"(?s){said}"):
        search(base, values)

    assert hpo.studies() == []
    assert hpo.Task.get_tasks() == []


def test_a_name_of_no_task_is_told_with_the_closest_ones() -> None:
    hpo.Task.create(task_name="digits base", script=written(CONNECTS))

    with pytest.raises(InvalidInput, match=r"no base task 'digits bsae' in the store.*close names are 'digits base'"):
        by_optimizer("digits bsae", {"lr": [1.0]})


def test_a_queue_that_is_not_there_is_told_with_those_that_are() -> None:
    task = hpo.Task.create(script=written(CONNECTS))

    with pytest.raises(InvalidInput, match=r"(?s)'defualt'.*'default'"):
        hpo.Task.enqueue(task, queue_name="defualt")
    assert task.status == "created"


def test_a_script_that_exits_3_fails_its_task_and_says_so(search: Door) -> None:
    study = search(written("import sys\nlr = 0.1\nsys.exit(3)\n"), {"lr": [1.0]})

    assert study.wait(PATIENCE_S)
    (task,) = study.store.tasks(study.id)
    assert task.state.value == "failed"
    assert "3" in str(task.reason) + str(task.error)
    with pytest.raises(hpo.HpoError, match="1 failed"):
        _ = study.best


def test_an_objective_that_nobody_reports_is_told_when_the_first_task_has_ended(
    search: Door, caplog: pytest.LogCaptureFixture
) -> None:
    text = CONNECTS + "Logger.current_logger().report_scalar('los', 'train', settings['lr'], 0)\n"

    with caplog.at_level(logging.WARNING):
        study = search(written(text), {"lr": [1.0, 2.0]})
        assert study.wait(PATIENCE_S)

    said = "has completed without reporting loss, the objective of the search; it reported los/train"
    assert said in str(study.notice)
    assert [said in record.getMessage() for record in caplog.records].count(True) == 1
    with pytest.raises(hpo.HpoError, match="the tasks reported los/train"):
        _ = study.best


def test_a_value_that_cannot_become_the_default_s_type_fails_the_task_with_both() -> None:
    text = "from hpo_widgets import Task\nsettings = Task.init('a', 'b').connect({'layers': None})\n" + (
        "Task.current_task().connect({'layers': 2}, name='General')\n"
    )
    study = by_tune(written(text), {"layers": ["two"]})

    assert study.wait(PATIENCE_S)
    error = study.store.tasks(study.id)[0].error
    assert error is not None
    assert "the parameter 'General/layers' is 'two' (str), which cannot become int" in error
    assert "the script's own default 2" in error
