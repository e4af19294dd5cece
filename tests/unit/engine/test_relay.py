"""A study with rungs, by hand: who is stopped, who goes on with whom, and what the records and gauges say."""

from __future__ import annotations

import pytest

from hpo_widgets.engine.relay import with_detail
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.stint import Handover, Stint, own_iterations
from hpo_widgets.model.task import TaskRecord, TaskState
from hpo_widgets.strategies.rungs_named import Asha
from tests.unit.engine.hands import Hands


class Ladder(Asha):
    """Is ASHA from 1 to 9 iterations, at random."""

    def __init__(self) -> None:
        super().__init__(sampler="random", max_budget=9)


def study(slots: int = 3, **limits: int) -> Hands:
    return Hands(strategy=Ladder, limits=Limits(max_number_of_concurrent_tasks=slots, **limits))


def first_three(hands: Hands, values: tuple[float, float, float] = (0.1, 0.7, 0.5)) -> list[TaskRecord]:
    """Runs the first three trials to the lowest rung, where all stop, and ends them."""
    hands.step()
    tasks = hands.claim(3)
    for task, value in zip(tasks, values, strict=True):
        hands.report(task, value, 1)
        hands.step()
    hands.obey()
    hands.step()
    return tasks


def test_a_task_that_stops_at_its_rung_is_complete_and_says_where() -> None:
    hands = study()
    first_three(hands)
    ended = hands.tasks(TaskState.COMPLETED)
    assert [task.reason for task in ended][1:] == ["stopped at rung (1 of 3, iteration 1)"] * 2


def test_the_best_goes_on_in_the_folder_of_the_one_before_and_both_say_so() -> None:
    hands = study()
    first = first_three(hands)[0]
    follower = next(task for task in hands.tasks() if task.trial == 3)
    assert follower.parameters == first.parameters
    stint, handover = Stint.of(follower.memo), Handover.of(follower.memo)
    assert stint is not None
    assert (stint.follows, stint.budget) == (0, 3)
    assert handover == Handover(checkpoint=first.id, before=1)
    assert hands.store.task(first.id).reason == "stopped at rung (1 of 3, iteration 1; promoted: trial 3)"


@pytest.mark.parametrize(
    ("began", "said", "done"), [(2, "trial 0 went on from iteration 1", 1 + 2), (1, "trial 0 begun anew", 1 + 3)]
)
def test_the_record_says_whether_it_went_on_or_began_anew_and_the_gauge_counts_what_was_done(
    began: int, said: str, done: int
) -> None:
    hands = study(total_max_jobs=4)
    first_three(hands)
    follower = hands.claim(1)[0]
    for iteration in range(began, 4):
        hands.report(follower, 0.1, iteration)
        hands.step()
    hands.obey()
    hands.step()
    hands.step()
    record = hands.store.task(follower.id)
    assert record.reason == f"stopped at rung (2 of 3, iteration 3; {said})"
    assert hands.engine.picture.usage(hands.now).iterations == 2 + done


def test_jobs_are_tasks_and_their_limit_holds() -> None:
    hands = study(total_max_jobs=4)
    first_three(hands)
    assert len(hands.tasks()) == 4
    hands.end(hands.claim(1)[0])
    hands.step()
    assert hands.engine.finished


def test_one_that_rises_without_a_stop_keeps_its_task_and_its_record_the_new_budget() -> None:
    hands = study()
    first_three(hands, (0.5, 0.7, 0.1))
    risen = next(task for task in hands.tasks(TaskState.RUNNING) if task.trial == 2)
    stint = Stint.of(risen.memo)
    assert stint is not None
    assert (stint.rung, stint.budget, stint.first) == (1, 3, 0)


def test_a_crash_leaves_everybody_on_their_rung_and_what_was_under_way_starts_with_the_same_checkpoint() -> None:
    hands = study()
    first = first_three(hands)[0]
    hands.claim(3)
    hands.crash()
    hands.step()
    again = next(task for task in hands.tasks() if task.trial == 3 and task.attempt == 1)
    handover = Handover.of(again.memo)
    assert handover is not None
    assert handover.checkpoint == first.id
    # And what the retry reports is judged on its rung.
    task = next(task for task in hands.claim(3) if task.id == again.id)
    hands.report(task, 0.2, 3)
    hands.step()
    assert (task.id, "stopped at rung") in hands.obey()


def test_a_follower_whose_engine_died_at_its_end_says_what_it_went_on_from() -> None:
    hands = study()
    first_three(hands)
    follower = next(task for task in hands.claim(3) if task.trial == 3)
    hands.report(follower, 0.1, 2)
    hands.step()
    hands.end(follower)
    hands.crash()
    assert hands.store.task(follower.id).reason == "completed (trial 0 went on from iteration 1)"


def test_iterations_before_the_checkpoint_are_another_tasks() -> None:
    memo = {"handover": Handover(checkpoint="a", before=9, since=9).to_json()}
    assert own_iterations(27, memo) == 18
    assert own_iterations(27, None) == 27
    assert own_iterations(None, memo) == 0


def test_details_are_added_once() -> None:
    once = with_detail("stopped at rung", "1 of 3")
    assert once == "stopped at rung (1 of 3)"
    assert with_detail(once, "promoted") == "stopped at rung (1 of 3; promoted)"
    assert with_detail(once, "1 of 3") == once
