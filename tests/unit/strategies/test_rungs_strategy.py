"""BOHB, Hyperband and ASHA: who starts, who goes up, who stops; and the same again after a restart."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.objective import Objective, Sign
from hpo_widgets.model.space_shorthand import as_space
from hpo_widgets.model.stint import Stint
from hpo_widgets.strategies import Outcome, Past, Problem, Strategy, create_strategy

SPACE = as_space({"x": (0.0, 1.0), "act": ["relu", "tanh"]})
LOSS = Objective("loss", "loss", Sign.MIN)
NAMES = ["bohb", "hyperband", "asha"]


def ready(name: str = "hyperband", most: int = 9, least: int = 1, seed: int | None = 1, **told: Any) -> Strategy:
    strategy = create_strategy(name, **told.pop("options", {}))
    objectives = told.pop("objectives", (LOSS,))
    strategy.setup(
        Problem(
            space=told.pop("space", SPACE),
            objectives=objectives,
            seed=seed,
            max_iteration_per_job=most,
            min_iteration_per_job=least,
            **told,
        )
    )
    return strategy


@dataclass
class Slots:
    """Is a study by hand: slots that run trials iteration by iteration; memos are kept as the store keeps them."""

    strategy: Strategy
    slots: int = 1
    fails: Callable[[int], bool] = lambda _: False
    most: int = 9
    dice: random.Random = field(default_factory=lambda: random.Random(3))
    past: dict[int, Past] = field(default_factory=dict)
    running: dict[int, list[tuple[int, float]]] = field(default_factory=dict)
    next: int = 0
    idle: int = 0

    def stint(self, trial: int) -> Stint:
        found = Stint.of(self.past[trial].memo)
        assert found is not None
        return found

    def keep(self) -> None:
        for trial, memo in self.strategy.drain_memos().trials.items():
            self.past[trial] = Past(**{**vars(self.past[trial]), "memo": memo})

    def fill(self) -> None:
        while len(self.running) < self.slots:
            parameters = self.strategy.ask(self.next)
            if parameters is None:
                self.idle += 1
                return
            self.past[self.next] = Past(trial=self.next, parameters=parameters)
            self.running[self.next] = []
            self.next += 1
            self.keep()

    def loss(self, trial: int, iteration: int) -> float:
        x = self.past[trial].parameters["x"]
        return abs(x - 0.3) + 1 / iteration

    def go_on(self, trial: int) -> None:
        """Does one iteration of a trial."""
        if self.fails(trial):
            self.end(trial, Outcome.FAILED)
            return
        reports = self.running[trial]
        iteration = len(reports) + 1
        value = self.loss(trial, iteration)
        reports.append((iteration, value))
        self.past[trial] = Past(**{**vars(self.past[trial]), "reports": tuple(reports)})
        self.strategy.report(trial, iteration, value)
        stop = self.strategy.should_stop(trial)
        self.keep()
        if stop or iteration >= self.most:
            self.end(trial, Outcome.COMPLETE)

    def end(self, trial: int, outcome: Outcome) -> None:
        reports = self.running.pop(trial)
        values = (reports[-1][1],) if outcome is Outcome.COMPLETE else None
        self.past[trial] = Past(**{**vars(self.past[trial]), "outcome": outcome, "values": values})
        self.strategy.tell(trial, outcome, values)

    def run(self, trials: int) -> Slots:
        while self.next < trials or self.running:
            if self.next < trials:
                self.fill()
            if not self.running:
                break
            self.go_on(self.dice.choice(sorted(self.running)))
        return self


def climbs(slots: Slots) -> dict[tuple[int, int], Counter[str]]:
    """Counts by (bracket, rung): who arrived there, and who left it upwards."""
    found: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    for trial in slots.past:
        stint = slots.stint(trial)
        if stint.follows is not None:
            found[stint.bracket, stint.first - 1]["up"] += 1
        for rung in range(stint.first, stint.rung + 1):
            found[stint.bracket, rung]["came"] += 1
            found[stint.bracket, rung]["up"] += rung < stint.rung
    return found


def test_a_bracket_ends_with_the_sizes_of_hpbandster() -> None:
    slots = Slots(ready("hyperband", most=9), slots=3).run(60)
    # 1..9 by 3: brackets 9@1 3@3 1@9, then 3@3 1@9, then 3@9.
    found = climbs(slots)
    assert [found[0, rung]["came"] for rung in range(3)] == [9, 3, 1]
    assert [found[1, rung]["came"] for rung in range(3)] == [0, 3, 1]
    assert [found[2, rung]["came"] for rung in range(3)] == [0, 0, 3]


@pytest.mark.parametrize("name", NAMES)
def test_the_best_third_goes_up_and_the_whole_training_is_for_few(name: str) -> None:
    slots = Slots(ready(name, most=9), slots=4).run(80)
    for count in climbs(slots).values():
        assert count["up"] <= max(1, count["came"] / 3)
    # Of the members that began on the lowest rung of the first bracket the winner is on the last one.
    asked = [t for t in slots.past if slots.stint(t).bracket == 0 and slots.stint(t).follows is None]
    winners = [t for t in slots.past if slots.stint(t).bracket == 0 and slots.stint(t).rung == 2]
    assert winners
    best = sorted(abs(slots.past[t].parameters["x"] - 0.3) for t in asked)
    assert all(abs(slots.past[t].parameters["x"] - 0.3) <= best[len(best) // 3] for t in winners)


def test_one_that_is_among_the_best_goes_on_without_a_stop_and_others_end() -> None:
    strategy = ready("asha", most=9)
    for trial in range(3):
        assert strategy.ask(trial) is not None
    stops = []
    for trial, value in enumerate([0.5, 0.7, 0.1]):
        strategy.report(trial, 1, value)
        stops.append(strategy.should_stop(trial))
    assert stops == [True, True, False]
    assert strategy.stop_detail(0) == "1 of 3, iteration 1"
    stint = Stint.of(strategy.drain_memos().trials[2])
    assert stint == Stint(rung=1, rungs=3, budget=3, first=0)


def test_one_that_was_stopped_and_turns_out_to_be_good_goes_on_as_a_new_trial() -> None:
    strategy = ready("asha", most=9)
    asked = [strategy.ask(trial) for trial in range(3)]
    strategy.drain_memos()
    for trial, value in enumerate([0.1, 0.7, 0.5]):
        strategy.report(trial, 1, value)
        assert strategy.should_stop(trial)
        strategy.tell(trial, Outcome.COMPLETE, (value,))
    assert strategy.ask(3) == asked[0]
    stint = Stint.of(strategy.drain_memos().trials[3])
    assert stint == Stint(rung=1, rungs=3, budget=3, first=1, follows=0)


def test_a_task_that_ends_at_the_budget_it_was_given_goes_up_as_a_new_one() -> None:
    strategy = ready("asha", most=9)
    asked = [strategy.ask(trial) for trial in range(3)]
    for trial, value in enumerate([0.5, 0.7, 0.1]):
        strategy.report(trial, 1, value)
        strategy.should_stop(trial)
        strategy.tell(trial, Outcome.COMPLETE, (value,))
    assert strategy.ask(3) == asked[2]


def test_a_task_whose_training_was_over_before_its_budget_is_not_run_again() -> None:
    strategy = ready("asha", most=81, least=27)
    asked = [strategy.ask(trial) for trial in range(3)]
    for trial, value in enumerate([0.5, 0.7, 0.1]):
        strategy.report(trial, 5, value)
        strategy.tell(trial, Outcome.COMPLETE, (value,))
    assert strategy.ask(3) not in asked


def test_a_task_that_counts_no_iterations_goes_up() -> None:
    strategy = ready("asha", most=9)
    asked = [strategy.ask(trial) for trial in range(3)]
    for trial, value in enumerate([0.5, 0.7, 0.1]):
        strategy.tell(trial, Outcome.COMPLETE, (value,))
    assert strategy.ask(3) == asked[2]


def test_larger_is_better_where_the_objective_says_so() -> None:
    strategy = ready("asha", most=9, objectives=(Objective("acc", "acc", Sign.MAX),))
    asked = [strategy.ask(trial) for trial in range(3)]
    for trial, value in enumerate([0.5, 0.7, 0.1]):
        strategy.tell(trial, Outcome.COMPLETE, (value,))
    assert strategy.ask(3) == asked[1]


def test_failures_take_their_place_on_a_rung_and_never_go_up() -> None:
    slots = Slots(ready("hyperband"), slots=2, fails=lambda trial: trial % 2 == 0).run(60)
    followed = {slots.stint(trial).follows for trial in slots.past}
    assert followed != {None}
    assert not any(each is not None and each % 2 == 0 for each in followed)


def test_a_trial_made_by_hand_is_a_whole_training() -> None:
    strategy = ready("bohb")
    strategy.adopt(0, {"x": 0.5, "act": "relu"})
    strategy.report(0, 8, 0.1)
    assert not strategy.should_stop(0)
    assert strategy.stop_detail(0) is None
    assert 0 not in strategy.drain_memos().trials


def test_with_several_objectives_every_training_is_whole() -> None:
    strategy = ready("bohb", objectives=(LOSS, Objective("acc", "acc", Sign.MAX)))
    strategy.ask(0)
    stint = Stint.of(strategy.drain_memos().trials[0])
    assert stint is not None
    assert (stint.budget, stint.rungs) == (9, 1)
    assert "several objectives" in strategy.explain()


@pytest.mark.parametrize("name", NAMES)
def test_without_a_largest_iteration_it_says_what_to_do(name: str) -> None:
    strategy = create_strategy(name)
    with pytest.raises(InvalidInput, match="needs max_iteration_per_job"):
        strategy.setup(Problem(space=SPACE, objectives=(LOSS,)))


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"eta": 1.5}, "eta"),
        ({"min_budget": 0}, "min_budget"),
        ({"max_budget": 2.5}, "max_budget"),
        ({"top_n_percent": 200}, "top_n_percent"),
        ({"random_fraction": -0.1}, "random_fraction"),
        ({"num_samples": 0}, "num_samples"),
        ({"min_points_in_model": 0}, "min_points_in_model"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, Any], word: str) -> None:
    with pytest.raises(InvalidInput, match=word):
        create_strategy("bohb", **options)


def test_a_model_proposes_once_a_rung_has_enough_results() -> None:
    # With chance left out, what is proposed gathers around the optimum.
    slots = Slots(ready("bohb", options={"random_fraction": 0.0}), slots=1).run(120)
    fresh = [slots.past[t].parameters["x"] for t in slots.past if slots.stint(t).follows is None]
    early, late = fresh[:8], fresh[-20:]
    spread = [sum(abs(x - 0.3) for x in part) / len(part) for part in (early, late)]
    assert spread[1] < spread[0] / 2


# -- properties --------------------------------------------------------------------------------------------------------
STUDY = {
    "name": st.sampled_from(NAMES),
    "most": st.integers(1, 30),
    "slots": st.integers(1, 6),
    "eta": st.sampled_from([2, 2.5, 3, 4]),
    "seed": st.integers(0, 10_000),
}
FEW = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))


def played(name: str, most: int, slots: int, eta: float, seed: int, trials: int = 50) -> Slots:
    strategy = ready(name, most=most, seed=seed, options={"eta": eta})
    dice = random.Random(seed)
    hopeless = {trial for trial in range(trials) if dice.random() < 0.1}
    study = Slots(strategy, slots=slots, most=most, fails=hopeless.__contains__, dice=dice)
    return study.run(trials)


@FEW
@given(**STUDY)
def test_every_free_slot_gets_work_and_nothing_runs_twice_at_a_budget(
    name: str, most: int, slots: int, eta: float, seed: int
) -> None:
    study = played(name, most, slots, eta, seed)
    assert study.idle == 0
    began = Counter((SPACE.key(each.parameters), study.stint(trial).first) for trial, each in study.past.items())
    assert set(began.values()) == {1}


@FEW
@given(**STUDY)
def test_at_no_time_more_than_one_in_eta_has_gone_up(name: str, most: int, slots: int, eta: float, seed: int) -> None:
    study = played(name, most, slots, eta, seed)
    for count in climbs(study).values():
        assert count["up"] <= count["came"] / eta + 1e-9


@FEW
@given(**STUDY)
def test_a_seed_makes_it_the_same_again(name: str, most: int, slots: int, eta: float, seed: int) -> None:
    one, other = (played(name, most, slots, eta, seed, 40) for _ in range(2))
    assert [(p.parameters, p.memo) for p in one.past.values()] == [(p.parameters, p.memo) for p in other.past.values()]


@FEW
@given(**STUDY, cut=st.integers(1, 40))
def test_a_restart_leaves_everybody_on_their_rung(
    name: str, most: int, slots: int, eta: float, seed: int, cut: int
) -> None:
    # Given a study that died with trials under way
    strategy = ready(name, most=most, seed=seed, options={"eta": eta})
    before = Slots(strategy, slots=slots, most=most, dice=random.Random(seed))
    for _ in range(cut):
        before.fill()
        before.go_on(before.dice.choice(sorted(before.running)))
    # When another one is made of what the store has
    revived = ready(name, most=most, seed=seed, options={"eta": eta})
    revived.restore(list(before.past.values()))
    after = Slots(revived, slots=slots, most=most, past=dict(before.past), next=before.next, dice=random.Random(seed))
    after.running = {trial: list(reports) for trial, reports in before.running.items()}
    # Then who goes up next is the same
    asked = [each.ask(before.next) for each in (strategy, revived)]
    memos = [each.drain_memos().trials for each in (strategy, revived)]
    stints = [Stint.of(memo[before.next]) for memo in memos]
    assert stints[0] == stints[1]
    if stints[0] is not None and stints[0].follows is not None:
        assert asked[0] == asked[1]
    # And what goes on keeps the rules
    after.past[before.next] = Past(trial=before.next, parameters=asked[1] or {}, memo=memos[1][before.next])
    after.running[before.next], after.next = [], before.next + 1
    after.run(before.next + 30)
    assert after.idle == 0
    for count in climbs(after).values():
        assert count["up"] <= count["came"] / eta + 1e-9


def test_nobody_goes_on_with_a_task_that_has_not_ended_yet() -> None:
    strategy = ready("asha", most=9)
    asked = [strategy.ask(trial) for trial in range(3)]
    for trial, value in enumerate([0.1, 0.7, 0.5]):
        strategy.report(trial, 1, value)
        assert strategy.should_stop(trial)
    assert strategy.ask(3) not in asked
    strategy.tell(0, Outcome.COMPLETE, (0.1,))
    assert strategy.ask(4) == asked[0]


def test_a_task_that_ran_on_before_it_could_be_ended_is_not_run_again() -> None:
    strategy = ready("asha", most=9)
    asked = [strategy.ask(trial) for trial in range(3)]
    for trial, value in enumerate([0.1, 0.7, 0.5]):
        for iteration in range(1, 5):
            strategy.report(trial, iteration, value)
            assert strategy.should_stop(trial)
        strategy.tell(trial, Outcome.COMPLETE, (value,))
    assert strategy.ask(3) not in asked


@pytest.mark.parametrize("name", NAMES)
def test_it_can_move_to_another_process_with_all_it_knows(name: str) -> None:
    import cloudpickle

    before = Slots(ready(name), slots=2).run(30).strategy
    moved = cloudpickle.loads(cloudpickle.dumps(before))
    asked = [[each.ask(trial) for trial in range(30, 36)] for each in (before, moved)]
    assert asked[0] == asked[1]
    assert None not in asked[0]
