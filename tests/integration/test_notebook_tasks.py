"""Notebooks run as tasks in real processes, forked and with a kernel of their own, and what they leave."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import hpo_widgets as hpo
from hpo_widgets.agents.orphans import TASK_VARIABLE
from hpo_widgets.errors import NotFound
from hpo_widgets.model.config import Isolation, StudyConfig
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.objective import parse_objectives
from hpo_widgets.model.scalar import Metric
from hpo_widgets.model.space_shorthand import as_space
from hpo_widgets.model.task import TaskRecord
from hpo_widgets.sdk.notebook import notebook_base_task, read_notebook
from hpo_widgets.sdk.task import Task
from hpo_widgets.store.base import Store
from hpo_widgets.store.location import open_store
from hpo_widgets.study import Study
from tests.conftest import REPOSITORY

PATIENCE_S = 90.0
DIGITS = REPOSITORY / "notebooks" / "tasks" / "digits.ipynb"
EVERYTHING = """
import asyncio, sys
from IPython.display import HTML, clear_output, display
print("gone")
clear_output()
await asyncio.sleep(0)
!echo hello from $n
%time y = 1
handle = display("before", display_id=True)
handle.update("after")
display(HTML("<b>bold</b>"))
print("an error", file=sys.stderr)
class Rich:
    def _repr_html_(self): return "<i>rich</i>"
    def __repr__(self): return "rich"
Rich()
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = open_store(tmp_path / "store")
    yield found
    for record in found.studies():
        Study(found, record.id).stop()
    wait_for(lambda: all(not record.state.is_live for record in found.studies()), "the end of the studies")
    found.close()


def wait_for(condition: Any, what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)


def write(folder: Path, *cells: str, tags: dict[int, list[str]] | None = None) -> Path:
    made = [new_code_cell(text, id=f"cell-{i}") for i, text in enumerate(cells)]
    for index, given in {0: ["parameters"], **(tags or {})}.items():
        made[index]["metadata"]["tags"] = given
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = new_notebook(cells=[new_markdown_cell("# A title", id="title"), *made], metadata={"kernelspec": kernel})
    folder.mkdir(exist_ok=True)
    nbformat.write(notebook, folder / "train.ipynb")
    return folder / "train.ipynb"


def search(store: Store, path: Path, space: Any, *, jobs: int = 1, wait: bool = True, **options: Any) -> Study:
    """Starts a search over a notebook, as a front door does."""
    objective, isolation = options.pop("objective", "objective"), options.pop("isolation", Isolation.FORK)
    base = notebook_base_task(path, store=store, **options)
    proposed = read_notebook(path, **options).space if space is None else as_space(space)
    config = StudyConfig(
        name=base.name,
        space=proposed,
        objectives=parse_objectives(objective, None),
        limits=Limits(max_number_of_concurrent_tasks=2, total_max_jobs=jobs),
        strategy={"name": "random", "options": {}},
        seed=1,
        code=base.code,
        base_name=base.name,
        isolation=isolation,
    )
    study = Study(store, store.create_study(base.name, "", config.to_json(), time.time()).id).start()
    if wait:
        assert study.wait(PATIENCE_S)
    return study


def only_task(study: Study) -> TaskRecord:
    (task,) = study.store.tasks(study.id)
    return task


def executed(study: Study, task: TaskRecord) -> Any:
    assert study.store.folder is not None
    return nbformat.read(study.store.folder / "tasks" / task.id / "artifacts" / "notebook.ipynb", as_version=4)


def outputs(notebook: Any, cell: str) -> list[Any]:
    return next(each["outputs"] for each in notebook["cells"] if each["id"] == cell)


def test_the_digits_notebook_is_tuned(store: Store) -> None:
    study = search(store, DIGITS, None, jobs=4, objective=[("accuracy", "accuracy", "max")])

    table = study.tasks()
    assert list(table["state"]) == ["completed"] * 4, [t.error for t in store.tasks(study.id)]
    assert set(study.config.space.names) == {"learning_rate", "hidden_units", "alpha"}
    assert study.best.objective == table["accuracy"].max() > 0.8
    best = study.best
    assert [point.iteration for point in store.scalars(best.id, Metric("accuracy", "accuracy"))] == [0, 1, 2, 3, 4]
    notebook = executed(study, store.task(best.id))
    nbformat.validate(notebook)
    assert notebook["metadata"]["hpo_widgets"]["parameters"] == best.parameters
    assert notebook["metadata"]["hpo_widgets"]["status"] == "completed"
    assert float(outputs(notebook, "result")[0]["data"]["text/plain"]) == pytest.approx(best.objective)


def test_the_executed_notebook_is_an_artifact_that_opens(store: Store, tmp_path: Path) -> None:
    study = search(store, write(tmp_path / "work", "n = 3", "print('cell', n)", "n"), {"n": [5]})
    task = Task(store, only_task(study).id)

    artifact = task.artifacts["notebook"]
    copy = Path(artifact.get_local_copy())
    assert copy.name == "notebook.ipynb"
    assert copy.read_bytes() == study.notebook(task.id).read_bytes()
    assert outputs(nbformat.read(copy, as_version=4), "cell-1")[0]["text"] == "cell 5\n"
    assert artifact.metadata == {"notebook": str(tmp_path / "work" / "train.ipynb")}


def test_a_failed_notebook_is_an_artifact_and_a_function_has_none(store: Store, tmp_path: Path) -> None:
    study = search(store, write(tmp_path / "work", "n = 3", "print('here')", "1 / 0"), {"n": [5]})
    kept = Path(Task(store, only_task(study).id).artifacts["notebook"].get_local_copy())
    assert outputs(nbformat.read(kept, as_version=4), "cell-1")[0]["text"] == "here\n"

    other = hpo.tune(lambda x: x, {"x": [1.0]}, name="plain", max_jobs=1, store=store)
    assert other.wait(PATIENCE_S)
    with pytest.raises(NotFound, match=r"\(completed\) has no executed notebook"):
        other.notebook(other.best.id)


def test_cells_run_as_in_a_kernel(store: Store, tmp_path: Path) -> None:
    path = write(tmp_path / "project", "x = 0.5\nn = 3", EVERYTHING, "x * n")
    study = search(store, path, {"x": (0.0, 1.0), "n": [7]})

    task = only_task(study)
    assert task.error is None
    notebook = executed(study, task)
    nbformat.validate(notebook)
    shown = outputs(notebook, "cell-1")
    assert [out["output_type"] for out in shown] == [
        "stream",
        "display_data",
        "display_data",
        "stream",
        "execute_result",
    ]
    assert shown[0]["text"].startswith("hello from 7\nCPU times")
    assert shown[1]["data"]["text/plain"] == "'after'"
    assert shown[2]["data"]["text/html"] == "<b>bold</b>"
    assert (shown[3]["name"], shown[3]["text"]) == ("stderr", "an error\n")
    assert shown[4]["data"] == {"text/plain": "rich", "text/html": "<i>rich</i>"}
    assert [cell.get("execution_count") for cell in notebook["cells"][1:]] == [1, 2, 3, 4]
    assert study.best.objective == pytest.approx(7 * study.best.parameters["x"])
    assert "hello from 7" in (tmp_path / "store" / "logs" / f"{task.id}.log").read_text()


def test_a_plot_is_kept_and_a_widget_is_not(store: Store, tmp_path: Path) -> None:
    plot = "import plotly.graph_objects as go\ngo.Figure(go.Scatter(y=[1, x])).show()"
    widget = "import ipywidgets\ndisplay(ipywidgets.IntSlider())"
    study = search(store, write(tmp_path / "p", "x = 1.0", plot, widget, "x"), {"x": [4.0]})

    task = only_task(study)
    assert task.error is None
    notebook = executed(study, task)
    assert outputs(notebook, "cell-1")[0]["data"]["application/vnd.plotly.v1+json"]["data"][0]["y"] == [1, 4]
    assert list(outputs(notebook, "cell-2")[0]["data"]) == ["text/plain"]
    assert "widgets" not in notebook["metadata"]


def test_it_runs_in_its_folder_with_its_helpers(store: Store, tmp_path: Path) -> None:
    path = write(tmp_path / "project", "x = 1.0", "import helper\nfrom pathlib import Path", "helper.double(x)")
    (path.parent / "helper.py").write_text("def double(x): return 2 * x")

    study = search(store, path, {"x": [4.0]})

    assert study.best.objective == 8.0


def test_each_task_has_a_namespace_of_its_own_and_reports(store: Store, tmp_path: Path) -> None:
    path = write(
        tmp_path / "p",
        "x = 1.0",
        "assert 'seen' not in globals()\nseen = 1",
        "for i in range(3): report('loss', x / (i + 1), i)",
    )

    study = search(store, path, {"x": [3.0, 6.0, 9.0, 12.0]}, jobs=4, objective="loss")

    assert [t.state.value for t in store.tasks(study.id)] == ["completed"] * 4
    assert study.best.objective == 1.0


def test_chosen_literals_are_set_in_their_place(store: Store, tmp_path: Path) -> None:
    path = write(tmp_path / "p", "x = 1.0  # kept", "y = 2; z = x * y", "z", tags={0: []})

    study = search(store, path, {"x": [5.0], "y": [3]}, literals=["x", "y"])

    assert study.best.objective == 15.0
    assert [c["source"] for c in executed(study, only_task(study))["cells"][1:3]] == [
        "x = 5.0  # kept",
        "y = 3; z = x * y",
    ]


def test_a_failing_cell_fails_the_task_with_its_traceback(store: Store, tmp_path: Path) -> None:
    path = write(tmp_path / "p", "x = 1", "print('before')", "def f(): return 1 / (x - x)\nf()", "print('never')")

    study = search(store, path, {"x": [5]})

    task = only_task(study)
    assert task.state.value == "failed"
    assert task.error is not None
    assert "ZeroDivisionError" in task.error and "return 1 / (x - x)" in task.error
    assert "IPython/core" not in task.error
    notebook = executed(study, task)
    assert notebook["metadata"]["hpo_widgets"] | {"status": "failed", "cell": 4} == notebook["metadata"]["hpo_widgets"]
    assert outputs(notebook, "cell-1")[0]["text"] == "before\n"
    (error,) = outputs(notebook, "cell-2")
    assert (error["ename"], error["evalue"]) == ("ZeroDivisionError", "division by zero")
    assert outputs(notebook, "cell-3") == []


@pytest.mark.parametrize(
    ("source", "state", "said"),
    [
        ("x = = 1", "failed", "SyntaxError"),
        ("import sys; sys.exit(3)", "failed", "exited with code 3"),
        ("import sys; sys.exit(0)", "completed", ""),
        ("%no_such_magic", "failed", "UsageError"),
        ("1 / 0", "failed", "ZeroDivisionError"),
    ],
)
def test_ends_of_a_cell(store: Store, tmp_path: Path, source: str, state: str, said: str) -> None:
    study = search(store, write(tmp_path / "p", "x = 1", "report('objective', x)", source), {"x": [5]})

    task = only_task(study)
    assert task.state.value == state
    assert said in f"{task.reason} {task.error}"
    assert "To exit: use" not in str(task.error)
    assert executed(study, task)["metadata"]["hpo_widgets"]["status"] == state


def test_tags_that_expect_an_error_or_skip_are_followed(store: Store, tmp_path: Path) -> None:
    tags = {1: ["raises-exception"], 2: ["skip-execution"]}
    study = search(store, write(tmp_path / "p", "x = 1", "1 / 0", "exit('never')", "x", tags=tags), {"x": [5]})

    assert study.best.objective == 5.0


def test_a_parameter_of_the_wrong_type_fails_with_both_named(store: Store, tmp_path: Path) -> None:
    task = only_task(search(store, write(tmp_path / "p", "x = 1", "x"), {"x": ["many"]}))

    assert task.state.value == "failed"
    assert "'x' is 'many', which is no int, the type of its default" in str(task.error)


@pytest.mark.parametrize("options", [{}, {"kernel": "python3"}], ids=["fork", "kernel"])
def test_a_stopped_task_leaves_the_cells_that_ran_and_no_process(
    store: Store, tmp_path: Path, options: dict[str, Any]
) -> None:
    mark = tmp_path / "started"
    slow = f"from pathlib import Path\nPath({str(mark)!r}).touch()\n!sleep 1234.5"
    study = search(store, write(tmp_path / "p", "x = 1", "print('before')", slow), {"x": [5]}, wait=False, **options)
    wait_for(mark.exists, "the cell that sleeps")
    task = only_task(study)
    wait_for(lambda: processes_of(task), "the processes of the task")
    study.stop()
    assert study.wait(PATIENCE_S)

    assert only_task(study).state.value == "aborted"
    notebook = executed(study, task)
    assert outputs(notebook, "cell-1")[0]["text"] == "before\n"
    assert notebook["metadata"]["hpo_widgets"]["cell"] == 4
    wait_for(lambda: not processes_of(task), "the end of its processes")


def processes_of(task: TaskRecord) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(TASK_VARIABLE) == task.id or process.pid == task.pid:
                found.append(process)
    return found


@pytest.mark.parametrize("options", [{"kernel": "python3"}, {"isolation": Isolation.SPAWN}], ids=["kernel", "spawn"])
def test_the_other_ways_to_run_one_give_the_same(store: Store, tmp_path: Path, options: dict[str, Any]) -> None:
    report = "from hpo_widgets import report as ours\nours('loss', x, 1)\nreport('loss', 2 * x, 2)"
    path = write(tmp_path / "p", "x = 0.5", "!echo hello", report, "import os\nprint(os.getcwd())", "x")

    study = search(store, path, {"x": [4.0]}, **options)

    task = only_task(study)
    assert task.error is None
    assert study.best.objective == 4.0
    points = store.scalars(task.id, Metric("loss", "loss"))
    assert [(point.iteration, point.value) for point in points] == [(1, 4.0), (2, 8.0)]
    notebook = executed(study, task)
    nbformat.validate(notebook)
    assert [cell["id"] for cell in notebook["cells"]] == [
        "title", "cell-0", "injected-parameters", "cell-1", "cell-2", "cell-3", "cell-4",
    ]  # fmt: skip
    assert outputs(notebook, "cell-1")[0]["text"].strip() == "hello"
    assert outputs(notebook, "cell-2") == []
    assert outputs(notebook, "cell-3")[0]["text"] == f"{path.parent}\n"
    assert notebook["metadata"]["hpo_widgets"]["status"] == "completed"


def test_a_failing_cell_of_a_kernel_fails_the_task(store: Store, tmp_path: Path) -> None:
    study = search(store, write(tmp_path / "p", "x = 1", "1 / (x - x)", "x"), {"x": [5]}, kernel="python3")

    task = only_task(study)
    assert task.state.value == "failed"
    assert "ZeroDivisionError" in str(task.error)
    notebook = executed(study, task)
    assert outputs(notebook, "cell-1")[0]["ename"] == "ZeroDivisionError"
    assert notebook["metadata"]["hpo_widgets"]["status"] == "failed"


def test_report_outside_of_tasks_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert TASK_VARIABLE not in os.environ
    hpo.report("loss", 0.5, 3)
    hpo.report("loss", 1)

    assert capsys.readouterr().out == "loss = 0.5 (iteration 3)\nloss = 1.0\n"
