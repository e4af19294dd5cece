from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest

from hpo_widgets.charts.summary import Summary, cell
from hpo_widgets.model.objective import parse_objectives
from hpo_widgets.model.result import Result
from hpo_widgets.model.task import TaskState
from tests.unit.charts.some_tasks import task

HOSTILE = "<img src=x onerror=alert(1)>🦜" + "x" * 400


def summary(*names: str) -> Summary:
    return Summary(parse_objectives("loss"), names or ("lr",))


def test_only_rows_that_changed_are_taken() -> None:
    table = summary()
    table.put(task(0), None)
    table.put(task(1), None)
    assert [row[0] for row in table.take()] == [0, 1]

    table.put(task(0), None)
    table.put(task(1), Result(values=(0.5,), iteration=3))

    assert [(row[0], row[6], row[7]) for row in table.take()] == [(1, [0.5], 3)]
    assert table.take() == []
    assert len(table.whole()) == 2


def test_a_row_says_whether_its_value_counts() -> None:
    table = summary()
    done = replace(task(0), state=TaskState.COMPLETED)
    table.put(done, Result(values=(0.5,), iteration=3))
    table.put(replace(done, key=1), Result(values=(math.nan,), iteration=3))
    table.put(replace(done, key=2, state=TaskState.PRUNED), Result(values=(0.5,), iteration=3))

    assert [row[5] for row in table.take()] == [True, False, False]


def test_a_parameter_that_a_task_does_not_have_is_missing_and_none_is_a_value() -> None:
    table = summary("lr", "layers", "act")
    table.put(task(0, lr=0.1, act=None), None)

    assert table.take()[0][-1] == [0.1, None, "None"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(math.nan, "NaN"), (-math.inf, "-Infinity"), (True, True), (3, 3), (2**60, str(2**60)), ((1, "a"), "(1, 'a')")],
)
def test_a_cell_is_json_and_keeps_what_json_has_not_as_text(value: Any, expected: Any) -> None:
    assert cell(value) == expected
    assert type(cell(value)) is type(expected)


def test_rows_of_hostile_values_are_json_of_bounded_size() -> None:
    table = summary(HOSTILE)
    table.put(task(0, **{HOSTILE: HOSTILE * 100}), Result(values=(math.inf,), iteration=None))

    row = table.take()[0]

    assert len(json.dumps(row, allow_nan=False)) < 1200
    assert row[-1][0].startswith("<img src=x")


def test_columns_have_the_names_of_the_tasks_table() -> None:
    table = Summary(parse_objectives(["loss", "state"], ["min", "max"]), ["lr", "duration"])

    assert table.head() == {
        "objectives": [{"name": "loss", "minimize": True}, {"name": "objective: state", "minimize": False}],
        "parameters": ["lr", "parameter: duration"],
    }
