"""A study and a task of the store are base tasks of another search, in real processes."""

from __future__ import annotations

from pathlib import Path

import hpo_widgets as hpo
from hpo_widgets.model.plan import BaseKind, BaseReference
from hpo_widgets.sdk.searchable import Surroundings
from hpo_widgets.store.sqlite import SqliteStore


def train(x: float, offset: float = 10.0) -> float:
    return x + offset


def test_what_a_study_ran_is_searched_over_another_space(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store")
    first = hpo.tune(train, {"x": [1.0]}, max_jobs=1, store=store, name="first")
    assert first.wait(60)

    again = hpo.tune(hpo.attach("first", store=store), {"x": [2.0]}, max_jobs=1, store=store)

    assert again.wait(60)
    assert again.best.objective == 12.0
    assert again.config.base_name == "train"


def test_a_task_is_searched_with_what_it_does_not_search_as_it_was(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store")
    task = hpo.Task.create("project", "template", function=train, parameters={"General/offset": 7.0}, store=store)
    around = Surroundings({}, tmp_path, store)
    ((reference, label),) = [(each.reference, each.label) for each in around.candidates()]

    assert (reference, label) == (BaseReference(kind=BaseKind.TASK, name=task.id), f"template ({task.id[:8]})")
    proposed = around.propose(reference)
    assert {each.name for each in proposed.parameters} == {"General/offset"}
    for base in (task, around.find(reference)):
        study = hpo.tune(base, {"x": [5.0]}, max_jobs=1, store=store)
        assert study.wait(60)
        assert study.best.objective == 12.0
        assert study.best.parameters == {"x": 5.0, "General/offset": 7.0}
