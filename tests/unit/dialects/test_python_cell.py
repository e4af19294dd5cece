"""The shown cell: it is Python, and calling what it says gives the plan back."""

from __future__ import annotations

import ast
import types
from dataclasses import replace
from typing import Any

from hypothesis import given

from hpo_widgets import automation
from hpo_widgets.dialects.python_cell import keywords, python_cell
from hpo_widgets.model import space_shorthand
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.objective import Objective, Sign, parse_objectives
from hpo_widgets.model.plan import BaseKind, BaseReference, StudyPlan
from hpo_widgets.model.space_shorthand import as_space, choice, integer, loguniform, normal, when
from tests.unit.dialects.some_plans import plans

SHORTHANDS = ("uniform", "integer", "loguniform", "normal", "lognormal", "when")
TYPICAL = StudyPlan(
    base=BaseReference(kind=BaseKind.FUNCTION, name="train"),
    space=as_space({
        "lr": loguniform(1e-5, 1e-1),
        "layers": integer(128, 512, 128),
        "activation": choice("relu", "tanh"),
        "noise": normal(0, 1, step=0.5),
        "epochs": 30,
    }),
    objectives=(Objective("accuracy", "accuracy", Sign.MAX),),
    limits=Limits(max_number_of_concurrent_tasks=2, total_max_jobs=20, time_limit_per_job=600.0),
)  # fmt: skip


def called_with(cell: str) -> tuple[Any, Any, dict[str, Any]]:
    """Runs a cell with another `tune`, and gives what it called it with."""
    calls: list[tuple[Any, Any, dict[str, Any]]] = []
    hpo = types.SimpleNamespace(
        tune=lambda base, space, **rest: calls.append((base, space, rest)),
        attach=lambda name: (BaseKind.STUDY, name),
        Task=types.SimpleNamespace(get_task=lambda id: (BaseKind.TASK, id)),
        **{name: getattr(space_shorthand, name) for name in SHORTHANDS},
    )
    text = cell.replace("import hpo_widgets as hpo\n", "").replace("from hpo_widgets import automation\n", "")
    ast.parse(cell)
    exec(text, {"hpo": hpo, "automation": automation, **{n: n for n in ("train", "objective", "größe")}})
    return calls[0]


def test_conditions_stand_in_the_cell_behind_what_they_hang_on() -> None:
    space = as_space(
        {"opt": ["sgd", "adam"], **when("opt", "sgd", {"momentum": (0.0, 0.9), "nesterov": [True, False]})}
    )

    assert """\
        "opt": ["sgd", "adam"],
        **hpo.when("opt", "sgd", {
            "momentum": hpo.uniform(0.0, 0.9),
            "nesterov": [True, False],
        }),
""" in python_cell(replace(TYPICAL, space=space))


def forbids(parameters: dict[str, Any]) -> bool:
    return bool(parameters["layers"] != 256)


def test_constraints_stand_in_the_cell_as_text_and_functions_by_name() -> None:
    space = TYPICAL.space.with_constraints(["lr * layers <= 1", forbids])

    assert '    constraints=["lr * layers <= 1", forbids],\n' in python_cell(replace(TYPICAL, space=space))
    mentioned = python_cell(replace(TYPICAL, space=TYPICAL.space.with_constraints(lambda p: True)))
    assert "# a constraint that is not shown here: <lambda> (line" in mentioned


def test_a_typical_plan_reads_as_a_person_would_write_it() -> None:
    assert (
        python_cell(TYPICAL)
        == """\
import hpo_widgets as hpo

study = hpo.tune(
    train,
    {
        "lr": hpo.loguniform(1e-05, 0.1),
        "layers": hpo.integer(128, 512, step=128),
        "activation": ["relu", "tanh"],
        "noise": hpo.normal(0.0, 1.0, step=0.5),
        "epochs": 30,
    },
    objective="accuracy",
    direction="max",
    concurrency=2,
    max_jobs=20,
    job_time_limit=10 * 60,
)
study
"""
    )


@given(plans())
def test_running_the_cell_says_the_same_as_the_plan(plan: StudyPlan) -> None:
    base, space, given_keywords = called_with(python_cell(plan))

    assert as_space(space) == plan.space
    assert given_keywords == keywords(plan)
    assert base == ((plan.base.kind, plan.base.name) if plan.base.kind.value in ("study", "task") else plan.base.name)
    objectives = parse_objectives(given_keywords["objective"], given_keywords.get("direction"))
    assert objectives == plan.objectives


def test_a_search_without_any_limit_says_so() -> None:
    plan = StudyPlan(base=TYPICAL.base, space=TYPICAL.space, objectives=TYPICAL.objectives)

    assert 'max_jobs=float("inf")' in python_cell(plan)
