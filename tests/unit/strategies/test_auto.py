"""What `auto` chooses, when, and what it says of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from hpo_widgets.model.objective import Objective, Sign
from hpo_widgets.model.parameters import ParameterSet
from hpo_widgets.model.space_shorthand import as_space, choice
from hpo_widgets.model.study import REMARK
from hpo_widgets.strategies import Outcome, Past, Problem, create_strategy, optuna_auto
from hpo_widgets.strategies.auto import (
    FIRST_S,
    LONG,
    MANY,
    MOST_ASKING,
    MOST_GP,
    SINGLE,
    Facts,
    Ledger,
    candidates,
    remark,
)
from hpo_widgets.strategies.optuna_auto import BY, AutoStrategy, tame

LOSS = Objective("loss", "loss", Sign.MIN)
COST = Objective("cost", "cost", Sign.MIN)
NUMBERS = as_space({"x": (0.0, 1.0), "k": (1, 1000)})
MIXED = as_space({"x": (0.0, 1.0), "k": (1, 1000), "act": ["relu", "tanh"], "fixed": 3})
FACTS = Facts(objectives=1, conditional=False, numbers=6, choices=0)


def ready(space: Any = NUMBERS, **told: Any) -> AutoStrategy:
    strategy = create_strategy("auto", reproducible=told.pop("reproducible", False))
    assert isinstance(strategy, AutoStrategy)
    strategy.setup(Problem(**{"space": space, "objectives": (LOSS,), "seed": 1, **told}))
    return strategy


def run(strategy: AutoStrategy, trials: range, *, asked: float, ran: float) -> list[Past]:
    """Runs trials of so many seconds; every ask is said to have taken `asked`."""
    past = []
    for trial in trials:
        parameters = strategy.ask(trial)
        assert parameters is not None
        strategy.timed(trial, asked=asked)
        value = (float(parameters["x"]) - 0.3) ** 2
        strategy.timed(trial, ran=ran)
        strategy.tell(trial, Outcome.COMPLETE, (value,))
        memo = strategy.drain_memos().trials.get(trial)
        told = {"outcome": Outcome.COMPLETE, "values": (value,), "seconds": ran, "memo": memo}
        past.append(Past(trial=trial, parameters=parameters, **told))
    return past


def proposers(past: list[Past]) -> list[str]:
    return [str((each.memo or {}).get(BY)) for each in past]


@pytest.fixture
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stands in for the samplers: the Gaussian process needs torch, and here it matters only who is asked."""
    monkeypatch.setattr(optuna_auto, "_missing", list)
    made: list[str] = []
    real = optuna_auto.make_sampler

    def make(name: str, options: Any, *rest: Any) -> Any:
        made.append(name)
        return real("random", {}, *rest)

    monkeypatch.setattr(optuna_auto, "make_sampler", make)
    return made


# -- the rules ------------------------------------------------------------
def test_facts_count_what_is_searched_and_leave_out_what_is_fixed() -> None:
    facts = Facts.of(Problem(space=MIXED, objectives=(LOSS,)), missing=["gp"])
    assert facts == Facts(objectives=1, conditional=False, numbers=2, choices=1, long=True, missing=("gp",))


def test_a_gaussian_process_and_tpe_take_turns_on_one_objective() -> None:
    firsts = [candidates(FACTS, trial)[0] for trial in range(20, 24)]
    assert sorted(firsts) == ["gp", "gp", "tpe", SINGLE]
    assert candidates(FACTS, MOST_GP)[0] == candidates(FACTS, MOST_GP + 1)[0] == "tpe"


def test_a_long_search_of_numbers_goes_over_to_cmaes() -> None:
    long = replace(FACTS, long=True)
    assert candidates(long, MOST_GP - 2)[0] == "gp"
    assert candidates(long, MOST_GP) == candidates(long, MOST_GP + 1) == ("cmaes", "random")
    assert remark(long, MOST_GP) == "auto: CMA-ES proposes (one objective, 6 numbers, 250 of many trials are over)."
    for other in (replace(long, choices=1), replace(long, coarse=1), replace(long, missing=("cmaes",)), FACTS):
        assert candidates(other, MOST_GP)[0] == "tpe"


@pytest.mark.parametrize(("max_jobs", "long"), [(LONG - 1, False), (LONG, True), (None, True)])
def test_a_search_is_long_by_its_trials_and_coarse_by_its_steps(max_jobs: int | None, long: bool) -> None:
    space = as_space({"x": (0.0, 1.0), "few": (1, 5), "many": (1, 50)})
    facts = Facts.of(Problem(space=space, objectives=(LOSS,), max_jobs=max_jobs))
    assert (facts.long, facts.coarse, facts.numbers) == (long, 1, 3)


def test_without_its_packages_there_is_no_gaussian_process_and_the_remark_says_so() -> None:
    facts = replace(FACTS, missing=("cmaes", "gp"))
    assert {candidates(facts, trial) for trial in range(20, 40)} == {("tpe", "random")}
    assert "if torch could be imported" in remark(facts, 0)
    assert "torch" not in remark(FACTS, 0)


def test_a_conditional_space_is_for_tpe() -> None:
    facts = replace(FACTS, conditional=True)
    assert {candidates(facts, trial) for trial in range(40)} == {("tpe", "random")}
    assert "conditional" in remark(facts, 0)


def test_several_objectives_are_for_tpe_or_where_there_are_many_trials_for_genetic_search() -> None:
    two, four = replace(FACTS, objectives=2), replace(FACTS, objectives=4)
    assert candidates(two, 10) == candidates(two, 5000) == ("tpe", "nsga2", "random")
    assert candidates(replace(two, many=True), 0) == ("nsga2", "random")
    assert candidates(replace(four, many=True), 0) == ("nsga3", "random")
    assert remark(replace(four, many=True), 0) == (
        "auto: NSGA-III proposes (4 objectives, 6 numbers, 1000 trials or more); nothing is pruned with several "
        "objectives."
    )
    many = [Facts.of(Problem(space=NUMBERS, objectives=(LOSS, COST), max_jobs=jobs)).many for jobs in (None, 999, MANY)]
    assert many == [False, False, True]


def test_the_remark_is_one_sentence_on_what_and_why() -> None:
    assert remark(replace(FACTS, choices=1), 3) == (
        "auto: a Gaussian process and TPE propose in turn (one objective, 6 numbers and 1 choice)."
    )
    assert remark(FACTS, MOST_GP).startswith("auto: TPE proposes (one objective, 6 numbers, more than 250 trials")


def test_the_ledger_refuses_what_would_pass_the_share_of_asking() -> None:
    ledger = Ledger(ran=100.0)
    assert ledger.affords("gp")
    ledger.pay("gp", 1.9)
    ledger.pay("gp", 0.5)
    ledger.pay("gp", 1.3)
    assert not ledger.affords("gp")
    assert ledger.affords("tpe")
    ledger.ran = 1000.0
    assert ledger.affords("gp")


def test_one_ask_that_took_far_too_long_does_not_deny_the_quick_ones() -> None:
    ledger = Ledger(ran=100.0)
    ledger.pay("gp", 30.0)
    ledger.pay("tpe", 0.004)
    assert not ledger.affords("gp")
    assert ledger.affords("tpe")
    ledger.ran = 0.1
    assert not ledger.affords("tpe")


def test_before_a_trial_was_measured_only_quick_asking_is_afforded() -> None:
    assert [name for name in FIRST_S if Ledger().affords(name)] == ["tpe", SINGLE, "cmaes", "nsga2", "nsga3"]


def test_taming_keeps_the_order_and_the_good_half() -> None:
    losses = [3.0, 1.0, 2.0, 1e9, 4.0, 5.0]
    tamed = tame(losses)
    assert sorted(range(6), key=tamed.__getitem__) == sorted(range(6), key=losses.__getitem__)
    assert tamed[:3] == losses[:3]
    assert max(tamed) < 100
    assert tame([2.0]) == [2.0]
    assert tame([2.0, 2.0]) == [2.0, 2.0]


# -- the strategy ------------------------------------------------------------
def test_it_begins_with_draws_and_goes_on_with_models_in_turn(stand_ins: list[str]) -> None:
    by = proposers(run(ready(), range(20), asked=0.001, ran=30.0))
    assert set(by[:10]) == {"tpe"}
    assert sorted(by[10:]) == ["gp"] * 5 + ["tpe"] * 3 + [SINGLE] * 2


def test_a_gaussian_process_is_spared_where_trials_are_short_and_the_remark_says_so(stand_ins: list[str]) -> None:
    strategy = ready()
    past = run(strategy, range(40), asked=0.01, ran=1.0)
    assert set(proposers(past)) == {"tpe", SINGLE}
    kept = strategy.explain()
    assert "quicker ones stand in where a Gaussian process would take over 5% of the trials' time" in kept


@pytest.mark.parametrize("ran", [0.02, 0.2, 1.0, 5.0, 60.0])
def test_asking_never_takes_more_than_its_share(stand_ins: list[str], ran: float) -> None:
    costs = {"gp": 0.3, "tpe": 0.004, SINGLE: 0.003, "cmaes": 0.001, "random": 0.0003}
    strategy, spent = ready(), 0.0
    for trial in range(150):
        parameters = strategy.ask(trial)
        assert parameters is not None
        first = 1.5 if strategy._asked_by == "gp" and "gp" not in strategy._ledger.asked else 0.0
        spent += first + costs[strategy._asked_by]
        strategy.timed(trial, asked=first + costs[strategy._asked_by])
        strategy.timed(trial, ran=ran)
        strategy.tell(trial, Outcome.COMPLETE, (float(parameters["x"]),))
    assert spent <= MOST_ASKING * ran * 150


def test_it_goes_on_without_a_gaussian_process_that_fails_and_says_so(
    stand_ins: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make = optuna_auto.make_sampler

    def broken(name: str, *rest: Any) -> Any:
        if name == "gp":
            raise OSError("libtorch.so: cannot open shared object file")
        return make(name, *rest)

    monkeypatch.setattr(optuna_auto, "make_sampler", broken)
    strategy = ready()
    assert set(proposers(run(strategy, range(16), asked=0.001, ran=30.0))) == {"tpe"}
    assert "without a Gaussian process, which failed (OSError: libtorch.so" in strategy.explain()


def test_it_leaves_no_trace_of_tamed_values(stand_ins: list[str]) -> None:
    strategy = ready()
    past = run(strategy, range(20), asked=0.001, ran=30.0)
    assert [each.values for each in strategy._memory.trials] == [list(each.values or ()) for each in past]


def test_after_a_restart_it_knows_the_history_and_what_asking_has_cost(stand_ins: list[str]) -> None:
    strategy = ready()
    past = run(strategy, range(15), asked=0.01, ran=30.0)
    memo = strategy.drain_memos().study or {}
    revived = ready()
    revived.restore([replace(each, memo=json.loads(json.dumps(each.memo))) for each in past], memo)
    assert revived._ledger.spent == pytest.approx(strategy._ledger.spent)
    assert sum(revived._ledger.spent.values()) == pytest.approx(0.15)
    assert revived._ledger.ran == pytest.approx(450.0)
    more = run(revived, range(15, 19), asked=0.01, ran=30.0)
    assert sorted(proposers(more)) == ["gp", "gp", "tpe", SINGLE]
    known = {NUMBERS.key(each.parameters) for each in past}
    assert known.isdisjoint(NUMBERS.key(each.parameters) for each in more)


def test_with_a_seed_the_times_change_nothing_and_without_one_they_do(stand_ins: list[str]) -> None:
    slow, quick = {"asked": 5.0, "ran": 0.01}, {"asked": 0.001, "ran": 30.0}
    for given, same in (({"seed": 3, "reproducible": None}, True), ({"seed": None, "reproducible": None}, False)):
        runs = [proposers(run(ready(**given), range(25), **times)) for times in (slow, quick)]
        assert (runs[0] == runs[1]) is same


def test_the_same_seed_and_times_give_the_same_proposals(stand_ins: list[str]) -> None:
    runs = [run(ready(seed=seed), range(25), asked=0.001, ran=30.0) for seed in (3, 3, 4)]
    assert [each.parameters for each in runs[0]] == [each.parameters for each in runs[1]]
    assert [each.parameters for each in runs[0]] != [each.parameters for each in runs[2]]


def test_the_remark_is_kept_with_the_study_and_written_only_when_it_changes(stand_ins: list[str]) -> None:
    strategy = ready(MIXED)
    first = strategy.drain_memos().study
    assert first is not None and first[REMARK].startswith("auto: a Gaussian process and TPE propose in turn")
    for trial in range(5):
        strategy.ask(trial)
        assert strategy.drain_memos().study is None


def test_it_is_heavy_only_when_a_gaussian_process_is_next(stand_ins: list[str]) -> None:
    strategy = ready()
    run(strategy, range(10), asked=0.001, ran=30.0)
    seen = set()
    for trial in range(10, 14):
        heavy = strategy.heavy
        strategy.ask(trial)
        assert heavy == (strategy._asked_by == "gp")
        seen.add(heavy)
    assert seen == {True, False}


def test_a_conditional_space_turns_on_tpes_group() -> None:
    space = as_space([ParameterSet([{"net": "small"}, {"net": "big", "depth": choice(1, 2, 3)}])])
    strategy = ready(space)
    strategy.ask(0)
    assert "group, because the space is conditional" in strategy.explain()


@pytest.mark.parametrize("told", [{"objectives": (LOSS, COST)}, {}, {"whole": True, "objectives": (LOSS, COST)}])
def test_what_becomes_of_hopeless_trials_is_said_once(told: dict[str, Any]) -> None:
    said = ready(**told).explain()
    assert said.count("nothing is pruned") + said.count("ends hopeless trials") == (0 if told.get("whole") else 1)


def test_a_space_whose_first_member_is_forbidden_is_served(stand_ins: list[str]) -> None:
    strategy = ready(as_space({"low": (0, 9), "high": (0, 9)}).with_constraints("low < high"))
    for trial in range(12):
        parameters = strategy.ask(trial)
        assert parameters is not None
        assert parameters["low"] < parameters["high"]
        strategy.tell(trial, Outcome.COMPLETE, (float(trial),))
