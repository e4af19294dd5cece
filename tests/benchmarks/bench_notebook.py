"""What a notebook task costs: three cells in a forked process, beside papermill on the same notebook."""

from __future__ import annotations

import time
from pathlib import Path

import nbformat
import papermill
from harness import Row, folder, interleave, median
from nbformat.v4 import new_code_cell, new_notebook

from hpo_widgets.model.config import Isolation, StudyConfig
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.objective import parse_objectives
from hpo_widgets.model.space_shorthand import as_space
from hpo_widgets.sdk.notebook import notebook_base_task
from hpo_widgets.store.location import open_store
from hpo_widgets.study import Study

NAME = "notebook"
GOALS = {"n": "a forked notebook task of three cells"}
TASKS = 24
WARM = 4
"""First tasks left out: the fork server is still starting."""
RUNS = 2
CELLS = ("x = 0.5", "import math\nvalues = [math.sin(x * i) for i in range(100)]\nprint(len(values))", "sum(values)")


def write(path: Path) -> None:
    """Writes the notebook that both run."""
    cells = [new_code_cell(text) for text in CELLS]
    cells[0]["metadata"]["tags"] = ["parameters"]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)


def ours() -> float:
    """Gives milliseconds a task, one at a time, from the end of the first ones to the end of the last."""
    with folder() as place:
        write(place / "three.ipynb")
        store = open_store(place / "store")
        base = notebook_base_task(place / "three.ipynb", store=store)
        config = StudyConfig(
            name=base.name,
            space=as_space({"x": (0.0, 1.0)}),
            objectives=parse_objectives("objective", "min"),
            limits=Limits(max_number_of_concurrent_tasks=1, total_max_jobs=TASKS),
            strategy={"name": "random", "options": {}},
            code=base.code,
            base_name=base.name,
            isolation=Isolation.FORK,
        )
        study = Study(store, store.create_study(base.name, "", config.to_json(), time.time()).id).start()
        study.wait()
        ended = sorted(t.ended for t in store.tasks(study.id) if t.ended is not None and t.state.value == "completed")
        assert len(ended) == TASKS
        store.close()
        return (ended[-1] - ended[WARM]) / (TASKS - WARM - 1) * 1000


def peer() -> float:
    """Gives milliseconds a run of papermill, in a process that has imported it."""
    with folder() as place:
        write(place / "three.ipynb")
        began = time.perf_counter()
        for i in range(RUNS):
            papermill.execute_notebook(
                place / "three.ipynb", place / f"{i}.ipynb", parameters={"x": 0.1 * i}, progress_bar=False
            )
        return (time.perf_counter() - began) / RUNS * 1000


def run(rounds: int) -> list[Row]:
    """Measures the goal."""
    mine, papermills = (median(case) for case in interleave(rounds, ours, peer))
    return [
        Row(
            goal="n",
            what="notebook of three cells",
            ours=mine,
            unit="ms",
            peer=papermills,
            peer_name="papermill",
            target="<= 0.125x",
            ok=mine <= papermills / 8,
        )
    ]
