"""Runs a script in several processes on one search, replaces those that die while it gets on, and ends in order."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType

from hpo_widgets.agents.console import log_path
from hpo_widgets.cli.children import Child, Children
from hpo_widgets.cli.main import DONE, FAILED, INTERRUPTED
from hpo_widgets.cli.progress import PERIOD_S, Progress, given_text
from hpo_widgets.cli.tables import result_table
from hpo_widgets.comet import Optimizer
from hpo_widgets.engine.give_back import give_back
from hpo_widgets.engine.judging import retry
from hpo_widgets.model.task import Reason, TaskRecord, TaskState
from hpo_widgets.sdk.tune import attach
from hpo_widgets.store.location import VARIABLE, store_folder

GRACE_S = 60.0
"""From the first Ctrl-C until processes that have not ended are killed (Comet's, reference a10)."""
MOST_DEATHS = 5
"""Processes that may die one after the other, with nothing completed between, and are replaced."""
BAD_ENDS = (TaskState.FAILED, TaskState.LOST, TaskState.ABORTED)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Says what to run on which search."""

    optimizer: Optimizer
    words: tuple[str, ...]
    """The command line of each process."""
    processes: int
    """How many at one time."""
    again: str
    """The command that goes on with the search."""


def run_plan(plan: Plan) -> int:
    """Runs the script until nothing is left or all processes have ended, and gives the exit code."""
    return _Session(plan).run()


class _Session:
    """Is one run of the command."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._id = plan.optimizer.get_id()
        self._study = attach(self._id)
        self._store = self._study.store
        self._before = {task.id for task in self._store.tasks(self._id)}
        self._progress = Progress(self._study, sys.stderr, resumed=True)
        self._say = self._progress.say
        folder = store_folder()
        env = {
            **os.environ,
            "COMET_OPTIMIZER_ID": self._id,
            "HPO_WIDGETS_OPTIMIZER_ID": self._id,
            "COMET_OPTIMIZER_PROCESS_JOBS": str(plan.processes),
            VARIABLE: str(folder),
            "PYTHONUNBUFFERED": "1",
        }
        self._children = Children(
            plan.words, env, lambda number: self._log(folder, number), partial(log_path, folder), self._show
        )
        self._interrupts = 0
        self._answered = 0
        self._kill_at: float | None = None
        self._begun = time.time()
        self._failed = 0
        self._deaths = 0
        self._at_first = self._completed = self._count()

    def run(self) -> int:
        if self._study.record.state.is_final:
            self._say(f"the search {self._id} has ended ({self._study.state}); nothing is left to run")
            return self._conclude()
        before = {each: signal.signal(each, self._interrupt) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        try:
            self._say(f"COMET_OPTIMIZER_ID={self._id}")
            while not self._interrupts and len(self._children.living) < self._plan.processes:
                self._children.start()
            while self._children.living:
                for child, code in self._children.pump(PERIOD_S):
                    self._took_leave(child, code)
                self._answer()
                self._progress.draw()
        finally:
            self._children.signal(signal.SIGKILL)  # only what an error has left
            for each, handler in before.items():
                signal.signal(each, handler)
        self._progress.draw(last=True)
        return self._conclude()

    def _log(self, folder: Path, number: int) -> Path:
        return folder / "logs" / f"optimize-{self._id}-{os.getpid()}-{number}.log"

    def _show(self, number: int, line: str) -> None:
        self._progress.write(f"[{number}] {line}\n", sys.stdout)

    # -- a process has ended -------------------------------------------------------------------------------------------
    def _took_leave(self, child: Child, code: int) -> None:
        """Reports one that ended badly, gives back what it held, and starts another one if that may help."""
        if code == 0:
            return
        give_back(self._store)
        if self._interrupts:
            return
        self._failed += 1
        tasks = [t for t in self._store.tasks(self._id) if t.pid == child.pid and (t.started or 0) >= child.started]
        held = max(tasks, key=lambda t: t.started or 0, default=None)
        if held is not None and held.state not in BAD_ENDS:
            held = None
        self._say(f"process {child.number} {_how(code)}{self._what(held)}; see {child.path}")
        if held is not None and self._may_help(held, code):
            new = self._children.start()
            self._say(f"process {new.number} takes its place")

    def _what(self, held: TaskRecord | None) -> str:
        if held is None:
            return " without a parameter set"
        again = "" if self._runs_again(held) else "not "
        return f" in trial {held.trial} ({given_text(held)}), which is {again}issued again"

    def _runs_again(self, task: TaskRecord) -> bool:
        """Tells whether a set that has ended is issued again: by the retry rules, or since its loop was interrupted."""
        interrupted = task.state is TaskState.ABORTED and (task.reason or "").startswith(f"{Reason.USER.value} (")
        return interrupted or retry(task, self._study.config.limits) is not None

    def _may_help(self, held: TaskRecord, code: int) -> bool:
        """Tells whether another process may do better: the script has worked before, or it was only bad luck."""
        completed = self._count()
        self._deaths = 1 if completed > self._completed else self._deaths + 1
        self._completed = completed
        if self._deaths > MOST_DEATHS:
            self._say(f"{self._deaths} processes have died one after the other and nothing was completed: no new ones")
            return False
        return completed > self._at_first or code < 0 or self._runs_again(held)

    def _count(self) -> int:
        return len(self._store.tasks(self._id, {TaskState.COMPLETED}))

    # -- Ctrl-C --------------------------------------------------------------------------------------------------------
    def _interrupt(self, signum: int, frame: FrameType | None) -> None:
        # It comes in the middle of anything: the loop does what is to be done.
        self._interrupts += 1

    def _answer(self) -> None:
        """Ends the processes: the first time they are asked, the second time or when they take too long, killed."""
        late = self._kill_at is not None and time.monotonic() > self._kill_at
        if self._interrupts == self._answered and not late:
            return
        self._answered = self._interrupts
        running = len(self._children.living)
        if self._kill_at is None:
            self._kill_at = time.monotonic() + GRACE_S
            self._say(f"ending ({running} running): sets that have not ended are given back (Ctrl-C again kills)")
            self._children.signal(signal.SIGINT)
        if self._interrupts > 1 or late:
            self._say(f"killing ({running} running)")
            self._children.signal(signal.SIGKILL)

    # -- at the end ----------------------------------------------------------------------------------------------------
    def _conclude(self) -> int:
        study, tasks, top = self._study, self._store.tasks(self._id), self._study.top(10)
        if top:
            self._say("")
            self._say(result_table(study.config.objectives, top))
        last = {task.trial: task for task in tasks}
        done = [task for task in last.values() if task.state.is_final and not self._runs_again(task)]
        total = study.config.limits.total_max_jobs or len(done)
        seconds = time.time() - self._begun
        self._say(
            f"\n{self._plan.optimizer.status()['algorithm']}: {len(done)} of {total} runs have ended, "
            f"{sum(task.state in BAD_ENDS for task in done)} without a result; {seconds:.1f} s"
        )
        asked = {task.id for task in tasks} - self._before
        if not asked and not study.record.state.is_final and not self._failed and not self._interrupts:
            self._failed = 1
            self._say(
                "no process has asked for a parameter set: does the script go through "
                "hpo_widgets.comet.Optimizer(sys.argv[…]).get_experiments()?"
            )
        elif not top and not self._interrupts:
            self._failed = self._failed or 1
            errors = [task.error for task in tasks if task.error]
            self._say(f"no run has a result{': ' + errors[-1].strip().splitlines()[-1] if errors else ''}")
        self._say(f"see `hpo-widgets show {self._id}`, or hpo.attach({self._id!r}) in a notebook")
        if not study.record.state.is_final and len(done) < total:
            self._say(f"go on with `{self._plan.again}`")
        if self._interrupts:
            return INTERRUPTED
        return FAILED if self._failed else DONE


def _how(code: int) -> str:
    if code > 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
