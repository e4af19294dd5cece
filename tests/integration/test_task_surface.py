"""`Task` with ClearML's names: what can be made, found, changed and ended, without any agent."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hpo_widgets as hpo
from hpo_widgets import Logger, Task
from hpo_widgets.engine.give_back import give_back
from hpo_widgets.errors import CannotShip, InvalidInput
from hpo_widgets.model.study import Owner
from hpo_widgets.model.task import Reason
from hpo_widgets.store.base import NewTask
from hpo_widgets.store.location import open_store


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Iterator[Path]:
    hpo.configure(store=tmp_path / "store")
    yield tmp_path / "store"
    current = Task.current_task()
    if current is not None:
        current.close()
    open_store().close()
    hpo.configure()


def train(lr: float = 0.1, layers: int = 2, *, name: str, task: Any = None) -> float:
    return lr * layers


def begin(name: str = "base", **more: Any) -> Task:
    return Task.init("examples", name, auto_connect_arg_parser=False, **more)


class TestOwn:
    def test_a_process_has_one_task_until_it_is_closed(self) -> None:
        assert Task.current_task() is None and Logger.current_logger() is None
        task = begin(task_type=Task.TaskTypes.optimizer, tags=["a"])
        assert (task.status, task.task_type, task.get_tags()) == ("in_progress", "optimizer", ["a"])
        assert Task.current_task() == task == begin() and task.is_main_task() and Task.running_locally()
        with pytest.raises(InvalidInput, match="has begun the task 'base' of the project 'examples'"):
            begin("other")
        task.close()
        assert task.status == "completed" and Task.current_task() is None
        again = begin()
        assert again != task
        again.mark_failed(status_message="bad data")
        assert (again.status, again.error) == ("failed", "bad data")
        assert begin() not in (task, again)

    def test_only_a_draft_is_used_again(self) -> None:
        draft = Task.create("examples", "base")
        assert begin() == draft
        draft.close()
        assert begin() != draft
        Task.current_task().close()  # type: ignore[union-attr]
        other = Task.create("examples", "other")
        assert begin(reuse_last_task_id=other.id) == other
        other.close()
        with pytest.raises(InvalidInput, match="no draft"):
            begin(reuse_last_task_id=other.id)
        with pytest.raises(InvalidInput, match="stays as it is"):
            begin(continue_last_task=True)

    def test_what_is_reported_is_there_at_once(self) -> None:
        task, logger = begin(), Logger.current_logger()
        assert logger is not None
        for i, value in enumerate([0.5, float("nan"), 0.25]):
            logger.report_scalar("loss", "test", value, iteration=i)
        logger.report_single_value("auc", 0.9)
        assert task.get_last_scalar_metrics()["loss"]["test"] == {"last": 0.25, "min": 0.25, "max": 0.5}
        assert task.get_reported_scalars()["loss"]["test"]["x"] == [0, 1, 2]
        assert task.get_reported_scalars(max_samples=2)["loss"]["test"]["y"] == [0.5, 0.25]
        assert "Summary" not in task.get_reported_scalars() and task.get_reported_single_value("auc") == 0.9
        assert task.get_last_iteration() == 2
        task.get_logger().report_text("hello", print_console=False)
        assert task.get_reported_console_output(5) == ["hello"]

    def test_a_dict_that_is_connected_is_recorded_with_its_types_and_later_changes(self) -> None:
        task = begin()
        found = task.connect({"lr": 0.1, "shape": (1, 2), "inner": {"x": None}})
        task.connect({"deep": True}, name="Model")
        found["lr"] = 0.2
        expected = {"General/lr": 0.2, "General/shape": (1, 2), "General/inner/x": None, "Model/deep": True}
        assert task.get_parameters() == expected
        assert task.get_parameters_as_dict()["General"]["inner"] == {"x": None}
        task.close()
        found["lr"] = 0.3
        assert task.get_parameter("lr") == 0.2
        with pytest.raises(InvalidInput, match="clone"):
            task.set_parameter("lr", 1)
        with pytest.raises(InvalidInput, match="cannot be connected"):
            task.connect(3)

    def test_a_process_that_vanished_leaves_a_lost_task(self) -> None:
        store = open_store()
        made = store.create_tasks([NewTask(study=None, trial=None, name="t", parameters={}, queue="", code=None)], 1.0)
        store.claim("", "gone", 1, 2.0)
        store.add_agent("gone", "", 1, (), Owner(host=socket.gethostname(), pid=2**22, born=1.0), 1.0)
        assert [t.id for t in give_back(store)] == [made[0].id]
        task = Task.get_task(made[0].id)
        assert task.status == "failed" and str(task.reason).startswith(Reason.LOST.value)
        assert give_back(store) == []


class TestTemplates:
    def test_a_function_gives_its_defaults(self) -> None:
        task = Task.create("examples", function=train, parameters={"layers": "3", "name": "x"})
        assert (task.name, task.status) == ("train", "created")
        assert task.get_parameters() == {"General/lr": 0.1, "General/layers": 3, "General/name": "x"}

    def test_what_cannot_be_a_template_is_told_before_anything_is_made(self, tmp_path: Path) -> None:
        (tmp_path / "bad.py").write_text("def f(:\n")
        lock = threading.Lock()
        for error, match, given in (
            (InvalidInput, "both given", {"function": train, "script": "x.py"}),
            (InvalidInput, "cannot be read", {"script": tmp_path / "absent.py"}),
            (InvalidInput, "no Python.*line 1", {"script": tmp_path / "bad.py"}),
            (InvalidInput, "remove the /", {"function": lambda x, /: x}),
            (InvalidInput, "Did you mean 'training'", {"task_type": "trainin"}),
            (CannotShip, "lock", {"function": lambda: lock}),
        ):
            with pytest.raises(error, match=match):
                Task.create("examples", **given)  # type: ignore[arg-type]
        assert Task.get_tasks() == []

    def test_a_clone_has_code_and_parameters_and_its_template_as_parent(self) -> None:
        template = Task.create("examples", "base", function=train, tags=["a"])
        template.set_comment("c")
        clone = Task.clone(template.id, name="mine")
        assert (clone.name, clone.status, clone.parent, clone.project) == ("mine", "created", template.id, "examples")
        assert (clone.get_tags(), clone.comment) == (["a"], "c")
        assert clone.get_parameters() == template.get_parameters()
        clone.set_parameter("lr", 0.5)
        assert template.get_parameter("lr") == 0.1
        second = Task.clone(clone)
        assert (second.name, second.parent) == ("Clone Of mine", template.id)
        assert Task.clone(clone, parent=clone.id, project="p", comment="").project == "p"

    def test_setting_replaces_and_updating_merges(self) -> None:
        task = Task.create("examples", function=train)
        task.update_parameters({"General": {"lr": 0.2}}, layers=4)
        assert task.get_parameters() == {"General/lr": 0.2, "General/layers": 4}
        task.set_parameters({"Args/lr": "0.5"})
        assert task.get_parameters() == {"General/lr": 0.5}
        assert task.delete_parameter("Hydra/lr") and not task.delete_parameter("lr")
        assert task.get_parameters() == {} and task.get_parameter("lr", default=7) == 7
        with pytest.raises(InvalidInput, match="not a dict"):
            task.set_parameters(3)  # type: ignore[arg-type]

    def test_what_cannot_be_enqueued_stays_a_draft(self) -> None:
        template, empty = Task.create("examples", "base", function=train), Task.create("examples", "empty")
        wrong = Task.clone(template)
        wrong.set_parameter("layer", 3)
        for task, queue, match in (
            (wrong, "default", "did you mean 'General/layers'"),
            (empty, "default", "has no code to run.*Task.create"),
            (template, "gpu", "'gpu' is unknown; there are 'default'.*hpo-widgets agent"),
            (template, None, "give one queue"),
        ):
            with pytest.raises(InvalidInput, match=match):
                Task.enqueue(task, queue_name=queue)
            assert task.status == "created"
        with pytest.raises(InvalidInput, match="no task with the id"):
            Task.enqueue("0" * 32, "default")
        assert Task.enqueue(wrong, "default", force=True).status == "queued"

    def test_a_waiting_task_can_be_taken_back(self) -> None:
        task = Task.create("examples", function=train)
        with pytest.raises(InvalidInput, match="only a waiting task"):
            Task.dequeue(task)
        Task.enqueue(task, queue_name="default")
        with pytest.raises(InvalidInput, match="dequeue it first"):
            task.set_parameter("lr", 1)
        with pytest.raises(InvalidInput, match="only a draft"):
            Task.enqueue(task, queue_name="default")
        assert Task.dequeue(task.id).status == "created"
        Task.enqueue(task, queue_name="default")
        task.mark_stopped()
        assert (task.status, task.reason) == ("stopped", "user")
        with pytest.raises(InvalidInput, match="enqueue a clone"):
            Task.enqueue(task, queue_name="default", force=True)

    def test_a_draft_can_be_ended_by_force_and_started_by_hand(self) -> None:
        task = Task.create("examples", "t")
        with pytest.raises(InvalidInput, match="force=True"):
            task.mark_completed()
        task.mark_started()
        assert task.status == "in_progress"
        with pytest.raises(InvalidInput, match="only a draft"):
            task.mark_started()
        task.mark_completed()
        assert task.status == "completed" and open_store().agents(serving=True) == []


class TestFinding:
    def test_tasks_are_found_by_what_people_remember(self) -> None:
        made = [Task.create(project, name, tags=tags) for project, name, tags in (
            ("p", "net one", ["x"]), ("p", "net two", ["x", "y"]), ("q", "net one", []))]  # fmt: skip
        one, two, other = made
        assert Task.get_tasks() == made[::-1] and Task.get_tasks(project_name="p") == [two, one]
        assert Task.get_tasks(project_name=["p", "q"], task_name="^net o") == [other, one]
        assert Task.get_tasks(tags=["x", "-y"]) == [one]
        assert Task.get_tasks(task_filter={"order_by": "name", "page_size": 1}, project_name="p") == [one]
        assert Task.query_tasks(task_filter={"status": "queued"}) == []
        one.set_archived(True)
        assert Task.get_tasks(project_name="p", allow_archived=False) == [two]
        assert Task.get_task(project_name="p", task_name="net one") == one
        assert Task.get_task(task_name="net one") == other and Task.get_task(two.id) == two

    def test_what_is_not_there_is_answered_with_what_is(self) -> None:
        Task.create("examples", "digits base")
        for match, given in (
            ("there are 'digits base'", {"project_name": "examples", "task_name": "digit base"}),
            ("there are the projects 'examples'", {"project_name": "example", "task_name": "digits base"}),
            ("no task with the id 'nobody'", {"task_id": "nobody"}),
        ):
            with pytest.raises(ValueError, match=match):
                Task.get_task(**given)
        with pytest.raises(InvalidInput, match="no regular expression"):
            Task.get_tasks(task_name="(")
        with pytest.raises(InvalidInput, match="task_filter has statu;"):
            Task.get_tasks(task_filter={"statu": 1})

    def test_names_projects_tags_and_comments_can_change(self) -> None:
        task = Task.create("p", "t")
        task.add_tags("a")
        task.add_tags(["b", "a"])
        task.set_name("<b>u</b>")
        task.set_project(project_name="q")
        task.set_comment("why")
        again = Task.get_task(project_name="q", task_name="<b>u</b>")
        assert (again, again.get_tags(), again.comment) == (task, ["a", "b"], "why")
        task.set_tags([])
        assert task.get_tags() == []


class TestArtifacts:
    @pytest.mark.parametrize(
        ("value", "kind"),
        [
            ({"a": [1, None]}, "json"),
            ("some text\n", "text"),
            (b"\0\1", "bytes"),
            (np.arange(6).reshape(2, 3), "array"),
            (pd.DataFrame({"a": [1, 2]}, index=["x", "y"]), "table"),
        ],
    )
    def test_objects_come_back(self, value: Any, kind: str) -> None:
        task = Task.create("p", "t")
        assert task.upload_artifact("../<name>", value, metadata={"k": 1})
        found = task.artifacts["../<name>"]
        again = found.get()
        assert (found.type, found.metadata) == (kind, {"k": 1})
        assert (again == value) is True if kind in ("json", "text", "bytes") else bool((again == value).all(axis=None))

    def test_a_pickle_is_read_only_on_demand(self) -> None:
        task = Task.create("p", "t")
        task.upload_artifact("model", {1: (2, 3)})
        with pytest.raises(InvalidInput, match="runs what is inside"):
            task.artifacts["model"].get()
        assert task.artifacts["model"].get(unpickle=True) == {1: (2, 3)}
        with pytest.raises(InvalidInput, match="would be a pickle"):
            task.upload_artifact("other", {1: 2}, auto_pickle=False)
        with pytest.raises(InvalidInput, match="cannot be pickled"):
            task.upload_artifact("lock", threading.Lock())

    def test_files_and_folders_come_back_as_copies(self, tmp_path: Path) -> None:
        task = Task.create("p", "t")
        (tmp_path / "d").mkdir()
        (tmp_path / "d" / "x.txt").write_text("x")
        task.upload_artifact("file", str(tmp_path / "d" / "x.txt"))
        task.upload_artifact("folder", tmp_path / "d")
        assert Path(task.artifacts["file"].get()).read_text() == "x"
        assert Path(task.artifacts["file"].get()).name == "x.txt"
        assert (Path(task.artifacts["folder"].get()) / "x.txt").read_text() == "x"
        with pytest.raises(InvalidInput, match="no file"):
            task.upload_artifact("absent", tmp_path / "absent")

    def test_figures_tables_and_pictures_are_kept_by_title_series_and_iteration(self) -> None:
        task = Task.create("p", "t")
        logger = task.get_logger()
        logger.report_plotly("fig", "a", iteration=1, figure={"data": []})
        logger.report_plotly("fig", "a", iteration=1, figure={"data": [{"y": [1]}]})
        logger.report_table("tab", "a", iteration=0, table_plot=pd.DataFrame({"a": [1]}))
        for i in range(4):
            logger.report_image("im", "a", iteration=i, image=np.zeros((2, 2)), max_image_history=2)
        store = open_store()
        kept = {
            kind: [a.about["iteration"] for a in store.artifacts(task.id, kind)] for kind in ("plot", "table", "image")
        }
        assert kept == {"plot": [1], "table": [0], "image": [2, 3]}
        assert store.read_artifact(store.artifacts(task.id, "plot")[0]) == b'{"layout": {}, "data": [{"y": [1]}]}'
        assert task.artifacts == {}
