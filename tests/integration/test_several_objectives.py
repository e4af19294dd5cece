"""Several objectives on real training: a forest's error against its size."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import hpo_widgets as hpo
from hpo_widgets.errors import InvalidInput
from hpo_widgets.store.sqlite import SqliteStore
from tests.integration.command_line import run

PATIENCE_S = 60
SCRIPT = """
import argparse
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier
from hpo_widgets import Task

parser = argparse.ArgumentParser()
parser.add_argument("--depth", type=int, default=3)
arguments = parser.parse_args()
logger = Task.init("digits", "tree").get_logger()
train, test, answers, wanted = train_test_split(*load_digits(return_X_y=True), random_state=0)
tree = DecisionTreeClassifier(max_depth=arguments.depth, random_state=0).fit(train, answers)
logger.report_scalar("test", "error", 1 - tree.score(test, wanted), 0)
logger.report_scalar("tree", "leaves", tree.get_n_leaves(), 0)
"""


def tree(depth: int, leaf: int) -> dict[str, float]:
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
    from sklearn.tree import DecisionTreeClassifier

    train, test, answers, wanted = train_test_split(*load_digits(return_X_y=True), random_state=0)
    made = DecisionTreeClassifier(max_depth=depth, min_samples_leaf=leaf, random_state=0).fit(train, answers)
    return {"accuracy": made.score(test, wanted), "leaves": float(made.get_n_leaves())}


def test_front_of_trained_trees_is_what_no_other_tree_beats() -> None:
    study = hpo.tune(
        tree,
        {"depth": (1, 12), "leaf": (1, 40)},
        objective=["accuracy", "leaves"],
        direction=["max", "min"],
        max_jobs=16,
        concurrency=2,
        keep_top=2,
        seed=1,
    )
    study.wait(PATIENCE_S)
    table = study.tasks()

    def beaten(row: tuple[float, float]) -> bool:
        no_worse = (table["accuracy"] >= row[0]) & (table["leaves"] <= row[1])
        return bool((no_worse & ((table["accuracy"] > row[0]) | (table["leaves"] < row[1]))).any())

    front = {each.id for each in study.front()}
    assert front == {row.id for row in table.itertuples() if not beaten((row.accuracy, row.leaves))}
    assert [each.id for each in study.top(len(front))] == [each.id for each in study.front()]
    archived = {task.id for task in study.store.tasks(study.id) if task.archived}
    assert archived and not archived & front
    assert "nothing is pruned with several objectives" in study.remark
    assert 0 < study.hypervolume([0.0, 200.0]) < 200
    assert study.hypervolume([0.0, 200.0]) > study.hypervolume([0.5, 100.0])
    with pytest.raises(InvalidInput, match="one finite number an objective"):
        study.hypervolume([1.0])


def test_param_search_takes_titles_series_and_signs_as_lists(tmp_path: Path) -> None:
    (tmp_path / "tree.py").write_text(SCRIPT)
    ranges = [{"name": "depth", "type": "DiscreteParameterRange", "values": [2, 4]}]
    words = ["--script", str(tmp_path / "tree.py"), "--params-search", *map(json.dumps, ranges), "--task-name", "trees"]
    words += ["--objective-metric-title", "test", "tree", "--objective-metric-series", "error", "leaves"]
    refused = run(tmp_path, "param-search", *words, "--objective-metric-sign", "min")
    assert refused.returncode == 2 and "2 titles, 2 series and 1 signs were given" in refused.stderr

    done = run(
        tmp_path, "param-search", *words, "--objective-metric-sign", "min", "min", "--optimizer-class", "GridSearch"
    )

    assert done.returncode == 0, done.stderr
    study = hpo.attach("trees", store=SqliteStore(tmp_path / ".hpo"))
    assert [each.name for each in study.config.objectives] == ["test/error", "tree/leaves"]
    assert len(study.front()) == 2
