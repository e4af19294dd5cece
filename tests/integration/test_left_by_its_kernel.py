"""A search whose kernel is restarted: what ran is lost with it, and runs again each time somebody goes on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import hpo_widgets as hpo
from hpo_widgets.model.task import LEFT, TaskState

PATIENCE_S = 90
PROGRAM = """
import sys, time
from pathlib import Path
import hpo_widgets as hpo
from hpo_widgets.model.task import TaskState

GO = Path(sys.argv[2])

def train(x, go=str(GO)):
    while not Path(go).exists():
        time.sleep(0.02)
    return x

if __name__ == "__main__":
    hpo.configure(store=sys.argv[1])
    if hpo.studies():
        study = hpo.attach("left").resume()
    else:
        study = hpo.tune(train, {"x": (0.0, 1.0)}, name="left", strategy="random", concurrency=2, seed=4, max_jobs=3)
    while len(study.store.tasks(study.id, {TaskState.RUNNING})) < 2:
        time.sleep(0.01)
"""


def test_a_search_whose_kernel_ends_in_order_twice_still_finishes_all_its_trials(tmp_path: Path) -> None:
    program, store, go = tmp_path / "program.py", tmp_path / "store", tmp_path / "go"
    program.write_text(PROGRAM)
    for _ in range(2):
        subprocess.run([sys.executable, str(program), str(store), str(go)], timeout=PATIENCE_S, check=True)
    hpo.configure(store=store)
    try:
        study = hpo.attach("left")
        cut_off = study.store.tasks(study.id)
        assert study.state == "interrupted"
        assert [(t.trial, t.state, t.reason) for t in cut_off] == [(n, TaskState.LOST, LEFT) for n in (0, 1, 0, 1)]

        go.touch()
        study.resume()
        assert study.wait(timeout=PATIENCE_S)
        finished = study.store.tasks(study.id, {TaskState.COMPLETED})
        assert [t.trial for t in sorted(finished, key=lambda t: t.trial or 0)] == [0, 1, 2]
        again = {t.trial: t.parameters for t in finished}
        assert all(again[t.trial] == t.parameters for t in cut_off)
        assert study.record.reason == "limit: total_max_jobs"
    finally:
        hpo.configure(store=None)
