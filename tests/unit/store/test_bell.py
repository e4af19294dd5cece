from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hpo_widgets.store.base import Rung
from hpo_widgets.store.bell import EVERYTHING, LEFTOVER_S, STATES_ONLY, UNNAMED, Bell, BellWatch

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")


@pytest.fixture
def bell(tmp_path: Path) -> Iterator[Bell]:
    made = Bell(tmp_path)
    yield made
    made.close()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Bell]:
    """Is the bell of another process."""
    made = Bell(tmp_path)
    yield made
    made.close()


def test_a_watch_made_in_the_same_tick_as_a_listing_is_heard(bell: Bell, other: Bell, tmp_path: Path) -> None:
    for seconds in (time.time_ns(), time.time_ns() // 10**9 * 10**9):  # file systems count in ticks, or whole seconds
        os.utime(tmp_path, ns=(seconds, seconds))
        other.ring()
        with bell.watch(scalars=True) as watch:
            os.utime(tmp_path, ns=(seconds, seconds))  # the folder's time has not moved
            other.ring()
            assert watch.wait(0) is Rung.STATES


def test_the_folder_is_listed_once_while_nothing_changes(
    bell: Bell, other: Bell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bell.watch(scalars=True) as watch:
        os.utime(tmp_path, ns=(10**18 + 1, 10**18 + 1))
        other.ring()
        monkeypatch.setattr(os, "listdir", lambda _: pytest.fail("listed again"))
        other.ring()
        assert watch.wait(0) is Rung.STATES


def test_a_full_pipe_is_heard_as_everything(bell: Bell, other: Bell) -> None:
    with bell.watch(scalars=True) as watch:
        for _ in range(70_000):  # more than a pipe holds
            other.ring(states=False, scalars=True)
        other.ring()
        assert watch.wait(0) is Rung.STATES | Rung.SCALARS
        other.ring(states=False, scalars=True)
        assert watch.wait(0) is Rung.SCALARS


def test_a_pipe_that_could_not_be_opened_is_tried_again(
    bell: Bell, other: Bell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_many(*_: object) -> int:
        raise OSError(24, "Too many open files")

    with bell.watch(scalars=True) as watch:
        os.utime(tmp_path, ns=(10**18 + 1, 10**18 + 1))
        with monkeypatch.context() as patch:
            patch.setattr(os, "open", too_many)
            other.ring()
        assert watch.wait(0) is Rung.NOTHING
        other.ring()
        assert watch.wait(0) is Rung.STATES


def test_pipes_of_the_dead_are_removed(bell: Bell, other: Bell, tmp_path: Path) -> None:
    watch = bell.watch(scalars=True)
    other.ring()
    os.close(watch._fd)  # as the end of a process does
    other.ring()
    assert list(tmp_path.iterdir()) == []
    for name in ("a" + EVERYTHING, "b" + STATES_ONLY, "young" + UNNAMED, "old" + UNNAMED):
        os.mkfifo(tmp_path / name)
    then = time.time() - LEFTOVER_S - 1
    os.utime(tmp_path / ("old" + UNNAMED), (then, then))
    other.ring()
    assert [p.name for p in tmp_path.iterdir()] == ["young" + UNNAMED]


def test_a_ring_never_fails(bell: Bell, tmp_path: Path) -> None:
    bell.ring()
    tmp_path.rmdir()
    bell.ring()
    tmp_path.write_text("a file")
    bell.ring()
    tmp_path.unlink()
    with bell.watch(scalars=True) as watch:
        threading.Thread(target=bell.ring).start()
        assert watch.wait(5) is Rung.STATES


def test_a_wake_after_the_end_touches_no_other_file(tmp_path: Path) -> None:
    watch = BellWatch(tmp_path, scalars=True)
    fd = watch._fd
    watch.close()
    with (tmp_path / "file").open("wb", buffering=0) as file:
        os.dup2(file.fileno(), fd)  # the number is used again
        watch.wake()
    with contextlib.suppress(OSError):
        os.close(fd)
    assert (tmp_path / "file").read_bytes() == b""


def test_a_wait_ends_on_time(bell: Bell) -> None:
    with bell.watch(scalars=True) as watch:
        assert watch.wait(0.001) is Rung.NOTHING and watch.wait(-5) is Rung.NOTHING
