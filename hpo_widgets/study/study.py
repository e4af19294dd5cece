"""A study as people hold it: starts and steers a search, and reads what it found. No display code."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Generator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from hpo_widgets.engine.last_signs import go_on
from hpo_widgets.engine.listeners import Conclusion
from hpo_widgets.engine.run import Run
from hpo_widgets.errors import HpoError, InvalidInput, StudyBusy, StudyFailed, WaitInterrupted
from hpo_widgets.model.limits import as_seconds, limit_names
from hpo_widgets.model.reason_words import why_ended
from hpo_widgets.model.study import RequestKind, StudyRecord, StudyState
from hpo_widgets.store.base import Store
from hpo_widgets.study.observing import Observing
from hpo_widgets.study.reporting import Reporting
from hpo_widgets.study.steering import Steering

if TYPE_CHECKING:
    pass

LIVENESS_S = 1.0
"""How often a wait for a study of another process looks whether that process still lives."""


class Study(Steering, Observing, Reporting):
    """Is a handle to one study in a store: of this kernel, of another one, running or finished.

    Safe to use from any thread. Everything that steers is recorded as a request in the store, so it works the same
    from the kernel that runs the study and from any other.
    """

    def __init__(self, store: Store, id: str, *, function: Callable[..., Any] | None = None) -> None:
        super().__init__(store, id)
        self._function = function
        self._run: Run | None = None

    # -- running ---------------------------------------------------------------------------------------------------
    def start(self) -> Study:
        """Starts the search in the background, or goes on with one that was interrupted; returns at once.

        Raises:
            StudyBusy: When a living process already drives it.
        """
        record = self.record
        if record.state in (StudyState.COMPLETED, StudyState.STOPPED, StudyState.FAILED):
            why = why_ended(record.reason, self.config.limits)
            how = f"{record.state.value}: {why}" if why else record.state.value
            raise InvalidInput(
                f"the study {record.name!r} has ended ({how}); study.resume() goes on with it, under other limits if "
                "you give some."
            )
        return self._start(record)

    def _start(self, record: StudyRecord) -> Study:
        if self.is_looped:
            return self._reopen(record)
        run = Run(self.store, record, self.config, self._function)
        run.start()
        self._run = run
        return self

    def resume(self, *, function: Callable[..., Any] | None = None, **limits: Any) -> Study:
        """Goes on with a study that is paused, was interrupted, or has ended; returns at once.

        Trials that ended only because the study did, by `stop`, by Ctrl-C on the command line, by a restart or the
        death of its kernel, are run again with the same parameters and under the same number: none counts twice
        for `max_jobs`. A trial whose kernel was killed is run again once (or `retries` times), the others whenever the
        study goes on. What a person stopped by itself, or a limit ended, stays as it is.

        Args:
            function: The base task, needed only when it could not be stored (`isolation="thread"`).
            limits: New limits, as in `set_limits`, put in force first.

        Raises:
            StudyBusy: While it is being stopped.
        """
        if function is not None:
            self._function = function
        record = self.record
        if record.state.is_live and not self._is_interrupted(record):
            if self._is_being_stopped():
                raise StudyBusy(f"the study {record.name!r} is being stopped; wait() for its end, then resume().")
            if limits:
                self.set_limits(**limits)
            self._ask(RequestKind.RESUME)
            return self
        if limits:
            changed = self._changed_limits(limit_names(limits))
            record = self.store.update_study(self.id, limits=changed.to_json())
        return self._start(record)

    def _is_being_stopped(self) -> bool:
        """Tells of one that runs whether a stop was asked of this run: going on is asked of the store as well."""
        kinds = (RequestKind.STOP, RequestKind.RESUME)
        asked = [each for each in self.store.requests(self.id) if each.kind in kinds and each.answer is None]
        return bool(asked) and asked[-1].kind is RequestKind.STOP

    def _reopen(self, record: StudyRecord) -> Study:
        """Lets the loops of a user's own go on with a search that has ended; nobody else can run them."""
        if not record.state.is_final:
            raise InvalidInput(f"the study {record.name!r} waits for its loop: {self._how_to_loop}.")
        with self.store.transaction():
            go_on(self.store, record, time.time())
            self.store.update_study(self.id, state=StudyState.RUNNING, reason=None, error=None, ended=None)
        return self

    # -- waiting ---------------------------------------------------------------------------------------------------
    def wait(self, timeout: float | timedelta | None = None) -> bool:
        """Waits until the study has ended; tells whether it has.

        Interrupting the wait does not interrupt the study.

        Args:
            timeout: Seconds; `None` waits for ever.

        Raises:
            StudyFailed: When the strategy or the engine raised.
            WaitInterrupted: On Ctrl-C or the notebook's stop button.
        """
        try:
            ended = self._wait(as_seconds(timeout, "timeout"))
        except KeyboardInterrupt:
            raise WaitInterrupted(
                f"the wait was interrupted; the study {self.name!r} goes on while this process lives. "
                f"study.stop() ends it; hpo.attach({self.name!r}).resume() continues it later."
            ) from None
        if ended:
            self._raise_failure()
        return ended

    def _wait(self, timeout: float | None, cancelled: threading.Event | None = None) -> bool:
        deadline = None if timeout is None else time.monotonic() + timeout
        with self.store.watch(scalars=False) as watch:
            while not self._has_ended():
                left = LIVENESS_S if deadline is None else min(LIVENESS_S, deadline - time.monotonic())
                if left <= 0 or (cancelled is not None and cancelled.is_set()):
                    return False
                watch.wait(left)
        return True

    def _has_ended(self) -> bool:
        if self._run is not None and not self._run.closed:
            return False
        record = self.record
        return not record.state.is_live or self._is_interrupted(record)

    def _raise_failure(self) -> None:
        record = self.record
        if record.state is StudyState.FAILED:
            raise StudyFailed(f"the study {record.name!r} failed; its results so far are kept.\n{record.error}")

    def __await__(self) -> Generator[Any, None, Study]:
        return self._wait_async().__await__()

    async def _wait_async(self) -> Study:
        cancelled = threading.Event()
        try:
            await asyncio.to_thread(self._wait, None, cancelled)
        finally:
            cancelled.set()
        self._raise_failure()
        return self

    # -- listening -------------------------------------------------------------------------------------------------
    @property
    def notice(self) -> str | None:
        """What is wrong just now without having ended the study (a full disk, a callback that raised), else `None`."""
        if self._run is not None:
            return self._run.notice
        if self.is_looped and self._is_interrupted(self.record):
            return f"It waits for its loop: {self._how_to_loop}."
        return None

    @property
    def weighed(self) -> str:
        """What the terminator in force says of the results so far, in the kernel that runs it; elsewhere empty."""
        return "" if self._run is None else self._run.weighed

    def on_end(self, callback: Callable[[Conclusion], Any]) -> None:
        """Calls a function for every task that ends from now on, in a thread of its own, in the kernel that runs it.

        What it raises is kept in `notice` and harms nothing.
        """
        if self._run is None:
            raise HpoError("only the kernel that runs a study can call back; start or resume it here first.")
        self._run.listeners.append(callback)
