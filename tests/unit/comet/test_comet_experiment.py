"""What a script written for Comet also calls: tags, names, epochs, and what is not kept."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import hpo_widgets as hpo
from hpo_widgets.comet import Experiment, Optimizer, unkept

CONFIG: dict[str, Any] = {
    "algorithm": "random",
    "spec": {"metric": "loss", "maxCombo": 1, "seed": 1},
    "parameters": {"x": {"type": "double", "min": 0.0, "max": 1.0}},
}


@pytest.fixture
def experiment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """Is the one set of a search, in a process that has not been warned yet."""
    monkeypatch.setattr(unkept, "_WARNED", set())
    hpo.configure(store=tmp_path)
    try:
        found = Optimizer(CONFIG).next()
        assert found is not None
        yield found
        found.log_metric("loss", 1.0)
        found.end()
    finally:
        hpo.configure(store=None)


def iterations(experiment: Experiment) -> dict[str, int]:
    return {metric.title: at for metric, (at, _) in experiment._place.running.last.items()}


def test_tags_are_those_of_the_task_each_once_in_their_order(experiment: Experiment) -> None:
    assert experiment.get_tags() == []
    assert experiment.add_tag("x") is True
    assert experiment.add_tags(["baseline", "x"]) is True
    assert experiment.get_tags() == ["x", "baseline"]
    assert experiment._place.store.card(experiment.id).tags == ("x", "baseline")


def test_a_name_is_that_of_the_task(experiment: Experiment) -> None:
    assert experiment.get_name() == experiment._place.store.task(experiment.id).name != "the wide one"
    experiment.set_name("the wide one")
    assert experiment.get_name() == experiment._place.store.task(experiment.id).name == "the wide one"


def test_what_is_logged_without_a_step_is_at_the_current_step_else_at_the_current_epoch(experiment: Experiment) -> None:
    experiment.set_epoch(3)
    experiment.log_metric("by_epoch", 1.0)
    experiment.log_current_epoch(4)
    experiment.log_metric("by_older_name", 1.0)
    experiment.log_epoch_end(5)
    experiment.log_metric("by_end", 1.0)
    experiment.log_epoch_end(6, step=600)
    experiment.set_step(None)
    experiment.set_epoch(None)
    experiment.log_metric("by_step", 1.0)
    experiment.log_metric("by_its_own", 1.0, epoch=2)
    expected = {"by_epoch": 3, "by_older_name": 4, "by_end": 5, "by_step": 600, "by_its_own": 2}
    assert iterations(experiment) == expected


def test_a_context_has_any_word(experiment: Experiment) -> None:
    with experiment.context_manager("fold1"):
        experiment.log_metric("loss", 1.0)
    assert list(iterations(experiment)) == ["fold1_loss"]


def test_what_is_not_kept_is_accepted_and_each_name_is_said_once_in_a_line(experiment: Any) -> None:
    store, id = experiment._place.store, experiment.id
    before = store.task(id), store.card(id), store.artifacts(id)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        for name in unkept.NAMES * 2:
            assert getattr(experiment, name)("anything", [1, 2], step=3) is None
    assert [str(each.message).split()[0] for each in seen] == [f"Experiment.{name}" for name in unkept.NAMES]
    assert all("is accepted and does nothing here" in str(each.message) for each in seen)
    assert all("\n" not in str(each.message) and each.filename == __file__ for each in seen)
    assert (store.task(id), store.card(id), store.artifacts(id)) == before


def test_what_to_use_instead_is_there(experiment: Any) -> None:
    with pytest.warns(UserWarning, match=r"log_model .*get_task\(task_id=experiment\.id\)\.upload_artifact"):
        experiment.log_model("net", "net.pt")
    task = hpo.Task(experiment._place.store, experiment.id)
    for used in ("report_image", "report_matplotlib_figure", "report_plotly", "report_table", "report_text"):
        assert any(used in instead for instead, _ in unkept.UNKEPT) and hasattr(task.get_logger(), used)
    assert hasattr(task, "upload_artifact") and hasattr(hpo, "Dashboard")


def test_no_method_that_works_is_listed_as_not_kept() -> None:
    assert len(set(unkept.NAMES)) == len(unkept.NAMES)
    assert [name for name in unkept.NAMES if getattr(Experiment, name) is not getattr(unkept.Unkept, name)] == []


def test_a_name_that_comet_does_not_have_is_refused_with_the_closest_ones(experiment: Any) -> None:
    with pytest.raises(
        AttributeError, match=r"'Experiment' object has no attribute 'log_metrik'\. Did you mean log_me"
    ):
        experiment.log_metrik("loss", 1.0)
    assert not hasattr(experiment, "_repr_html_") and not hasattr(experiment, "zzz")
