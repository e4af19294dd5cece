"""What a script has takes the values of its task, and the task learns what it does not have."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from hpo_widgets.errors import InvalidInput
from hpo_widgets.sdk.parameters_connect import Connection, connect_dict, connect_object


class Book:
    """Is a task's parameters in a dict."""

    def __init__(self, **stored: Any) -> None:
        self.values: dict[str, Any] = {}
        self.connection = Connection(stored={k.replace("__", "/"): v for k, v in stored.items()}, write=self.write)

    def write(self, changes: dict[str, Any]) -> None:
        self.values |= changes


def test_the_values_of_a_script_are_kept_by_their_full_names() -> None:
    book = Book()
    given = {"lr": 0.1, "model": {"layers": 2, "act": "relu"}, "shape": (1, 2), "empty": {}, 3: "three"}
    found = connect_dict(book.connection, given, "General")
    assert found == given
    assert book.values == {
        "General/lr": 0.1,
        "General/model/layers": 2,
        "General/model/act": "relu",
        "General/shape": (1, 2),
        "General/empty": {},
        "General/3": "three",
    }


def test_the_values_of_the_task_come_first_in_the_types_of_the_script_and_the_dict_given_has_them_too() -> None:
    book = Book(General__lr="0.5", layers=3.0, Args__deep=1)
    given = {"lr": 0.1, "layers": 2, "deep": False, "new": 1, "inner": {"x": 1}}
    found = connect_dict(book.connection, given, "General")
    assert found == given == {"lr": 0.5, "layers": 3, "deep": True, "new": 1, "inner": {"x": 1}}
    assert type(found["layers"]) is int and found["deep"] is True
    assert book.values == {"General/new": 1, "General/inner/x": 1}


def test_a_value_of_the_wrong_type_names_both() -> None:
    with pytest.raises(InvalidInput, match=r"'General/layers' is 'many' .* default 2"):
        connect_dict(Book(General__layers="many").connection, {"layers": 2}, "General")


def test_later_changes_are_kept_too_also_inside() -> None:
    book = Book()
    found = connect_dict(book.connection, {"a": 1, "inner": {"x": 1}}, "General")
    book.values.clear()
    found["a"] = 2
    found["inner"]["x"] = 3
    found.update(b=4)
    found.setdefault("c", {"y": 5})
    found |= {"d": 6}
    assert book.values == {
        "General/a": 2,
        "General/inner/x": 3,
        "General/b": 4,
        "General/c/y": 5,
        "General/d": 6,
    }
    found["object"] = object()
    assert "General/object" not in book.values and "object" in found


def test_a_copy_or_a_pickle_of_it_is_a_plain_dict() -> None:
    found = connect_dict(Book().connection, {"a": 1, "inner": {"x": 1}}, "General")
    for other in (copy.deepcopy(found), pickle.loads(pickle.dumps(found)), found.copy()):
        assert other == {"a": 1, "inner": {"x": 1}} and type(other) is dict


class Options:
    lr = 0.1
    layers: int = 2
    _private = 1

    @property
    def twice(self) -> float:
        return self.lr * 2

    def method(self) -> None:
        pass


def test_an_object_has_the_values_of_the_task_and_the_class_is_left_alone() -> None:
    book = Book(General__lr=0.5)
    options = Options()
    options.name = "x"  # type: ignore[attr-defined]
    assert connect_object(book.connection, options, "General") is options
    assert (options.lr, options.twice, Options.lr) == (0.5, 1.0, 0.1)
    assert book.values == {"General/layers": 2, "General/name": "x"}


def test_a_class_has_the_values_of_the_task() -> None:
    class Mine(Options):
        extra = {"x": 1}

    book = Book(General__lr=0.5, General__extra__x=2)
    connect_object(book.connection, Mine, "General")
    assert (Mine.lr, Mine.extra, Options.lr) == (0.5, {"x": 2}, 0.1)
