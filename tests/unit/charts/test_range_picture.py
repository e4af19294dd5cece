from __future__ import annotations

import math

import pytest
from hypothesis import given, settings

import hpo_widgets as hpo
from hpo_widgets.charts.range_picture import BINS, DRAWS, FULL, count_text, range_picture
from hpo_widgets.model.parameters import LogUniformParameterRange
from tests.unit.model.some_spaces import spaces


@given(spaces())
@settings(deadline=None)
def test_every_sound_parameter_has_a_bounded_picture_and_a_sentence(space):
    for parameter in space:
        picture = range_picture(parameter)

        assert 1 <= len(picture.bars) <= BINS
        assert max(picture.bars) == FULL
        assert min(picture.bars) >= 0
        assert picture.label
        assert len(picture.draws) <= DRAWS


def test_a_bell_is_highest_in_the_middle_and_a_log_range_at_its_low_end():
    bell, log = range_picture(hpo.normal(0, 1)).bars, range_picture(hpo.loguniform(1e-4, 1)).bars

    assert list(bell) == list(bell)[::-1]
    assert max(bell) == bell[BINS // 2]
    assert list(log) == sorted(log, reverse=True)
    assert log[0] > 2 * log[1] > 4 * log[-1]


def test_few_values_are_bars_apart_and_many_are_one_area():
    few, many = range_picture(hpo.integer(128, 512, 128)), range_picture(hpo.integer(0, 1000))

    assert (few.bars, few.apart) == ([FULL] * 4, True)
    assert (many.bars, many.apart) == ([FULL], False)


def test_a_value_that_stands_twice_is_twice_as_high():
    assert range_picture(hpo.choice("a", "a", "b")).bars == [FULL, FULL // 2]


def test_draws_are_members_and_always_the_same():
    parameter = hpo.integer(10, 99_999)

    draws = range_picture(parameter).draws

    assert all(parameter.contains(int(each)) for each in draws)
    assert range_picture(hpo.integer(10, 99_999)).draws == draws


@pytest.mark.parametrize(
    ("parameter", "label"),
    [
        (hpo.uniform(0, 0.5), "from 0 to 0.5, equally likely"),
        (hpo.integer(128, 512, 128), "4 whole numbers from 128 to 512, equally likely"),
        (hpo.loguniform(1e-5, 0.1), "from 1e-05 to 0.1, each order of magnitude equally likely"),
        (hpo.normal(0, 1, high=2), "normal, mean 0, standard deviation 1, cut to 2"),
        (hpo.lognormal(0, 1), "the logarithm is normal, mean 0, standard deviation 1"),
        (hpo.choice(96, 128), "2 values, each equally likely"),
        (hpo.choice("<b>"), "always <b>"),
    ],
)
def test_the_sentence_says_what_the_picture_shows(parameter, label):
    assert range_picture(parameter).label == label


@pytest.mark.parametrize(
    "parameter",
    [
        LogUniformParameterRange(None, -300, 300, 10),
        hpo.lognormal(0, 100),
        hpo.normal(0, 1, low=5, high=5.5),
        hpo.normal(0, 1e300),
        hpo.uniform(-1e308, 0),
        hpo.uniform(0, 1e15, 0.5),
        hpo.choice(list(range(10_000))),
    ],
)
def test_extreme_ranges_have_pictures(parameter):
    assert parameter.value_problems() == []
    assert max(range_picture(parameter).bars) == FULL


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (1, "1"),
        (27, "27"),
        (10_000, "10,000"),
        (math.inf, "∞"),
        (123 * 10**20, "about 1.2 × 10^22"),
        (10**5000, "10^5000"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_numbers_of_combinations_stay_readable(size, text):
    assert count_text(size).endswith(text)
