"""`%%objective` in a real IPython shell: defined, called, tuned in processes, edited while a study runs."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import hpo_widgets as hpo
from hpo_widgets.agents.cell_kind import CellTask
from hpo_widgets.errors import InvalidInput
from hpo_widgets.study import Study

PATIENCE_S = 60.0
TRAIN = """%%objective train
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import cross_val_score

alpha = 1e-4
penalty = "l2"  # ["l1", "l2"]
seed = 0
x, y = load_breast_cancer(return_X_y=True)
x = scaled(x)
cross_val_score(SGDClassifier(alpha=alpha, penalty=penalty, random_state=seed), x, y, cv=3).mean()
"""
SLOW = """%%objective slow --no-dry-run
import time
x = 0.5
for i in range(100_000):
    report("loss", x, i)
    time.sleep(0.01)
"""


class Cells:
    """Is a notebook of a test."""

    def __init__(self, shell: InteractiveShell) -> None:
        self.shell = shell

    def run(self, source: str) -> Any:
        """Runs a cell and gives its value."""
        done = self.shell.run_cell(source)
        done.raise_error()
        return done.result

    def error(self, source: str) -> BaseException:
        """Runs a cell that fails."""
        done = self.shell.run_cell(source)
        assert done.error_in_exec is not None
        return done.error_in_exec


@pytest.fixture
def cells(tmp_path: Path) -> Iterator[Cells]:
    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell.instance(config=config)
    hpo.configure(store=tmp_path / "store")
    shell.run_line_magic("load_ext", "hpo_widgets")
    yield Cells(shell)
    for study in hpo.studies():
        study.stop()
        wait_for(lambda study=study: not study.record.state.is_live, "the end of a study")
    hpo.configure(store=None)
    shell.restore_sys_module_state()
    InteractiveShell.clear_instance()


def wait_for(condition: Any, what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)


def test_importing_the_package_in_a_shell_brings_the_magic_and_loads_nothing_more() -> None:
    program = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
before = set(sys.modules)
shell.run_cell("import hpo_widgets as hpo")
assert "objective" in shell.magics_manager.magics["cell"]
print(sorted(name for name in set(sys.modules) - before if "." in name and name.startswith("hpo_widgets")))
shell.run_cell("%%objective f\\nlr = 0.5\\nlr * 2")
print(shell.user_ns["f"](lr=3.0))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)

    assert done.stdout.splitlines()[0] == "[]"
    assert "objective f, version 1: result = 1.0 in" in done.stdout
    assert done.stdout.splitlines()[-1] == "6.0"


def test_a_cell_is_tuned_with_what_it_uses(cells: Cells) -> None:
    cells.run("import hpo_widgets as hpo\ndef scaled(x): return (x - x.mean(0)) / x.std(0)")
    summary = cells.run(TRAIN)
    assert list(summary.ranges) == ["alpha", "penalty"]
    assert summary.metrics["result"] > 0.9
    assert "SGDClassifier" not in cells.shell.user_ns

    study: Study = cells.run("study = hpo.tune(train, direction='max', max_jobs=6, concurrency=2, seed=1)\nstudy")
    assert study.wait(PATIENCE_S)

    assert (study.name, study.config.base_name) == ("train", "train (version 1)")
    assert list(study.tasks()["state"]) == ["completed"] * 6
    assert set(study.best.parameters) == {"alpha", "penalty"}
    assert cells.run("train(**study.best.parameters)") == pytest.approx(study.best.objective)


def test_a_space_of_ones_own_is_used(cells: Cells) -> None:
    cells.run("import hpo_widgets as hpo")
    cells.run("%%objective\nx = 0.5\n(x - 0.25) ** 2")
    study = cells.run("hpo.tune(objective, {'x': [0.0, 0.25]}, strategy='grid')")
    assert study.wait(PATIENCE_S)

    assert study.best.parameters == {"x": 0.25}


@pytest.mark.parametrize("isolation", ["spawn", "thread"])
def test_it_runs_wherever_functions_run(cells: Cells, isolation: str) -> None:
    cells.run("import hpo_widgets as hpo\nscale = 2")
    cells.run("%%objective\nx = 0.5\nfor i in range(3):\n    report('loss', scale * x / (i + 1), i)")
    study = cells.run(f"hpo.tune(objective, {{'x': [3.0]}}, objective='loss', isolation={isolation!r})")
    assert study.wait(PATIENCE_S)

    assert (study.best.objective, study.best.iteration) == (2.0, 2)


def test_a_failing_task_shows_the_line_of_the_cell(cells: Cells) -> None:
    cells.run("import hpo_widgets as hpo")
    cells.run("%%objective\nx = 0.5\ny = 1 / (x - 2)\ny")
    study = cells.run("hpo.tune(objective, {'x': [2.0]})")
    assert study.wait(PATIENCE_S)

    (task,) = study.store.tasks(study.id)
    assert 'File "<objective objective, version 1>", line 2' in task.error
    assert "y = 1 / (x - 2)" in task.error


def test_a_running_study_goes_on_with_its_version_and_says_so(cells: Cells) -> None:
    cells.run("import hpo_widgets as hpo")
    cells.run(SLOW)
    study = cells.run("hpo.tune(slow, objective='loss', max_jobs=1, name='long')")
    wait_for(lambda: study.store.tasks(study.id)[:1] and study.store.tasks(study.id)[0].pid, "the task")
    with pytest.warns(UserWarning, match="the study 'long' still runs version 1 of 'slow', to its end"):
        cells.run(SLOW.replace("0.01", "0.02"))
    study.stop()
    assert study.wait(PATIENCE_S)

    slow: CellTask = cells.shell.user_ns["slow"]
    assert (slow.version, study.config.base_name) == (2, "slow (version 1)")


def test_no_study_no_warning(cells: Cells, recwarn: pytest.WarningsRecorder) -> None:
    cells.run("%%objective\n1.0")
    cells.run("%%objective\n2.0")

    assert [str(each.message) for each in recwarn if "still runs" in str(each.message)] == []


def test_a_bad_cell_makes_nothing(cells: Cells) -> None:
    for source in ("%%objective f\nlr = 1\n!ls\nlr", "%%objective f\nlr = 1  # [a]\nlr", "%%objective f g\n1.0"):
        assert isinstance(cells.error(source), InvalidInput)
    assert isinstance(cells.error("%%objective f\n1 / 0"), ZeroDivisionError)

    assert "f" not in cells.shell.user_ns
