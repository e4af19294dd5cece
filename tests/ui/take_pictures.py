"""Takes the pictures of README from a real search of the quickstart, in a headless Chromium.

    pip install pillow
    python -m tests.ui.take_pictures

Writes `search.gif` (the dashboard while the search runs) and `quickstart.png` (when it has ended) into
`notebooks/images`. What is asked of the search is what the quickstart asks, trials, name and all.
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, sync_playwright

from tests.ui.browser import FLAGS, find_chromium
from tests.ui.lab import REPOSITORY, LabServer
from tests.ui.notebook_page import NotebookPage

QUICKSTART = REPOSITORY / "notebooks" / "01_quickstart.ipynb"
IMAGES = REPOSITORY / "notebooks" / "images"
FUNCTION_CELL, SEARCH_CELL = 1, 3
WIDTH, HEIGHT = 1016, 740
GIF_WIDTH = 820
MOST_BYTES = 1_500_000
FRAMES_PER_SECOND = 4
SECONDS = 8
LAST_FRAME_SECONDS = 2
COLORS = 256
MARGIN = 8
PAUSE_MILLISECONDS = 400
RUN_SECONDS = 180
CHARTS = ("Objective over time", "Objective per trial", "Scalars")


def main() -> None:
    """Runs the search once and writes both pictures."""
    with tempfile.TemporaryDirectory() as root, tempfile.TemporaryDirectory() as private, sync_playwright() as play:
        server = LabServer(Path(root), Path(private))
        server.start()
        browser = play.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        try:
            (server.root / QUICKSTART.name).write_bytes(QUICKSTART.read_bytes())
            # Wide enough that the output is as wide as the picture, high enough that all of it is in sight and drawn.
            page = browser.new_page(viewport={"width": 1400, "height": 1300}, reduced_motion="reduce")
            notebook = NotebookPage(server, page, QUICKSTART.name)
            notebook.open()
            notebook.set_theme("light")
            frames = _watch(notebook)
        finally:
            browser.close()
            server.shut_down_kernels()
            server.stop()
    frames[-1].save(IMAGES / "quickstart.png", optimize=True)
    _write_gif(frames, IMAGES / "search.gif")


def _watch(notebook: NotebookPage) -> list[Image.Image]:
    """Runs the search and returns pictures of its dashboard, the last of them when header and charts say its end."""
    notebook.run_cell(FUNCTION_CELL)
    notebook.run_cell(SEARCH_CELL)
    dashboard = notebook.cell(SEARCH_CELL).get_by_role("region", name="Dashboard of ")
    dashboard.wait_for(state="visible")
    dashboard.evaluate("node => node.scrollIntoView({block: 'start'})")
    frames = []
    while not _has_ended(dashboard):
        frames.append(_picture(notebook, dashboard))
        notebook.page.wait_for_timeout(PAUSE_MILLISECONDS)
    notebook.wait(lambda: _charts_agree(dashboard), "the charts show the end", RUN_SECONDS)
    frames.append(_picture(notebook, dashboard))
    return frames


def _has_ended(dashboard: Locator) -> bool:
    return "completed (all" in dashboard.locator("[data-panel=control]").inner_text()


def _charts_agree(dashboard: Locator) -> bool:
    """Says whether no chart still speaks of running trials and all name the best value of the header."""
    best = dashboard.locator("[data-panel=control]").inner_text().split("Best accuracy")[1].split()[0]
    said = [dashboard.get_by_role("region", name=title, exact=True) for title in CHARTS]
    texts = [each.locator(".hpo-dash-sentence").inner_text() for each in said]
    waiting = dashboard.evaluate(
        """node => [...node.querySelectorAll(".js-plotly-plot")].flatMap(plot => plot.data ?? [])
            .filter(trace => trace.name === "running" && (trace.y ?? []).some(value => value !== null)).length"""
    )
    return waiting == 0 and all(best in text and "running" not in text for text in texts)


def _picture(notebook: NotebookPage, dashboard: Locator) -> Image.Image:
    box = dashboard.bounding_box()
    if box is None:
        raise LookupError("the dashboard is not in sight")
    width = min(WIDTH, box["width"] + 2 * MARGIN)
    clip = {"x": box["x"] - MARGIN, "y": box["y"], "width": width, "height": HEIGHT}
    return Image.open(io.BytesIO(notebook.page.screenshot(clip=clip))).convert("RGB")


def _write_gif(frames: list[Image.Image], path: Path) -> None:
    """Writes an animated picture of a fixed length, whatever the machine took, with one palette for all frames.

    Raises:
        ValueError: When it is too large for a README.
    """
    count = min(len(frames), (SECONDS - LAST_FRAME_SECONDS) * FRAMES_PER_SECOND)
    chosen = [frames[round(at * (len(frames) - 1) / (count - 1))] for at in range(count)]
    size = (GIF_WIDTH, round(GIF_WIDTH * HEIGHT / chosen[-1].width))
    small = [each.resize(size, Image.Resampling.LANCZOS) for each in chosen]
    # The commonest colors are greys; this keeps the rare ones that mean something, such as a trial's blue.
    palette = small[-1].quantize(COLORS, method=Image.Quantize.MAXCOVERAGE)
    flat = [each.quantize(palette=palette, dither=Image.Dither.NONE) for each in small]
    step = round((SECONDS - LAST_FRAME_SECONDS) * 1000 / count)
    durations = [*([step] * (count - 1)), LAST_FRAME_SECONDS * 1000]
    flat[0].save(path, save_all=True, append_images=flat[1:], duration=durations, loop=0, optimize=True)
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"{path.name} has {path.stat().st_size} bytes; {MOST_BYTES} are allowed.")


if __name__ == "__main__":
    main()
