"""Draws how a search goes: one line that updates on a terminal, or plain lines into a pipe or a file."""

from __future__ import annotations

import shutil
import threading
import time
from typing import Any, TextIO

from hpo_widgets.cli.tables import printable
from hpo_widgets.cli.width import cut_to
from hpo_widgets.model.delta import Cursor
from hpo_widgets.model.result import Result, read_result
from hpo_widgets.model.task import Reason, TaskRecord
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


class Progress:
    """Is what a terminal sees of one search.

    Args:
        study: The search.
        out: Where the line or the lines go.
        resumed: Whether the tasks that have ended by now are left out.
    """

    def __init__(self, study: Study, out: TextIO, *, resumed: bool) -> None:
        self._study = study
        self._out = out
        self._live = out.isatty()
        self._reader = StudyReader(study)
        self._said: set[str] = set()
        self._cursor = Cursor()
        self._ended = {task.id for task in study.store.tasks(study.id) if resumed and task.state.is_final}
        self._lock = threading.Lock()

    def draw(self, *, last: bool = False) -> None:
        """Shows what is new; `last` keeps the line where it is."""
        self._reader.read()
        head = self._reader.head()
        if head["remark"] and head["remark"] not in self._said:
            self._said.add(head["remark"])
            self.say(head["remark"])
        for notice in head["notices"]:
            self.notify(notice)
        if not self._live:
            self._tell_ends()
        else:
            line = _line(head)
            columns = shutil.get_terminal_size().columns - 1
            with self._lock:
                self._out.write(CLEAR + cut_to(printable(line), columns) + ("\n" if last else ""))
                self._out.flush()

    def notify(self, notice: str) -> None:
        """Writes a notice, the first time only."""
        # A failure is said again only when its cause is another one; its count is in the line.
        key = MISSING if MISSING in notice else notice.partition("): ")[2] or notice
        if key not in self._said:
            self._said.add(key)
            self.say(notice)

    def say(self, text: str) -> None:
        """Writes a line of its own."""
        with self._lock:
            self._out.write(f"{CLEAR if self._live else ''}{printable(text)}\n")
            self._out.flush()

    def write(self, text: str, out: TextIO) -> None:
        """Writes text that belongs to somebody else, as it is, to another stream that may be the same terminal."""
        with self._lock:
            if self._live:
                self._out.write(CLEAR)
                self._out.flush()
            out.write(text)
            out.flush()

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
        state = task.state.value
        detail = (task.reason or "").removeprefix(state).strip()
        if detail.startswith(f"{Reason.USER.value} ("):  # what is in the brackets says it all
            detail = detail.removeprefix(Reason.USER.value).strip()
        if detail.startswith("(") and detail.endswith(")"):
            detail = detail[1:-1]
        why = f" ({detail})" if detail else ""
        self.say(f"trial {task.trial} {state}{why} after {seconds:.1f} s: {values}  {given_text(task)}")


def given_text(task: TaskRecord) -> str:
    """Writes the parameters of a task as `name=value name=value`."""
    return " ".join(f"{name}={words.value(value)}" for name, value in task.parameters.items())


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
