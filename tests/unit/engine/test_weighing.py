"""When Optuna's terminator is asked, what its word does to a study, and what its failure does not do."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from hands import Hands

from hpo_widgets.engine import weighing
from hpo_widgets.engine.desk import Raised
from hpo_widgets.engine.planner import plan
from hpo_widgets.engine.weighing import REST, Ended, Scales, result_of
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.objective import Objective, Sign
from hpo_widgets.model.study import RequestKind, StudyState
from hpo_widgets.model.task import Reason, TaskState
from hpo_widgets.strategies.base import Outcome
from hpo_widgets.strategies.terminators import Verdict

NOT_YET = Verdict(enough=False, said="not yet")


class Judge:
    """Takes a time to judge, and says it is enough once it knows so many results."""

    def __init__(self, enough: int = 10**6, takes: float = 0.0, clock: list[float] | None = None) -> None:
        self.enough, self.takes, self.clock = enough, takes, clock or [0.0]
        self.known: list[tuple[Mapping[str, Any], float]] = []
        self.threads: list[threading.Thread] = []

    def learn(self, results: Iterable[tuple[Mapping[str, Any], float]]) -> None:
        self.known += results

    def judge(self) -> Verdict:
        self.threads.append(threading.current_thread())
        self.clock[0] += self.takes
        return Verdict(enough=True, said="that will do") if len(self.known) >= self.enough else NOT_YET


def some(*values: float) -> tuple[Ended, ...]:
    return tuple(Ended(parameters={"x": 0.5}, value=value) for value in values)


def test_weighing_takes_a_fifth_of_the_time_at_most_and_forgets_no_result() -> None:
    now = [0.0]
    judge = Judge(takes=2.0, clock=now)

    def make() -> Any:
        now[0] += 100.0  # to load it does not count
        return judge

    scales = Scales(make, clock=lambda: now[0])

    assert scales.handle(some(1.0)) == [NOT_YET]
    now[0] += 2.0 * REST - 0.1
    assert scales.handle(some(2.0)) == []
    now[0] += 0.1
    assert scales.handle(some(3.0)) == [NOT_YET]
    assert [value for _, value in judge.known] == [1.0, 2.0, 3.0]
    assert 2.0 * len(judge.threads) / (now[0] - 100.0 + 2.0 * REST) <= 0.2


def test_what_a_terminator_raises_is_told_once() -> None:
    def make() -> Any:
        raise ArithmeticError("no model fits")

    scales = Scales(make)

    (raised,) = scales.handle(some(1.0))
    assert isinstance(raised, Raised) and "no model fits" in raised.error
    assert scales.handle(some(2.0)) == []


def driven(monkeypatch: pytest.MonkeyPatch, judge: Any, objectives: int = 1, **limits: Any) -> Hands:
    """Gives a study whose terminator is the judge, as if Optuna had made it."""
    monkeypatch.setattr(weighing, "_terminator", lambda *_: judge)
    names = ["loss", "cost"][:objectives]
    return Hands(
        limits=Limits(terminator="stagnation", **limits), objectives=tuple(Objective(n, n, Sign.MIN) for n in names)
    )


def run(hands: Hands, count: int, value: float = 1.0) -> None:
    """Lets so many trials come to a good end, one after the other."""
    for _ in range(count):
        hands.step()
        (task,) = hands.claim()
        hands.report(task, value)
        hands.end(task)
    hands.step()


def test_a_study_whose_terminator_has_said_enough_ends_and_says_what_it_said(monkeypatch: pytest.MonkeyPatch) -> None:
    hands = driven(monkeypatch, judge := Judge(enough=22))

    run(hands, 22)

    record = hands.store.study(hands.study)
    assert (record.state, record.reason) == (StudyState.COMPLETED, "limit: terminator (that will do)")
    assert len(judge.threads) == 3  # with the 20th result, the 21st and the 22nd


def test_what_a_terminator_says_of_the_results_so_far_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    hands = driven(monkeypatch, Judge(enough=22))
    run(hands, 3)
    assert hands.engine.weigher.figure == "stagnation: 3 of the 20 results that it needs"

    run(hands, 17)
    assert hands.engine.weigher.figure == "not yet"

    hands.ask(RequestKind.SET_LIMITS, terminator=None)
    hands.step()
    assert hands.engine.weigher.figure == ""


def test_what_still_runs_when_it_is_enough_runs_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    hands = driven(monkeypatch, Judge(enough=20), max_number_of_concurrent_tasks=2)
    hands.step()
    last, *_ = hands.claim()

    run(hands, 20)

    assert hands.store.task(last.id).state is TaskState.RUNNING
    assert plan(hands.engine.picture, hands.now).stops == ()
    assert hands.store.study(hands.study).state is StudyState.RUNNING
    hands.end(last)
    hands.step()
    assert (hands.store.study(hands.study).reason or "").startswith(Reason.TERMINATOR.value)


def test_a_study_with_too_few_results_for_its_terminator_says_so_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    hands = driven(monkeypatch, judge := Judge(enough=1), total_max_jobs=3)

    run(hands, 3)

    said = "limit: total_max_jobs (the terminator had 3 of the 20 results that it needs)"
    assert hands.store.study(hands.study).reason == said
    assert judge.threads == []

    hands.open()
    hands.step()
    assert hands.store.study(hands.study).reason == "limit: total_max_jobs"  # no trial was run: there is no more to say


def test_several_objectives_are_not_judged_and_the_notice_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    hands = driven(monkeypatch, judge := Judge(enough=1), objectives=2, total_max_jobs=21)

    run(hands, 21)

    assert judge.threads == []
    assert "judge one objective" in (hands.engine.weigher.notice or "")
    said = "limit: total_max_jobs (the terminator could not judge)"
    assert hands.store.study(hands.study).reason == said


def test_a_terminator_that_fails_ends_nothing_and_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(Judge):
        def judge(self) -> Verdict:
            super().judge()
            raise ArithmeticError("singular matrix")

    hands = driven(monkeypatch, judge := Broken(), total_max_jobs=25)

    run(hands, 25)

    assert len(judge.threads) == 1
    assert "ArithmeticError: singular matrix" in (hands.engine.weigher.notice or "")
    assert hands.store.study(hands.study).state is StudyState.COMPLETED


def test_a_terminator_set_on_the_way_knows_what_was_found_before_and_outlives_a_crash(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hands = driven(monkeypatch, judge := Judge(enough=26))
    hands.ask(RequestKind.SET_LIMITS, terminator=None)
    run(hands, 23, value=3.0)
    assert judge.known == []

    hands.ask(RequestKind.SET_LIMITS, terminator="stagnation")
    run(hands, 1)
    assert [value for _, value in judge.known] == [3.0] * 23 + [1.0]

    monkeypatch.setattr(weighing, "_terminator", lambda *_: second)
    second = Judge(enough=26)
    hands.crash()
    run(hands, 2)
    assert len(second.known) == 26
    assert (hands.store.study(hands.study).reason or "").startswith(Reason.TERMINATOR.value)


def test_going_on_after_the_terminator_gives_it_as_many_results_again(monkeypatch: pytest.MonkeyPatch) -> None:
    hands = driven(monkeypatch, Judge(enough=20))
    run(hands, 20)
    assert hands.engine.finished

    hands.open()
    run(hands, 19)
    assert not hands.engine.finished
    run(hands, 2)
    assert hands.engine.finished


@pytest.mark.parametrize(
    ("end", "reason", "counts"),
    [
        ((Outcome.COMPLETE, (1.0,)), None, True),
        ((Outcome.COMPLETE, (float("nan"),)), None, False),
        ((Outcome.COMPLETE, None), None, False),  # it broke a constraint
        ((Outcome.COMPLETE, (1.0,)), "stopped at rung (3 of 27)", False),
        ((Outcome.PRUNED, None), "pruned", False),
        (None, None, False),  # other runs of its set are under way
    ],
)
def test_only_results_of_full_length_that_are_allowed_count(end: Any, reason: str | None, counts: bool) -> None:
    hands = Hands()
    hands.step()
    (task,) = hands.claim()
    hands.end(task, reason=reason)

    assert (result_of(hands.store.task(task.id), end) is not None) == counts
