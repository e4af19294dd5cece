from __future__ import annotations

import pytest

from hpo_widgets.cli.tables import WIDEST, text_table
from hpo_widgets.cli.width import cut_to, padded, width


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("", 0),
        ("lr", 2),
        ("学習率", 6),
        ("ﾊﾝｶｸ", 4),
        ("owl 🦉", 6),
        ("é", 1),
        ("e\u0301", 1),
        ("❤", 1),
        ("❤\ufe0f", 2),
        ("👍🏽", 4),
        ("…–", 2),
    ],
)
def test_a_line_is_as_wide_as_a_terminal_draws_it(text: str, columns: int) -> None:
    assert width(text) == columns
    assert width(padded(text, 9)) == width(padded(text, 9, right=True)) == 9


@pytest.mark.parametrize(
    ("text", "columns", "cut"),
    [
        ("short", 5, "short"),
        ("longer", 5, "long…"),
        ("学習率", 6, "学習率"),
        ("学習率", 5, "学習…"),
        ("学習率", 4, "学…"),
        ("ae\u0301\u0302bcd", 3, "ae\u0301\u0302…"),
        ("ab❤\ufe0fcd", 4, "ab…"),
        ("two  spaces", 11, "two  spaces"),
        ("", 1, ""),
    ],
)
def test_what_is_too_wide_is_cut_between_characters(text: str, columns: int, cut: str) -> None:
    assert cut_to(text, columns) == cut
    assert width(cut) <= columns


def test_columns_are_aligned_and_cut_whatever_the_names_are_made_of() -> None:
    rows = [
        ["digits", "1"],
        ["学習率の探索", "22"],
        ["owl 🦉 " * 20, "333"],
        ["x" * 400, "4"],
        ["e\u0301vil\x1b[31m", "5"],
    ]
    lines = text_table(["study", "best"], rows).splitlines()
    assert {width(line) for line in lines[1:]} == {WIDEST + 2 + 4}
    assert [line.rsplit("  ", 1)[-1].strip() for line in lines[2:]] == ["1", "22", "333", "4", "5"]
    assert lines[4].startswith("owl 🦉 owl") and "…" in lines[4]
    assert lines[5].startswith("x" * (WIDEST - 1) + "…  ")
    assert "\x1b" not in "".join(lines) and "\\x1b[31m" in lines[6]
