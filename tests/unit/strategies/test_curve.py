"""A curve reads like the dictionary it is made of and takes a fraction of its memory."""

from __future__ import annotations

import pickle
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo_widgets.strategies.optuna_curve import Curve


@given(st.dictionaries(st.integers(0, 10_000), st.floats(allow_nan=False)))
def test_a_curve_is_equal_to_its_dictionary(reports: dict[int, float]) -> None:
    curve = Curve(reports)
    assert dict(curve) == reports
    assert list(curve) == sorted(reports)
    assert all(step in curve and curve[step] == value for step, value in reports.items())
    assert -1 not in curve
    assert pickle.loads(pickle.dumps(curve)) == curve
    with pytest.raises(KeyError):
        curve[-1]


def test_curves_with_the_same_steps_share_them() -> None:
    reports = {step: float(step) for step in range(40)}
    one, other = Curve(reports), Curve(dict(reports))
    assert one._steps is other._steps
    assert sys.getsizeof(one) + sys.getsizeof(one._values) < sys.getsizeof(reports) / 2
