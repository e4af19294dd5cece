"""Holds ClearML's JSON: what is read, what is refused with which words, and that writing and reading agree."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo_widgets.dialects.clearml import read_params_override, read_params_search, write_params_search
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameters import (
    DiscreteParameterRange,
    LogUniformParameterRange,
    NormalParameterRange,
    Parameter,
    UniformIntegerParameterRange,
    UniformParameterRange,
)
from hpo_widgets.model.space import SearchSpace

NUMBERS = st.integers(-1000, 1000)
NAMES = st.text(min_size=1, max_size=8)
VALUES = st.one_of(st.booleans(), NUMBERS, st.floats(allow_nan=False, allow_infinity=False), st.text(), st.none())


@st.composite
def parameters(draw: st.DrawFn, name: str) -> Parameter:
    low = draw(NUMBERS)
    high, include = low + draw(st.integers(1, 50)), draw(st.booleans())
    step = draw(st.sampled_from([None, 0.5]))
    return draw(
        st.sampled_from(
            [
                UniformParameterRange(name, low, high, step, include),
                UniformIntegerParameterRange(name, low, high, 1, include),
                LogUniformParameterRange(name, low / 100, high / 100, 2, None, include),
                DiscreteParameterRange(name, draw(st.lists(VALUES, min_size=1, max_size=4))),
            ]
        )
    )


@given(st.lists(NAMES, min_size=1, max_size=4, unique=True).flatmap(lambda ns: st.tuples(*map(parameters, ns))))
def test_what_is_written_reads_as_the_same_space(given: tuple[Parameter, ...]) -> None:
    space = SearchSpace(given)
    written = write_params_search(space)
    assert written.notes == ()
    assert read_params_search(written.text).space == space


@pytest.mark.parametrize("key", ["include_max", "include_max_value"])
def test_both_spellings_of_include_max_are_one(key: str) -> None:
    (found,) = read_params_search(
        json.dumps({"name": "n", "type": "UniformIntegerParameterRange", "min_value": 1, "max_value": 5, key: False})
    ).parameters
    assert found == UniformIntegerParameterRange("n", 1, 5, include_max_value=False)


def test_the_stored_form_is_read_and_what_stands_beside_it_is_named() -> None:
    stored = {"parameter_optimization_space": [DiscreteParameterRange("a", [1]).to_dict()], "more": 1}
    reading = read_params_search(stored)
    assert reading.parameters == (DiscreteParameterRange("a", [1]),)
    assert "'more'" in reading.notes[0]


def test_a_mistake_in_json_is_named_with_line_column_and_text() -> None:
    with pytest.raises(InvalidInput, match=r"line 2, column 9: .* comes 'oops'"):
        read_params_search('{"name":\n        oops')


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"name": "a", "type": "UniformParameterRange", "min_value": NaN, "max_value": 1}', "NaN is no number"),
        ('{"name": "a", "type": "Uniform"}', "'Uniform' is unknown"),
        ('{"name": "a", "values": [1]}', "has no type"),
        ('{"name": "a", "type": "DiscreteParameterRange", "value": [1]}', "'value' is not known"),
        ('{"name": "a", "name": "b"}', "stands twice"),
        ("[" * 100_000, "nested too deeply"),
        ('"' + "x" * 5_000_000 + '"', "at most 1000000"),
        ("3", "is no parameter"),
        ('"lr"', "is the text"),
        ("[[]]", "list inside a list"),
        ("", "it ends after"),
    ],
)
def test_junk_is_refused_with_a_reason(text: str, says: str) -> None:
    with pytest.raises(InvalidInput, match="params-search") as caught:
        read_params_search(text)
    assert says in str(caught.value)


def test_all_problems_are_said_at_once() -> None:
    good: dict[str, Any] = {"name": "a", "type": "DiscreteParameterRange", "values": [1]}
    with pytest.raises(InvalidInput) as caught:
        read_params_search([json.dumps(good), good, {"name": "b", "type": "No"}, "{"])
    assert len(caught.value.problems) == 3


def test_an_override_is_a_range_of_one_value() -> None:
    reading = read_params_override(['{"name": "General/epochs", "value": 3}'])
    assert reading.parameters == (DiscreteParameterRange("General/epochs", [3]),)
    with pytest.raises(InvalidInput, match='"name" and "value"'):
        read_params_override('{"name": "a", "values": 3}')


def test_what_clearml_cannot_say_is_named() -> None:
    written = write_params_search(
        [NormalParameterRange("n", 0, 1), DiscreteParameterRange("d", [(1, 2)]), DiscreteParameterRange("k", [1])]
    )
    assert [each["name"] for each in json.loads(written.text)] == ["k"]
    assert len(written.notes) == 2
