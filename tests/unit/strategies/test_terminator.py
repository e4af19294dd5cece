"""Optuna's terminators: what they say of results, and what is refused before anything starts."""

from __future__ import annotations

import importlib.util
import math
import pickle
import random
import re
import warnings
from statistics import pstdev
from typing import Any

import pytest

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.objective import Objective, Sign
from hpo_widgets.model.space_shorthand import as_space
from hpo_widgets.strategies import optuna_terminator, terminators
from hpo_widgets.strategies.optuna_terminator import Terminator
from hpo_widgets.strategies.terminators import results_needed, terminator_problems

LOSS, SCORE = Objective("loss", "loss", Sign.MIN), Objective("score", "score", Sign.MAX)
STAGNATION = Limits(terminator="stagnation")
REGRET = Limits(expected_gain=0.01)
EMMR = Limits(terminator="emmr", expected_gain=0.01)
SPACE = as_space({"x": (-1.0, 1.0), "kind": ["a", "b"], "fixed": [7]})
needs_torch = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="its model needs torch")


def bowl(x: float) -> float:
    return (x - 0.3) ** 2


def results(count: int, scale: float = 1.0, width: float = 1.0, seed: int = 0) -> list[tuple[dict[str, Any], float]]:
    """Gives trials of a bowl, within a width around its bottom."""
    source = random.Random(seed)
    found = []
    for number in range(count):
        x = 0.3 + width * source.uniform(-1, 1) * 0.7
        found.append(({"x": x, "kind": "ab"[number % 2], "fixed": 7}, scale * bowl(x)))
    return found


def made(limits: Limits, known: list[tuple[dict[str, Any], float]], **changes: Any) -> Terminator:
    given: dict[str, Any] = {"space": SPACE, "objective": LOSS, "seed": 1, **changes}
    found = Terminator(limits, **given)
    found.learn(known)
    return found


def gain(text: str) -> float:
    return float(re.search(r"expected gain (\S+) is", text)[1])  # type: ignore[index]


@pytest.mark.parametrize(("objective", "sign"), [(LOSS, 1.0), (SCORE, -1.0)])
def test_stagnation_is_more_than_30_results_without_a_better_one(objective: Objective, sign: float) -> None:
    best_is_third = [({}, sign * value) for value in [3.0, 2.0, 1.0] + [1.5] * 30]

    not_yet = made(STAGNATION, best_is_third, objective=objective).judge()
    enough = made(STAGNATION, [*best_is_third, ({}, sign * 1.0)], objective=objective).judge()

    assert (not_yet.enough, not_yet.said) == (False, "stagnation: 30 results in a row without a better one")
    assert (enough.enough, enough.said) == (True, "stagnation: 31 results in a row without a better one")


@needs_torch
@pytest.mark.parametrize("limits", [REGRET, EMMR])
def test_the_gain_that_is_expected_is_in_the_unit_of_the_objective(limits: Limits) -> None:
    small = made(limits, results(25)).judge()
    large = made(limits, results(25, scale=1000.0)).judge()
    upside_down = made(limits, [(p, -v) for p, v in results(25)], objective=SCORE).judge()

    assert gain(large.said) == pytest.approx(1000.0 * gain(small.said), rel=0.02)
    assert gain(upside_down.said) == pytest.approx(gain(small.said), rel=0.02)


@needs_torch
@pytest.mark.parametrize("rule", ["regret", "emmr"])
def test_it_is_enough_when_less_is_expected_than_was_asked_for(rule: str) -> None:
    said = made(Limits(terminator=rule, expected_gain=1e-9), results(25)).judge()
    assert not said.enough and said.said.endswith("is not below 1e-09")

    above = 2.0 * gain(said.said)
    enough = made(Limits(terminator=rule, expected_gain=above), results(25)).judge()
    assert enough.enough and enough.said == f"{rule}: expected gain {gain(said.said):.3g} is below {above:.3g}"


@needs_torch
def test_emmr_makes_its_own_mark_and_keeps_it() -> None:
    first, then = results(30), results(5, width=0.01, seed=2)
    terminator = made(Limits(terminator="emmr"), first)
    said = [terminator.judge().said]
    terminator.learn(then)
    said.append(terminator.judge().said)

    marks = [float(each.split()[-1]) for each in said]
    spreads = [pstdev(value for _, value in known) for known in (first, first + then)]
    assert all(0 < mark < math.inf for mark in marks)
    assert marks[1] / spreads[1] == pytest.approx(marks[0] / spreads[0], rel=0.01)


@needs_torch
def test_results_outside_the_ranges_are_left_out_and_a_thousand_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    outside = [({"x": 5.0, "kind": "a", "fixed": 7}, -99.0)] * 40
    few = made(REGRET, [*outside, *results(19)]).judge()
    assert (few.enough, few.said) == (False, "regret: 19 results within the ranges, and it needs 20")

    monkeypatch.setattr(optuna_terminator, "MOST", 40)
    chosen = made(REGRET, [*results(60), *results(20, scale=9.0)])._chosen()
    numbers = [each.number for each in chosen]
    assert len(numbers) == 40 and numbers == sorted(numbers) and numbers[-20:] == list(range(60, 80))
    kept = max(each.value or 0.0 for each in chosen[:20])
    assert kept <= min(v for n, (_, v) in enumerate(results(60)) if n not in numbers)


@needs_torch
def test_trials_with_nothing_in_common_cannot_be_weighed() -> None:
    with pytest.raises(InvalidInput, match="no parameter in common"):
        made(REGRET, [({"fixed": 7}, 1.0)] * 20, space=as_space({"fixed": [7]})).judge()


def test_nothing_is_warned_of_and_what_is_made_can_travel() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        terminator = made(STAGNATION, results(25))
        terminator.judge()

    assert pickle.loads(pickle.dumps(terminator)).judge() == terminator.judge()


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (REGRET, "expected_gain needs the package torch, which is not installed; run `pip install torch`, or use pati"),
        (EMMR, "the terminator 'emmr' needs the package torch, which is not installed; run `pip install torch`, or us"),
        (STAGNATION, None),
        (Limits(patience=3), None),
    ],
)
def test_a_terminator_whose_package_is_missing_is_refused(
    limits: Limits, said: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = importlib.util.find_spec
    monkeypatch.setattr(terminators, "find_spec", lambda name: None if name == "torch" else there("json"))

    found = terminator_problems(limits, (LOSS,))

    assert found == [] if said is None else found[0].startswith(said)


def test_an_optuna_without_terminators_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminators, "find_spec", lambda name: None)

    (found,) = terminator_problems(STAGNATION, (LOSS,))

    assert "which Optuna" in found and "pip install 'optuna<6'" in found


def test_several_objectives_are_refused_whatever_is_installed() -> None:
    (found,) = terminator_problems(REGRET, (LOSS, SCORE))

    assert "judge one objective" in found


def test_results_needed_are_those_of_optuna() -> None:
    assert [results_needed(each) for each in (STAGNATION, REGRET, EMMR, Limits(terminator="emmr"))] == [20, 20, 20, 30]
