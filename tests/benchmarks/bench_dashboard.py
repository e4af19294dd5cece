"""What the dashboard costs a kernel and the wire: a big study, growing curves, and opening and closing."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import comm
import psutil
from comm.base_comm import BaseComm
from dashboard_study import filled_study, grow
from harness import Row, folder, median

from hpo_widgets.study import Study
from hpo_widgets.widgets.assets import asset
from hpo_widgets.widgets.dashboard import Dashboard
from hpo_widgets.widgets.page import publisher

NAME = "dashboard"
GOALS = {
    "5a": "bundles on the wire, and a dashboard on 10,000 trials and 1,000,000 scalars, kernel's part",
    "5b": "100 curves of 1,000 points growing by 100 points/s: kernel time and bytes",
    "5c": "bytes beside plain FigureWidgets of the same curves",
    "5e": "opening and closing",
}
BIG, POINTS_EACH = 10_000, 100
CURVES, LENGTH, RATE, SECONDS = 100, 1000, 100, 10
CYCLES = 1000


class Wire(BaseComm):  # type: ignore[misc, unused-ignore]
    """Counts what would cross to the page."""

    received = 0

    def publish_msg(
        self, msg_type: str, data: Any = None, metadata: Any = None, buffers: Any = None, **keys: Any
    ) -> None:
        """Counts one message."""
        size = sum(memoryview(buffer).nbytes for buffer in buffers or ())
        Wire.received += len(json.dumps(data)) + size + 400  # the header that Jupyter puts before it


@contextmanager
def study(trials: int, points: int, *, running: bool) -> Iterator[tuple[Study, list[int]]]:
    """Gives a study with these tasks and points, and the store's numbers of its tasks."""
    comm.create_comm = lambda **arguments: Wire(**arguments)
    with folder() as place, filled_study(place, trials, points, running=running) as found:
        yield found
        publisher(found[0].store).join(5)


def opened() -> tuple[float, float]:
    """Gives seconds until a big study's dashboard is told, bundles being there, and their bytes."""
    with study(BIG, POINTS_EACH, running=False) as (found, _):
        bundles = sum(len(asset(name).data) for name in ("dashboard", "plotly"))
        began = time.perf_counter()
        dashboard = Dashboard(found)
        spent = time.perf_counter() - began
        dashboard.close()
        return spent, bundles


def growing() -> tuple[float, float]:
    """Gives the share of a core that the publisher takes, and bytes a point without 20 kB a second."""
    with study(CURVES, LENGTH, running=True) as (found, keys):
        dashboard = Dashboard(found)
        before = Wire.received
        thread = next(t for t in psutil.Process().threads() if t.id == _publisher_thread(found))
        began, sent = time.monotonic(), 0
        while (passed := time.monotonic() - began) < SECONDS:
            while sent < passed * RATE:
                grow(found, keys, sent, LENGTH)
                sent += 1
            time.sleep(0.01)
        after = next(t for t in psutil.Process().threads() if t.id == thread.id)
        busy = after.user_time + after.system_time - thread.user_time - thread.system_time
        rate = (Wire.received - before - 20_000 * passed) / sent
        dashboard.close()
        return busy / passed * 100, max(0.0, rate)


def _publisher_thread(found: Study) -> int:
    thread = publisher(found.store)._thread
    assert thread is not None and thread.native_id is not None
    return thread.native_id


def peer_bytes() -> float:
    """Gives the bytes that plain FigureWidgets of the same growing curves send a point: a `y` whole at every update."""
    import plotly.graph_objects as go

    figure = go.FigureWidget([go.Scatter(x=list(range(LENGTH)), y=[0.5] * LENGTH) for _ in range(CURVES)])
    before, updates = Wire.received, 20
    for i in range(updates):
        trace = figure.data[i]
        with figure.batch_update():
            trace.x, trace.y = (*trace.x, LENGTH), (*trace.y, 0.5)
    spent = Wire.received - before
    figure.close()
    return spent / updates


def cycles() -> float:
    """Gives kilobytes that the process has grown by for each dashboard opened and closed."""
    with study(10, 10, running=False) as (found, _):
        for _ in range(50):
            Dashboard(found).close()
        gc.collect()
        before = psutil.Process().memory_info().rss
        for _ in range(CYCLES):
            Dashboard(found).close()
        gc.collect()
        return (psutil.Process().memory_info().rss - before) / CYCLES / 1000


def run(rounds: int) -> list[Row]:
    """Measures the goals."""
    opens = [opened() for _ in range(rounds)]
    grows = [growing() for _ in range(rounds)]
    seconds, bundles = median([s for s, _ in opens]), opens[0][1]
    busy, mine = median([b for b, _ in grows]), median([r for _, r in grows])
    peer = median([peer_bytes() for _ in range(rounds)])
    grown = cycles()
    return [
        Row(goal="5a", what="bundles", ours=bundles / 1e6, unit="MB", target="<= 2.5 MB", ok=bundles <= 2.5e6),
        Row(
            goal="5a",
            what="a big study, kernel's part",
            ours=seconds,
            unit="s",
            target="<= 2.5 s in the page",
            ok=seconds <= 2.5,
        ),
        Row(goal="5b", what="kernel, 100 growing curves", ours=busy, unit="% of a core", target="<= 5 %", ok=busy <= 5),
        Row(goal="5b", what="bytes a point over 20 kB/s", ours=mine, unit="B", target="<= 40 B", ok=mine <= 40),
        Row(
            goal="5c",
            what="bytes a point with all it costs",
            ours=mine + 20_000 / RATE,
            unit="B",
            peer=peer,
            peer_name="FigureWidget",
            target="<= 0.1x",
            ok=mine + 20_000 / RATE <= peer / 10,
        ),
        Row(goal="5e", what="memory an open and close", ours=grown, unit="kB", target="<= 1 kB", ok=grown <= 1),
    ]
