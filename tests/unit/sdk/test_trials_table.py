"""Files of trials: what is read from them, and what is said of those that cannot be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.found import Found
from hpo_widgets.model.objective import Objective, Sign
from hpo_widgets.model.space_shorthand import as_space
from hpo_widgets.sdk.trials_table import found_in_table, read_trials

SPACE = as_space({"k": (1, 4), "opt": ["adam", "sgd"]})
LOSS = (Objective("loss", "loss", Sign.MIN),)
STUDY: dict[str, Any] = {
    "format": "hpo_widgets study",
    "name": "first",
    "objectives": [{"title": "loss", "series": "loss", "sign": "min_global"}],
    "tasks": [
        {"state": "completed", "parameters": {"k": 2, "opt": "sgd"}, "values": [0.5]},
        {"state": "completed", "parameters": {"k": 3, "opt": "sgd"}, "values": ["NaN"]},
        {"state": "failed", "parameters": {"k": 4, "opt": "sgd"}, "values": None},
    ],
}


def read(folder: Path, name: str, text: str) -> list[Found]:
    path = folder / name
    path.write_text(text)
    return read_trials(path, SPACE, LOSS)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("table.csv", "trial,state,k,opt,loss\n0,completed,2,sgd,0.5\n1,completed,3,sgd,\n2,failed,4,sgd,0.1\n"),
        ("rows.json", json.dumps([{"params_k": 2, "params_opt": "sgd", "value": 0.5}, {"params_k": 3, "value": None}])),
        ("study.json", json.dumps(STUDY)),
    ],
)
def test_results_are_read_from_tables_and_exports(tmp_path: Path, name: str, text: str) -> None:
    first, second = read(tmp_path, name, text)

    assert first == Found(parameters={"k": 2, "opt": "sgd"}, values=(0.5,))
    assert second.parameters["k"] == 3 and second.values[0] != second.values[0]  # missing stays missing


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "", "cannot be read as CSV"),
        ("a.csv", "k,loss\n1,low\n", "the column 'loss' holds 'low', which is no number"),
        ("a.csv", "k\n1\n", "the table has no column 'loss' for the objective; it has k"),
        ("a.json", "{", "cannot be read as JSON"),
        ("a.json", "{}", "holds no trials; give what study.export_json has written"),
        ("a.json", json.dumps({**STUDY, "tasks": [{}]}), "the exported study is not whole: KeyError"),
        (
            "a.json",
            json.dumps({**STUDY, "objectives": [{"title": "loss", "series": "loss", "sign": "max"}]}),
            "the study 'first' has another objective: loss (max)",
        ),
        ("a.txt", "k,loss", "is no file of trials"),
    ],
)
def test_a_file_that_holds_no_results_is_refused(tmp_path: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(tmp_path, name, text)

    assert said in str(refused.value)


def test_a_parameter_named_as_a_column_of_the_table_is_read_from_its_own_column() -> None:
    space = as_space({"duration": (0.0, 1.0), "state": ["low", "high"]})
    ours = pd.DataFrame(
        [{"state": "completed", "loss": 0.5, "duration": 0.1, "parameter: duration": 0.7, "parameter: state": "low"}]
    )
    theirs = pd.DataFrame([{"state": "low", "duration": 0.7, "loss": 0.5}])

    meant = [Found(parameters={"duration": 0.7, "state": "low"}, values=(0.5,))]
    assert found_in_table(ours, space, LOSS) == meant
    assert found_in_table(theirs, space, LOSS) == meant
