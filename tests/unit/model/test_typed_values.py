from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameter_values import canonical
from hpo_widgets.model.typed_values import LONGEST, read_number, read_values, split_values, write_values
from tests.unit.model.some_spaces import VALUES


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("96, 128, 160", [96, 128, 160]),
        ("96,128,160,", [96, 128, 160]),
        ("1e-3, .5, 1_000, -2, 1.0", [1e-3, 0.5, 1000, -2, 1.0]),
        ("relu, tanh", ["relu", "tanh"]),
        ("True, false, None, null", [True, False, None, None]),
        ("'1', \"a, b\", 'it\\'s', ''", ["1", "a, b", "it's", ""]),
        ("don't, 3 layers", ["don't", "3 layers"]),
        ("[64, 64], (1,), {'a': [1, 'x,y']}", [[64, 64], (1,), {"a": [1, "x,y"]}]),
        ("inf, -inf", [math.inf, -math.inf]),
        ("<b>bold</b>", ["<b>bold</b>"]),
        ("1" * 90_000 + "x", ["1" * 90_000 + "x"]),
        ("", []),
        ("  ", []),
    ],
)
def test_typed_text_becomes_values(text, values):
    assert canonical(read_values(text)) == canonical(values)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1, , 3", "item 2: nothing stands between two commas"),
        ("1, nan", "item 2: NaN is not a value"),
        ("'open, 2", "close the quotes"),
        ("[1, 2", "close the brackets"),
        ("{1, 2}", "is a set"),
        ("b'x', 'a' 'b' c", "cannot be read"),
        ("[" * 5000 + "]" * 5000, "cannot be read"),
        ("[," * 50_000, "close the brackets"),
        ("a[" * 50_000 + ",nan", "100,004 characters"),
        ("a[" * 49_000 + ",nan", "item 2: NaN"),
        ("['," * 30_000, "close the brackets"),
        ("'a\\" * 30_000, "close the quotes"),
        ("[" + "-" * 20_000 + "1]", "cannot be read"),
        ("1" * 5000, "write fewer digits"),
        ("1e400", "larger than a float can hold"),
        ("1," * LONGEST, "200,000 characters are given"),
    ],
)
def test_text_that_says_no_values_gets_a_sentence(text, said):
    with pytest.raises(InvalidInput, match=said):
        read_values(text)


def test_all_items_that_cannot_be_read_are_named_at_once():
    with pytest.raises(InvalidInput) as caught:
        read_values("nan, 1, 'x")

    assert [problem[:7] for problem in caught.value.problems] == ["item 1:", "item 3:"]


@given(st.lists(VALUES, max_size=5))
@example([math.inf, [-math.inf], "nan", "inf", "1", " x", "", "a\nb", "'", '"', "\\", "None", "[1"])
def test_written_values_are_read_back_equal(values):
    assert canonical(read_values(write_values(values))) == canonical(values)


def test_what_one_line_cannot_show_is_written_with_escapes():
    assert write_values(["a\nb", "a b"]) == "'a\\nb', a b"


@given(st.text(alphabet=st.sampled_from("ab1.,-e'\"[](){}\\: \n\t∞"), max_size=30) | st.text(max_size=30))
def test_any_text_gives_values_or_sentences(text):
    items = split_values(text)
    try:
        read = len(read_values(text))
    except InvalidInput as error:
        read = len(items) if error.problems else -1

    assert read == len(items)


@pytest.mark.parametrize("text", ["", "nan", "inf", "12x", "0,5", "1e400", "0x10", "--1", "1" * 5000, "1__0"])
def test_what_is_no_finite_number_is_refused(text):
    with pytest.raises(InvalidInput):
        read_number(text)


def test_whole_numbers_stay_whole():
    assert [type(read_number(text)) for text in ("128", "128.0", " 1_000 ", "1e3")] == [int, float, int, float]
