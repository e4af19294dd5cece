"""The forms of objectives and limits, without a browser: typed texts in, records or messages out."""

from __future__ import annotations

from importlib.machinery import ModuleSpec
from typing import Any

import pytest
from hypothesis import given

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.objective import Objective, Sign
from hpo_widgets.sdk.planning import default_concurrency
from hpo_widgets.strategies import terminators
from hpo_widgets.widgets.limit_fields import in_words, read_seconds
from hpo_widgets.widgets.limits_form import LimitsForm
from hpo_widgets.widgets.objective_form import SENTENCES, ObjectiveForm
from tests.unit.dialects.some_plans import limits, objectives


def typed(form: Any, *rows: dict[str, str], **fields: str) -> list[tuple[str, str]]:
    """Types into a form as the page does, and gives its messages."""
    given_rows = [{"id": f"o{number}", **row} for number, row in enumerate(rows)]
    form.draft = {"fields": {**form.draft["fields"], **fields}, "rows": given_rows, "seq": form.draft["seq"] + 1}
    return [(each.field, each.text) for each in form.errors]


@given(objectives())
def test_objectives_survive_the_form(chosen: tuple[Objective, ...]) -> None:
    chosen = tuple(each for each in chosen if each.title.strip() and each.series.strip())
    form = ObjectiveForm(list(chosen) or "loss")

    assert form.value == (chosen or (Objective("loss", "loss"),))


def test_a_series_that_is_left_empty_is_the_title() -> None:
    form = ObjectiveForm()

    assert typed(form, {"title": "accuracy", "series": "", "sign": "max"}) == []
    assert form.value == (Objective("accuracy", "accuracy", Sign.MAX),)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], ("", "no objective is given; add the metric to optimize.")),
        ([{"title": " "}], ("o0.title", "give the name under which the metric is reported, such as loss.")),
        ([{"title": "a"}, {"title": "a", "series": "a"}], ("o1.title", "a is in a row above already; name each")),
        ([{"title": "a", "sign": "up"}], ("o0.sign", "'up' is no direction (sign) of an objective; use one of min")),
        ([{"title": "a"}] * 21, ("", "there are 21 objectives; a form takes 20, remove some.")),
    ],
)
def test_wrong_objectives_are_named_at_their_field(rows: list[dict[str, str]], said: tuple[str, str]) -> None:
    form = ObjectiveForm()

    ((at, text),) = typed(form, *rows)

    assert at == said[0]
    assert text.startswith(said[1])
    assert form.value is None


def test_each_sign_has_its_sentence() -> None:
    assert set(SENTENCES) == set(Sign)
    assert [sign for sign, _ in ObjectiveForm().signs] == [each.value for each in Sign]


def test_suggestions_are_texts_for_the_page() -> None:
    form = ObjectiveForm(suggested=[Objective("<b>", "x", Sign.MAX)])

    assert form.suggested == [["<b>", "x", "max"]]
    assert "&lt;b&gt;" in ObjectiveForm([("<b>", "x")])._static()


@given(limits())
def test_limits_survive_the_form(chosen: Limits) -> None:
    form = LimitsForm(chosen)

    assert form.errors == ()
    assert form.value == chosen


def test_empty_fields_mean_no_limit_and_say_so() -> None:
    form = LimitsForm()

    assert form.value == Limits(max_number_of_concurrent_tasks=default_concurrency())
    assert form._static().count("<td>no limit</td>") == 8
    assert all(part[2] for part in form.parts)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1", 60), ("0.5", 30), ("90 s", 90), ("2h", 7200), ("1.5 h", 5400), ("0.1", 6), ("1 d", 86400)],
)
def test_times_are_minutes_unless_they_say_otherwise(text: str, seconds: float) -> None:
    assert read_seconds(text) == seconds


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("total_max_jobs", "many", "'many' is not a number; write one such as 0.5 or 1e-3"),
        ("total_max_jobs", "2.5", "'2.5' is no whole number; give one such as 2."),
        ("total_max_jobs", "0", "Trials in all is 0; give a whole number of at least 1, or leave it empty."),
        ("time_limit_per_job", "5 weeks", "'weeks' is no unit of time; give minutes, or a number with one of s, sec"),
        ("time_limit_per_job", "-1", "'-1' is no time; give more than 0"),
        ("optimization_time_limit", "nan", "'nan' is no unit of time"),
        ("max_number_of_concurrent_tasks", "0", "Maximum concurrent trials is 0; give a whole number of at least 1."),
        ("compute_time_limit", "1e400", "'1e400' is larger than a float can hold"),
    ],
)
def test_wrong_limits_are_named_at_their_field(field: str, text: str, said: str) -> None:
    form = LimitsForm()

    ((at, found),) = typed(form, **{field: text})

    assert at == field
    assert found.startswith(said)
    assert form.value is None


def test_two_limits_that_contradict_each_other_are_named() -> None:
    form = LimitsForm()

    ((at, found),) = typed(form, min_iteration_per_job="9", max_iteration_per_job="3")

    assert (at, found) == (
        "min_iteration_per_job",
        "Minimum iterations per trial 9 is above maximum iterations per trial 3; swap or lower it.",
    )


def test_what_is_no_limits_is_refused() -> None:
    with pytest.raises(InvalidInput, match="are no limits"):
        LimitsForm().value = {"total_max_jobs": 3}


def test_what_ends_a_search_early_is_typed_and_written_back() -> None:
    form = LimitsForm(Limits(patience=20, min_gain=0.001, target=0.97))

    assert form.value == Limits(max_number_of_concurrent_tasks=1, patience=20, min_gain=0.001, target=0.97)
    form.draft = {**form.draft, "fields": {"min_gain": "0.1"}, "seq": form.draft["seq"] + 1}
    ((at, found),) = [(each.field, each.text) for each in form.errors]
    assert at == "min_gain"
    assert found.startswith("Least gain is 0.1 without “trials without a better value”; give “trials")


def test_sentences_of_the_model_are_told_in_the_words_of_the_fields_short_names_too() -> None:
    assert in_words("time_limit is 0; give seconds above 0, or None for no limit.") == (
        "optimization_time_limit",
        "Minutes in all is 0; give seconds above 0, or leave it empty.",
    )
    assert in_words("the study 'x' has ended.") == ("", "The study 'x' has ended.")


def test_a_terminator_is_typed_and_a_wrong_or_missing_one_is_named_at_its_field(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(terminators, "find_spec", lambda name: None if name == "torch" else ModuleSpec(name, None))

    form = LimitsForm()
    assert typed(form, terminator="Stagnation") == []
    assert form.value.terminator == "stagnation"
    for text, said in {
        "best": "Terminator is 'best'; give one of regret, ",
        "emmr": "The terminator 'emmr' needs",
    }.items():
        ((at, found),) = typed(LimitsForm(), terminator=text)
        assert at == "terminator" and found.startswith(said)
    ((at, found),) = typed(LimitsForm(), expected_gain="0.01")
    assert at == "expected_gain" and "pip install torch" in found
