"""Bells: how a process that has written to a store wakes those who watch it, on the same machine, without polling.

Every watch owns a named pipe in the store's `bells` folder; whoever has committed writes one byte into each. The byte
says "look", nothing more: what changed is in the store. A pipe that is full needs no second byte; a pipe without a
reader belonged to a process that died, and is removed.

No wake-up is lost: a watch is in the folder before its holder first reads the store, and a writer looks at the folder
after its commit; so either the holder reads the commit, or the writer sees the watch. Only a process that is killed
between its commit and its ring leaves its news to the next ring.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import threading
import time
import uuid
from pathlib import Path

from hpo_widgets.store.base import LONGEST_WAIT_S, Rung, Watch

STATES_ONLY = ".states"
EVERYTHING = ".all"
UNNAMED = ".new"
STATES_BYTE, SCALARS_BYTE = b"!", b"."
SMALLEST_PIPE = 4096
"""Bytes that the smallest pipe of any system holds: when that many wait, others may have found no room."""
TICK_NS, COARSE_TICK_NS = 50_000_000, 2_500_000_000
"""Longer than the ticks in which file systems count time: some milliseconds, or whole seconds on old ones."""
LEFTOVER_S = 60.0
"""A pipe that has had no name for so long belongs to a process that died while it made it."""


class BellWatch(Watch):
    """Is a named pipe that others ring and one thread waits on.

    Raises:
        OSError: When the pipe cannot be made: there are file systems without pipes.
    """

    def __init__(self, folder: Path, *, scalars: bool) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self.thread = threading.get_ident()
        self._path = folder / (uuid.uuid4().hex + (EVERYTHING if scalars else STATES_ONLY))
        self._lock = threading.Lock()
        hidden = self._path.with_suffix(UNNAMED)
        os.mkfifo(hidden, 0o600)
        try:
            # Read and write at once: the open does not block, and the pipe never reports end of file between writers.
            self._fd = os.open(hidden, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
            # Named only once it has a reader: a pipe without one is taken for a dead process's and removed.
            hidden.rename(self._path)
        except OSError:
            hidden.unlink(missing_ok=True)
            raise
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)

    @property
    def name(self) -> str:
        """File name of the pipe: the bell of this process skips watches of the calling thread by it."""
        return self._path.name

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._fd < 0

    def wait(self, timeout: float | None) -> Rung:
        heard = Rung.NOTHING
        if self._poll.poll(None if timeout is None else min(max(0.0, timeout), LONGEST_WAIT_S) * 1000):
            with contextlib.suppress(BlockingIOError):
                while chunk := os.read(self._fd, 65536):
                    many = len(chunk) >= SMALLEST_PIPE
                    heard |= Rung.STATES if many or STATES_BYTE in chunk else Rung.NOTHING
                    heard |= Rung.SCALARS if many or SCALARS_BYTE in chunk else Rung.NOTHING
        return heard

    def wake(self) -> None:
        # The lock: after close() the number of the descriptor may belong to another file.
        with self._lock, contextlib.suppress(BlockingIOError):
            if self._fd >= 0:
                os.write(self._fd, STATES_BYTE)

    def close(self) -> None:
        with self._lock:
            if self._fd >= 0:
                with contextlib.suppress(OSError):
                    self._path.unlink()
                os.close(self._fd)
                self._fd = -1


class Bell:
    """Rings all watches of a store. One per process; safe from any thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._where = os.fspath(folder)
        self._lock = threading.Lock()
        self._pipes: dict[str, int] = {}
        self._seen = -1
        self._own: dict[str, BellWatch] = {}

    def watch(self, *, scalars: bool) -> BellWatch:
        """Makes a watch for the calling thread; its own writes do not wake it."""
        watch = BellWatch(self._folder, scalars=scalars)
        with self._lock:
            self._own = {name: each for name, each in self._own.items() if not each.closed}
            self._own[watch.name] = watch
        return watch

    def find(self) -> None:
        """Opens the pipes of the watches there are, so that the first ring need not."""
        with self._lock, contextlib.suppress(OSError):
            self._refresh()

    def ring(self, *, states: bool = True, scalars: bool = False) -> None:
        """Wakes every watch, or with `states=False` those that want to hear of scalars. Raises nothing."""
        everything = (STATES_BYTE if states else b"") + (SCALARS_BYTE if scalars else b"")
        me = threading.get_ident()
        with self._lock:
            try:
                self._refresh()
            except OSError:  # the folder is gone or cannot be listed now: what was written is kept all the same
                self._seen = -1
            for name, pipe in list(self._pipes.items()):
                mine = self._own.get(name)
                if (mine is not None and mine.thread == me) or (not states and name.endswith(STATES_ONLY)):
                    continue
                try:
                    os.write(pipe, STATES_BYTE if name.endswith(STATES_ONLY) else everything)
                except BlockingIOError:
                    continue  # full: it will look at everything
                except BrokenPipeError:
                    self._drop(name, remove=True)
                except OSError:
                    self._drop(name, remove=False)

    def _refresh(self) -> None:
        changed = os.stat(self._where).st_mtime_ns
        if changed == self._seen:
            return
        # A folder's time moves in ticks: a listing made within the tick may miss a later change.
        tick = TICK_NS if changed % 1_000_000_000 else COARSE_TICK_NS
        settled = time.time_ns() - changed > tick
        present = set()
        for name in os.listdir(self._folder):
            if name.endswith((STATES_ONLY, EVERYTHING)):
                present.add(name)
            elif name.endswith(UNNAMED):
                self._sweep(name)
        for name in set(self._pipes) - present:
            os.close(self._pipes.pop(name))
        for name in present - set(self._pipes):
            try:
                self._pipes[name] = os.open(self._folder / name, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            except OSError as error:
                if error.errno == errno.ENXIO:  # nobody reads it: its owner died
                    self._remove(name)
                elif error.errno != errno.ENOENT:
                    settled = False  # too many files open, perhaps: try it again at the next ring
        self._seen = changed if settled else -1

    def _drop(self, name: str, *, remove: bool) -> None:
        os.close(self._pipes.pop(name))
        self._seen = -1
        if remove:
            self._remove(name)

    def _sweep(self, name: str) -> None:
        with contextlib.suppress(OSError):
            if time.time() - os.stat(self._folder / name).st_mtime > LEFTOVER_S:
                self._remove(name)

    def _remove(self, name: str) -> None:
        with contextlib.suppress(OSError):
            os.unlink(self._folder / name)

    def close(self) -> None:
        """Closes this process's ends of the pipes."""
        with self._lock:
            for pipe in self._pipes.values():
                os.close(pipe)
            self._pipes.clear()
            self._seen = -1
