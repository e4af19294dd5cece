"""What a search costs the kernel it runs in: its import, its cells, its memory."""

from __future__ import annotations

from harness import Row, interleave, median, run_python

NAME = "kernel"
GOALS = {"h": "import", "i": "a pure-Python cell beside a study", "j": "memory of the kernel"}

IMPORT = """
import json, sys, time
before = set(sys.modules)
began = time.perf_counter()
import hpo_widgets
seconds = time.perf_counter() - began
new = {name.partition('.')[0] for name in set(sys.modules) - before} - {'hpo_widgets'}
print(json.dumps({'ms': seconds * 1000, 'foreign': sorted(new - set(sys.stdlib_module_names))}))
"""

CELL = """
import json, sys, tempfile, time
import hpo_widgets as hpo

def cell():
    began, total = time.perf_counter(), 0
    for i in range(12_000_000):
        total += i % 7
    return time.perf_counter() - began

def rest(x):
    time.sleep(0.5)
    return x

with tempfile.TemporaryDirectory() as place:
    hpo.configure(store=place)
    ratios = []
    for _ in range(3):
        alone = cell()
        study = hpo.tune(rest, {'x': (0.0, 1.0), 'y': (0.0, 1.0)}, max_jobs=1000, concurrency=2, isolation='fork')
        while not study.top(1):
            time.sleep(0.05)
        beside = cell()
        study.stop()
        study.wait()
        ratios.append(beside / min(alone, cell()))
print(json.dumps({'ratio': sorted(ratios)[1]}))
"""

MEMORY = """
import gc, json, os, sys, tempfile, time
import psutil
import hpo_widgets as hpo

tasks, reports = int(sys.argv[1]), int(sys.argv[2])

def report(x, task):
    logger = task.get_logger()
    for i in range(reports):
        logger.report_scalar('loss', 'loss', x, i)
    return x

def kilobytes():
    gc.collect()
    return psutil.Process().memory_info().rss / 1024

with tempfile.TemporaryDirectory() as place:
    hpo.configure(store=place)
    study = hpo.tune(report, {'x': (0.0, 1.0)}, objective='loss', strategy='tpe', max_jobs=tasks, concurrency=2, seed=1)
    while study.store.cursor().scalar < (tasks // 3) * max(1, reports):
        time.sleep(0.02)
    first, then = kilobytes(), study.store.cursor().scalar / max(1, reports)
    study.wait()
    print(json.dumps({'kb': (kilobytes() - first) / (tasks - then)}))
"""
TASKS, POINTS = 1200, 120


def run(rounds: int) -> list[Row]:
    """Measures goals h, i and j."""
    imports = [run_python(IMPORT) for _ in range(max(5, rounds))]
    took, foreign = median([found["ms"] for found in imports]), imports[0]["foreign"]
    slower = 100 * (median([run_python(CELL)["ratio"] for _ in range(rounds)]) - 1)
    few, many = interleave(
        rounds,
        lambda: run_python(MEMORY, str(TASKS), "1")["kb"],
        lambda: run_python(MEMORY, str(TASKS), str(POINTS))["kb"],
    )
    a_task = median(few)
    a_scalar = (median(many) - a_task) / (POINTS - 1) * 1024
    return [
        Row(goal="h", what="import hpo_widgets", ours=took, unit="ms", target="<= 50 ms", ok=took <= 50),
        Row(
            goal="h",
            what="foreign modules it loads",
            ours=len(foreign),
            unit="modules",
            target="none",
            ok=not foreign,
        ),
        Row(goal="i", what="cell beside a study", ours=slower, unit="% slower", target="<= 5 %", ok=slower <= 5),
        Row(goal="j", what="kernel memory a task", ours=a_task, unit="kB", target="<= 8 kB", ok=a_task <= 8),
        Row(
            goal="j",
            what=f"kernel memory a scalar, {POINTS} a task",
            ours=a_scalar,
            unit="bytes",
            target="0 (within 16 bytes of noise)",
            ok=a_scalar <= 16,
        ),
    ]
