"""What a notebook's surroundings offer to search, and what each of it proposes; nothing of it runs."""

from __future__ import annotations

import inspect
import types
from pathlib import Path
from typing import Any, Literal

import pytest

import hpo_widgets as hpo
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.objective import Objective, Sign
from hpo_widgets.model.plan import BaseKind, BaseReference
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.sdk.metrics_found import metrics_before, metrics_in
from hpo_widgets.sdk.searchable import Surroundings, merged
from hpo_widgets.sdk.signature import propose_signature, signature_parameters
from hpo_widgets.store.memory import MemoryStore
from hpo_widgets.store.sqlite import SqliteStore

ACCURACY = Objective("accuracy", "valid", Sign.MAX)
LOSS = Objective("loss", "loss")


def of_notebook(function: Any) -> Any:
    function.__module__ = "__main__"
    return function


@of_notebook
def train(task, learning_rate: float, hidden: int, act: Literal["relu", "tanh"], epochs: int, l2: float = 1e-3):
    raise AssertionError("reading runs no training code")


@of_notebook
def one_value(x: float) -> float:
    return x


def around(tmp_path: Path, store: Any = None, **namespace: Any) -> Surroundings:
    return Surroundings(namespace, tmp_path, MemoryStore() if store is None else store)


def function(name: str) -> BaseReference:
    return BaseReference(kind=BaseKind.FUNCTION, name=name)


def test_functions_of_the_notebook_come_first_the_latest_at_the_top(tmp_path: Path) -> None:
    (tmp_path / "fit.py").write_text("lr = 0.1")
    (tmp_path / "_draft.py").write_text("")
    (tmp_path / "study.ipynb").write_text("{}")

    found = around(tmp_path, train=train, one_value=one_value, _hidden=train, path=Path, lib=types, number=3)

    assert [(each.reference.kind.value, each.reference.name) for each in found.candidates()] == [
        ("function", "one_value"),
        ("function", "train"),
        ("script", "fit.py"),
        ("notebook", "study.ipynb"),
    ]


def test_a_typed_function_without_defaults_proposes_a_range_for_every_parameter(tmp_path: Path) -> None:
    found = around(tmp_path, train=train).propose(function("train"))

    assert found.space is not None
    assert {each.name: each.get_value()[each.name].__class__ for each in found.space} == {
        "learning_rate": float,
        "hidden": int,
        "act": str,
        "epochs": int,
        "l2": float,
    }
    ranges = {each.name: each for each in found.space}
    assert ranges["learning_rate"] == hpo.loguniform(1e-5, 1e-1).named("learning_rate")
    assert ranges["act"].values == ("relu", "tanh")  # type: ignore[attr-defined]
    assert ranges["epochs"].values == (10,)  # type: ignore[attr-defined]
    assert found.notes == ()


@pytest.mark.parametrize(
    ("name", "type", "expected"),
    [
        ("n_estimators", None, hpo.integer(25, 400)),
        ("max_depth", int, hpo.integer(1, 12)),
        ("n_hidden_layers", None, hpo.integer(1, 8)),
        ("n_heads", None, hpo.integer(1, 8)),
        ("hidden", None, hpo.choice(16, 32, 64, 128, 256)),
        ("dropout", None, hpo.uniform(0.0, 0.9)),
        ("anything", float, hpo.uniform(0.0, 1.0)),
        ("verbose", bool, hpo.choice(False)),
        ("pause", float, hpo.choice(0.0)),
        ("test_size", None, hpo.choice(0.2)),
        ("seed", int, hpo.choice(0)),
        ("device", str, hpo.choice("cpu")),
    ],
)
def test_what_has_no_default_begins_with_what_its_name_and_type_say(name: str, type: Any, expected: Any) -> None:
    annotated = inspect.Parameter.empty if type is None else type
    found = inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotated)

    def f() -> None: ...

    f.__signature__ = inspect.Signature([found])  # type: ignore[attr-defined]

    assert propose_signature(signature_parameters(f)[0]) == expected.named(name)


def test_a_parameter_of_which_nothing_is_known_is_named(tmp_path: Path) -> None:
    @of_notebook
    def mystery(thing, lr):
        return thing

    found = around(tmp_path, mystery=mystery).propose(function("mystery"))

    assert found.notes == ("'thing' has neither a default nor a type that is known; give it a range.",)
    assert found.space is not None and found.space.names == ("lr",)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("task.get_logger().report_scalar('accuracy', 'valid', 1, 2)", [ACCURACY]),
        ("log.report_scalar(title='accuracy', series='valid', value=v, iteration=i)", [ACCURACY]),
        ("def f():\n    return {'loss': 1.0, 'accuracy/valid': 2}", [LOSS, ACCURACY]),
        ("report('loss', 1.0, epoch)", [LOSS]),
        ("%time x\nreport('loss', 1.0)", [LOSS]),
        ("log.report_scalar(title, series, 1)", []),
        ("def (", []),
        ("report('loss over score', 1)", [Objective("loss over score", "loss over score")]),
    ],
)
def test_metrics_are_read_from_the_text(source: str, said: list[Objective]) -> None:
    assert metrics_in(source) == said


def test_scripts_and_notebooks_beside_the_notebook_are_read_and_not_run(tmp_path: Path) -> None:
    (tmp_path / "fit.py").write_text(
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--lr', type=float, default=0.01)\n"
        "p.add_argument('--kind', choices=['a', 'b'], default='a')\na = p.parse_args()\n"
        "raise SystemExit(open('ran', 'w'))\nlog.report_scalar('accuracy', 'valid', 1, 2)\n"
    )
    found = around(tmp_path).propose(BaseReference(kind=BaseKind.SCRIPT, name="fit.py"))

    assert found.space is not None and found.space.names == ("Args/lr", "Args/kind")
    assert found.objectives == (ACCURACY,)
    assert not (tmp_path / "ran").exists()


def test_what_was_searched_before_gives_its_objective_and_all_that_it_reported(tmp_path: Path) -> None:
    store = MemoryStore()
    study = hpo.tune(
        lambda x: {"loss": x, "seconds": 1.0}, {"x": (0.0, 1.0)}, objective="loss", max_jobs=1, name="first",
        isolation="same-thread", store=store,
    )  # fmt: skip
    assert study.wait(60)

    found = metrics_before(store, store.studies(), "<lambda>")

    assert found == [LOSS, Objective("seconds", "seconds")]
    listed = [each.label for each in around(tmp_path, store).candidates()]
    assert listed == ["first (<lambda>)"]
    with pytest.raises(InvalidInput, match="stayed in the process that ran it"):
        around(tmp_path, store).propose(BaseReference(kind=BaseKind.STUDY, name="first"))


def test_a_study_is_searched_again_over_its_own_space(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store")
    first = hpo.tune(one_value, {"x": (0.0, 0.5)}, max_jobs=1, isolation="spawn", name="one", store=store)
    first.stop()
    assert first.wait(60)

    proposed = around(tmp_path, store).propose(BaseReference(kind=BaseKind.STUDY, name="one"))

    assert proposed.space == SearchSpace([hpo.uniform(0.0, 0.5).named("x")])
    again = hpo.tune(first, {"x": (0.0, 0.1)}, max_jobs=1, isolation="spawn", store=store)
    again.stop()
    assert again.wait(60)
    assert again.config.code == first.config.code


@pytest.mark.parametrize("kind", BaseKind)
def test_what_is_not_there_any_more_is_said(tmp_path: Path, kind: BaseKind) -> None:
    with pytest.raises(InvalidInput, match="gone"):
        around(tmp_path).propose(BaseReference(kind=kind, name="gone"))


def test_signatures_name_types_and_defaults() -> None:
    def f(a, b: int | None = 3, *rest, c: str = "x", d=True, task=None, **more):
        return a, b, rest, c, d, task, more

    found = {each.name: (each.type, each.default, each.required) for each in signature_parameters(f)}

    assert found == {
        "a": (None, None, True),
        "b": ("int", 3, False),
        "c": ("str", "x", False),
        "d": ("bool", True, False),
    }
    assert propose_signature(signature_parameters(f)[0]) is None


@pytest.mark.parametrize(
    ("reported", "before", "said"),
    [
        ([], [LOSS], [LOSS]),
        ([ACCURACY, LOSS], [], [ACCURACY, LOSS]),
        ([ACCURACY, LOSS], [Objective("loss", "loss", Sign.MIN_GLOBAL)], ["loss/loss min_global", ACCURACY]),
        ([ACCURACY], [LOSS], [ACCURACY, LOSS]),
    ],
)
def test_what_the_code_reports_now_comes_before_what_its_name_reported(
    reported: list[Objective], before: list[Objective], said: list[Any]
) -> None:
    found = merged(reported, before)

    assert found == [each if isinstance(each, Objective) else before[0] for each in said]


def test_what_a_script_prints_is_offered_when_it_reports_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "fit.py").write_text(
        'lr = 0.1\nfor epoch in range(3):\n    print(f"epoch={epoch} accuracy={lr:.3f}")\n'
    )

    found = around(tmp_path).propose(BaseReference(kind=BaseKind.SCRIPT, name="fit.py"))

    assert found.objectives == (Objective("accuracy", "accuracy", Sign.MAX),)
    assert found.prints
