"""The capped log of a task."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo_widgets.agents.console import CappedLog, log_path, read_log, tail_of
from hpo_widgets.errors import NotFound

TASK = "0123456789abcdef" * 2


def write(folder: Path, *chunks: bytes, cap: int = 1024) -> None:
    log = CappedLog(log_path(folder, TASK), cap)
    for chunk in chunks:
        log.write(chunk)
    log.close()


def test_what_fits_is_kept_as_it_is(tmp_path: Path) -> None:
    write(tmp_path, b"one\n", b"two\n")

    assert read_log(tmp_path, TASK).text == "one\ntwo\n"
    assert log_path(tmp_path, TASK).stat().st_mode & 0o777 == 0o600


def test_a_reader_goes_on_where_it_was(tmp_path: Path) -> None:
    log = CappedLog(log_path(tmp_path, TASK))
    log.write(b"one\n")
    first = read_log(tmp_path, TASK)
    log.write(b"two\n")
    second = read_log(tmp_path, TASK, first.offset)
    log.close()

    assert (first.text, second.text) == ("one\n", "two\n")
    assert read_log(tmp_path, TASK, second.offset).text == ""


@given(sizes=st.lists(st.integers(1, 3000), min_size=1, max_size=12))
def test_the_beginning_and_the_end_survive_and_the_rest_is_counted(sizes: list[int], tmp_path_factory: object) -> None:
    folder = tmp_path_factory.mktemp("log")  # type: ignore[attr-defined]
    whole = b"".join(b"%07d\n" % i for i in range(sum(sizes) // 8 + 1))[: sum(sizes)]
    chunks, at = [], 0
    for size in sizes:
        chunks.append(whole[at : at + size])
        at += size
    write(folder, *chunks)
    found = read_log(folder, TASK)
    size = log_path(folder, TASK).stat().st_size

    assert size <= 1024 + 60
    assert found.offset == len(whole)
    if len(whole) <= 1024:
        assert found.text.encode() == whole
    else:
        head, _, rest = found.text.partition("\n[hpo_widgets: ")
        dropped, _, tail = rest.partition(" bytes were dropped here]\n")
        assert whole.startswith(head.encode()) and len(head) == 512
        assert whole.endswith(tail.encode()) and len(tail) >= 256
        assert len(head) + int(dropped) + len(tail) == len(whole)


def test_a_reader_behind_the_cut_gets_the_tail_only(tmp_path: Path) -> None:
    log = CappedLog(log_path(tmp_path, TASK), 1024)
    log.write(b"a" * 2000)
    offset = read_log(tmp_path, TASK).offset
    log.write(b"b" * 10)
    log.close()

    assert read_log(tmp_path, TASK, offset).text == "b" * 10
    assert read_log(tmp_path, TASK, 600).text.endswith("a" * 256 + "b" * 10)


def test_a_log_that_cannot_be_written_drops_the_output_only(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file where the folder should be")
    log = CappedLog(log_path(tmp_path, TASK))
    log.write(b"text")
    log.close()


def test_a_task_without_a_log_has_said_nothing(tmp_path: Path) -> None:
    assert read_log(tmp_path, TASK).text == ""
    assert tail_of(None, TASK) == ""


def test_only_ids_lead_to_files(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        read_log(tmp_path, "../../etc/passwd")


def test_the_last_lines_are_few(tmp_path: Path) -> None:
    write(tmp_path, b"".join(b"line %d\n" % i for i in range(100)), cap=1 << 20)

    assert tail_of(tmp_path, TASK).splitlines() == [f"line {i}" for i in range(80, 100)]
