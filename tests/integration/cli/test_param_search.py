"""Holds `hpo-widgets param-search` and `show` as people run them: real processes, real scripts, a real terminal."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

TASKS = Path(__file__).parents[3] / "notebooks" / "tasks"
CLI = [sys.executable, "-m", "hpo_widgets.cli"]
ALPHA = '{"name": "alpha", "type": "LogUniformParameterRange", "min_value": -5, "max_value": -1}'
WANTED = ["--objective-metric-title", "accuracy", "--objective-metric-sign", "max", "--metrics", "stdout"]
DIGITS = ["--script", str(TASKS / "digits_argparse.py"), "--params-search", ALPHA, *WANTED, "--args", "epochs=1"]
SLOW = """
import argparse, time
parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float, default=0.0)
x = parser.parse_args().x
for step in range(600):
    print(f"step={step} loss={x}", flush=True)
    time.sleep(0.1)
"""
X = '{"name": "x", "type": "UniformParameterRange", "min_value": 0, "max_value": 1}'
LOSS = ["--objective-metric-title", "loss", "--objective-metric-sign", "min", "--metrics", "stdout"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HPO_WIDGETS_STORE", raising=False)
    return tmp_path


def ran(*words: str, code: int = 0) -> str:
    done = subprocess.run([*CLI, *words], capture_output=True, text=True, timeout=120)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def listed() -> list[dict[str, object]]:
    return json.loads(ran("show", "--json"))  # type: ignore[no-any-return]


def test_a_script_is_searched_shown_and_reported() -> None:
    text = ran("param-search", *DIGITS, "--total-max-jobs", "3", "--task-name", "digits")
    assert "3/3 ended" in text and "completed" in text
    (study,) = listed()
    assert study["name"] == "digits" and study["best"] is not None
    assert "accuracy" in ran("show", "digits")
    ran("show", "digits", "--html", "report.html")
    assert "plotly.js" in Path("report.html").read_text()


def test_a_study_goes_on_under_new_limits() -> None:
    ran("param-search", *DIGITS, "--total-max-jobs", "2", "--task-name", "digits")
    assert "4/4 ended" in ran("param-search", "--resume", "digits", "--total-max-jobs", "4")


def test_a_task_that_is_recorded_is_searched_again() -> None:
    ran("param-search", *DIGITS, "--total-max-jobs", "1", "--task-name", "first")
    (study,) = listed()
    task = study["best"]["task"]  # type: ignore[index]
    text = ran("param-search", "--task-id", str(task), "--params-search", ALPHA, *WANTED, "--total-max-jobs", "1")
    assert "1/1 ended" in text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--script", "none.py", "--params-search", X, *LOSS], "none.py"),
        (["--script", "broken.py", "--params-search", X, *LOSS], "broken.py"),
        (["--script", str(TASKS / "digits_argparse.py"), "--params-search", '{"name": "alpa", "type": '
          '"DiscreteParameterRange", "values": [1]}', *LOSS], "did you mean 'Args/alpha'"),
        (["--script", str(TASKS / "digits_argparse.py"), "--params-search", '{"name": "epochs", "type": '
          '"DiscreteParameterRange", "values": ["x"]}', *LOSS], "takes int"),
        ([*DIGITS[:2], "--params-search", "{oops", *LOSS], "line 1, column 2"),
        ([*DIGITS, "--queue", "nobody"], "no agent serves the queue 'nobody'"),
        (["--script", "bare.ipynb", "--params-search", X, *LOSS[:-2]], "parameters"),
        ([*DIGITS[:2], *LOSS], "nothing is searched"),
        ([*DIGITS, "--optimizer-class", "Grid"], "unknown"),
        ([*DIGITS, "--optimization-time-limit", "-1"], "minutes above 0"),
        (["--resume", "nothing"], "no study 'nothing'"),
    ],
)  # fmt: skip
def test_bad_input_is_said_and_nothing_starts(words: list[str], says: str) -> None:
    Path("broken.py").write_text("def (:\n")
    cell = {"cell_type": "code", "id": "a", "source": "", "metadata": {}, "outputs": [], "execution_count": None}
    Path("bare.ipynb").write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    assert says in ran("param-search", *words, code=2)
    assert listed() == []


def test_a_script_that_exits_3_is_a_failed_search() -> None:
    Path("three.py").write_text(f"{SLOW.split('for step', maxsplit=1)[0]}raise SystemExit(3)\n")
    assert "3" in ran(
        "param-search", "--script", "three.py", "--params-search", X, *LOSS, "--total-max-jobs", "2", code=1
    )


def test_a_metric_that_nobody_reports_is_said_with_the_names_that_were() -> None:
    text = ran("param-search", *DIGITS, "--objective-metric-title", "acuracy", "--total-max-jobs", "1", code=1)
    assert "without the objective acuracy; it reported accuracy/accuracy" in text


class Terminal:
    """Is a search at a terminal of its own."""

    def __init__(self, *words: str) -> None:
        self._own, other = pty.openpty()
        self.process = subprocess.Popen([*CLI, *words], stdin=other, stdout=other, stderr=other, start_new_session=True)
        os.close(other)
        self.text = ""

    def read_until(self, wanted: str, timeout: float = 60.0) -> None:
        deadline = time.monotonic() + timeout
        while wanted not in self.text:
            assert time.monotonic() < deadline, self.text
            try:
                self.text += os.read(self._own, 4096).decode()
            except OSError:  # the other end is closed
                assert wanted in self.text, self.text

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def close(self) -> int:
        with contextlib.suppress(OSError):
            while data := os.read(self._own, 4096):
                self.text += data.decode()
        os.close(self._own)
        return self.process.wait(30)


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a terminal")
def test_ctrl_c_ends_in_order_and_leaves_a_study_that_goes_on() -> None:
    Path("slow.py").write_text(SLOW)
    words = [
        "--script",
        "slow.py",
        "--params-search",
        X,
        *LOSS,
        "--max-number-of-concurrent-tasks",
        "1",
        "--task-name",
        "slow",
    ]
    terminal = Terminal("param-search", *words)
    terminal.read_until(", 1 run")
    terminal.interrupt()
    terminal.read_until("--resume 'slow'")
    assert terminal.close() == 130
    assert "\r\x1b[2K" in terminal.text  # one line that is written anew
    assert listed()[0]["state"] == "stopped"
    Path("slow.py").write_text(SLOW)
    assert "ended" in ran("param-search", "--resume", "slow", "--optimization-time-limit", "0.001")


def test_a_queue_hands_the_tasks_to_its_agent() -> None:
    agent = subprocess.Popen([*CLI, "agent", "--queue", "gpu", "--slots", "2"], stdout=subprocess.PIPE, text=True)
    try:
        assert agent.stdout is not None
        assert "serves the queue 'gpu'" in agent.stdout.readline()
        text = ran("param-search", *DIGITS, "--queue", "gpu", "--total-max-jobs", "3")
        assert "3/3 ended" in text
        agent.send_signal(signal.SIGINT)
        said = agent.communicate(timeout=30)[0]
        assert said.count("completed  ") == 3
    finally:
        agent.kill()
        agent.wait()
