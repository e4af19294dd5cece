"""What a study teaches, worked out in a process of its own: figures of Optuna's take seconds and hold the interpreter.

`work_out` is the same in the calling thread, for studies whose store no other process can reach.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, Any

from hpo_widgets.agents.link import task_environment
from hpo_widgets.study.study import Study

START = (
    "import sys, os; sys.path[:] = sys.argv[1].split(os.pathsep); "
    "from hpo_widgets.study.insight_main import main; main()"
)
LEVEL = 5
IDLE_S = 120.0
"""How long a helper that nobody asks is kept: it takes the memory of an interpreter with Optuna."""
GRACE_S = 2.0
"""How long a helper that was told to end may take."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Is what came of one question."""

    question: Mapping[str, Any]
    body: bytes
    """An `Insight` as gzipped JSON; empty when it could not be worked out."""
    error: str
    """Why it could not; "" when it could."""
    seconds: float
    """What it took."""


def work_out(study: Study, question: Mapping[str, Any]) -> bytes:
    """Gives an insight as gzipped JSON; takes seconds for large studies.

    Args:
        study: The study.
        question: `kind` and options, see `strategies.optuna_insight.insight`.
    """
    from hpo_widgets.strategies.optuna_insight import insight

    config = study.config
    options = {name: value for name, value in question.items() if name != "kind"}
    found = insight(str(question.get("kind")), config.space, config.objectives, study.past(), options)
    return gzip.compress(json.dumps(found.to_json(), allow_nan=False).encode(), LEVEL, mtime=0)


class Insights:
    """Answers questions about one study, one after the other; its helper starts with the first. Safe from any thread.

    Args:
        study: The study.
        answered: Is called with each answer, in a thread of this object's own.
    """

    def __init__(self, study: Study, answered: Callable[[Answer], Any]) -> None:
        self._study = study
        self._answered = answered
        self._questions: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._helper: subprocess.Popen[bytes] | None = None
        self._closed = False

    def ask(self, question: Mapping[str, Any]) -> None:
        """Asks; returns at once."""
        with self._lock:
            if self._closed:
                return
            self._questions.put(dict(question))
            if self._thread is None:
                self._thread = threading.Thread(target=self._main, name="hpo-insight", daemon=True)
                self._thread.start()

    def close(self, timeout: float | None = None) -> None:
        """Ends the helper, whatever it is at; waits for the thread up to `timeout` seconds."""
        with self._lock:
            self._closed = True
            self._questions.put(None)
            if self._helper is not None:
                self._helper.terminate()
            thread = self._thread
        if thread is not None and timeout:
            thread.join(timeout)

    # -- in its own thread -----------------------------------------------------------------------------------------
    def _main(self) -> None:
        try:
            while (question := self._next()) is not None:
                began = time.monotonic()
                body, error = self._answer(question)
                if not self._closed:
                    seconds = time.monotonic() - began
                    self._answered(Answer(question=question, body=body, error=error, seconds=seconds))
        finally:
            self._end_helper()
            self._study.store.forget_thread()

    def _next(self) -> dict[str, Any] | None:
        try:
            return self._questions.get(timeout=IDLE_S)
        except queue.Empty:
            with self._lock:
                if not self._questions.empty():
                    return self._questions.get()
                self._thread = None  # from here on `ask` starts a new one
                return None

    def _answer(self, question: dict[str, Any]) -> tuple[bytes, str]:
        try:
            if self._study.store.folder is None:
                return work_out(self._study, question), ""
            return self._ask_helper(question)
        except Exception as error:  # noqa: BLE001 - whatever it was is shown in place of the figure
            self._end_helper()
            return b"", f"{type(error).__name__}: {error}"

    def _ask_helper(self, question: dict[str, Any]) -> tuple[bytes, str]:
        helper = self._running_helper()
        assert helper.stdin is not None and helper.stdout is not None
        helper.stdin.write(json.dumps(question).encode() + b"\n")
        helper.stdin.flush()
        head = _line(helper.stdout)
        return helper.stdout.read(head["size"]), head["error"]

    def _running_helper(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._helper is None or self._helper.poll() is not None:
                folder = os.fspath(self._study.store.folder or "")
                self._helper = subprocess.Popen(
                    [sys.executable, "-c", START, os.pathsep.join(sys.path), folder, self._study.id],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env=task_environment(),
                    start_new_session=os.name == "posix",  # the notebook's stop button is not for it
                )
            return self._helper

    def _end_helper(self) -> None:
        with self._lock:
            helper, self._helper = self._helper, None
        if helper is None:
            return
        for pipe in (helper.stdin, helper.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()
        helper.terminate()
        try:
            helper.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            helper.kill()
            helper.wait()


def _line(stream: IO[bytes]) -> dict[str, Any]:
    line = stream.readline()
    if not line:
        raise EOFError("the helper process ended; it is started again with the next look")
    head: dict[str, Any] = json.loads(line)
    return head
