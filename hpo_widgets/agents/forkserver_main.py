"""The fork server: a small process with one thread that imports what tasks import, and forks one child a task.

It never reads a pickle and runs no user code: a process that has run BLAS or OpenMP code must not be forked
(measured: torch and scikit-learn hang in the child). Messages in: code, task, stop. Messages out: started, exit.
When its agent's end of the socket closes, or the agent's process ends, it kills everything below it and ends.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import selectors
import signal
import socket
import sys
import time
import traceback
import warnings
from pathlib import Path
from typing import Any, NoReturn

from hpo_widgets.agents import orphans, wire
from hpo_widgets.agents.birth import Birth, become_task
from hpo_widgets.agents.console import CappedLog, log_path
from hpo_widgets.agents.reuse import DONE
from hpo_widgets.agents.running import Orphanage, Running
from hpo_widgets.agents.spares import Spare, Spares

PRELOAD = (
    "hpo_widgets.agents.child", "pkgutil", "typing", "weakref", "traceback", "linecache", "random", "tempfile", "uuid",
)  # fmt: skip
"""What children import by the way: imported here once, it costs them nothing (engine facts, section 1)."""
LOOK_S = 0.05
"""How often an import in progress looks whether the agent is still there."""
RECEIVE = 1 << 20
"""Bytes received at once."""
ALL_SIGNALS = signal.valid_signals()


class Server:
    """Forks tasks on demand and looks after them.

    Args:
        control: Socket to the agent.
        owner: Process id of the agent's process.
        folder: Folder of the store.
        kind: `fork` for a fork of this process for each task, `fresh` for a new interpreter for each, `reuse` for a
            fork that runs one task after another.
    """

    def __init__(self, control: socket.socket, owner: int, folder: Path, kind: str) -> None:
        self._control = control
        self._folder = folder
        self._fresh, self._reuse = kind == "fresh", kind == "reuse"
        self._pid = os.getpid()
        self._inbox = wire.Inbox()
        self._codes: dict[str, bytes] = {}
        self._running: dict[int, Running] = {}
        self._orphanage = Orphanage()
        self._spares = Spares(self._raise_spare)
        self._selector = selectors.DefaultSelector()
        self._alarm, bell = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._own = [control.fileno(), self._alarm, bell]
        self._selector.register(control, selectors.EVENT_READ, self._receive)
        self._selector.register(self._alarm, selectors.EVENT_READ, self._collect)
        if hasattr(os, "pidfd_open"):  # a child that the kernel forked may hold the socket open after its death
            pidfd = os.pidfd_open(owner)
            self._own.append(pidfd)
            self._selector.register(pidfd, selectors.EVENT_READ, self.end)
        if isinstance(self._selector, selectors.EpollSelector):
            self._own.append(self._selector.fileno())
        signal.set_wakeup_fd(bell, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: self.end())
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        orphans.adopt_orphans()

    def serve(self) -> NoReturn:
        """Waits for messages, consoles, deaths and deadlines, for ever."""
        while True:
            due = [r.kill_at for r in self._running.values() if r.kill_at is not None]
            timeout = max(0.0, min(due) - time.monotonic()) if due else None
            events = self._selector.select(0 if self._spares.too_few else timeout)
            for key, _ in events:
                key.data()
            if not events and self._spares.too_few:
                self._spares.add()  # only when there is nothing else to do
            now = time.monotonic()
            for running in self._running.values():
                if running.kill_at is not None and running.kill_at <= now:
                    running.kill()

    # -- messages --------------------------------------------------------------------------------------------------
    def _receive(self) -> None:
        try:
            data = self._control.recv(RECEIVE)
        except ConnectionError:
            data = b""
        if not data:
            self.end()
        for head, body in self._inbox.feed(data):
            if head["op"] == "code":
                self._learn(head, body)
            elif head["op"] == "task":
                self._launch(head["task"], head["hash"], head.get("gpu"), body)
            elif head["op"] == "stop":
                for running in self._running.values():
                    if running.task == head["task"]:
                        running.stop(head["grace"])

    def _send(self, **head: Any) -> None:
        try:
            self._control.sendall(wire.encode(head))
        except OSError:
            self.end()

    def _learn(self, head: dict[str, Any], body: bytes) -> None:
        """Keeps a function's bytes and imports the modules it needs. A failing import fails later, in the task."""
        self._codes[head["hash"]] = body
        sys.path[:] = head["path"]
        importlib.invalidate_caches()
        if not self._fresh:
            with self._watched():
                for name in head["modules"]:
                    try:
                        importlib.import_module(name)
                    except BaseException:  # noqa: BLE001 - the task imports it again, and fails with its own traceback
                        sys.stderr.write(f"import of {name} failed:\n{traceback.format_exc()}")
            # A collection in a child would touch, and so copy, every page with an object on it.
            gc.freeze()
        self._send(op="learned", hash=head["hash"])

    @contextlib.contextmanager
    def _watched(self) -> Any:
        """Looks meanwhile, from a timer's signal, whether the agent is gone: a large import takes seconds."""
        import select

        poll = select.poll()
        poll.register(self._control, 0)  # hang-up is always reported

        def look(*_: object) -> None:
            if poll.poll(0):
                self.end()

        signal.signal(signal.SIGALRM, look)
        signal.siginterrupt(signal.SIGALRM, False)
        signal.setitimer(signal.ITIMER_REAL, LOOK_S, LOOK_S)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            # What was imported may have set handlers or a wake-up of its own.
            signal.set_wakeup_fd(self._own[2], warn_on_full_buffer=False)
            signal.signal(signal.SIGCHLD, lambda *_: None)

    # -- tasks -----------------------------------------------------------------------------------------------------
    def _launch(self, task: str, code: str, gpu: str | None, job: bytes) -> None:
        if self._reuse:
            self._spares.want(code, 0)
        spare = self._spares.take(code, job, gpu)
        try:
            if spare is None and self._reuse:
                self._spares.put_back(self._raise_spare(code))
                spare = self._spares.take(code, job, gpu)
            pid, console = (spare.pid, spare.console) if spare is not None else self._bear(code, job)
        except OSError as error:
            self._send(op="exit", task=task, time=time.time(), error=f"its process could not be started: {error}")
            return
        kept = spare if self._reuse else None
        log = CappedLog(log_path(self._folder, task))
        running = Running(task=task, pid=pid, console=console, log=log, spare=kept)
        self._running[pid] = running
        self._selector.register(console, selectors.EVENT_READ, lambda: self._pump(running))
        if kept is not None:
            self._selector.register(kept.done, selectors.EVENT_READ, lambda: self._recycle(running, kept))
        self._send(op="started", task=task, pid=pid)
        if not (self._fresh or self._reuse):
            self._spares.want(code, len(self._running))

    def _bear(
        self, code: str, job: bytes | None, pipes: tuple[int, int] = (-1, -1), close: tuple[int, ...] = ()
    ) -> tuple[int, int]:
        """Forks a process for a job, or a spare without one; gives its id and the read end of its console."""
        console, theirs = os.pipe2(os.O_CLOEXEC)
        try:
            os.set_blocking(console, False)
            others = (fd for r in self._running.values() for fd in r.fds)
            birth = Birth(
                server=self._pid,
                job=job,
                code=self._codes[code],
                folder=self._folder,
                console=theirs,
                close=(*self._own, console, *others, *self._spares.fds, *close),
                fresh=self._fresh,
                job_pipe=pipes[0],
                done_pipe=pipes[1],
            )
            return self._fork(birth), console
        except BaseException:
            os.close(console)
            raise
        finally:
            os.close(theirs)

    def _raise_spare(self, code: str) -> Spare:
        jobs, ours = os.pipe2(os.O_CLOEXEC)
        done, theirs = os.pipe2(os.O_CLOEXEC) if self._reuse else (-1, -1)
        kept = [fd for fd in (ours, done) if fd >= 0]
        try:
            pid, console = self._bear(code, None, (jobs, theirs), tuple(kept))
        except BaseException:
            for fd in kept:
                os.close(fd)
            raise
        finally:
            for fd in (jobs, theirs):
                if fd >= 0:
                    os.close(fd)
        return Spare(pid=pid, code=code, console=console, pipe=ours, done=done)

    def _recycle(self, running: Running, spare: Spare) -> None:
        """Takes note that a task has ended in good order and its process is free."""
        data = os.read(spare.done, DONE.size)
        self._unregister(spare.done)
        if not data or running.stopped or spare.pid not in self._running:
            return  # it ends, or is on its way out: its death tells the rest
        self._unregister(running.console)
        del self._running[running.pid]
        running.leave()
        self._spares.put_back(spare)
        cpu_seconds, max_rss = DONE.unpack(data)
        self._send(op="exit", task=running.task, time=time.time(), code=0, cpu_seconds=cpu_seconds, max_rss=max_rss)

    def _unregister(self, fd: int) -> None:
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(fd)

    def _pump(self, running: Running) -> None:
        if not running.pump():  # every writer is gone, or the task ended in this very round
            self._unregister(running.console)

    def _fork(self, birth: Birth) -> int:
        # Signals wait until the child has its own handlers: it must not answer one with the server's.
        signal.pthread_sigmask(signal.SIG_BLOCK, ALL_SIGNALS)
        try:
            pid = os.fork()
            if pid == 0:
                become_task(birth)
            return pid
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, ())

    def _collect(self) -> None:
        """Takes note of every process that ended, and of what ended tasks left behind."""
        with contextlib.suppress(BlockingIOError):
            while len(os.read(self._alarm, 4096)) == 4096:
                pass
        while True:
            try:
                # Only looked at: while the dead leader is not reaped, its number cannot be anybody else's group.
                seen = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                break
            if seen is None:
                break
            running = self._running.pop(seen.si_pid, None)
            if running is not None:
                orphans.end_group(running.pid, signal.SIGKILL)
            _, status, usage = os.wait4(seen.si_pid, 0)
            self._spares.forget(seen.si_pid)
            if running is not None:
                self._finish(running, status, usage)
        self._orphanage.sweep(self._running, self._spares.pids)

    def _finish(self, running: Running, status: int, usage: Any) -> None:
        for fd in running.fds:
            self._unregister(fd)
        running.close()
        self._orphanage.ended(running)
        signaled = os.WIFSIGNALED(status)
        self._send(
            op="exit",
            task=running.task,
            time=time.time(),
            code=None if signaled else os.WEXITSTATUS(status),
            signal=os.WTERMSIG(status) if signaled else None,
            cpu_seconds=usage.ru_utime + usage.ru_stime,
            max_rss=usage.ru_maxrss * (1024 if orphans.LINUX else 1),
            stopped=running.stopped,
        )

    def end(self) -> NoReturn:
        """Kills every process below this one, and ends."""
        for pid in (*self._running, *self._spares.pids):
            orphans.end_group(pid, signal.SIGKILL)
        while True:
            for pid in orphans.children():
                orphans.end(pid)
            try:
                os.wait()
            except ChildProcessError:
                os._exit(0)


def main() -> NoReturn:
    """Serves the agent named by the arguments: socket, process id, folder of the store, `fork`, `fresh` or `reuse`."""
    fd, owner, folder, kind = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
    if os.getppid() != owner:
        os._exit(0)
    control = socket.socket(fileno=fd)
    control.set_inheritable(False)
    # This process has one thread; what it imported may have idle ones, which do not matter in the child.
    warnings.filterwarnings("ignore", message=".*use of fork.*", category=DeprecationWarning)
    # The streams of every task: a child only puts its own pipe under their numbers.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    server = Server(control, owner, folder, kind)
    if kind != "fresh":
        for name in PRELOAD:
            importlib.import_module(name)
    server.serve()


if __name__ == "__main__":
    main()
