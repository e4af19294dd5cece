"""What travels with a function, and what stands in the way."""

from __future__ import annotations

import functools
import json
import pickle
import threading
import warnings
from typing import Any

import pytest

from hpo_widgets.agents.ship import ship
from hpo_widgets.errors import CannotShip


def in_notebook(source: str, name: str = "train", **names: Any) -> Any:
    """Defines a function as a notebook's cell does."""
    scope: dict[str, Any] = {"__name__": "__main__", **names}
    exec(source, scope)
    return scope[name]


def test_a_notebook_function_travels_by_value_with_what_it_uses() -> None:
    train = in_notebook("scale = 3\ndef helper(x): return x * scale\ndef train(x): return helper(x) + 1")

    shipment = ship(train)

    assert pickle.loads(shipment.body)(2) == 7
    assert {c["name"] for c in shipment.about["captured"]} == {"global helper.scale"}
    json.dumps(shipment.about)


def test_the_modules_it_needs_are_known_without_reading_it() -> None:
    source = """
import json as j
from collections import OrderedDict
def train(x):
    import email.mime.text
    def inner():
        from xml.dom import minidom
    return j.dumps(OrderedDict(x=x))
"""
    modules = ship(in_notebook(source)).about["modules"]

    assert {"json", "collections", "email.mime.text", "xml.dom"} <= set(modules)
    assert "__main__" not in modules


def test_the_signature_is_known() -> None:
    about = ship(in_notebook("def train(lr: float, layers=2, *, task): pass")).about

    assert about["signature"] == [
        {"name": "lr", "kind": "positional_or_keyword", "annotation": "float"},
        {"name": "layers", "kind": "positional_or_keyword", "default": "2"},
        {"name": "task", "kind": "keyword_only"},
    ]
    assert about["wants_task"] and about["name"] == "train"


class Model:
    def __init__(self, factor: int) -> None:
        self.factor = factor

    def train(self, x: int) -> int:
        return self.factor * x

    def __call__(self, x: int) -> int:
        return self.train(x)


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (Model(3).train, "train"),
        (Model(3), "Model"),
        (functools.partial(lambda x, factor: x * factor, factor=3), "<lambda>"),
        (lambda x: x * 3, "<lambda>"),
    ],
)
def test_every_callable_travels(function: Any, name: str) -> None:
    shipment = ship(function)

    assert pickle.loads(shipment.body)(2) == 6
    assert shipment.about["name"] == name
    assert shipment.about["signature"][0]["name"] == "x"


def test_an_unpicklable_global_is_named_with_its_type() -> None:
    train = in_notebook("def train(x):\n    with lock: return x", lock=threading.Lock())

    with pytest.raises(CannotShip, match=r"'train' cannot .* its global lock is of type _thread.lock .*isolation='th"):
        ship(train)


def test_an_unpicklable_part_is_named_by_its_path() -> None:
    config = {"size": 3, "handles": [1, threading.Lock()]}
    train = in_notebook("def train(x): return config", config=config)

    with pytest.raises(CannotShip, match=r"its global config, which holds config\['handles'\]\[1\], is of type"):
        ship(train)


def test_an_unpicklable_default_and_argument_are_named() -> None:
    lock = threading.Lock()

    def train(x: int, guard: Any = lock) -> int:
        return x

    with pytest.raises(CannotShip, match="its default of the argument guard is of type"):
        ship(train)
    with pytest.raises(CannotShip, match="its argument guard is of type"):
        ship(functools.partial(in_notebook("def train(x, guard): pass"), guard=lock))


def test_an_unpicklable_owner_is_named() -> None:
    model = Model(3)
    model.factor = threading.Lock()  # type: ignore[assignment]

    with pytest.raises(CannotShip, match=r"its owner train.__self__, which holds train.__self__.factor, is of type"):
        ship(model.train)


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(CannotShip, match="3 is not a function"):
        ship(3)  # type: ignore[arg-type]


def test_large_things_are_reported_by_name_and_size() -> None:
    train = in_notebook("def train(x): return len(data) + small", data=bytes(12_000_000), small=1)

    with pytest.warns(UserWarning, match=r"'train' takes 12.0 MB along to every task: global data \(12.0 MB\)"):
        ship(train)


def test_small_things_are_not_reported() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ship(in_notebook("def train(x): return len(data)", data=bytes(1000)))
