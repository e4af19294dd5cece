from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from hpo_widgets.agents.console_marks import VARIABLE, MarkedOutput

A, B = "a" * 32, "b" * 32
PROGRAM = f"""
import os, sys
from hpo_widgets.agents.console_marks import mark
sys.stdout.write("before ")
mark("{A}")
sys.stdout.write("mine ")
os.system("echo from below")
mark("{B}")
sys.stderr.write("other")
mark(None)
print(" after")
"""


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def printed(into: int, variable: str) -> None:
    environment = {**os.environ, VARIABLE: variable}
    subprocess.run([sys.executable, "-c", PROGRAM], stdout=into, stderr=into, env=environment, check=True)


def joined(pieces: list[tuple[str | None, bytes]]) -> list[tuple[str | None, bytes]]:
    found: list[tuple[str | None, bytes]] = []
    for task, data in pieces:
        if found and found[-1][0] == task:
            found[-1] = (task, found[-1][1] + data)
        else:
            found.append((task, data))
    return found


@pytest.mark.parametrize("size", [1, 7, 50, 10_000])
def test_output_is_taken_apart_in_order_however_it_is_cut(pipe: tuple[int, int], size: int) -> None:
    output = MarkedOutput(pipe[0])
    printed(pipe[1], output.variable)
    text = os.read(pipe[0], 10_000)
    pieces = [each for at in range(0, len(text), size) for each in output.take(text[at : at + size])]
    assert joined([*pieces, *output.take(b"", last=True)]) == [
        (None, b"before "),
        (A, b"mine from below\n"),
        (B, b"other"),
        (None, b" after\n"),
    ]


def test_a_process_that_prints_elsewhere_or_is_not_collected_writes_no_marks(pipe: tuple[int, int]) -> None:
    for variable in ("", "1:word", f"{os.fstat(pipe[0]).st_ino}:", "nonsense"):
        printed(pipe[1], variable)
        assert os.read(pipe[0], 10_000) == b"before mine from below\nother after\n"


def test_what_only_looks_like_a_mark_is_output(pipe: tuple[int, int]) -> None:
    output = MarkedOutput(pipe[0])
    word = output.variable.partition(":")[2]
    for text in (b"\x1e", b"\x1e\x1eword:-\x1e", f"\x1e{word}:{'g' * 32}\x1e".encode(), f"\x1e{word}:".encode()):
        assert b"".join(data for _, data in [*output.take(text), *output.take(b"", last=True)]) == text
    assert output.take(b"x") == [(None, b"x")]
