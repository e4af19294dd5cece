"""What holds for any search space."""

from __future__ import annotations

import itertools
import json
import random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hpo_widgets.model.parameter_tree import Branch, Fixed, Fork, Leaf, Switch
from hpo_widgets.model.parameter_values import canonical
from hpo_widgets.model.space import SearchSpace
from tests.unit.model.some_spaces import few, spaces

QUICK = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def draw(space: SearchSpace, seed: int) -> dict[str, Any]:
    source = random.Random(seed)
    return space.draw(lambda _key, latent: latent.draw(source))


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether both are equal but for float rounding on the way through a logarithm or a quantile."""

    def close(a: Any, b: Any) -> bool:
        if type(a) is float and type(b) is float and a != b:
            return abs(a - b) <= 1e-6 * max(abs(a), abs(b)) + 1e-9
        return canonical(a) == canonical(b)

    return one.keys() == other.keys() and all(close(one[name], other[name]) for name in one)


@QUICK
@given(spaces(), st.integers(0, 2**32))
def test_what_is_drawn_is_a_member_and_locate_is_the_inverse_of_draw(space: SearchSpace, seed: int) -> None:
    member = draw(space, seed)
    located = space.locate(member)
    assert space.nodes(located).keys() == located.keys()
    assert all(space.nodes(located)[key].contains(value) for key, value in located.items())
    assert same(space.draw(lambda key, _latent: located[key]), member)
    assert set(member) <= set(space.names)


@QUICK
@given(spaces(), st.integers(0, 2**32))
def test_json_round_trip_is_equal_and_draws_the_same(space: SearchSpace, seed: int) -> None:
    again = SearchSpace.from_json(json.loads(json.dumps(space.to_json(), allow_nan=False)))
    assert again == space
    assert again.key(draw(again, seed)) == space.key(draw(space, seed))


def brute_force(branch: Branch) -> list[dict[str, Any]]:
    """Enumerates a grid the plain way: a product of lists."""
    lists: list[list[dict[str, Any]]] = []
    for node in branch.nodes:
        if isinstance(node, Leaf):
            lists.append([{node.name: node.parameter.grid_at(i)} for i in range(node.parameter.grid_count)])
        elif isinstance(node, Fixed):
            lists.append([{node.name: node.value}])
        elif isinstance(node, Switch):
            lists.append([])
            for index in range(node.leaf.grid_count):
                value = node.leaf.parameter.grid_at(index)
                there = [each for case in node.cases if canonical(value) in case.keys for each in case.branch.nodes]
                lists[-1] += [{node.leaf.name: value, **member} for member in brute_force(Branch(tuple(there)))]
        else:
            assert isinstance(node, Fork)
            lists.append([member for each in node.branches for member in brute_force(each)])
    return [dict(itertools.chain(*(part.items() for part in parts))) for parts in itertools.product(*lists)]


@QUICK
@given(spaces(few))
def test_the_lazy_grid_is_the_plain_product(space: SearchSpace) -> None:
    assert list(map(canonical, space.grid())) == list(map(canonical, brute_force(space._tree)))


@QUICK
@given(spaces(), st.data())
def test_every_grid_point_is_a_member(space: SearchSpace, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, space.grid_size - 1))
    assert space.contains(space.grid_at(index))


@QUICK
@given(spaces(few), st.integers(0, 2**32))
def test_a_finite_space_has_no_members_beside_its_grid(space: SearchSpace, seed: int) -> None:
    grid = {space.key(member) for member in space.grid()}
    assert space.size == len(grid)
    assert space.key(draw(space, seed)) in grid
