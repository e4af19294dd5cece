"""What a script prints: progress bars thinned out, lines told, metrics read from them."""

from __future__ import annotations

import io
import math

import pytest

from hpo_widgets.agents.metrics_stdout import metrics_of
from hpo_widgets.agents.script_console import PROGRESS_S, ConsoleLines


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Console:
    def __init__(self) -> None:
        self.out = io.StringIO()
        self.clock = Clock()
        self.lines: list[str] = []
        self.stream = ConsoleLines(self.out, self.lines.append, self.clock)

    @property
    def text(self) -> str:
        return self.out.getvalue()


@pytest.fixture
def console() -> Console:
    return Console()


def test_text_passes_at_once_and_lines_are_told_when_complete(console: Console) -> None:
    console.stream.write("loss=")
    assert (console.text, console.lines) == ("loss=", [])

    console.stream.write("1\nnext\nrest")

    assert (console.text, console.lines) == ("loss=1\nnext\nrest", ["loss=1", "next"])


def test_other_line_separators_are_left_alone(console: Console) -> None:
    console.stream.write("a\x0bb\u2028c\r\nd\n")

    assert (console.text, console.lines) == ("a\x0bb\u2028c\nd\n", ["a\x0bb\u2028c", "d"])


def test_a_progress_bar_leaves_its_last_state(console: Console) -> None:
    for percent in range(101):
        console.stream.write(f"\r{percent}%")
    console.stream.write("\nafter\n")

    assert console.text == "100%\nafter\n"
    assert console.lines == ["100%", "after"]


def test_a_bar_that_returns_at_its_end_leaves_its_last_state(console: Console) -> None:
    for word in ("one", "two"):
        console.stream.write(f"{word}\r")
    console.stream.finish()

    assert console.text == "two\n"


def test_a_long_bar_is_shown_every_few_seconds(console: Console) -> None:
    for second in range(int(4 * PROGRESS_S)):
        console.clock.now = float(second)
        console.stream.write(f"\r{second}")

    assert console.text == "".join(f"{int(n * PROGRESS_S)}\n" for n in (1, 2, 3))


def test_a_bar_that_wipes_itself_out_leaves_nothing(console: Console) -> None:
    console.stream.write("\r50%")
    console.stream.write("\r   \r")
    console.stream.write("done\n")

    assert console.text == "done\n"


def test_text_before_a_bar_keeps_its_own_line(console: Console) -> None:
    console.stream.write("training: ")
    console.stream.write("\r10%\r20%\n")

    assert console.text == "training: \n20%\n"


def test_the_last_line_counts_without_its_end(console: Console) -> None:
    console.stream.write("loss=2")
    console.stream.finish()

    assert (console.text, console.lines) == ("loss=2", ["loss=2"])


def test_the_rest_is_the_streams_own(console: Console) -> None:
    assert console.stream.getvalue() == ""
    with pytest.raises(TypeError, match="must be str, not bytes"):
        console.stream.write(b"x")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("loss=0.5", (None, {"loss": 0.5})),
        ("epoch=3 loss=1e-3, val/acc = .9;", (3, {"loss": 1e-3, "val/acc": 0.9})),
        ("[step=7] (loss=-2)", (7, {"loss": -2.0})),
        ("epoch=2 step=40 loss=1", (40, {"loss": 1.0})),
        ("epoch=3/10 loss=0.5.", (3, {"loss": 0.5})),
        ("iteration=5 n=1_000", (5, {"n": 1000.0})),
        ("loss=inf", (None, {"loss": math.inf})),
        ("epoch=1.5 loss=2", (None, {"loss": 2.0})),
        ("name=resnet50 lr=0.1x a==3 path=/tmp/x=1", (None, {})),
        ("version=1.2.3 when=12:30 ratio=93%", (None, {})),
        ("loss: 0.5", (None, {})),
        ("", (None, {})),
    ],
)
def test_metrics_are_read_from_a_line(line: str, expected: tuple[int | None, dict[str, float]]) -> None:
    assert metrics_of(line) == expected


def test_nan_is_a_value() -> None:
    assert math.isnan(metrics_of("loss=nan")[1]["loss"])
