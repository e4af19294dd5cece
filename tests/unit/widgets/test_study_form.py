"""The form of a whole search, without a browser: a plan in and out, files, clicks, and what goes wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings

from hpo_widgets.dialects.native import write_plan
from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.config import Isolation
from hpo_widgets.model.constraint import Predicate
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.objective import Objective, Sign
from hpo_widgets.model.plan import BaseKind, BaseReference, StudyPlan
from hpo_widgets.model.space_shorthand import as_space, integer, loguniform
from hpo_widgets.sdk.planning import start_plan
from hpo_widgets.sdk.searchable import Proposal, Surroundings
from hpo_widgets.sdk.tune import tune
from hpo_widgets.store.memory import MemoryStore
from hpo_widgets.study import Study
from hpo_widgets.widgets.app import App
from hpo_widgets.widgets.page import publisher
from hpo_widgets.widgets.study_form import StudyForm
from tests.unit.dialects.some_plans import plans
from tests.unit.widgets.page import PATIENCE_S

PLAN = StudyPlan(
    base=BaseReference(kind=BaseKind.FUNCTION, name="train"),
    space=as_space({"lr": loguniform(1e-4, 1e-1), "layers": integer(1, 4)}),
    objectives=(Objective("quality", "valid", Sign.MAX),),
    limits=Limits(max_number_of_concurrent_tasks=1, total_max_jobs=3),
    strategy={"name": "tpe", "options": {"pruner": "none", "n_startup_trials": 2, "multivariate": True}},
    seed=7,
    name="planned",
)


def train(lr: float, layers: int) -> dict[str, float]:
    return {"quality/valid": lr * layers}


train.__module__ = "__main__"
HALF, SEVEN = np.float64(0.5), np.int64(7)


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    return Surroundings({"train": train}, tmp_path, MemoryStore())


def messages(form: StudyForm) -> list[tuple[str, str]]:
    return [(each.field, each.text) for each in form.errors]


def click(form: Any, op: str, **more: Any) -> None:
    """Is a message from the page."""
    form._on_message(form, {"op": op, **more}, [])


def test_a_typed_function_makes_a_complete_search(around: Surroundings) -> None:
    form = StudyForm(surroundings=around)

    assert messages(form) == []
    plan = form.value
    assert plan.base == PLAN.base
    assert plan.space == as_space({"lr": loguniform(1e-5, 1e-1), "layers": integer(1, 8)})
    assert plan.objectives == (Objective("quality", "valid"),)
    assert plan.limits.total_max_jobs == 50
    assert form.objective.suggested == [["quality", "valid", "min"]]


def test_every_row_that_a_typed_function_proposes_is_sound_as_it_stands(around: Surroundings) -> None:
    def fit(
        n_estimators, depth: int, rate: float, shrink: bool, verbose: bool, timeout: float, seed, device: str,
        trees=100, pause=1.5, big=10**30, tiny=5e-324, huge=1e308, kind="a", sizes=(1, 2), place=Path("x"), none=None,
        *, share=HALF, count=SEVEN, scale=-2.5,
    ):  # fmt: skip
        raise AssertionError("reading runs no training code")

    fit.__module__ = "__main__"
    around.namespace["fit"] = fit  # type: ignore[index]

    form = StudyForm(surroundings=around)

    assert (messages(form), form.notices) == ([], [])
    assert {each.name: each.get_value()[each.name].__class__ for each in form.value.space} == {
        "n_estimators": int, "depth": int, "rate": float, "shrink": bool, "verbose": bool, "timeout": float,
        "seed": int, "device": str, "trees": int, "share": float, "count": int, "scale": float,
    }  # fmt: skip


def test_a_text_without_a_default_asks_for_its_choices(around: Surroundings) -> None:
    def fit(optimizer: str, lr: float = 0.1):
        return lr

    fit.__module__ = "__main__"
    around.namespace["fit"] = fit  # type: ignore[index]

    form = StudyForm(surroundings=around)

    assert messages(form) == [("space/r0.values", "give the values to choose from, separated by commas.")]
    assert form.notices == ["'optimizer' is a text without a default; give the texts to choose from."]


def test_without_anything_to_search_the_form_says_what_to_do(tmp_path: Path) -> None:
    form = StudyForm(surroundings=Surroundings({}, tmp_path, MemoryStore()))

    assert form.value is None
    assert messages(form) == [
        ("base", "choose what the search runs; define a function, or give the path of a script."),
        ("space/", "the search space is empty; add at least one parameter."),
        ("objective/o0.title", "give the name under which the metric is reported, such as loss."),
    ]
    with pytest.raises(InvalidInput, match="search: 3 problems"):
        form.require()


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(plans())
def test_every_plan_survives_the_form_and_its_file(around: Surroundings, plan: StudyPlan) -> None:
    # A name of blanks is one that nobody can see or type.
    assume(all(o.title.strip() and o.series.strip() for o in plan.objectives) and plan.base.name.strip())
    keep = None if plan.repeats > 1 else plan.limits.save_top_k_tasks_only
    plan = replace(plan, strategy=PLAN.strategy, warm_start=(), limits=replace(plan.limits, save_top_k_tasks_only=keep))
    form = StudyForm(plan, surroundings=around)

    assert messages(form) == []
    assert form.value == plan
    other = StudyForm(surroundings=around)
    other.load(form.dump())
    assert other.value == plan


def test_options_that_no_field_holds_are_kept(around: Surroundings) -> None:
    options = {"pruner_options": {"n_min_trials": 3}, "n_startup_trials": 5}
    plan = replace(PLAN, strategy={"name": "tpe", "options": options})
    form = StudyForm(plan, surroundings=around)

    assert form.value == plan
    assert form.draft["fields"]["more"] == "{'pruner_options': {'n_min_trials': 3}}"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"base": ""}, ("base", "choose what the search runs")),
        ({"base": "path", "path": " "}, ("path", "give the path of a script")),
        ({"base": "path", "path": "fit.py", "args": "--a 'b"}, ("args", "the command line cannot be read")),
        ({"base": "planet:mars"}, ("base", "'planet:mars' cannot be searched")),
        ({"seed": "-1"}, ("seed", "'-1' is no seed")),
        ({"repeats": "0"}, ("repeats", "'0' is no number of runs; give a whole number of 1 or more")),
        ({"repeats": "two"}, ("repeats", "'two' is no number of runs")),
        ({"more": "[1]"}, ("more", "give a dict of names and values")),
        ({"strategy": "tpee"}, ("strategy", "the strategy 'tpee' is unknown")),
        ({"strategy": "grid", "more": "{'x': 1}"}, ("strategy", "the strategy 'grid' cannot be made from the options")),
        ({"tpe__pruner": "medain"}, ("tpe__pruner", "'medain' is unknown; use one of median")),
        ({"isolation": "jail"}, ("isolation", "'jail' is unknown")),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    around: Surroundings, fields: dict[str, Any], said: tuple[str, str]
) -> None:
    form = StudyForm(PLAN, surroundings=around)

    form._type(fields)

    ((at, text),) = messages(form)
    assert at == said[0]
    assert text.startswith(said[1])
    assert form.value is None


def test_repeats_and_ranking_single_runs_exclude_each_other(around: Surroundings) -> None:
    form = StudyForm(replace(PLAN, repeats=3), surroundings=around)
    assert form.value.repeats == 3

    form.limits.value = Limits(total_max_jobs=3, save_top_k_tasks_only=2)

    assert [field for field, _ in messages(form)] == ["repeats"]
    form.limits.value = Limits(total_max_jobs=3, save_top_k_tasks_only=-1)
    assert messages(form) == []


def test_a_constraint_that_is_a_function_is_named_when_the_form_is_exported(around: Surroundings) -> None:
    code = around.store.put_code("constraint", b"pickled", {})  # type: ignore[union-attr]
    space = PLAN.space.with_constraints(["layers > 1", Predicate("fits", code)])
    form = StudyForm(replace(PLAN, space=space), surroundings=around)
    assert form.value.space == space

    click(form, "export_path", path="bound.json")

    assert form.notices[1].startswith("The constraint fits is a function: the file names it and this store holds it;")
    assert len(form.notices) == 2
    other = Surroundings({"train": train}, around.folder, MemoryStore())
    with pytest.raises(InvalidInput, match="'fits' is a function of another store"):
        start_plan(form.value, other)
    assert other.store is not None and other.store.studies() == []


@pytest.fixture
def first(around: Surroundings) -> Study:
    """Is an earlier study of the same objective, over wider ranges."""
    space = {"lr": [1e-3, 1.0], "layers": [1, 9]}
    study = tune(
        train, space, objective=("quality", "valid", "max"), strategy="grid", max_jobs=20, concurrency=1,
        isolation="same-thread", name="first", store=around.store,
    )  # fmt: skip
    study.wait(60)
    return study


def test_an_earlier_study_is_learned_from_and_what_cannot_be_taken_over_is_listed(
    around: Surroundings, first: Study
) -> None:
    form = StudyForm(PLAN, surroundings=around)
    assert form.choices["studies"] == [["", "none"], ["first", "first"]]
    assert form.answer["learned"] == ""

    form._type({"warm_start": "first"})

    plan = form.value
    assert plan.warm_start == ("first",)
    assert form.answer["learned"].startswith("3 earlier results are not learned from (1 is):")
    assert "'layers' is 9" in form.answer["learned"]
    form.space.value = {"lr": loguniform(1e-6, 1.0), "layers": integer(1, 9)}
    assert form.answer["learned"] == "4 earlier results are learned from."
    with pytest.warns(UserWarning, match="'layers' is 9"):
        study = start_plan(replace(plan, isolation=Isolation.THREAD), around)
    assert [each.parameters for each in study.config.warm_start] == [{"lr": 1e-3, "layers": 1}]
    study.stop()
    assert study.wait(60)
    other = StudyForm(surroundings=around)
    other.load(write_plan(plan))
    assert other.value == plan


def test_a_file_with_several_earlier_studies_is_learned_from_all_of_them(around: Surroundings, first: Study) -> None:
    second = tune(
        train, {"lr": [1e-4], "layers": [2, 3]}, objective=("quality", "valid", "max"), strategy="grid", max_jobs=20,
        concurrency=1, isolation="same-thread", name="second", store=around.store,
    )  # fmt: skip
    second.wait(60)
    form = StudyForm(surroundings=around)

    form.load(write_plan(replace(PLAN, warm_start=("first", "second"))))

    assert form.value.warm_start == ("first", "second")
    assert form.answer["learned"].startswith("3 earlier results are not learned from (3 are):")
    assert [label for _, label in form.choices["studies"]] == ["none", "second", "first", "first, second"]


def test_what_a_study_as_base_task_proposes_keeps_its_constraints_functions_included(around: Surroundings) -> None:
    code = around.store.put_code("constraint", b"pickled", {})  # type: ignore[union-attr]
    space = PLAN.space.with_constraints(["lr < 2 * layers", Predicate("fits", code)])
    form = StudyForm(PLAN, surroundings=around)

    form._take_proposal(Proposal(space=space, objectives=PLAN.objectives), replace=True)

    assert form.value.space == space
    assert form.space.draft["fields"]["constraints"] == "lr < 2 * layers"
    assert [each["function"] for each in form.space.draft["functions"]] == ["fits"]


def test_an_earlier_study_that_cannot_teach_is_refused_at_its_field(around: Surroundings, first: Study) -> None:
    form = StudyForm(replace(PLAN, warm_start=("frist",)), surroundings=around)
    ((field, text),) = messages(form)
    assert (field, "Did you mean 'first'" in text) == ("warm_start", True)
    assert form.choices["studies"][-1] == ["frist", "frist (not here)"]

    form._type({"warm_start": "first"})
    form.objective.value = "cost"

    ((field, text),) = messages(form)
    assert field == "warm_start" and "has another objective: quality/valid (max)" in text


def test_another_base_task_keeps_ranges_that_were_typed(around: Surroundings) -> None:
    def other(momentum: float = 0.9) -> float:
        return momentum

    other.__module__ = "__main__"
    around.namespace["other"] = other  # type: ignore[index]
    form = StudyForm(surroundings=around)
    assert form.value.space.names == ("momentum",)

    form._type({"base": "function:train"})
    click(form, "base")
    assert form.value.space.names == ("lr", "layers")

    form.space.value = {"mine": [1, 2]}
    form.objective.value = "cost"
    for base in ("function:other", "function:train", "function:other"):
        form._type({"base": base})
        click(form, "base")
    assert form.value.space.names == ("mine",)
    assert form.value.objectives == (Objective("cost", "cost"),)
    assert "Propose ranges brings" in form.notices[-1]
    click(form, "propose")
    assert form.value.space.names == ("momentum",)


def test_files_are_written_once_and_read_back(around: Surroundings, tmp_path: Path) -> None:
    form = StudyForm(PLAN, surroundings=around)
    click(form, "export_path", path="search.json")
    assert form.notices == [f"Exported to {tmp_path / 'search.json'}."]
    click(form, "export_path", path="search.json")
    assert "is there already; give another name" in form.notices[0]

    other = StudyForm(surroundings=around)
    click(other, "import_path", path="search.json")

    assert other.value == PLAN
    assert other.notices == ["Imported a search from search.json."]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the text is empty"),
        ("{", "this is not JSON: "),
        ("[[[", "this is not JSON"),
        ("{}", "this is no configuration that is known"),
        ('{"a": NaN}', "NaN is no number that JSON has"),
        (
            json.dumps({"format": "hpo_widgets.search", "version": 9}),
            "the version is 9, this hpo_widgets reads up to 1",
        ),
        ("x" * 1_000_001, "the text has 1000001 characters"),
    ],
)
def test_junk_is_refused_with_a_message_and_changes_nothing(around: Surroundings, text: str, said: str) -> None:
    form = StudyForm(PLAN, surroundings=around)

    click(form, "import", name="junk.json", text=text)

    assert form.notices[0].startswith(said)
    assert form.value == PLAN


def test_markup_in_names_stays_text(around: Surroundings) -> None:
    plan = replace(PLAN, name="<img src=x>", space=as_space({"<script>": [1, 2]}))
    form = StudyForm(plan, surroundings=around)

    assert "<script>" not in form._static() and "&lt;script&gt;" in form._static()
    assert "&lt;img src=x&gt;" in form._static()


def test_a_space_alone_can_be_imported(around: Surroundings) -> None:
    form = StudyForm(PLAN, surroundings=around)
    space = as_space({"x": (0.0, 1.0)})

    form.load(json.dumps(space.to_json()))

    assert form.value == replace(PLAN, space=space)
    said = "It does not say what to run, the objective, the limits and the method; that stays as it is."
    assert form.notices == [said]


def test_what_clearml_param_search_takes_can_be_imported(around: Surroundings) -> None:
    form = StudyForm(PLAN, surroundings=around)
    given = [
        {"name": "General/layer_1", "type": "UniformIntegerParameterRange", "min_value": 128, "max_value": 512,
         "step_size": 128},
        {"name": "batch_size", "type": "DiscreteParameterRange", "values": [96, 128, 160]},
    ]  # fmt: skip

    click(form, "import", name="params.json", text=json.dumps(given))

    assert form.value.space == as_space({"General/layer_1": integer(128, 512, 128), "batch_size": [96, 128, 160]})
    assert form.notices == [
        "Imported the JSON of clearml-param-search from params.json.",
        "It does not say what to run, the objective, the limits and the method; that stays as it is.",
    ]
    click(form, "import", name="params.json", text=json.dumps([{"name": "x", "type": "Unknown"}]))
    assert form.notices[0].startswith("the type of 'x' is 'Unknown'; use one of")


def test_the_app_starts_what_the_form_says_and_clones_it(around: Surroundings, monkeypatch: Any) -> None:
    monkeypatch.setattr("hpo_widgets.widgets.study_form.notebook_surroundings", lambda: around)
    app = App(replace(PLAN, isolation=None))
    app.form.value = replace(
        app.form.value, isolation=__import__("hpo_widgets.model.config").model.config.Isolation.THREAD
    )
    plan = app.form.value

    click(app, "start")

    assert (app.stage, app.messages) == ("study", [])
    assert app.line == "planned: tpe over 2 parameters for quality/valid (max)"
    assert app.study.wait(60)
    assert len(app.study.tasks()) == 3
    click(app, "start")  # a second click changes nothing
    assert [each.name for each in around.store.studies()] == ["planned"]  # type: ignore[union-attr]
    app.form.limits.value = Limits()
    click(app, "clone")
    assert app.stage == "form"
    assert app.form.value == plan
    first = app.panel

    click(app, "start")

    assert app.study.wait(60)
    assert (first.is_open, app.panel.is_open) == (False, True)
    parts = [app.panel, app.form, app.form.space, app.form.objective, app.form.limits]
    app.close()
    assert [each.comm for each in parts] == [None] * 5
    publisher(around.store).join(PATIENCE_S)
    assert not publisher(around.store).is_running


def test_what_cannot_start_says_why_and_stays_a_form(around: Surroundings, monkeypatch: Any) -> None:
    monkeypatch.setattr("hpo_widgets.widgets.study_form.notebook_surroundings", lambda: around)
    app = App(replace(PLAN, base=BaseReference(kind=BaseKind.FUNCTION, name="gone")))

    click(app, "start")

    assert app.stage == "form"
    assert app.messages == ["the notebook has no function 'gone' now; run the cell that defines it."]
    app.close()


def test_the_written_file_is_the_plans_own(around: Surroundings) -> None:
    assert StudyForm(PLAN, surroundings=around).dump() == write_plan(PLAN)


def test_a_comet_config_can_be_imported(around: Surroundings) -> None:
    form = StudyForm(PLAN, surroundings=around)
    text = """{  # Comet's files are Python
        "algorithm": "bayes", "trials": 2, "name": "from comet",
        "spec": {"metric": "accuracy", "objective": "maximize", "maxCombo": 12, "seed": 5},
        "parameters": {"lr": {"type": "float", "scalingType": "loguniform", "min": 0.001, "max": 0.1}},
    }"""

    click(form, "import", name="comet.config", text=text)

    assert form.value.objectives == (Objective("accuracy", "accuracy", Sign.MAX),)
    assert (form.value.limits.total_max_jobs, form.value.seed, form.value.name) == (24, 5, "from comet")
    assert form.value.repeats == 2
    assert form.value.strategy == {"name": "tpe", "options": {}}
    assert form.value.space.names == ("lr",)
    assert form.notices == [
        "Imported a Comet config from comet.config.",
        "It does not say what to run; that stays as it is.",
    ]
    click(form, "import", name="comet.config", text='{"algorithm": "magic", "parameters": {}}')
    assert "algorithm 'magic' is unknown" in form.notices[0]


def test_a_method_with_rungs_says_what_it_needs_and_is_content_when_it_has_it(around: Surroundings) -> None:
    form = StudyForm(surroundings=around)
    form.value = replace(PLAN, strategy={"name": "bohb", "options": {}}, limits=Limits(max_iteration_per_job=27))
    assert messages(form) == []
    assert form.value is not None and form.value.strategy["name"] == "bohb"

    form._type({"repeats": "2"})
    assert [text for _, text in messages(form)] == [
        "Repeats need trainings of one length; use tpe or auto instead of rungs, or leave repeats out."
    ]
    form._type({"repeats": ""})

    form.objective.value = ["loss", "cost"]
    form._type({"strategy": "tpe"})
    form.limits.value = Limits(patience=3)
    ((at, said),) = messages(form)
    assert at == "strategy" and said.startswith("“trials without a better value” and target value judge one objective")
    form.objective.value = "loss"
    form._type({"strategy": "bohb"})

    form.limits.value = Limits(total_max_jobs=3)
    assert [field for field, _ in messages(form)] == ["strategy"]
    assert "needs maximum iterations per trial" in messages(form)[0][1]
