"""How long a click on Stop takes to reach the tasks: from the press in a real page to the end of their processes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness import Row, folder, percentile
from playwright.sync_api import Browser, sync_playwright

from hpo_widgets.store.location import open_store
from tests.ui.browser import FLAGS, find_chromium
from tests.ui.lab import LabServer
from tests.ui.notebook_page import NotebookPage

NAME = "dashboard_stop"
GOALS = {"f": "a click on Stop reaches the tasks, kernel idle and busy"}
CLICKS = 5
"""A round and a state of the kernel."""
PATIENCE_S = 60.0

STUDY = """
import time
import hpo_widgets as hpo
from hpo_widgets.widgets.dashboard import Dashboard

def train(task, x):
    import signal
    def note(number, frame):
        with open(f"stopped-{task.id}", "w") as file:
            file.write(repr(time.time()))
        raise SystemExit
    signal.signal(signal.SIGTERM, note)
    for epoch in range(1_000_000):
        task.report("loss", x, epoch)
        time.sleep(0.01)

def start():
    global study
    study = hpo.tune(train, {"x": (0.0, 1.0)}, objective="loss", strategy="random", max_jobs=50, concurrency=2)
    return Dashboard(study, panels=["control", "summary"])
"""
BUSY = """
until = time.monotonic() + 60
while study.state != "stopped" and time.monotonic() < until:
    sum(range(1000))
"""
# By the page's own clock, which is the machine's: what Playwright needs to get to the press is not ours.
NOTE_PRESS = "node => node.addEventListener('pointerdown', () => { window.hpoPressed = Date.now() / 1000; })"


@contextmanager
def notebook(browser: Browser, place: Path) -> Iterator[NotebookPage]:
    """Gives an open notebook in a JupyterLab of its own."""
    (place / "root").mkdir()
    (place / "lab").mkdir()
    server = LabServer(place / "root", place / "lab")
    server.start()
    try:
        server.write_notebook("stop.ipynb", [STUDY, *["start()", BUSY] * CLICKS])
        page = NotebookPage(server, browser.new_context().new_page(), "stop.ipynb")
        page.open()
        page.run_cell(0)
        yield page
    finally:
        server.shut_down_kernels()
        server.stop()


def click(page: NotebookPage, cell: int, *, busy: bool) -> float:
    """Gives milliseconds from the press of Stop to the moment the last task was told."""
    folder = page.server.root
    before = set(folder.glob("stopped-*"))
    page.run_cell(cell)
    control = page.cell(cell).locator("[data-panel=control]")
    control.scroll_into_view_if_needed()  # out of sight it is not drawn
    control.get_by_text("2 running").wait_for()
    stop = control.get_by_role("button", name="Stop now")
    stop.evaluate(NOTE_PRESS)
    store = open_store(folder / ".hpo")
    study = store.studies()[0]
    page.wait(lambda: len({s.task for s in store.summaries(study.id)}) == 2, "both tasks report", PATIENCE_S)
    if busy:
        page.run_cell(cell + 1, wait=False)
        page.wait(lambda: page.kernel_status() == "busy", "the kernel is busy", PATIENCE_S)
    stop.click()
    page.wait(lambda: len(set(folder.glob("stopped-*")) - before) == 2, "both tasks are told", PATIENCE_S)
    page.wait(lambda: store.study(study.id).state.is_final, "the study has stopped", PATIENCE_S)
    pressed = float(page.page.evaluate("() => window.hpoPressed"))
    told = [float(json.loads(path.read_text())) for path in set(folder.glob("stopped-*")) - before]
    store.close()
    return (max(told) - pressed) * 1000


def run(rounds: int) -> list[Row]:
    """Measures goal f; every round in a JupyterLab of its own."""
    found: dict[bool, list[float]] = {False: [], True: []}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        for _ in range(rounds):
            with folder() as place, notebook(browser, place) as page:
                for number in range(CLICKS):
                    for busy in (False, True):
                        found[busy].append(click(page, 1 + 2 * number, busy=busy))
        browser.close()
    return [
        Row(
            goal="f",
            what=f"click on Stop to the tasks, kernel {'busy' if busy else 'idle'}, p95",
            ours=(slow := percentile(times, 0.95)),
            unit="ms",
            target="<= 300 ms",
            ok=slow <= 300,
        )
        for busy, times in found.items()
    ]
