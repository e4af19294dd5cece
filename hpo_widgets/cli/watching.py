"""Watches a study from a terminal until it ends: progress, Ctrl-C, and the table at the end."""

from __future__ import annotations

import math
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType

from hpo_widgets.cli.main import DONE, FAILED, INTERRUPTED
from hpo_widgets.cli.tables import clean, results_text
from hpo_widgets.model.task import TaskState
from hpo_widgets.sdk.queues import served_queues
from hpo_widgets.sdk.task_give_back import give_back
from hpo_widgets.study import Study

LOOK_S = 0.5
"""How often a terminal's line is written anew."""
LINE_S = 10.0
"""How often a line is written when nobody watches."""
GIVE_BACK_S = 10.0
"""How often agents of a queue are looked after."""
SHOWN = 10
"""Rows of the table at the end."""


class Watching:
    """Is one study at a terminal.

    Args:
        start: Starts the study; called once Ctrl-C is watched for.
    """

    def __init__(self, start: Callable[[], Study]) -> None:
        self._start = start
        self._interrupts = 0
        self._terminal = sys.stdout.isatty()
        self._line, self._written = "", 0.0
        self._told_of_metric = False

    def run(self) -> int:
        """Waits for the end and gives the exit code."""
        study = self._start()
        before = signal.signal(signal.SIGINT, self._interrupt)
        try:
            return self._watch(study)
        finally:
            signal.signal(signal.SIGINT, before)

    def _watch(self, study: Study) -> int:
        name, queue = study.name, study.config.queue
        self._say(f"study {clean(name)!r} in {study.store.folder}")
        began, looked, asked = time.monotonic(), time.monotonic(), False
        ended_before = _ended(study)
        while not study._wait(LOOK_S):
            if self._interrupts and not asked:
                asked = True
                self._say("ends the running tasks; Ctrl-C again leaves at once")
                study.stop()
            if self._interrupts > 1:
                self._say(f"left; go on with: hpo-widgets param-search --resume {clean(name)!r}")
                sys.stdout.flush()
                os._exit(INTERRUPTED)
            if queue and time.monotonic() - looked > GIVE_BACK_S:
                looked = time.monotonic()
                give_back(study.store)
                if queue not in served_queues(study.store):
                    self._say(f"nobody serves the queue {queue!r} now: hpo-widgets agent --queue {queue}")
            self._progress(study, time.monotonic() - began, ended_before)
        self._progress(study, time.monotonic() - began, ended_before, last=True)
        return self._conclude(study)

    def _interrupt(self, signum: int, frame: FrameType | None) -> None:
        self._interrupts += 1

    # -- while it runs -----------------------------------------------------------------------------------------------
    def _progress(self, study: Study, elapsed: float, ended_before: int, last: bool = False) -> None:
        self._tell_of_metric(study)
        text = progress_text(study, elapsed, ended_before)
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            sys.stdout.write(f"\r\x1b[2K{text[:width]}")
            sys.stdout.flush()
            self._line = text
        elif text.partition(" | ")[0] != self._line.partition(" | ")[0] and (
            last or time.monotonic() - self._written > LINE_S
        ):
            self._line, self._written = text, time.monotonic()
            print(text, flush=True)

    def _tell_of_metric(self, study: Study) -> None:
        if self._told_of_metric:
            return
        config = study.config
        done = [task for task in study.store.tasks(study.id) if task.state is TaskState.COMPLETED]
        if not done:
            return
        self._told_of_metric = True
        result = study._results(config).get(done[0].id)
        if result is None or None in result.values:
            names = sorted(f"{s.metric.title}/{s.metric.series}" for s in study.store.task_summaries(done[0].id))
            wanted = ", ".join(objective.name for objective in config.objectives)
            reported = ", ".join(map(clean, names)) or "nothing"
            self._say(f"warning: the first task ended without the objective {clean(wanted)}; it reported {reported}")

    def _say(self, text: str) -> None:
        sys.stdout.write(f"\r\x1b[2K{text}\n" if self._terminal else f"{text}\n")
        sys.stdout.flush()

    # -- at the end --------------------------------------------------------------------------------------------------
    def _conclude(self, study: Study) -> int:
        if self._terminal:
            sys.stdout.write("\n")
        name = study.name
        print(results_text(study, SHOWN), flush=True)
        if self._interrupts:
            print(f"stopped; go on with: hpo-widgets param-search --resume {clean(name)!r}")
        else:
            print(f"study {clean(name)!r} {study.state}; see it with: hpo-widgets show {clean(name)!r}")
        if self._interrupts:
            return INTERRUPTED
        return DONE if study.top(1) and study.state != "failed" else FAILED


def _ended(study: Study) -> int:
    return sum(task.state.is_final for task in study.store.tasks(study.id))


def progress_text(study: Study, elapsed: float, ended_before: int) -> str:
    """Gives one line: how far, what runs, the best so far, and about how long it still takes."""
    config, tasks = study.config, study.store.tasks(study.id)
    ended = sum(task.state.is_final for task in tasks)
    running = sum(task.state is TaskState.RUNNING for task in tasks)
    failed = sum(task.state in (TaskState.FAILED, TaskState.LOST) for task in tasks)
    total = config.limits.total_max_jobs
    parts = [f"{ended}{'' if total is None else f'/{total}'} ended, {running} run"]
    if failed:
        parts.append(f"{failed} failed")
    top = study.top(1)
    if top:
        parts.append(f"best {clean(config.objectives[0].name)} {top[0].objective:.6g} (trial {top[0].trial})"
                     if isinstance(top[0].objective, float | int) else f"best {top[0].objective}")  # fmt: skip
    left = _left(elapsed, ended - ended_before, None if total is None else total - ended, config)
    clock = f"{span(elapsed)}{'' if left is None else f', about {span(left)} left'}"
    return f"{', '.join(parts)} | {clock}"


def _left(elapsed: float, ended: int, jobs: int | None, config: object) -> float | None:
    limit = getattr(config, "limits").optimization_time_limit  # noqa: B009
    found = [] if limit is None else [max(0.0, limit - elapsed)]
    if jobs is not None and ended:
        found.append(max(0, jobs) * elapsed / ended)
    return min(found, default=None)


def span(seconds: float) -> str:
    """Gives a duration as 1:02:03 or 02:03."""
    whole = math.ceil(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes:02}:{whole % 60:02}"
