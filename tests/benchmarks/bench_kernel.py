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
    for i in range(8_000_000):
        total += i % 7
    return time.perf_counter() - began

def rest(x, y):
    time.sleep(0.5)
    return x

with tempfile.TemporaryDirectory() as place:
    hpo.configure(store=place)
    ratios = []
    for _ in range(3):
        alone = cell()
        study = hpo.tune(rest, {'x': (0.0, 1.0), 'y': (0.0, 1.0)}, max_jobs=1000, concurrency=2, isolation='fork')
        while not study.wait(0.05) and not study.top(1):
            pass
        beside = cell()
        study.stop()
        study.wait()
        ratios.append(beside / min(alone, cell()))
print(json.dumps({'ratio': sorted(ratios)[1]}))
"""

MEMORY = """
import gc, json, sys, tempfile, time
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
    ended = [0]
    study.on_end(lambda _: ended.__setitem__(0, ended[0] + 1))
    while ended[0] < tasks // 4:
        time.sleep(0.02)
    first, then, seen = kilobytes(), ended[0], study.store.cursor().scalar
    study.wait()
    grown = kilobytes() - first
    print(json.dumps({'kb': grown, 'tasks': tasks - then, 'scalars': study.store.cursor().scalar - seen}))
"""
TASKS, POINTS = 500, 80


def run(rounds: int) -> list[Row]:
    """Measures goals h, i and j."""
    imports = [run_python(IMPORT) for _ in range(max(5, rounds))]
    took, foreign = median([found["ms"] for found in imports]), imports[0]["foreign"]
    slower = 100 * (median([run_python(CELL)["ratio"] for _ in range(rounds)]) - 1)
    few, many = interleave(
        min(rounds, 3),
        lambda: run_python(MEMORY, str(TASKS), "1"),
        lambda: run_python(MEMORY, str(TASKS), str(POINTS)),
    )
    a_task = median([one["kb"] / one["tasks"] for one in few])
    a_scalar = median(
        [
            1024
            * (more["kb"] / more["tasks"] - one["kb"] / one["tasks"])
            * more["tasks"]
            / (more["scalars"] - one["scalars"])
            for one, more in zip(few, many, strict=True)
        ]
    )
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
