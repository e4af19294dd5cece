"""A script that records itself with Task.init is a base task like any other, and reading it leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import hpo_widgets as hpo

SCRIPT = """
import argparse
from hpo_widgets import Task
task = Task.init("examples", "template")
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
arguments = parser.parse_args()
task.get_logger().report_scalar("loss", "loss", arguments.lr**2, 0)
"""


def test_reading_a_script_that_calls_task_init_records_no_task_of_its_own(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    hpo.configure(store=tmp_path / "store")
    try:
        study = hpo.tune(script, {"lr": (0.0, 1.0)}, objective="loss", max_jobs=2, concurrency=1)
        assert study.wait(60)
        assert set(study.tasks()["state"]) == {"completed"}
        assert study.best.objective == study.best.parameters["lr"] ** 2
        assert hpo.Task.get_tasks(task_name="template") == []
    finally:
        hpo.configure(store=None)
