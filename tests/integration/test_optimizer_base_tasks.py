"""Every kind of base task that the store knows is one for ClearML's optimizer, by itself, by id and by name."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import hpo_widgets as hpo
from hpo_widgets import Task
from hpo_widgets.automation import DiscreteParameterRange, GridSearch, HyperParameterOptimizer
from hpo_widgets.errors import InvalidInput
from hpo_widgets.sdk.notebook import notebook_base_task
from hpo_widgets.sdk.script import script_base_task
from hpo_widgets.store.location import open_store
from hpo_widgets.study import Study
from tests.conftest import REPOSITORY

PATIENCE_S = 90.0
PATIENCE_MIN = PATIENCE_S / 60
ARGPARSE = """
    import argparse
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.5)
    parser.add_argument("--layers", type=int, default=3)
    args = parser.parse_args()
    print(f"loss={args.lr * args.layers}")
"""
TEMPLATE = """
    from hpo_widgets import Task
    task = Task.init("examples", "by hand")
    values = task.connect({"lr": 0.5, "layers": 3})
    task.get_logger().report_scalar("loss", "loss", values["lr"] * values["layers"], 0)
"""
DIGITS = REPOSITORY / "notebooks" / "tasks" / "digits.ipynb"


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HPO_WIDGETS_STORE", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    yield
    for study in hpo.studies():
        study.stop()
        study.wait(PATIENCE_S)


def written(text: str, name: str = "train.py") -> Path:
    path = Path(name)
    path.write_text(textwrap.dedent(text))
    return path


def optimizer(base: Any, values: dict[str, list[Any]], title: str = "loss", **more: Any) -> HyperParameterOptimizer:
    space = [DiscreteParameterRange(name, list(given)) for name, given in values.items()]
    return HyperParameterOptimizer(
        base, space, title, title, "min", **{"optimizer_class": GridSearch, "max_number_of_concurrent_tasks": 2, **more}
    )


def found(base: Any, values: dict[str, list[Any]], title: str = "loss") -> list[tuple[dict[str, Any], float]]:
    """Searches to the end; gives parameters and value of each task, best first."""
    made = optimizer(base, values, title)
    made.start()
    assert made.wait(PATIENCE_MIN)
    study = made.study
    assert study is not None
    assert set(study.tasks()["state"]) == {"completed"}, study.store.tasks(study.id)[0].error
    last = [
        (task.get_parameters(), task.get_last_scalar_metrics()[title][title]["last"])
        for task in made.get_top_experiments(10)
    ]
    return [(parameters, value) for parameters, value in last if value is not None]


def by_hand(text: str) -> Task:
    script = written(text, "by_hand.py")
    subprocess.run([sys.executable, str(script)], check=True, timeout=PATIENCE_S)
    return Task.get_task(task_name="by hand")


def test_a_script_by_its_path_and_its_base_task() -> None:
    path = written(ARGPARSE)
    base = script_base_task(path, metrics="stdout", store=open_store())

    assert [value for _, value in found(base, {"Args/lr": [2.0, 1.0]})] == [3.0, 6.0]
    literal = written("lr = 0.5\nfrom hpo_widgets import report\nreport('loss', lr)\n", "literals.py")
    assert [value for _, value in found(str(literal), {"lr": [2.0, 1.0]})] == [1.0, 2.0]


def test_a_task_of_a_script_by_itself_by_id_and_by_name_keeps_what_is_not_searched() -> None:
    first = hpo.tune(written(ARGPARSE), {"layers": [5]}, objective="loss", max_jobs=1, metrics="stdout")
    assert first.wait(PATIENCE_S)
    task = Task.get_task(task_id=first.best.id)

    for base in (task, task.id, task.name):
        assert found(base, {"lr": [2.0, 1.0]}) == [
            ({"General/lr": 1.0, "General/layers": 5}, 5.0),
            ({"General/lr": 2.0, "General/layers": 5}, 10.0),
        ]


def test_a_notebook_by_its_path_its_base_task_and_a_task_of_it() -> None:
    pytest.importorskip("sklearn")
    values = {"epochs": [1], "hidden_units": [4]}
    ((parameters, accuracy),) = found(str(DIGITS), values, "accuracy")
    assert parameters == {"General/epochs": 1, "General/hidden_units": 4}

    base = notebook_base_task(DIGITS, store=open_store())
    assert found(base, values, "accuracy") == [(parameters, accuracy)]
    task = next(each for each in Task.get_tasks(task_name="digits") if each.status == "completed")
    assert found(task, {"epochs": [1]}, "accuracy") == [(parameters, accuracy)]


def test_a_script_run_by_hand_and_a_draft_of_a_script() -> None:
    task = by_hand(TEMPLATE)

    for base in (task, task.id, "by hand"):
        assert found(base, {"lr": [1.0]}) == [({"General/lr": 1.0, "General/layers": 3}, 3.0)]
    draft = Task.create(script=written(TEMPLATE, "draft.py"))
    assert found(draft, {"General/lr": [1.0]}) == [({"General/lr": 1.0}, 3.0)]


def test_a_template_script_is_not_run_twice_in_a_process_that_is_used_again() -> None:
    text = """
        import os
        from hpo_widgets import Task
        values = Task.init("examples", "once").connect({"lr": 0.5})
        print(f"loss={values['lr']} process={os.getpid()}")
    """
    draft = Task.create(script=written(text, "once.py"), metrics="stdout")
    space = {"General/lr": [1.0, 2.0, 3.0]}

    study = hpo.tune(draft, space, objective="loss", strategy="grid", isolation="reuse", concurrency=1)

    assert study.wait(PATIENCE_S)
    tasks = [Task.get_task(task_id=id) for id in study.tasks()["id"]]
    last = [each.get_last_scalar_metrics() for each in tasks]
    assert [each["loss"]["loss"] for each in last] == [{"last": n, "min": n, "max": n} for n in (1.0, 2.0, 3.0)]
    assert len({each["process"]["process"]["last"] for each in last}) == 3


def test_a_draft_of_a_function_and_tune_over_a_task() -> None:
    def train(lr: float, layers: int = 3) -> dict[str, float]:
        return {"loss": lr * layers}

    draft = Task.create(task_name="drafted", function=train, parameters={"layers": 4})

    for base in (draft, "drafted"):
        assert found(base, {"General/lr": [1.0]}) == [({"General/layers": 4, "General/lr": 1.0}, 4.0)]
    study = hpo.tune(draft, {"lr": [2.0]}, objective="loss", max_jobs=1)
    assert study.wait(PATIENCE_S)
    assert study.best.objective == 8.0
    again = hpo.tune(study, {"lr": [3.0]}, objective="loss", max_jobs=1)
    assert again.wait(PATIENCE_S)
    assert again.best.objective == 9.0, "a study has no parameters of its own: the function's defaults count"


def test_a_cell_and_a_task_of_it() -> None:
    from IPython.testing.globalipapp import start_ipython

    shell = start_ipython()
    shell.run_line_magic("load_ext", "hpo_widgets")
    shell.run_cell_magic("objective", "cell", "lr = 0.5\nlayers = 3\nlr * layers\n")
    cell = shell.user_ns["cell"]

    assert found(cell, {"lr": [1.0]}, "objective")[0][1] == 3.0
    task = next(each for each in Task.get_tasks() if each.status == "completed")
    assert found(task, {"layers": [2]}, "objective")[0][1] == 2.0


def test_a_template_records_what_it_writes_to_tensorboard_and_prints() -> None:
    pytest.importorskip("tensorboardX")
    text = """
        from tensorboardX import SummaryWriter
        from hpo_widgets import Task
        values = Task.init("examples", "writes").connect({"lr": 0.5})
        with SummaryWriter("runs") as writer:
            writer.add_scalar("loss/loss", values["lr"], 1)
        print(f"accuracy={1 - values['lr']}")
    """
    draft = Task.create(script=written(text, "writes.py"), metrics="stdout")

    assert found(draft, {"lr": [0.25]})[0][1] == 0.25
    task = next(each for each in Task.get_tasks() if each.status == "completed")
    assert task.get_last_scalar_metrics()["accuracy"]["accuracy"]["last"] == 0.75


def test_a_script_run_by_hand_records_its_own_tensorboard_scalars() -> None:
    pytest.importorskip("tensorboardX")
    text = """
        from tensorboardX import SummaryWriter
        from hpo_widgets import Task
        task = Task.init("examples", "by hand")
        with SummaryWriter("runs") as writer:
            writer.add_scalar("loss/train", 0.5, 3)
            task.close()
            Task.init("examples", "after it", auto_connect_frameworks={"tensorboard": False})
            writer.add_scalar("loss/train", 0.7, 4)
    """
    task = by_hand(text)

    assert task.get_last_scalar_metrics()["loss"]["train"]["last"] == 0.5
    assert Task.get_task(task_name="after it").get_last_scalar_metrics() == {}


def test_names_and_values_that_a_base_task_does_not_take_start_nothing() -> None:
    task = by_hand(TEMPLATE)
    draft = Task.create(script=written(TEMPLATE, "draft.py"))
    for base in (task, draft):
        with pytest.raises(InvalidInput, match=r"has no parameter 'lrr'; did you mean 'General/lr'"):
            optimizer(base, {"lrr": [1.0]})
        with pytest.raises(InvalidInput, match=r"takes int and was given 0\.5"):
            optimizer(base, {"layers": [0.5]})
        with pytest.raises(InvalidInput, match="needs a process of its own"):
            optimizer(base, {"layers": [5]}, isolation="thread")
    with pytest.raises(InvalidInput, match=r"has no parameter 'Args/lrr'; did you mean 'Args/lr'"):
        optimizer(str(written(ARGPARSE)), {"Args/lrr": [1.0]})
    assert hpo.studies() == []


def test_what_a_search_captures_of_its_base_task_is_there_for_an_optimizer_too() -> None:
    made = optimizer(str(written("lr = 0.5\nfrom hpo_widgets import report\nreport('loss', lr)\n")), {"lr": [1.0]})
    made.start()
    assert made.wait(PATIENCE_MIN)
    study = made.study
    assert study is not None
    deadline = time.monotonic() + PATIENCE_S
    while "python" not in _about(study):
        assert time.monotonic() < deadline, "waited in vain for the capture"
        time.sleep(0.01)
    assert _about(study)["command"][-1].endswith("train.py")


def _about(study: Study) -> dict[str, Any]:
    base = study.base_task
    return {} if base is None else base.about
