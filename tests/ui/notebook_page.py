"""Drives one notebook in one browser tab, and keeps what the browser complained about, asked for and received."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import ConsoleMessage, Locator, Page, Request, Response, Route, WebSocket

from tests.ui.lab import LabServer, wait_until

Theme = Literal["light", "dark"]
OPEN_SECONDS = 60
RUN_SECONDS = 120
POLL_MILLISECONDS = 50

_PANEL = ".jp-NotebookPanel:not(.lm-mod-hidden)"
_CURRENT = "window.jupyterapp.shell.currentWidget"
_HAS_SESSION = "() => window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel != null"
_READY = f"async () => {{ await {_CURRENT}.context.ready; await {_CURRENT}.sessionContext.ready; }}"
_STATUS = f"() => {_CURRENT}.sessionContext.session?.kernel?.status ?? null"
_EXECUTE = "async ([command, args]) => { await window.jupyterapp.commands.execute(command, args); }"
_BEGIN = """([command, args]) => {
    const run = window.hpoTestRun = {ended: false};
    window.jupyterapp.commands.execute(command, args).finally(() => { run.ended = true; });
}"""
_ENDED = "() => window.hpoTestRun.ended"
_ACTIVATE = f"index => {{ const all = {_CURRENT}.content; all.activeCellIndex = index; all.deselectAll(); }}"
_OUTPUTS = f"index => {_CURRENT}.content.widgets[index].model.outputs?.toJSON() ?? []"
_RESTART = f"async () => {{ await {_CURRENT}.sessionContext.session.kernel.restart(); }}"


class Traffic:
    """Counts what the kernel's channel carried since the page was opened or since `reset`."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Starts counting at zero again."""
        self.received_bytes = 0
        self.received_messages = 0
        self.sent_bytes = 0
        self.sent_messages = 0

    def received(self, frame: bytes | str) -> None:
        self.received_bytes += _size(frame)
        self.received_messages += 1

    def sent(self, frame: bytes | str) -> None:
        self.sent_bytes += _size(frame)
        self.sent_messages += 1


class NotebookPage:
    """Is one open notebook.

    Attributes:
        page: The Playwright page, for locators and mouse.
        console: Every console message as (type, text).
        outside: Addresses outside the server that the page asked for; all of them are refused.
        refused: Requests to the server that failed or were answered with 400 or more.
        traffic: What the kernel's channel carried.
    """

    def __init__(self, server: LabServer, page: Page, name: str) -> None:
        self.server = server
        self.page = page
        self.name = name
        self.console: list[tuple[str, str]] = []
        self.outside: list[str] = []
        self.refused: list[str] = []
        self.traffic = Traffic()
        self._crashes: list[str] = []
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self._crashes.append(str(error)))
        page.on("requestfailed", self._on_request_failed)
        page.on("response", self._on_response)
        page.on("websocket", self._on_websocket)
        page.route(lambda address: address.startswith("http") and not address.startswith(server.base), self._on_outside)

    def open(self, seconds: float = OPEN_SECONDS) -> None:
        """Opens the notebook and returns when its kernel is there and its cells are drawn."""
        address = f"{self.server.base}/lab/tree/{self.name}?token={self.server.token}&reset"
        self.page.goto(address, wait_until="domcontentloaded")
        self.wait_ready(seconds)

    def reload(self, seconds: float = OPEN_SECONDS) -> None:
        """Presses F5: the kernel goes on; what was neither saved nor is in the kernel is gone, outputs included."""
        self.page.reload(wait_until="domcontentloaded")
        self.wait_ready(seconds)

    def wait_ready(self, seconds: float = OPEN_SECONDS) -> None:
        """Returns when the notebook has a live kernel and its cells are drawn."""
        self.page.wait_for_function(_HAS_SESSION, timeout=seconds * 1000)
        self.page.evaluate(_READY)
        self.page.wait_for_function(f"() => ['idle', 'busy'].includes(({_STATUS})())", timeout=seconds * 1000)
        self.page.wait_for_selector(f"{_PANEL} .jp-Cell", timeout=seconds * 1000)

    def command(self, name: str, arguments: dict[str, Any] | None = None) -> None:
        """Executes a command of JupyterLab by its id, e.g. `docmanager:save`, and returns when it has ended."""
        self.page.evaluate(_EXECUTE, [name, arguments or {}])

    def run_all(self, seconds: float = RUN_SECONDS, *, wait: bool = True) -> None:
        """Runs all cells; with `wait`, returns when the last has ended, or one has failed."""
        self._run("notebook:run-all-cells", "all cells ran", seconds if wait else None)

    def run_cell(self, index: int, seconds: float = RUN_SECONDS, *, wait: bool = True) -> None:
        """Runs one cell; with `wait`, returns when it has ended."""
        self.page.evaluate(_ACTIVATE, index)
        self._run("notebook:run-cell", f"cell {index} ran", seconds if wait else None)

    def wait(self, condition: Callable[[], object], what: str, seconds: float = RUN_SECONDS) -> None:
        """Returns when the condition holds; the browser works meanwhile.

        Raises:
            TimeoutError: It did not hold in time.
        """
        wait_until(condition, what, seconds, lambda: self.page.wait_for_timeout(POLL_MILLISECONDS))

    def wait_seen(self, where: Locator, what: str | Locator, seconds: float = RUN_SECONDS) -> None:
        """Returns when a place that draws only in sight shows a text or an element; scrolls back to what moved away."""

        def seen() -> bool:
            where.scroll_into_view_if_needed()
            return what in where.inner_text() if isinstance(what, str) else what.first.is_visible()

        self.wait(seen, f"{what!r} is seen", seconds)

    def wait_text(self, index: int, text: str, seconds: float = RUN_SECONDS) -> None:
        """Returns when the output of a cell shows the text."""
        self.wait(lambda: text in self.output_text(index), f"cell {index} shows {text!r}", seconds)

    def kernel_status(self) -> str | None:
        """Returns JupyterLab's word for the kernel; `idle` may be wrong while a widget's callback has just ended."""
        status: str | None = self.page.evaluate(_STATUS)
        return status

    def cell(self, index: int) -> Locator:
        """Locates a cell by its place, from 0."""
        return self.page.locator(f"{_PANEL} .jp-Notebook .jp-Cell").nth(index)

    def output_text(self, index: int) -> str:
        """Returns the text that the output of a cell shows now."""
        output = self.cell(index).locator(".jp-Cell-outputWrapper")
        return output.inner_text() if output.count() else ""

    def outputs(self, index: int) -> list[dict[str, Any]]:
        """Returns the outputs of a cell as the notebook would store them."""
        stored: list[dict[str, Any]] = self.page.evaluate(_OUTPUTS, index)
        return stored

    def errors_of_cells(self) -> list[str]:
        """Returns name and text of every exception that a cell shows."""
        shown = [out for index in range(self.cell_count()) for out in self.outputs(index)]
        return [f"{out['ename']}: {out['evalue']}" for out in shown if out["output_type"] == "error"]

    def complaints(self, ignore: tuple[str, ...] = ()) -> list[str]:
        """Returns console errors and uncaught exceptions of the page, without those that contain an ignored text."""
        errors = [text for kind, text in self.console if kind == "error"] + self._crashes
        return [error for error in errors if not any(part in error for part in ignore)]

    def set_theme(self, theme: Theme) -> None:
        """Switches JupyterLab to its light or dark theme and returns when the page says so."""
        self.command("apputils:change-theme", {"theme": f"JupyterLab {theme.capitalize()}"})
        light = json.dumps(theme == "light")
        self.page.wait_for_selector(f'body[data-jp-theme-light="{light}"]', state="attached")

    def save(self) -> dict[str, Any]:
        """Saves the notebook and returns what is on the disk."""
        self.command("docmanager:save")
        saved: dict[str, Any] = json.loads((self.server.root / self.name).read_text())
        return saved

    def kernel_pid(self) -> int:
        """Returns the process id of the kernel, for a kill -9."""
        found = self.server.find_kernel(self.name)
        if found is None:
            raise LookupError(f"{self.name} has no kernel")
        return found

    def wait_new_kernel(self, killed: int, seconds: float = OPEN_SECONDS) -> None:
        """Returns when the server has replaced a kernel that was killed, and the new one is idle; accepts the notice.

        Args:
            killed: Process id of the kernel that is gone.
        """
        self.wait(lambda: self.server.find_kernel(self.name) not in {None, killed}, "a new kernel", seconds)
        self.page.get_by_role("dialog").get_by_role("button", name="Ok").click(timeout=seconds * 1000)
        self.wait(lambda: self.kernel_status() == "idle", "the new kernel is idle", seconds)

    def restart_kernel(self, seconds: float = OPEN_SECONDS) -> None:
        """Restarts the kernel and returns when the new one is idle."""
        self.page.evaluate(_RESTART)
        self.wait(lambda: self.kernel_status() == "idle", "the restarted kernel is idle", seconds)

    def screenshot(self, path: Path, cell: int | None = None) -> Path:
        """Takes a picture of the page, or of one cell; returns the path."""
        (self.page if cell is None else self.cell(cell)).screenshot(path=path)
        return path

    def close(self) -> None:
        """Closes the tab; the kernel goes on."""
        self.page.close()

    def cell_count(self) -> int:
        """Returns how many cells the notebook has."""
        return self.page.locator(f"{_PANEL} .jp-Notebook .jp-Cell").count()

    def _run(self, command: str, what: str, seconds: float | None) -> None:
        self.page.evaluate(_BEGIN, [command, {}])
        if seconds is not None:
            self.wait(lambda: self.page.evaluate(_ENDED), what, seconds)

    def _on_console(self, message: ConsoleMessage) -> None:
        self.console.append((message.type, message.text))

    def _on_outside(self, route: Route) -> None:
        self.outside.append(route.request.url)
        route.abort()

    def _on_request_failed(self, request: Request) -> None:
        aborted = request.failure == "net::ERR_ABORTED"  # by the page itself, when it is left or reloaded
        if not aborted and request.url.startswith(self.server.base):
            self.refused.append(f"{request.failure} {request.url}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self.refused.append(f"{response.status} {response.url}")

    def _on_websocket(self, socket: WebSocket) -> None:
        if "/channels" in socket.url:
            socket.on("framereceived", self.traffic.received)
            socket.on("framesent", self.traffic.sent)


def _size(frame: bytes | str) -> int:
    return len(frame.encode() if isinstance(frame, str) else frame)
