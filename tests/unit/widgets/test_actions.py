from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.study import StudyState
from hpo_widgets.widgets.panels.actions import act, available, read_limits
from hpo_widgets.widgets.panels.steering import Requests, fields_of, steering_head
from tests.unit.widgets.desk import Desk


@pytest.fixture
def running(desk: Callable[..., Desk]) -> Desk:
    made = desk(total_max_jobs=10)
    made.run()
    return made


def requests(made: Desk) -> list[tuple[str, Any]]:
    return [(each.kind.value, each.payload) for each in made.store.requests(made.study.id)]


@pytest.mark.parametrize("op", ["pause", "resume", "drain", "stop"])
def test_a_press_is_one_request(running: Desk, op: str) -> None:
    act(running.study, {"op": op})

    assert requests(running) == [(op, {})]


def test_limits_come_in_minutes_and_go_as_seconds(running: Desk) -> None:
    act(
        running.study,
        {
            "op": "limits",
            "limits": {"max_number_of_concurrent_tasks": "4", "total_max_jobs": "", "optimization_time_limit": "1.5"},
        },
    )

    expected = {"max_number_of_concurrent_tasks": 4, "total_max_jobs": None, "optimization_time_limit": 90.0}
    assert requests(running) == [("set_limits", expected)]


def test_fields_of_limits_read_back_as_the_limits(desk: Callable[..., Desk]) -> None:
    early = {"patience": 5, "min_gain": 0.01, "target": 0.9, "terminator": "emmr", "expected_gain": 0.002}
    limits = Limits(total_max_jobs=10, compute_time_limit=45.0, retries=2, **early)
    made = desk(**limits.to_json())

    read = read_limits({field["name"]: field["text"] for field in fields_of(made.study, {"kind": "limits"})})

    assert Limits.from_json(read) == limits


def test_wrong_limits_are_named_all_at_once_and_ask_for_nothing(running: Desk) -> None:
    with pytest.raises(InvalidInput) as caught:
        act(running.study, {"op": "limits", "limits": {"total_max_jobs": "many", "optimization_time_limit": "1:30"}})

    assert [each.partition(":")[0] for each in caught.value.problems] == ["Trials in all", "Minutes in all"]
    assert requests(running) == []


@pytest.mark.parametrize(
    ("objectives", "limits", "said"),
    [
        (1, {"min_gain": "0.1"}, "Least gain is 0.1 without “trials without a better value”"),
        (1, {"terminator": "best"}, "Terminator is 'best'; give one of regret"),
        (1, {"total_max_jobs": "0"}, "Trials in all is 0; give a whole number of at least 1, or leave it empty."),
        (2, {"patience": "3"}, "“trials without a better value” and target value judge one objective"),
        (2, {"terminator": "stagnation"}, "Terminator and expected gain judge one objective"),
    ],
)
@pytest.mark.parametrize("state", [None, StudyState.STOPPED])
def test_limits_that_cannot_hold_are_refused_in_the_words_of_the_dialog(
    desk: Callable[..., Desk], objectives: int, limits: dict[str, str], said: str, state: StudyState | None
) -> None:
    made = desk(objective=["loss", "cost"][:objectives], direction=["min", "min"][:objectives])
    made.run()
    if state is not None:
        made.move(state, ended=2000.0)

    with pytest.raises(InvalidInput, match=re.escape(said)):
        act(made.study, {"op": "limits", "limits": limits})

    assert requests(made) == []


def test_nothing_is_asked_for_when_no_limit_was_touched(running: Desk) -> None:
    assert act(running.study, {"op": "limits", "limits": {}}) == "No limit was changed."
    assert requests(running) == []


def test_a_trial_by_hand_is_queued_with_its_types(running: Desk) -> None:
    act(running.study, {"op": "enqueue", "texts": {"lr": "0.25"}})

    assert requests(running) == [("enqueue", {"parameters": {"lr": 0.25}})]


def test_ranges_are_changed(running: Desk) -> None:
    said = act(running.study, {"op": "space", "fields": [{"name": "lr", "low": "0.1", "high": "0.5"}]})

    [(kind, payload)] = requests(running)
    assert kind == "set_space"
    assert payload["space"]["parameters"][0]["max_value"] == 0.5
    assert "'lr'" in said


def test_all_tasks_of_a_failure_are_retried(running: Desk) -> None:
    tasks = [running.trial(number, lr=number / 10) for number in (1, 2)]

    act(running.study, {"op": "retry", "tasks": tasks})

    assert [payload["parameters"] for _, payload in requests(running)] == [{"lr": 0.1}, {"lr": 0.2}]


def test_a_file_that_an_export_must_not_replace_is_refused(running: Desk) -> None:
    for place in ("", "train.py", "study.json"):
        with pytest.raises(InvalidInput, match=r"\.csv"):
            act(running.study, {"op": "export", "kind": "csv", "place": place})


@pytest.mark.parametrize("op", ["open", "__class__", None])
def test_what_is_no_press_is_refused(running: Desk, op: Any) -> None:
    with pytest.raises(InvalidInput, match="is not known"):
        act(running.study, {"op": op})


def test_a_control_without_a_method_is_not_offered(running: Desk) -> None:
    class Less:
        pause = retry = None

    assert "space" in available(running.study)
    assert "retry" in available(Less()) and "space" not in available(Less())  # type: ignore[arg-type]


def test_what_is_under_way_and_what_was_refused_is_said(running: Desk) -> None:
    running.study.pause()
    running.study.set_limits(max_jobs=3)
    kept = Requests()
    kept.put(running.store.requests(running.study.id))
    assert kept.asked() == ["pause", "set_limits"]

    for each in running.store.open_requests(study=running.study.id):
        running.store.answer(each.id, 1000.0, "no" if each.kind.value == "pause" else None)
    kept.put(running.store.requests(running.study.id))

    assert kept.asked() == []
    assert kept.refused(1010.0) == ["pause: no"]
    assert kept.refused(2000.0) == []


def test_an_ended_study_offers_other_limits_and_exports(desk: Callable[..., Desk]) -> None:
    made = desk()
    base = {"state": "stopped"}

    head = steering_head(made.study, base, Requests(), 1000.0)

    assert (head["buttons"]["limits"], head["buttons"]["trial"], head["buttons"]["drain"]) == (True, False, False)
    assert [kind for kind, *_ in head["exports"]][:3] == ["csv", "json", "optuna"]
