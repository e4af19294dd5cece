from __future__ import annotations

import functools
import pickle
from typing import Any, Literal

import pytest

import hpo_widgets as hpo
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.config import Isolation
from hpo_widgets.model.space_shorthand import as_space
from hpo_widgets.sdk.base_code import BaseCode, Kept
from hpo_widgets.sdk.base_read import find_base
from hpo_widgets.sdk.base_sections import argument_of
from hpo_widgets.store.base import NewTask
from hpo_widgets.store.memory import MemoryStore


def train(lr: float, layers: int = 2, *, momentum: float = 0.9) -> float:
    return lr * layers * momentum


def no_store() -> MemoryStore:
    raise AssertionError("a function needs no store")


def base(function: Any = train) -> BaseCode:
    return find_base(function, no_store)


def name_problems(names: list[str], found: BaseCode) -> list[str]:
    return found.problems(as_space(dict.fromkeys(names, (0.0, 1.0))), Isolation.FORK)


def prepare(found: BaseCode, names: list[str], isolation: Isolation, store: MemoryStore) -> Kept:
    return found.keep(store, isolation, names)


def new_task(name: str, code: str | None, parameters: dict[str, Any], study: str | None = None) -> NewTask:
    return NewTask(study=study, trial=0, name=name, parameters=parameters, queue="q", code=code)


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("lr", "lr"),
        ("General/lr", "lr"),
        ("Args/lr", "lr"),
        ("Hydra/model/lr", "model/lr"),
        ("lr/", "lr/"),
        ("/lr", "/lr"),
        ("opt/lr", "opt/lr"),
    ],
)
def test_the_argument_is_what_follows_a_known_section(name: str, argument: str) -> None:
    assert argument_of(name) == argument


def test_names_that_mean_one_argument_are_an_error() -> None:
    assert "'General/lr' and 'lr' are both the argument 'lr'" in name_problems(["General/lr", "lr"], base())[0]


def test_a_name_that_the_function_does_not_take_is_an_error_with_the_closest_ones() -> None:
    problems = name_problems(["General/lr", "General/momentun"], base())
    assert problems == ["'train' has no argument for the parameter 'General/momentun'; did you mean 'momentum'?"]
    assert "it takes lr, layers, momentum" in name_problems(["lr", "zzz"], base())[0]


def test_an_argument_that_nobody_gives_is_an_error() -> None:
    assert name_problems(["layers"], base()) == ["'train' needs the argument 'lr'; search it, or give it a default."]
    assert name_problems(["layers"], base(functools.partial(train, lr=0.1))) == []


def test_a_function_of_any_names_takes_any_and_one_of_positions_none() -> None:
    def anything(**parameters: Any) -> None: ...

    def positions(a: float, /) -> None: ...

    def handle(lr: float, task: Any) -> None: ...

    assert name_problems(["General/x", "y"], base(anything)) == []
    assert any("given by name" in problem for problem in name_problems(["a"], base(positions)))
    assert name_problems(["lr"], base(handle)) == []


@pytest.mark.parametrize("isolation", [Isolation.FORK, Isolation.THREAD])
def test_sections_are_stripped_on_the_call_only(isolation: Isolation) -> None:
    store = MemoryStore()
    prepared = prepare(base(), ["General/lr", "Args/layers"], isolation, store)
    code = store.code(prepared.code)
    function = pickle.loads(code.body) if isolation is Isolation.FORK else prepared.function
    assert function is not None
    assert function(**{"General/lr": 0.5, "Args/layers": 4, "momentum": 1.0}) == 2.0
    assert [each["name"] for each in code.about["signature"]] == ["lr", "layers", "momentum"]


def test_without_sections_the_function_itself_is_kept() -> None:
    store = MemoryStore()
    prepared = prepare(base(), ["lr"], Isolation.FORK, store)
    assert pickle.loads(store.code(prepared.code).body)(lr=1.0) == train(1.0)
    assert prepare(base(), ["lr"], Isolation.THREAD, store).function is train


def test_a_wrapped_function_still_gets_its_task() -> None:
    def wants(lr: float, task: Any) -> str:
        return f"{lr} {task}"

    store = MemoryStore()
    for isolation in (Isolation.FORK, Isolation.THREAD):
        prepared = prepare(base(wants), ["General/lr"], isolation, store)
        code = store.code(prepared.code)
        assert code.about["wants_task"] is True
        function = pickle.loads(code.body) if isolation is Isolation.FORK else prepared.function
        assert function is not None
        assert function(**{"General/lr": 1, "task": "me"}) == "1 me"


def recorded() -> tuple[MemoryStore, str, str]:
    store = MemoryStore()
    code = prepare(base(), ["lr"], Isolation.FORK, store).code
    study = store.create_study("first", "", {"base_name": "train", "code": code}, 1.0)
    task = store.create_tasks([new_task("train: lr=0.1", code, {"lr": 0.1, "layers": 3}, study.id)], 1.0)[0]
    return store, code, task.id


def test_a_recorded_task_is_found_by_id_name_base_name_and_code() -> None:
    store, code, task = recorded()
    for wanted in (task, "train: lr=0.1"):
        found = find_base(wanted, lambda: store)
        assert (found.name, dict(found.own)) == ("train", {"lr": 0.1, "layers": 3})
        assert found.code is not None and found.code.hash == code
    for wanted in ("train", code):
        found = find_base(wanted, lambda: store)
        assert (found.name, dict(found.own)) == ("train", {})
    assert find_base(store.task(task), lambda: store).own == {"lr": 0.1, "layers": 3}


def test_an_unknown_base_task_is_an_error_with_close_names() -> None:
    store, _, _ = recorded()
    with pytest.raises(
        InvalidInput, match=r"no base task 'trian' in the store, and no file of this name; close names are 'train'"
    ):
        find_base("trian", lambda: store)
    with pytest.raises(InvalidInput, match="the store has no tasks yet"):
        find_base("trian", MemoryStore)
    with pytest.raises(InvalidInput, match="5 is not a function; give a function, the path"):
        find_base(5, lambda: store)


def test_code_that_stayed_in_its_process_cannot_be_a_base_task() -> None:
    store = MemoryStore()
    code = prepare(base(), ["lr"], Isolation.THREAD, store).code
    task = store.create_tasks([new_task("train", code, {"lr": 0.1})], 1.0)[0]
    with pytest.raises(InvalidInput, match="was not stored"):
        find_base(task.id, lambda: store)


def test_trap_22_what_is_searched_overrides_the_template_and_the_rest_stays() -> None:
    store, _, task = recorded()
    found = find_base(task, lambda: store)
    space = found.completed(as_space({"General/lr": (0.0, 1.0)}))
    assert [(each.name, each.to_list()) for each in space if each.name != "General/lr"] == [("layers", [{"layers": 3}])]
    prepared = prepare(found, ["General/lr"], Isolation.FORK, store)
    function = pickle.loads(store.code(prepared.code).body)
    assert function(**{"General/lr": 1.0, "layers": 3}) == train(1.0, 3)
    threaded = prepare(found, ["General/lr"], Isolation.THREAD, store)
    assert threaded.function is not None
    assert threaded.function(**{"General/lr": 1.0, "layers": 3}) == train(1.0, 3)


def test_names_are_checked_against_the_signature_of_recorded_code() -> None:
    store, _, task = recorded()
    found = find_base(task, lambda: store)
    assert name_problems(["General/momentum"], found) == []
    assert "did you mean 'momentum'?" in name_problems(["momentun"], found)[0]


def test_a_function_proposes_a_space_from_its_annotations_and_defaults() -> None:
    def fit(
        lr: float = 1e-3, act: Literal["relu", "tanh"] = "relu", bias: bool = True, seed: int = 0, task: Any = None
    ):
        return lr

    space = base(fit).space

    assert space is not None
    assert {each.name: each for each in space} == {
        "lr": hpo.loguniform(1e-5, 1e-1).named("lr"),
        "act": hpo.choice("relu", "tanh").named("act"),
        "bias": hpo.choice(True, False).named("bias"),
    }
    with pytest.raises(InvalidInput, match="no parameter has a range to search"):
        _ = base(lambda x: x).space
