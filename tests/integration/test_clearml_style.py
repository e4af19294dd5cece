"""ClearML-shaped scripts run after changing their import root only: a template, an optimizer, a search by hand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hpo_widgets import Agent, Task
from hpo_widgets.store.location import open_store

SCRIPTS = Path(__file__).parent / "clearml_style"
PATIENCE_S = 120
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    pytest.importorskip("sklearn")
    monkeypatch.setenv("HPO_WIDGETS_STORE", str(tmp_path / "store"))
    yield
    open_store().close()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def run_script(name: str, *words: str) -> subprocess.CompletedProcess[str]:
        text = (SCRIPTS / name).read_text()
        (tmp_path / name).write_text(re.sub(r"\bclearml\b", "hpo_widgets", text))
        command = [sys.executable, name, *words]
        done = subprocess.run(
            command, cwd=tmp_path, env=dict(os.environ), capture_output=True, text=True, check=False, timeout=PATIENCE_S
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    return run_script


def test_only_the_import_root_differs() -> None:
    for path in SCRIPTS.glob("*.py"):
        lines = [line for line in path.read_text().splitlines() if "clearml" in line]
        assert lines, path.name
        assert all(re.match(r"\s*from clearml(\.\w+)* import ", line) for line in lines)
        assert "hpo_widgets" not in path.read_text()


@pytest.mark.timeout(300)
def test_the_template_is_searched_by_the_optimizer(run: Run) -> None:
    run("base_template.py", "--epochs", "2")
    template = Task.get_task(project_name="Digits", task_name="Digits: base template")
    assert template.status == "completed"
    assert template.get_parameters() == {
        "Args/epochs": 2,
        "Args/penalty": "l2",
        "General/alpha": 1e-4,
        "General/average": False,
        "General/optimizer/eta0": 0.01,
        "General/optimizer/schedule": "adaptive",
        "Data/test_size": 0.25,
        "Data/seed": 7,
    }

    with Agent("one_machine", slots=2):
        said = run("optimize.py").stdout

    assert len(re.findall(r"^job [0-9a-f]{32}: 0\.\d{4} at [0-2]", said, re.MULTILINE)) == 6, said
    top = re.findall(r"^top ([0-9a-f]{32}) (0\.\d+) ", said, re.MULTILINE)
    assert len(top) == 3
    accuracies = [float(value) for _, value in top]
    assert accuracies == sorted(accuracies, reverse=True)
    assert accuracies[0] > 0.85
    best = Task.get_task(task_id=top[0][0])
    searched = best.get_parameters()
    assert 1e-6 <= searched["General/alpha"] <= 1e-2
    assert searched["Data/seed"] == 7, "what is not searched stays as the template has it"
    assert best.get_last_iteration() == searched["Args/epochs"] - 1
    assert best.get_tags()[0] == "optimization"
    assert (Task.get_task(task_name="Digits: search")).status == "completed"


@pytest.mark.timeout(300)
def test_the_template_is_searched_by_hand(run: Run) -> None:
    run("base_template.py")
    with Agent("default", slots=2):
        said = run("manual_search.py").stdout

    assert len(re.findall(r"^Digits: base template \d: 0\.\d{4} with ", said, re.MULTILINE)) == 3
    found = re.search(r"^best ([0-9a-f]{32}) (0\.\d{4})$", said, re.MULTILINE)
    assert found is not None
    best = Task.get_task(task_id=found[1])
    assert best.status == "completed"
    assert best.parent == Task.get_task(task_name="Digits: base template").id
    assert best.get_last_scalar_metrics()["validation"]["accuracy"]["last"] == pytest.approx(float(found[2]), abs=1e-4)
