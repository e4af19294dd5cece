"""Tells at a terminal how a search goes: one line that updates, or plain lines into a pipe; ends it in order."""

from __future__ import annotations

import logging
import shutil
import signal
import sys
import threading
import time
from types import FrameType
from typing import Any, TextIO

from hpo_widgets.cli.main import DONE, FAILED, INTERRUPTED
from hpo_widgets.cli.tables import printable, result_table
from hpo_widgets.model.delta import Cursor
from hpo_widgets.model.result import Result, read_result
from hpo_widgets.model.study import StudyState
from hpo_widgets.model.task import TaskRecord
from hpo_widgets.study import Study
from hpo_widgets.widgets import words
from hpo_widgets.widgets.reader import StudyReader

PERIOD_S = 0.25
"""Between two looks at a study whose line is drawn."""
WIDTH = 20
"""Characters of the bar."""
MISSING = "without reporting"
"""Is in the notice on an objective that nobody reports, which names another task each time."""
CLEAR = "\r\x1b[2K"


def follow(study: Study, *, resumed: bool = False) -> int:
    """Follows a search that this process runs until it has ended, and gives the exit code."""
    return _Follower(study, sys.stdout, resumed=resumed).run()


class _Follower:
    """Is one search at a terminal."""

    def __init__(self, study: Study, out: TextIO, *, resumed: bool) -> None:
        self._study = study
        self._out = out
        self._live = out.isatty()
        self._reader = StudyReader(study)
        self._interrupts = 0
        self._stopping = False
        self._said: set[str] = set()
        self._cursor = Cursor()
        self._ended = {task.id for task in study.store.tasks(study.id) if resumed and task.state.is_final}
        self._lock = threading.Lock()

    def run(self) -> int:
        study = self._study
        before = signal.signal(signal.SIGINT, self._interrupt)
        # What it would warn of is a notice, said here.
        logging.getLogger("hpo_widgets.engine").setLevel(logging.ERROR)
        config = study.config
        names = ", ".join(config.space.names)
        self._say(f"study {study.name!r}: {config.base_name or 'a base task'}, searching {words.cut(names)}")
        try:
            while not study.wait(PERIOD_S):
                if self._interrupts and not self._stopping:
                    self._stop()
                self._draw()
        finally:
            signal.signal(signal.SIGINT, before)
        self._draw(last=True)
        return self._conclude()

    def _interrupt(self, signum: int, frame: FrameType | None) -> None:
        # It comes in the middle of anything, of a write or of the store too: the loop does what is to be done.
        self._interrupts += 1
        if self._interrupts > 1:
            raise KeyboardInterrupt

    def _stop(self) -> None:
        self._stopping = True
        self._say("stopping: running tasks are aborted, what they reported is kept (Ctrl-C again leaves at once)")
        self._study.stop()

    # -- while it runs -------------------------------------------------------------------------------------------------
    def _draw(self, *, last: bool = False) -> None:
        self._reader.read()
        head = self._reader.head()
        if head["remark"] and head["remark"] not in self._said:
            self._said.add(head["remark"])
            self._say(head["remark"])
        for notice in head["notices"]:
            # A failure is said again only when its cause is another one; its count is in the line.
            key = MISSING if MISSING in notice else notice.partition("): ")[2] or notice
            if key not in self._said:
                self._said.add(key)
                self._say(notice)
        if not self._live:
            self._tell_ends()
        else:
            line = _line(head)
            width = shutil.get_terminal_size().columns - 1
            with self._lock:
                self._out.write(CLEAR + printable(line)[:width] + ("\n" if last else ""))
                self._out.flush()

    def _tell_ends(self) -> None:
        store = self._study.store
        delta = store.delta(self._cursor, self._study.id, metrics=())
        self._cursor = delta.cursor
        for task in delta.tasks:
            if task.state.is_final and task.id not in self._ended:
                self._ended.add(task.id)
                self._tell_end(task, read_result(self._reader.objectives, store.task_summaries(task.id)))

    def _tell_end(self, task: TaskRecord, result: Result) -> None:
        values = ", ".join(words.number(value) for value in result.values)
        seconds = task.duration(time.time()) or 0.0
        given = " ".join(f"{name}={words.value(value)}" for name, value in task.parameters.items())
        state = task.state.value
        why = "" if not task.reason or task.reason == state else f" ({task.reason.removeprefix(state).strip(' ()')})"
        self._say(f"trial {task.trial} {state}{why} after {seconds:.1f} s: {values}  {given}")

    def _say(self, text: str) -> None:
        with self._lock:
            self._out.write(f"{CLEAR if self._live else ''}{printable(text)}\n")
            self._out.flush()

    # -- at its end ----------------------------------------------------------------------------------------------------
    def _conclude(self) -> int:
        study = self._study
        record, top = study.record, study.top(10)
        if top:
            self._say("")
            self._say(result_table(study.config.objectives, top))
        why = f" ({record.reason})" if record.reason else ""
        self._say(f"\nstudy {study.name!r} {study.state}{why}; see `hpo-widgets show {shell_word(study.name)}`")
        if self._interrupts:
            self._say(f"continue it with `hpo-widgets param-search --resume {shell_word(study.name)}`")
            return INTERRUPTED
        if record.state is StudyState.FAILED or not top:
            self._say(record.error or study.why_no_result())
            return FAILED
        return DONE


def shell_word(name: str) -> str:
    """Writes a name as a word for the shell."""
    import shlex

    return shlex.quote(name)


def _line(head: dict[str, Any]) -> str:
    bar = head["bar"]
    parts = []
    if bar["limit"]:
        share = min(1.0, bar["done"] / bar["limit"])
        parts.append(f"[{'#' * round(share * WIDTH):.<{WIDTH}}]")
    if bar["unit"] == "trials":
        parts.append(f"{bar['done']}/{bar['limit']} trials" if bar["limit"] else f"{bar['done']} trials")
    else:
        parts.append(f"{bar['trials']} trials")
    running = dict(head["counts"]).get("running", 0)
    failed = dict(head["counts"]).get("failed", 0)
    parts += [f"{running} running"] + ([f"{failed} failed"] if failed else [])
    best = head["best"]
    if best:
        parts.append(f"best {', '.join(best['values'])} (trial {best['trial']})")
    parts.append(words.duration(head["clock"]["elapsed"]))
    if head["left"] is not None:
        parts.append(f"about {words.duration(head['left'])} left")
    elif head["state"] != "running":
        parts.append(str(head["state"]))
    return "  ".join(parts)
