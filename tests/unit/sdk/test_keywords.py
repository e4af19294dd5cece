"""Keywords that nobody takes."""

from __future__ import annotations

import inspect

import pytest

import hpo_widgets as hpo


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"n_trials": 3, "n_jobs": 2}, ["n_trials is max_jobs here", "n_jobs is concurrency here"]),
        ({"max_job": 3}, ["there is no 'max_job'; did you mean max_jobs"]),
        ({"zzz": 3}, ["there is no 'zzz'."]),
    ],
)
def test_tune_says_which_keyword_is_meant(given: dict[str, int], says: list[str]) -> None:
    with pytest.raises(TypeError) as caught:
        hpo.tune(lambda x: x, {"x": (0.0, 1.0)}, **given)

    assert all(each in str(caught.value) for each in says)


def test_its_signature_stays_to_be_read() -> None:
    assert "max_jobs" in inspect.signature(hpo.tune).parameters


def test_limits_are_told_in_the_words_of_tune() -> None:
    with pytest.raises(hpo.InvalidInput, match="max_jobs is 0") as caught:
        hpo.tune(lambda x: x, {"x": (0.0, 1.0)}, max_jobs=0, concurrency=-1)

    assert "concurrency is -1" in str(caught.value)
