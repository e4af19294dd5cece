"""Which set comes next, for any valid config: inside its distribution, never twice, spread as asked for."""

from __future__ import annotations

import math
from statistics import NormalDist, fmean, stdev
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpo_widgets.comet.begin import STRATEGIES
from hpo_widgets.comet.ending import GIVEN_BACK, INTERRUPTED
from hpo_widgets.comet.sets import Issue, Prior, Sets
from hpo_widgets.dialects.comet import CometConfig, read_config
from hpo_widgets.model.config import StudyConfig
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.objective import parse_objectives
from hpo_widgets.model.space import parameters_key
from hpo_widgets.model.task import SKIPPED, TaskRecord, TaskState

FEW = settings(max_examples=25, deadline=None, derandomize=True)
DRAWS = 2000


def sets_of(config: dict[str, Any], prior: list[Prior] | None = None) -> tuple[CometConfig, Sets]:
    comet = read_config(config)
    study = StudyConfig(
        name="any",
        space=comet.space(),
        objectives=parse_objectives("loss", "min_global"),
        limits=Limits(retries=comet.spec["retryAssignLimit"]),
        strategy={"name": STRATEGIES[comet.algorithm], "options": {}},
        seed=comet.spec["seed"],
    )
    return comet, Sets(comet, study, prior or [])


def task_of(issue: Issue, key: int, state: TaskState = TaskState.COMPLETED, reason: str | None = None) -> TaskRecord:
    return TaskRecord(
        id=f"{key:032x}", key=key, study="s", trial=issue.trial, attempt=issue.attempt, name="t", state=state,
        reason=reason, parameters=issue.parameters, queue="", agent=None, code=None, pid=None, created=0.0,
        started=0.0, ended=1.0, archived=False, error=None,
    )  # fmt: skip


def run(sets: Sets, most: int = 10_000) -> list[dict[str, Any]]:
    """Runs every set that is issued to its end."""
    found: list[dict[str, Any]] = []
    while len(found) < most and (issue := sets.next()) is not None:
        found.append(issue.parameters)
        sets.show(task_of(issue, len(found)), float(len(found)))
    return found


@st.composite
def ranges(draw: st.DrawFn) -> dict[str, Any]:
    scale = draw(st.sampled_from(["linear", "uniform", "normal", "loguniform", "lognormal"]))
    kind = draw(st.sampled_from(["integer", "double", "float"]))
    whole = kind == "integer"
    entry: dict[str, Any] = {"type": kind, "scalingType": scale}
    if scale in ("normal", "lognormal"):
        mu = draw(st.floats(-50, 50) if scale == "normal" else st.floats(0, 4))
        entry |= {"mu": mu, "sigma": draw(st.floats(0.5, 2 if scale == "lognormal" else 50))}
        if draw(st.booleans()):
            middle = mu if scale == "normal" else math.exp(mu)
            low, high = middle - draw(st.floats(3, 60)), middle + draw(st.floats(3, 60))
            low = max(low, middle / 10) if scale == "lognormal" else low
            entry |= {"min": math.ceil(low), "max": math.ceil(high)} if whole else {"min": low, "max": high}
        return entry
    least = 1 if scale == "loguniform" else -100
    low = draw(st.integers(least, 50) if whole else st.floats(1e-6 if least == 1 else -100, 50))
    return entry | {"min": low, "max": low + draw(st.integers(1, 300) if whole else st.floats(0.5, 300))}


entries = st.one_of(
    ranges(),
    st.lists(st.integers(-9, 9), min_size=1, max_size=5, unique=True),
    st.lists(st.sampled_from(["relu", "tanh", "gelu", "elu"]), min_size=1, unique=True),
    st.sampled_from([3, 0.5, "adam", True]),
)
configs = st.fixed_dictionaries(
    {
        "algorithm": st.sampled_from(["random", "grid", "bayes"]),
        "parameters": st.dictionaries(st.sampled_from(["x", "y", "lr/rate", "ü"]), entries, min_size=1, max_size=3),
        "spec": st.fixed_dictionaries(
            {
                "maxCombo": st.integers(1, 12),
                "gridSize": st.integers(1, 6),
                "seed": st.integers(0, 99),
                "randomize": st.booleans(),
            }
        ),
    }
)


def is_inside(entry: dict[str, Any], value: Any) -> bool:
    if "values" in entry:
        return value in entry["values"]
    right_type = type(value) is int if entry["type"] == "integer" else type(value) is float
    low, high = entry.get("min", -math.inf), entry.get("max", math.inf)
    return right_type and low <= value <= high and (entry.get("scalingType") != "lognormal" or value > 0)


@FEW
@given(configs)
def test_every_set_is_inside_its_distribution_and_none_comes_twice(config: dict[str, Any]) -> None:
    comet, sets = sets_of(config)
    found = run(sets)
    assert 1 <= len(found) <= comet.most_sets
    assert len({parameters_key(each) for each in found}) == len(found)
    for each in found:
        assert set(each) == set(comet.parameters)
        wrong = {name: each[name] for name, entry in comet.parameters.items() if not is_inside(entry, each[name])}
        assert wrong == {}
    if sets.count < comet.most_sets:
        assert sets.is_exhausted  # whole numbers on a scale: fewer than there seem to be


@FEW
@given(configs)
def test_a_process_that_joins_later_knows_all_sets_and_proposes_others(config: dict[str, Any]) -> None:
    comet, first = sets_of(config)
    begun = run(first, most=max(1, comet.most_sets // 2))
    _, second = sets_of(config)
    for key, parameters in enumerate(begun):
        second.show(task_of(Issue(parameters=parameters, trial=key), key), float(key))
    rest = run(second)
    assert len({parameters_key(each) for each in [*begun, *rest]}) == len(begun) + len(rest) <= comet.most_sets


def quantile(entry: dict[str, Any], value: float) -> float:
    """Gives the share of the distribution below a value."""
    scale = entry["scalingType"]
    inward = math.log if scale in ("loguniform", "lognormal") else float
    if scale in ("normal", "lognormal"):
        normal = NormalDist(entry["mu"], entry["sigma"])
        low = normal.cdf(inward(entry["min"])) if "min" in entry else 0.0
        high = normal.cdf(inward(entry["max"])) if "max" in entry else 1.0
        return (normal.cdf(inward(value)) - low) / (high - low)
    low, high = inward(entry["min"]), inward(entry["max"])
    return (inward(value) - low) / (high - low)


@FEW
@given(ranges().filter(lambda entry: entry["type"] != "integer"), st.integers(2, 10), st.integers(0, 999))
def test_a_grid_has_one_value_in_each_quantile_bin(entry: dict[str, Any], size: int, seed: int) -> None:
    spec = {"gridSize": size, "minSampleSize": DRAWS, "seed": seed}
    config = {"algorithm": "grid", "parameters": {"x": entry}, "spec": spec}
    values = [point["x"] for point in run(sets_of(config)[1])]
    error = 5 * 0.5 / math.sqrt(DRAWS)
    assert len(values) == size == len(set(values)) and values == sorted(values)
    for number, value in enumerate(values):
        assert number / size - error <= quantile(entry, value) <= (number + 1) / size + error
    assert values == [point["x"] for point in run(sets_of(config)[1])]  # the seed decides


@settings(max_examples=8, deadline=None, derandomize=True)
@given(ranges(), st.integers(0, 999))
def test_draws_have_the_moments_of_their_distribution(entry: dict[str, Any], seed: int) -> None:
    spec = {"maxCombo": DRAWS, "seed": seed}
    whole = entry["type"] == "integer"
    real = {**entry, "type": "double"} if whole else entry
    drawn = [each["x"] for each in run(sets_of({"algorithm": "random", "parameters": {"x": real}, "spec": spec})[1])]
    assert len(drawn) == DRAWS
    shares = [quantile(entry, value) for value in drawn]  # uniform on 0..1 whatever the distribution
    assert fmean(shares) == pytest.approx(0.5, abs=5 * math.sqrt(1 / 12 / DRAWS))
    assert stdev(shares) == pytest.approx(math.sqrt(1 / 12), abs=5 * 0.3 / math.sqrt(2 * DRAWS))


@pytest.mark.parametrize(
    ("entry", "inward", "mean", "deviation"),
    [
        ({"type": "double", "scalingType": "normal", "mu": 0.5, "sigma": 0.1}, float, 0.5, 0.1),
        ({"type": "integer", "scalingType": "normal", "mu": 500, "sigma": 5000}, float, 500, 5000),
        ({"type": "double", "scalingType": "lognormal", "mu": -3.0, "sigma": 0.7}, math.log, -3.0, 0.7),
        (
            {"type": "float", "scalingType": "loguniform", "min": 0.001, "max": 1.0},
            math.log,
            math.log(0.001) / 2,
            -math.log(0.001) / math.sqrt(12),
        ),
    ],
)
def test_mean_and_deviation_are_those_that_were_asked_for(
    entry: dict[str, Any], inward: Any, mean: float, deviation: float
) -> None:
    spec = {"maxCombo": DRAWS, "seed": 7}
    found = run(sets_of({"algorithm": "random", "parameters": {"x": entry}, "spec": spec})[1])
    drawn = [inward(each["x"]) for each in found]
    assert fmean(drawn) == pytest.approx(mean, abs=5 * deviation / math.sqrt(len(drawn)))
    assert stdev(drawn) == pytest.approx(deviation, rel=5 / math.sqrt(2 * len(drawn)))


BAYES = {"algorithm": "random", "parameters": {"x": {"type": "double", "min": 0, "max": 1}}}


def test_the_strategy_is_told_the_mean_when_all_repeats_have_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    _, sets = sets_of({**BAYES, "trials": 3, "spec": {"maxCombo": 1, "seed": 1}})
    told: list[Any] = []
    monkeypatch.setattr(sets._strategy, "tell", lambda *arguments: told.append(arguments))
    for key, score in enumerate((1.0, None, 4.0)):
        issue = sets.next()
        assert issue is not None and issue.trial == key and told == []
        state = TaskState.FAILED if score is None else TaskState.COMPLETED
        sets.show(task_of(issue, key, state), score)
    ((_, outcome, values),) = told
    assert outcome.value == "complete" and values == (2.5,)


@pytest.mark.parametrize(
    ("state", "reason", "limit", "runs"),
    [
        (TaskState.FAILED, "failed", 0, 1),
        (TaskState.FAILED, "failed", 2, 3),
        (TaskState.LOST, "lost", 0, 2),
        (TaskState.ABORTED, f"{GIVEN_BACK}the loop was left)", 0, 2),
        (TaskState.ABORTED, "user", 0, 1),
        (TaskState.ABORTED, "user", 1, 2),
        (TaskState.ABORTED, SKIPPED, 5, 1),
    ],
)
def test_a_set_without_a_score_runs_again_by_the_retry_rules(
    state: TaskState, reason: str, limit: int, runs: int
) -> None:
    _, sets = sets_of({**BAYES, "spec": {"maxCombo": 1, "seed": 1, "retryAssignLimit": limit}})
    attempts = []
    while (issue := sets.next()) is not None:
        attempts.append(issue.attempt)
        sets.show(task_of(issue, len(attempts), state, reason), None)
    assert attempts == list(range(runs)) and sets.is_done


def test_what_was_interrupted_half_way_runs_again_and_its_first_value_does_not_count() -> None:
    _, sets = sets_of({**BAYES, "spec": {"maxCombo": 1, "seed": 1}})
    for attempt, state in enumerate((TaskState.ABORTED, TaskState.COMPLETED)):
        issue = sets.next()
        assert issue is not None and issue.attempt == attempt
        sets.show(task_of(issue, attempt, state, INTERRUPTED if attempt == 0 else None), 9.0 - attempt)
    assert sets.next() is None and sets._scores == {0: 8.0}


def test_what_a_transaction_lost_is_proposed_again() -> None:
    _, sets = sets_of({**BAYES, "spec": {"maxCombo": 2, "seed": 1}})
    first, again = sets.next(), sets.next()
    assert first is not None and again is not None and first == again
    sets.show(task_of(Issue(parameters={"x": 0.5}, trial=0), 1), 1.0)  # another process's set took the number
    third = sets.next()
    assert third is not None and third.trial == 1 and third.parameters != first.parameters


def test_sets_of_the_parent_are_learned_and_not_tried_again() -> None:
    config = {"algorithm": "grid", "parameters": {"a": [1, 2, 3]}}
    _, sets = sets_of(config, [Prior(parameters={"a": 2}, score=0.5)])
    assert run(sets) == [{"a": 1}, {"a": 3}] and sets.is_exhausted


@pytest.mark.parametrize("algorithm", ["random", "bayes"])
def test_whole_numbers_on_a_scale_come_once_each_after_rounding(algorithm: str) -> None:
    entry = {"type": "integer", "scalingType": "loguniform", "min": 1, "max": 5}
    _, sets = sets_of({"algorithm": algorithm, "parameters": {"x": entry}, "spec": {"maxCombo": 20, "seed": 1}})
    assert sorted(each["x"] for each in run(sets)) == [1, 2, 3, 4, 5] and sets.is_exhausted


def test_other_limits_hold_from_the_next_set_on() -> None:
    _, sets = sets_of({**BAYES, "trials": 2, "spec": {"maxCombo": 9, "seed": 1}})
    sets.limit(Limits(total_max_jobs=3))
    assert (sets.most, len(run(sets))) == (2, 4)
    sets.limit(Limits(total_max_jobs=6))
    assert len(run(sets)) == 2
