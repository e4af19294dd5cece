"""Runs a private JupyterLab server for UI tests: loopback, a token, its own settings, this environment's kernel.

Used through the fixtures of `conftest.py`; `notebook_page.py` drives what the browser shows.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import nbformat
import psutil
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

REPOSITORY = Path(__file__).parents[2]
START_SECONDS = 90
STOP_SECONDS = 15
POLL_SECONDS = 0.05

SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
}


class LabServer:
    """Is one JupyterLab server process over a folder of notebooks.

    Args:
        root: The folder that it serves; kernels run in the folder of their notebook.
        private: A folder for settings, runtime files and the log; nothing of the user's own Jupyter is read.
    """

    def __init__(self, root: Path, private: Path) -> None:
        self.root = root
        self.private = private
        self.log = private / "server.log"
        self.token = secrets.token_hex(16)
        self.base = ""
        self._process: subprocess.Popen[bytes] | None = None
        # A proxy of the surroundings must not see loopback traffic.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def start(self) -> None:
        """Starts the server and returns when it answers.

        Raises:
            RuntimeError: It ended or did not answer in time; the end of its log is in the message.
        """
        port = _free_port()
        self.base = f"http://127.0.0.1:{port}"
        self._write_settings()
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command(port),
                cwd=self.root,
                env=self._environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"JupyterLab did not start; its log ends with:\n{self.log_tail()}")
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Ends the server and every process below it."""
        if self._process is None:
            return
        below = self._processes_below()
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_SECONDS)
        for process in below:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._process = None

    def write_notebook(self, name: str, cells: Sequence[str]) -> Path:
        """Writes a notebook below the root; a cell that starts with `md:` is Markdown."""
        made = [
            new_markdown_cell(cell.removeprefix("md:")) if cell.startswith("md:") else new_code_cell(cell)
            for cell in cells
        ]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(new_notebook(cells=made, metadata={"kernelspec": kernel}), path)
        return path

    def api(self, path: str, method: str = "GET", data: object = None) -> Any:
        """Calls the server's REST interface and returns the decoded answer, None when it is empty."""
        request = urllib.request.Request(
            f"{self.base}/api/{path}",
            method=method,
            headers={"Authorization": f"token {self.token}"},
            data=None if data is None else json.dumps(data).encode(),
        )
        with self._opener.open(request, timeout=30) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def find_kernel(self, notebook: str) -> int | None:
        """Returns the process id of the kernel of a notebook (its path below the root), None without one."""
        kernels = [each["kernel"]["id"] for each in self.api("sessions") if each["path"] == notebook]
        for process in self._processes_below():
            if any(f"kernel-{kernel}.json" in _command_line(process) for kernel in kernels):
                return process.pid
        return None

    def shut_down_kernels(self) -> None:
        """Ends every session and returns when its kernel's process is gone."""
        kernels = [process for process in self._processes_below() if "ipykernel" in _command_line(process)]
        for session in self.api("sessions"):
            with contextlib.suppress(urllib.error.HTTPError):  # the page may have ended it meanwhile
                self.api(f"sessions/{session['id']}", method="DELETE")
        psutil.wait_procs(kernels, timeout=STOP_SECONDS)

    def log_tail(self, characters: int = 4000) -> str:
        """Returns the end of the server's log."""
        return self.log.read_text(errors="replace")[-characters:]

    def _answers(self) -> bool:
        try:
            self.api("status")
        except OSError:
            return False
        return True

    def _command(self, port: int) -> list[str]:
        return [
            sys.executable,
            "-m",
            "jupyterlab",
            "--no-browser",
            "--allow-root",
            "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={port}",
            "--ServerApp.port_retries=0",
            f"--IdentityProvider.token={self.token}",
            f"--ServerApp.root_dir={self.root}",
            "--LabApp.expose_app_in_browser=True",
            "--LabApp.news_url=None",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        ]

    def _environment(self) -> dict[str, str]:
        """Returns the surroundings with private Jupyter folders; a notebook's store stays beside the notebook."""
        folders = {
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTER_DATA_DIR": "data",
            "IPYTHONDIR": "ipython",
        }
        kept = {key: value for key, value in os.environ.items() if key != "HPO_WIDGETS_STORE"}
        search = [str(REPOSITORY), *filter(None, [os.environ.get("PYTHONPATH")])]
        return {
            **kept,
            **{key: str(self.private / folder) for key, folder in folders.items()},
            "JUPYTER_PREFER_ENV_PATH": "1",
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
            "PYTHONPATH": os.pathsep.join(search),
        }

    def _write_settings(self) -> None:
        for plugin, values in SETTINGS.items():
            path = self.private / "settings" / f"{plugin}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values))

    def _processes_below(self) -> list[psutil.Process]:
        if self._process is None:
            return []
        with contextlib.suppress(psutil.NoSuchProcess):
            return psutil.Process(self._process.pid).children(recursive=True)
        return []


def wait_until(condition: Callable[[], object], what: str, seconds: float, pause: Callable[[], object]) -> None:
    """Returns as soon as the condition holds; `pause` gives the thing waited for a moment to happen.

    Raises:
        TimeoutError: It did not hold in time.
    """
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        pause()


def _command_line(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
        return " ".join(process.cmdline())
    return ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
