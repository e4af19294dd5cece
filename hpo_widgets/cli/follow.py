"""Tells at a terminal how a search goes: one line that updates, or plain lines into a pipe; ends it in order."""

from __future__ import annotations

import logging
import signal
import sys
from types import FrameType
from typing import TextIO

from hpo_widgets.cli.main import DONE, FAILED, INTERRUPTED
from hpo_widgets.cli.progress import PERIOD_S, Progress, shell_word
from hpo_widgets.cli.tables import result_table
from hpo_widgets.model.study import StudyState
from hpo_widgets.study import Study
from hpo_widgets.widgets import words


def follow(study: Study, *, resumed: bool = False) -> int:
    """Follows a search that this process runs until it has ended, and gives the exit code."""
    return _Follower(study, sys.stdout, resumed=resumed).run()


class _Follower:
    """Is one search at a terminal."""

    def __init__(self, study: Study, out: TextIO, *, resumed: bool) -> None:
        self._study = study
        self._progress = Progress(study, out, resumed=resumed)
        self._say = self._progress.say
        self._interrupts = 0
        self._stopping = False

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
                self._progress.draw()
        finally:
            signal.signal(signal.SIGINT, before)
        self._progress.draw(last=True)
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
