from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hpo_widgets as hpo
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.base_task import BaseParameter
from hpo_widgets.model.parameters import LogUniformParameterRange, ParameterSet, UniformParameterRange
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.model.space_shorthand import as_space
from hpo_widgets.widgets.space_form import MOST_ROWS, SearchSpaceForm
from hpo_widgets.widgets.space_rows import KINDS, TEXTS
from tests.unit.model.some_spaces import spaces

HOSTILE = "<img src=x onerror=alert(1)>&\"' 🦜 " + "x" * 300


def typed(form, *rows):
    """Does what the page does when somebody has typed these rows."""
    numbered = [{"id": f"t{i}", "on": True, **row} for i, row in enumerate(rows)]
    form.draft = {"fields": {}, "rows": numbered, "seq": form.draft["seq"] + 1}
    return form


def said(form):
    return {problem.field: problem.text for problem in form.errors}


def test_typed_rows_become_a_search_space():
    form = typed(
        SearchSpaceForm(),
        {"name": "General/layer_1", "kind": "integer", "low": "128", "high": "512", "step": "128"},
        {"name": "batch_size", "kind": "discrete", "values": "96, 128, 160"},
        {"name": "lr", "kind": "log", "low": "1e-5", "high": "10^-1"},
        {"name": "dropout", "kind": "uniform", "low": "0", "high": "0.5", "step": "0.1", "open": True},
        {"name": "noise", "kind": "normal", "mu": "0", "sigma": "1", "high": "2"},
        {"name": "width", "kind": "lognormal", "mu": "3", "sigma": ".5"},
        {"name": "epochs", "kind": "fixed", "values": "30"},
        {"name": "unused", "kind": "uniform", "on": False},
    )

    assert form.errors == ()
    assert form.value == SearchSpace([
        hpo.integer(128, 512, 128).named("General/layer_1"),
        hpo.choice(96, 128, 160).named("batch_size"),
        hpo.loguniform(1e-5, 1e-1).named("lr"),
        UniformParameterRange("dropout", 0, 0.5, 0.1, include_max_value=False),
        hpo.normal(0, 1, high=2).named("noise"),
        hpo.lognormal(3, 0.5).named("width"),
        hpo.choice(30).named("epochs"),
    ])  # fmt: skip


@given(spaces())
@settings(deadline=None)
def test_every_search_space_is_written_and_read_back_equal(space):
    form = SearchSpaceForm(space)

    assert form.errors == ()
    assert form.value == space
    assert all(set(shown) == {"bars", "apart", "label", "draws", "note"} for shown in form.answer["rows"].values())
    json.dumps([form.draft, form.answer], allow_nan=False)
    form.close()


@given(
    st.lists(
        st.fixed_dictionaries(
            {"kind": st.sampled_from([*KINDS, "?"]), **{name: st.text(max_size=8) for name in TEXTS}},
            optional={"on": st.booleans(), "open": st.booleans()},
        ),
        max_size=3,
    )
)
@settings(deadline=None)
def test_whatever_is_typed_gives_a_space_or_sentences_that_the_page_can_show(rows):
    form = typed(SearchSpaceForm(), *rows)

    assert (form.value is None) == bool(form.errors)
    assert not any("could not be read (" in problem.text for problem in form.errors)
    json.dumps(form.answer, allow_nan=False)
    form.close()


@pytest.mark.parametrize(
    ("row", "field", "text"),
    [
        ({"name": ""}, "name", "give a name"),
        ({"low": ""}, "low", "give a number"),
        ({"low": "nan"}, "low", "'nan' is not a number"),
        ({"high": "inf"}, "high", "'inf' is not a number"),
        ({"low": "0,5"}, "low", "0.5?"),
        ({"low": "2"}, "low", "low 2.0 is above high 1.0; swap them."),
        ({"step": "-1"}, "step", "step is -1.0; give a number above 0, or leave it empty."),
        ({"kind": "integer", "low": "0.5"}, "low", "low is 0.5; give a whole number."),
        ({"kind": "log"}, "low", "low is 0.0; a log range needs a number above 0."),
        ({"kind": "log", "low": "1e-3", "base": "1"}, "base", "base is 1.0"),
        ({"kind": "log", "low": "2^-3"}, "low", "the base is 10; use the same number in both"),
        ({"kind": "log", "low": "2^" * 49_000 + " b"}, "low", "write fewer digits"),
        ({"low": "1" * 90_000 + "x"}, "low", "write fewer digits"),
        ({"kind": "log", "low": "10^999"}, "low", "not a number a float can hold"),
        ({"kind": "normal", "mu": "0", "sigma": "0"}, "sigma", "std dev is 0.0; give a number above 0."),
        ({"kind": "discrete"}, "values", "give the values to choose from"),
        ({"kind": "discrete", "values": "1, nan"}, "values", "item 2: NaN is not a value"),
        ({"kind": "fixed", "values": "1, 2"}, "values", "2 values are given; give one"),
        ({"kind": "set", "combinations": "{"}, "combinations", "this is no JSON"),
        ({"kind": "?"}, "kind", "is no kind; choose one of uniform"),
    ],
)
def test_a_row_that_cannot_be_read_says_so_at_its_field(row, field, text):
    form = typed(SearchSpaceForm(), {"name": "x", "kind": "uniform", "low": "0", "high": "1", **row})

    assert form.value is None
    assert text in said(form)[f"t0.{field}"]


def test_the_second_of_two_equal_names_is_named():
    form = typed(SearchSpaceForm(), *[{"name": "x", "kind": "fixed", "values": "1"}] * 2)

    assert said(form) == {"t1.name": "'x' is in a row above already; rename or remove one."}


def test_a_switched_off_row_may_be_half_typed_but_not_be_all_there_is():
    half = {"name": "x", "kind": "uniform", "low": "0.", "on": False}

    assert said(typed(SearchSpaceForm(), half)) == {"": "switch at least one parameter on."}
    assert typed(SearchSpaceForm(), half, {"name": "y", "kind": "fixed", "values": "1"}).value.names == ("y",)


def test_an_exponent_that_no_bound_names_exactly_is_written_as_a_power():
    parameter = LogUniformParameterRange("x", -4.3, -1.1, base=10)

    form = SearchSpaceForm([parameter])

    assert form.value == SearchSpace([parameter])
    assert form.draft["rows"][0]["kind"] == "log"


def test_a_name_that_one_line_cannot_show_is_written_in_quotes():
    form = SearchSpaceForm({"a\nb": 1, " x": 2, "'": 3, "plain name": 4})

    assert [row["name"] for row in form.draft["rows"]] == ["'a\\nb'", "' x'", '"\'"', "plain name"]
    assert form.value.names == ("a\nb", " x", "'", "plain name")


def test_combinations_are_counted_and_mixed_kinds_noted():
    form = SearchSpaceForm({"a": hpo.integer(128, 512, 128), "b": [96, 128, 160], "c": [1, "1"]})

    assert form.answer["total"] == "24 combinations"
    assert form.answer["rows"]["r2"]["note"].startswith("mixed: 1 number, 1 text")
    assert SearchSpaceForm({"a": (0.0, 1.0)}).answer["total"] == "∞ combinations"
    assert typed(form, {"kind": "uniform"}).answer["total"] == ""


def test_a_program_that_sets_the_value_meets_the_same_rules_and_changes_nothing_when_it_is_wrong():
    form = SearchSpaceForm({"a": (0.0, 1.0)})
    before = form.draft

    with pytest.raises(InvalidInput, match="swap them"):
        form.value = {"b": hpo.uniform(3, 1)}

    assert form.draft is before
    form.value = {"b": [1, 2]}
    assert form.value.names == ("b",)
    form.value = None
    assert (form.value, form.draft["rows"]) == (None, [])


def test_the_stored_form_goes_out_and_in():
    space = SearchSpace([hpo.uniform(0, 1).named("x"), ParameterSet([{"a": 1, "b": hpo.integer(1, 3)}, {"c": [1, 2]}])])
    form = SearchSpaceForm(space)
    other = SearchSpaceForm()

    other.from_json(json.dumps(form.to_json()))

    assert other.value == space


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("[" * 200_000, "no JSON"),
        ("{'a': 1}", "no JSON"),
        ("[" + "1," * 2_500_000 + "1]", "characters; at most"),
        ({"format": "hpo_widgets.space", "version": 99}, "update hpo_widgets"),
        (
            {"format": "hpo_widgets.space", "version": 1, "parameters": [{"kind": "UniformParameterRange", "name": "x",
             "min_value": {"float": "nan"}, "max_value": 1, "step_size": None, "include_max_value": True}]},
            "min_value is nan",
        ),
        (SearchSpace([hpo.choice(1).named(f"p{i}") for i in range(MOST_ROWS + 1)]).to_json(), "1,001 parameters"),
    ],
    ids=["deep", "python", "5 MB", "newer", "NaN", "1,001 parameters"],
)  # fmt: skip
def test_json_that_is_no_space_gets_a_sentence_and_the_form_stays(data, text):
    form = SearchSpaceForm({"a": (0.0, 1.0)})
    before = form.draft

    with pytest.raises(InvalidInput, match=text) as caught:
        form.from_json(data)

    assert form.draft is before
    assert len(str(caught.value)) < 2000


def test_ten_thousand_values_are_read_and_the_answer_stays_small():
    form = typed(SearchSpaceForm(), {"name": "x", "kind": "discrete", "values": ", ".join(map(str, range(10_000)))})

    assert form.answer["total"] == "10,000 combinations"
    assert len(json.dumps(form.answer)) < 1000


def test_a_cell_of_five_megabytes_gets_a_sentence():
    form = typed(SearchSpaceForm(), {"name": "x", "kind": "discrete", "values": "1234," * 1_000_000})

    assert said(form)["t0.values"].startswith("5,000,000 characters are given")
    assert len(json.dumps(form.answer)) < 1000


def test_more_rows_than_a_form_takes_give_one_sentence():
    form = typed(SearchSpaceForm(), *[{"name": f"p{i}", "kind": "fixed", "values": "1"} for i in range(MOST_ROWS + 1)])

    assert "1,001 parameters" in said(form)[""]


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = set()

    def handle_starttag(self, tag, attrs):
        self.found.add(tag)


def test_the_static_table_shows_values_and_messages_as_text_only():
    form = typed(
        SearchSpaceForm(),
        {"name": HOSTILE, "kind": "discrete", "values": "<script>alert(1)</script>"},
        {"name": "x", "kind": "integer", "low": "1", "high": "<b>"},
    )
    html = form._static()
    tags = Tags()
    tags.feed(html)

    assert tags.found == {"div", "style", "p", "b", "table", "thead", "tbody", "tr", "th", "td"}
    assert "low 1, high &lt;b&gt;" in html
    assert "is not a number" in html
    assert repr(form) == "<SearchSpaceForm: 1 to mend>"


def train(lr: float = 1e-3, layers: int = 2, epochs: int = 10, optimizer: str = "adam", *, task=None, need=..., **rest):
    """Takes what functions take."""


def test_a_function_fills_the_form_with_ranges_and_defaults():
    form = SearchSpaceForm.from_base(train)
    rows = {row["name"]: (row["kind"], row["on"]) for row in form.draft["rows"]}

    assert rows == {
        "lr": ("log", True),
        "layers": ("integer", True),
        "epochs": ("fixed", False),
        "optimizer": ("fixed", False),
        "need": ("uniform", False),
    }
    assert form.value.names == ("lr", "layers")


def test_ranges_that_the_code_does_not_name_come_last():
    form = SearchSpaceForm()
    form.fill_rows([BaseParameter(name="a", default=1)], {"z": hpo.uniform(0, 1).named("z")})

    assert [(row["name"], row["on"]) for row in form.draft["rows"]] == [("a", False), ("z", True)]


def test_a_parameter_without_a_default_is_a_row_to_fill_in():
    form = SearchSpaceForm.from_base(lambda something, lr=0.1: None)

    assert list(said(form)) == ["r0.low", "r0.high"]


def test_a_script_and_a_notebook_fill_the_form(tmp_path):
    script = tmp_path / "train.py"
    script.write_text("lr = 1e-3\nbatch_size = 64\nepochs = 3\n")
    notebook = tmp_path / "train.ipynb"
    cell = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "lr = 0.1  # 1e-4 .. 1", "outputs": []}
    notebook.write_text(json.dumps({"cells": [{**cell, "execution_count": None}], "metadata": {}, "nbformat": 4}))

    assert SearchSpaceForm.from_base(script).value.names == ("General/lr", "General/batch_size")
    assert SearchSpaceForm.from_base(notebook).value == SearchSpace([hpo.loguniform(1e-4, 1).named("lr")])


def test_what_is_no_base_task_is_refused_and_the_form_stays():
    form = SearchSpaceForm({"a": (0.0, 1.0)})

    with pytest.raises(InvalidInput, match="is not a function"):
        form.fill_from_base(3)

    assert form.value.names == ("a",)


def test_a_row_may_say_when_it_is_there():
    form = typed(
        SearchSpaceForm(),
        {"name": "opt", "kind": "discrete", "values": "sgd, adam"},
        {"name": "momentum", "kind": "uniform", "low": "0", "high": "0.9", "when": "opt", "equals": "sgd"},
        {"name": "k", "kind": "fixed", "values": "3", "when": "momentum_on", "equals": "True"},
        {"name": "momentum_on", "kind": "discrete", "values": "True, False", "when": "opt", "equals": "sgd, adam"},
    )
    both = {"momentum_on": [True, False], **hpo.when("momentum_on", True, {"k": 3})}

    assert form.value == as_space(
        [
            {"opt": ["sgd", "adam"]},
            hpo.when("opt", "sgd", {"momentum": hpo.uniform(0, 0.9)}),
            hpo.when("opt", ["sgd", "adam"], both),
        ]
    )
    rows = SearchSpaceForm(form.value).draft["rows"]
    assert [row.get("when", "") for row in rows] == ["", "opt", "opt", "momentum_on"]


@pytest.mark.parametrize(
    ("row", "field", "text"),
    [
        ({"when": "op", "equals": "sgd"}, "when", "did you mean 'opt'?"),
        ({"when": "opt", "equals": "lion"}, "when", "never has all of these values"),
        ({"when": "opt", "equals": ""}, "equals", "give the values of 'opt'"),
        ({"when": "", "equals": "sgd"}, "when", "give the name of the parameter that decides"),
        ({"when": "momentum", "equals": "1"}, "when", "there is no parameter 'momentum'"),
    ],
)
def test_a_condition_that_cannot_hold_says_so_at_its_field(row, field, text):
    form = typed(
        SearchSpaceForm(),
        {"name": "opt", "kind": "discrete", "values": "sgd, adam"},
        {"name": "momentum", "kind": "uniform", "low": "0", "high": "0.9", **row},
    )

    assert text in said(form)[f"t1.{field}"]


def test_constraints_are_typed_one_a_line_and_kept_with_the_space():
    form = typed(SearchSpaceForm(), {"name": "a", "kind": "integer", "low": "0", "high": "9"})
    form.draft = {**form.draft, "fields": {"constraints": "a <= 5\n\n a != 3 "}, "seq": form.draft["seq"] + 1}

    assert [each.text for each in form.value.constraints] == ["a <= 5", "a != 3"]
    assert SearchSpaceForm(form.value).value == form.value
    again = SearchSpaceForm()
    again.from_json(json.dumps(form.to_json()))
    assert again.value == form.value


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("a <=", "cannot be read"),
        ("aa <= 5", "did you mean 'a'?"),
        ("a > 9", "the search space looks empty"),
        ("a < 'x'", "cannot be computed"),
    ],
)
def test_a_constraint_that_cannot_hold_says_so_at_its_field(line, text):
    form = typed(SearchSpaceForm(), {"name": "a", "kind": "integer", "low": "0", "high": "9"})
    form.draft = {**form.draft, "fields": {"constraints": line}, "seq": form.draft["seq"] + 1}

    assert text in said(form)["constraints"]
    assert form.value is None
