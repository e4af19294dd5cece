"""ClearML's JSON of a search space: both of its forms, what is wrong in it, and the way back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpo_widgets.dialects.clearml import read_params_override, read_params_search, write_params_search
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.parameters import (
    DiscreteParameterRange,
    LogUniformParameterRange,
    NormalParameterRange,
    ParameterSet,
    UniformIntegerParameterRange,
    UniformParameterRange,
)
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.model.space_shorthand import as_space, when

LAYER = (
    '{"type": "UniformIntegerParameterRange", "name": "General/layer_1", "min_value": 128, "max_value": 512, '
    '"step_size": 128}'
)
BATCH = '{"type": "DiscreteParameterRange", "name": "General/batch_size", "values": [96, 128, 160]}'
SAMPLE = [
    UniformIntegerParameterRange("General/layer_1", 128, 512, 128),
    DiscreteParameterRange("General/batch_size", [96, 128, 160]),
]


def test_the_documented_sample_is_read_as_texts_and_as_one_list() -> None:
    assert list(read_params_search([LAYER, BATCH]).space) == SAMPLE
    assert list(read_params_search(f"[{LAYER}, {BATCH}]").space) == SAMPLE
    assert list(read_params_search([f"[{LAYER}]", BATCH]).space) == SAMPLE


@pytest.mark.parametrize("spelling", ["include_max", "include_max_value"])
def test_both_spellings_of_the_flag_are_read(spelling: str) -> None:
    text = json.dumps({"type": "UniformParameterRange", "name": "x", "min_value": 0, "max_value": 1, spelling: False})
    assert read_params_search(text).space[0] == UniformParameterRange("x", 0, 1, include_max_value=False)


def test_the_stored_form_of_an_optimizer_task_is_read_and_what_else_it_says_is_noted() -> None:
    stored = {"type": "LogUniformParameterRange", "name": "x", "min_value": -5, "max_value": -1, "base": 10}
    found = read_params_search(json.dumps({"parameter_optimization_space": [stored], "save_top_k": 3}))
    assert found.space[0] == LogUniformParameterRange("x", -5, -1)
    assert found.notes == ("'save_top_k' is not about the search space; it is left out.",)


BAD: list[tuple[str, str]] = [
    ('{"type": "UniformParameterRange",', "line 1, column 34"),
    ("", "not JSON"),
    ("[]", "is empty"),
    ("[1]", "must hold objects"),
    ('{"name": "x"}', "the type of 'x' is None"),
    ('{"type": "UniformParamRange", "name": "x"}', "did you mean 'UniformParameterRange'"),
    ('{"type": "UniformParameterRange", "name": "x", "min": 0}', "'min' is not a key"),
    ('{"type": "UniformParameterRange", "name": "x", "max_value": 0}', "has no 'min_value'"),
    ('{"type": "UniformParameterRange", "name": "x", "min_value": 2, "max_value": 1}', "above max_value"),
    ('{"type": "UniformParameterRange", "name": "x", "min_value": NaN, "max_value": 1}', "NaN"),
    ('{"type": "UniformParameterRange", "name": "x", "min_value": 0, "max_value": 1, "max_value": 2}', "stands twice"),
    ('{"type": "DiscreteParameterRange", "name": "x", "values": []}', "is empty"),
    (f"[{BATCH}, {BATCH}]", "keep one"),
    ('{"type": "ParameterSet", "parameter_combinations": 3}', "list of objects"),
    ("[" * 100_000, "nested"),
    ("[" + "1," * 100_000 + "1]", "100,001 objects"),
    ("[" + "1," * 100 + "1]", "there are 81 problems more"),
    ('{"type": "DiscreteParameterRange", "name": "x", "values": "' + "a" * 11_000_000 + '"}', "characters"),
]


@pytest.mark.parametrize(("text", "said"), BAD, ids=[said for _, said in BAD])
def test_junk_is_refused_with_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(InvalidInput, match="params-search") as caught:
        read_params_search(text)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 2000


def test_all_problems_of_all_texts_are_said_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        read_params_search(['{"type": "Uniform"}', "{", BATCH])
    assert len(caught.value.problems) == 2
    assert "params-search 2" in str(caught.value)


def test_overrides_are_read_and_refused() -> None:
    assert read_params_override(['{"name": "epochs", "value": 30}']) == {"epochs": 30}
    with pytest.raises(InvalidInput) as caught:
        read_params_override(
            ['{"nam": "epochs", "value": 30}', '{"name": "a", "value": 1}', '{"name": "a", "value": 2}']
        )
    assert "did you mean 'name'" in str(caught.value) and "overridden twice" in str(caught.value)


def test_a_normal_range_is_written_with_a_note() -> None:
    text, notes = write_params_search(SearchSpace([NormalParameterRange("x", 0, 1)]))
    assert read_params_search(text).space == SearchSpace([NormalParameterRange("x", 0, 1)])
    assert "ClearML does not read" in notes[0]


names = st.text(min_size=1).filter(str.strip)
values: st.SearchStrategy[Any] = (
    st.integers() | st.text() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)
)


@st.composite
def spaces(draw: st.DrawFn) -> SearchSpace:
    found = []
    for name in draw(st.lists(names, min_size=1, max_size=4, unique=True)):
        low = draw(st.integers(-50, 50))
        high = low + draw(st.integers(1, 50))
        include = draw(st.booleans())
        found.append(
            draw(
                st.sampled_from(
                    [
                        UniformParameterRange(name, low / 7, high / 7, None, include),
                        UniformParameterRange(name, low, high, 0.5, include),
                        UniformIntegerParameterRange(name, low, high, 1, include),
                        LogUniformParameterRange(name, low / 10, high / 10, 2, None, include),
                        DiscreteParameterRange(name, draw(st.lists(values, min_size=1, max_size=5, unique_by=repr))),
                        ParameterSet([{name: 1}, {name: UniformParameterRange(name, 0, 1)}]),
                    ]
                )
            )
        )
    return SearchSpace(found)


@given(space=spaces())
@settings(max_examples=150, deadline=None)
def test_what_is_written_is_read_back_equal(space: SearchSpace) -> None:
    text, _ = write_params_search(space)
    assert read_params_search(text).space == space


def test_what_clearml_cannot_say_is_noted() -> None:
    space = as_space({"opt": ["sgd", "adam"], **when("opt", "sgd", {"m": (0.0, 0.9)})}).with_constraints("m <= 0.5")

    text, notes = write_params_search(space)

    assert read_params_search(text).space.grid_size == space.grid_size
    assert [note.split(" ")[:3] for note in notes] == [["the", "conditions", "on"], ["ClearML", "has", "no"]]
