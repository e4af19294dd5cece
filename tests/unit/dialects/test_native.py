"""Our own JSON of a search: nothing is lost, and what is wrong in a file is named."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from hpo_widgets.dialects.native import plan_to_json, read_plan, write_plan
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.objective import Objective
from hpo_widgets.model.plan import BaseKind, BaseReference, StudyPlan
from hpo_widgets.model.space_shorthand import as_space, loguniform
from tests.unit.dialects.some_plans import plans

PLAN = StudyPlan(
    base=BaseReference(kind=BaseKind.FUNCTION, name="train"),
    space=as_space({"lr": loguniform(1e-5, 1e-1)}),
    objectives=(Objective("loss", "loss"),),
)


@given(plans())
def test_what_was_written_is_read_as_an_equal_plan(plan: StudyPlan) -> None:
    text = write_plan(plan)

    assert repr(read_plan(text)) == repr(plan)
    assert read_plan(text) == plan
    assert write_plan(read_plan(text)) == text
    text.encode()  # any file can hold it


def changed(**changes: Any) -> str:
    return json.dumps({**plan_to_json(PLAN), **changes})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "line 1, column 2"),
        ("[1]", "its format is [1]"),
        ('{"format": "another"}', "its format is 'another'"),
        (changed(version=7), "the version is 7, this hpo_widgets reads up to 1; update"),
        (changed(version="1"), "the version is '1'"),
        (changed(limit={}), "'limit' is not a key of a search configuration; did you mean 'limits'?"),
        (changed(limits={"retrys": 1}), "limits: 'retrys' is not a key of it; did you mean 'retries'?"),
        (changed(limits={"retries": -1}), "limits: retries is -1; give a whole number of at least 0"),
        (changed(base={"kind": "funktion", "name": "f"}), "base: 'funktion' is unknown; use one of function, script"),
        (changed(base={"kind": "function", "name": "a b"}), "base: 'a b' cannot be the name of a variable"),
        (changed(base="train"), "base: 'train' is no object"),
        (changed(objectives=[]), "objectives: [] is no list of objectives"),
        (changed(objectives=[{"title": "a", "series": "b", "sign": "maxx"}]), "Did you mean 'max'?"),
        (changed(objectives=[{"title": "a", "series": "b"}] * 2), "objectives: a/b is given twice"),
        (changed(space={"format": "hpo_widgets.space", "version": 99}), "space: the stored search space has version"),
        (changed(strategy={"name": "tpe", "options": []}), "strategy: the options are []"),
        (changed(repeats=0), "repeats: 0 is no number of runs; give a whole number of 1 or more"),
        (changed(repeats=True), "repeats: True is no number of runs"),
        (changed(warm_start=["first", 2]), "warm_start: 2 is no text"),
        (changed(warm_start={}), "warm_start: {} is neither the name of a study nor a list of names"),
        (changed(seed=1.5), "seed: 1.5 is no seed"),
        (changed(isolation="threads"), "isolation: 'threads' is unknown; use one of fork, reuse, spawn, thread"),
        (changed(gpus="0"), "gpus: '0' is no list"),
        (changed(name=None), "name: None is no text"),
        (changed(seed=float("nan")), "NaN is no number that JSON has"),
        (changed().replace('"queue"', '"name"'), "the key 'name' stands twice"),
        ("[" * 100_000, "nested too deeply"),
        ("x" * 1_000_001, "1000001 characters"),
    ],
)
def test_a_wrong_file_is_refused_with_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_plan(text)

    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("given", "names"), [("first", ("first",)), ("", ()), (["first"], ("first",)), (["a", "b"], ("a", "b")), ([], ())]
)
def test_the_studies_to_begin_with_are_one_name_or_a_list(given: Any, names: tuple[str, ...]) -> None:
    assert read_plan(changed(warm_start=given)).warm_start == names


def test_all_problems_of_a_file_are_named_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        read_plan(changed(seed=-1, limit=1, gpus=[0], objectives=[{}]))

    assert len(refused.value.problems) == 5
