"""Tells at a terminal how a search goes: one line that updates, or plain lines into a pipe; ends it in order."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, TextIO

from hpo_widgets.cli.main import DONE, FAILED, INTERRUPTED
from hpo_widgets.cli.progress import PERIOD_S, Progress, shell_word
from hpo_widgets.cli.tables import fixed_text, result_table
from hpo_widgets.model.reason_words import why_ended
from hpo_widgets.model.study import StudyState
from hpo_widgets.study import Study
from hpo_widgets.widgets import words


class Interrupts:
    """Counts Ctrl-C while it is entered instead of raising, so that what is begun is ended in order; the second raises.

    A Ctrl-C comes in the middle of anything, of a write or of a start too: whoever loops does what is to be done.
    """

    def __init__(self) -> None:
        self.count = 0
        self._before: Any = None

    def __enter__(self) -> Interrupts:
        self._before = signal.signal(signal.SIGINT, self._take)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _take(self, signum: int, frame: FrameType | None) -> None:
        self.count += 1
        if self.count > 1:
            raise KeyboardInterrupt


def follow(begin: Callable[[], Study], *, resumed: bool = False) -> int:
    """Begins a search in this process, follows it until it has ended, and gives the exit code.

    A Ctrl-C while it begins waits for that, as long as it is the only one: what is recorded is then stopped in order.
    """
    # What these would warn of is a notice, said here.
    for name in ("hpo_widgets.engine", "hpo_widgets.sdk.tune"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with Interrupts() as interrupts:
        return _Follower(begin(), sys.stdout, interrupts, resumed=resumed).run()


class _Follower:
    """Is one search at a terminal."""

    def __init__(self, study: Study, out: TextIO, interrupts: Interrupts, *, resumed: bool) -> None:
        self._study = study
        self._progress = Progress(study, out, resumed=resumed)
        self._say = self._progress.say
        self._interrupts = interrupts
        self._stopping = False

    def run(self) -> int:
        study = self._study
        config = study.config
        fixed = config.space.fixed
        names = ", ".join(name for name in config.space.names if name not in fixed) or "nothing"
        self._say(f"study {study.name!r}: {config.base_name or 'a base task'}, searching {words.cut(names)}")
        if fixed:
            self._say(f"fixed: {fixed_text(fixed)}")
        if study.record.taken:
            self._progress.notify(study.record.taken)
        while not self._has_ended():
            self._progress.draw()
        self._progress.draw(last=True)
        return self._conclude()

    def _has_ended(self) -> bool:
        if self._interrupts.count and not self._stopping:
            self._stop()
        return self._study.wait(PERIOD_S)

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
        why = why_ended(record.reason, study.config.limits)
        ended = f"{study.state} ({why})" if why else study.state
        self._say(f"\nstudy {study.name!r} {ended}; see `hpo-widgets show {shell_word(study.name)}`")
        if self._stopping:
            again = f"hpo-widgets param-search --resume {shell_word(study.name)}"
            self._say(f"continue it with `{again}`: trials that were cut off begin again")
        if self._interrupts.count:
            return INTERRUPTED
        if record.state is StudyState.FAILED or not top:
            self._say(record.error or study.why_no_result())
            return FAILED
        return DONE
