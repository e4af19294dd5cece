"""Which finished tasks stay in sight."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hpo_widgets.engine.podium import Podium
from hpo_widgets.model.front import dominates
from hpo_widgets.model.objective import Objective
from hpo_widgets.model.task import TaskState

TWO = (Objective("a", "a"), Objective("b", "b"))
POINTS = st.lists(st.tuples(st.integers(0, 6).map(float), st.integers(0, 6).map(float)), max_size=20)


def hidden_of(podium: Podium, points: list[tuple[float, ...]]) -> set[int]:
    hidden: set[int] = set()
    for number, point in enumerate(points):
        hidden.update(map(int, podium.add(str(number), TaskState.COMPLETED, point)))
    return hidden


def test_one_objective_keeps_as_many_as_asked_for() -> None:
    assert hidden_of(Podium(TWO[:1], 2), [(3.0,), (1.0,), (1.0,), (0.0,)]) == {0, 2}


def test_a_front_that_is_larger_than_what_is_kept_stays_whole() -> None:
    line = [(float(i), 5.0 - i) for i in range(6)]
    assert hidden_of(Podium(TWO, 2), [*line, (9.0, 9.0)]) == {6}


def test_fronts_are_added_whole_until_enough_are_kept() -> None:
    points = [(0.0, 0.0), (1.0, 2.0), (2.0, 1.0), (3.0, 3.0)]
    assert hidden_of(Podium(TWO, 2), points) == {3}


def test_what_has_no_value_fills_up_what_the_fronts_leave() -> None:
    podium = Podium(TWO, 2)
    assert podium.add("none", TaskState.ABORTED, (None, None)) == []
    assert podium.add("one", TaskState.COMPLETED, (1.0, 1.0)) == []
    assert podium.add("two", TaskState.COMPLETED, (2.0, 2.0)) == ["none"]


@given(POINTS, st.integers(1, 8))
def test_what_nothing_dominates_is_always_in_sight(points: list[tuple[float, ...]], keep: int) -> None:
    hidden = hidden_of(Podium(TWO, keep), points)
    seen = [point for number, point in enumerate(points) if number not in hidden]
    assert len(seen) >= min(keep, len(points))
    for number in hidden:
        assert any(dominates(point, points[number]) for point in seen)
