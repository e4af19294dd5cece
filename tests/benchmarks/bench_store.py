"""What the store costs: reports of one and of eight processes, how soon they are seen, and a summary of many tasks."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import optuna
from harness import Row, folder, interleave, median, percentile, run_python

from hpo_widgets.model.scalar import Metric
from hpo_widgets.store.base import NewTask
from hpo_widgets.store.sqlite import SqliteStore

NAME = "store"
GOALS = {"d": "reports: cost, throughput, time until seen", "g": "summary of 10,000 tasks"}
WRITERS = 8
FLOOD = 10_000
"""Reports of each writer, as fast as it can."""
PACE, PACED_S = 200, 3
"""Reports a second of each writer, and for how many seconds."""
TASKS, POINTS = 10_000, 10
OPTUNA_REPORTS = 200
LOSS = Metric("loss", "train")

ONE = """
import json, sys, time
from pathlib import Path
from hpo_widgets.agents.launcher import Job
from hpo_widgets.agents.reporter import RunningTask
from hpo_widgets.store.base import NewTask
from hpo_widgets.store.sqlite import SqliteStore
store, count = SqliteStore(sys.argv[1]), int(sys.argv[2])
new = NewTask(study=None, trial=0, name="", parameters={}, queue="q", code=None)
task = store.create_tasks([new], 1.0)[0]
logger = RunningTask(Job(task=task.id, key=task.key, name="", trial=0, parameters={}, code=""), store).get_logger()
logger.report_scalar("loss", "train", 1.0, -1)
began = time.perf_counter()
for i in range(count):
    logger.report_scalar("loss", "train", 0.5, i)
print(json.dumps({"us": (time.perf_counter() - began) / count * 1e6}))
"""
WRITER = """
import sys, time
from hpo_widgets.store.sqlite import SqliteStore
folder, key, count, pace = sys.argv[1], *map(int, sys.argv[2:])
store = SqliteStore(folder, create=False)
metric = ("loss", "train")
store.record_scalars(key, ((metric, -1, 0.0, 0.0),))
print("ready", flush=True)
sys.stdin.readline()
began = time.monotonic()
for i in range(count):
    if pace:
        time.sleep(max(0.0, began + i / pace - time.monotonic()))
    store.record_scalars(key, ((metric, i, time.time(), 0.5),))
print(began, time.monotonic(), flush=True)
"""


def filled(place: Path, tasks: int) -> tuple[SqliteStore, str]:
    """Gives a store with tasks, and the id of their study."""
    store = SqliteStore(place / "store")
    study = store.create_study("bench", "", {}, 1.0).id
    new = [
        NewTask(study=study, trial=i, name=f"t{i}", parameters={"lr": i}, queue="q", code=None) for i in range(tasks)
    ]
    store.create_tasks(new, 1.0)
    return store, study


def writers(store: SqliteStore, study: str, count: int, pace: int) -> list[subprocess.Popen[str]]:
    """Starts one process a task, and has them write all at once."""
    found = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(store.folder), str(task.key), str(count), str(pace)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for task in store.tasks(study)
    ]
    for process in found:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in found:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return found


def one_report() -> float:
    """Gives microseconds of one `report_scalar` in a process that is alone."""
    with folder() as place:
        return float(run_python(ONE, str(place / "store"), str(FLOOD))["us"])


def flood() -> float:
    """Gives reports stored a second by eight processes, one transaction each."""
    with folder() as place:
        store, study = filled(place, WRITERS)
        times = [process.communicate()[0].split() for process in writers(store, study, FLOOD, 0)]
        assert {s.points for s in store.summaries(study)} == {FLOOD + 1}
        store.close()
    return WRITERS * FLOOD / (max(float(end) for _, end in times) - min(float(began) for began, _ in times))


def optuna_reports() -> float:
    """Gives `trial.report`s a second into Optuna's SQLite storage."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with folder() as place:
        trial = optuna.create_study(storage=f"sqlite:///{place / 'optuna.db'}").ask()
        began = time.perf_counter()
        for i in range(OPTUNA_REPORTS):
            trial.report(0.5, i)
        return OPTUNA_REPORTS / (time.perf_counter() - began)


def until_seen() -> float:
    """Gives the 99th percentile of milliseconds from a report's time stamp to its arrival in a reader's hands."""
    with folder() as place:
        store, study = filled(place, WRITERS)
        late: list[float] = []
        with store.watch() as watch:
            cursor = store.cursor()
            processes = writers(store, study, PACE * PACED_S, PACE)
            while len(late) < WRITERS * PACE * PACED_S:
                delta = store.delta(cursor, study)
                now, cursor = time.time(), delta.cursor
                late += [now - scalar.time for scalar in delta.scalars if scalar.iteration >= 0]
                if not delta.scalars and not watch.wait(30):
                    raise RuntimeError("the writers fell silent")
        for process in processes:
            process.communicate()
        store.close()
    return percentile(late, 0.99) * 1000


def summary() -> float:
    """Gives milliseconds of the summary of one metric of 10,000 tasks."""
    with folder() as place:
        store, study = filled(place, TASKS)
        with store.transaction():
            for task in store.tasks(study):
                store.record_scalars(task.key, [(LOSS, i, 1.0, float(i)) for i in range(POINTS)])
        times = []
        for _ in range(5):
            began = time.perf_counter()
            assert len(store.summaries(study, [LOSS])) == TASKS
            times.append((time.perf_counter() - began) * 1000)
        store.close()
    return median(times)


def run(rounds: int) -> list[Row]:
    """Measures goals d and g."""
    one, many, rdb, late, table = map(
        median, interleave(rounds, one_report, flood, optuna_reports, until_seen, summary)
    )
    return [
        Row(goal="d", what="report_scalar in the child", ours=one, unit="us", target="<= 30 us", ok=one <= 30),
        Row(
            goal="d",
            what=f"stored by {WRITERS} writers",
            ours=many,
            unit="/s",
            target=">= 40,000/s",
            ok=many >= 40_000,
        ),
        Row(
            goal="d",
            what="one writer, against trial.report",
            ours=1e6 / one,
            unit="/s",
            peer=rdb,
            peer_name="Optuna RDBStorage, SQLite",
            target=">= 50x",
            ok=1e6 / one >= 50 * rdb,
        ),
        Row(
            goal="d",
            what=f"until a reader has it, p99, {WRITERS} x {PACE}/s",
            ours=late,
            unit="ms",
            target="<= 20 ms",
            ok=late <= 20,
        ),
        Row(goal="g", what="summary of 10,000 tasks", ours=table, unit="ms", target="<= 20 ms", ok=table <= 20),
    ]
