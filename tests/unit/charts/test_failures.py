from __future__ import annotations

import json
from dataclasses import replace

from hpo_widgets.charts.failures import LISTED, failure_key, group_failures
from hpo_widgets.model.task import LEFT, TaskRecord, TaskState
from tests.unit.charts.some_tasks import task

OVERFLOW = """Traceback (most recent call last):
  File "train.py", line 12, in train
    step(x)
  File "train.py", line 4, in step
    raise OverflowError(f"loss {x} is too large at 0x7f3a")
OverflowError: loss 12.5 is too large at 0x7f3a
"""
OTHER = OVERFLOW.replace("line 4", "line 5")


def failed(key: int, error: str = OVERFLOW, **parameters: object) -> TaskRecord:
    return task(key, TaskState.FAILED, error, **parameters)


def fine(key: int, **parameters: object) -> TaskRecord:
    return task(key, TaskState.COMPLETED, **parameters)


def test_tracebacks_that_differ_in_values_only_are_one_failure() -> None:
    same = OVERFLOW.replace("12.5", "-1e+300").replace("0x7f3a", "0xbeef")

    assert failure_key(same) == failure_key(OVERFLOW)
    assert failure_key(OTHER) != failure_key(OVERFLOW)
    assert failure_key("killed by signal 9") == failure_key("killed by signal 9")


def test_what_ended_in_order_with_its_kernel_is_no_failure() -> None:
    left = replace(task(1, TaskState.LOST), reason=LEFT)
    killed = replace(task(2, TaskState.LOST, "its process ended"), reason="lost")
    assert [group.title for group in group_failures([fine(0), left, killed])] == ["its process ended"]


def test_groups_are_counted_and_the_most_frequent_comes_first() -> None:
    groups = group_failures([failed(0, OTHER), failed(1), fine(2), failed(3)])

    assert [(group.count, [number for number, *_ in group.tasks]) for group in groups] == [(2, [3, 1]), (1, [0])]
    assert groups[0].title == "OverflowError: loss 12.5 is too large at 0x7f3a"
    assert groups[0].traceback == OVERFLOW


def test_shared_parameters_are_those_that_tell_the_failed_from_the_others() -> None:
    groups = group_failures(
        [
            failed(0, lr=0.9, act="relu", seed=1),
            failed(1, lr=0.8, act="relu", seed=1),
            fine(2, lr=0.1, act="relu", seed=1),
            fine(3, lr=0.2, act="tanh", seed=1),
            fine(4, lr=0.3, act="tanh", seed=1),
        ]
    )

    said = [(each.name, each.values, each.elsewhere) for each in groups[0].shared]
    assert said == [("lr", (0.8, 0.9), 0), ("act", ("relu",), 1)]


def test_one_failure_shares_nothing_with_itself() -> None:
    assert group_failures([failed(0, lr=0.9), fine(1, lr=0.1)])[0].shared == ()


def test_when_all_failed_the_values_they_share_are_said() -> None:
    groups = group_failures([failed(0, lr=0.9, act="relu"), failed(1, lr=0.8, act="relu")])

    assert [(each.name, each.values) for each in groups[0].shared] == [("act", ("relu",))]


def test_a_lost_task_without_a_traceback_is_grouped_by_its_reason() -> None:
    groups = group_failures([task(0, TaskState.LOST), failed(1, "")])

    assert sorted(group.title for group in groups) == ["failed", "lost"]


def test_ten_thousand_failures_are_named_in_bounded_size() -> None:
    groups = group_failures([failed(key, "Error: " + "x" * 100_000) for key in range(2 * LISTED)])

    assert groups[0].count == 2 * LISTED
    assert len(json.dumps(groups[0].to_json(), allow_nan=False)) < 60_000
