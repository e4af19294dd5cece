"""Random plans for property tests, over random search spaces."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from hpo_widgets.model.config import Isolation
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.objective import Objective, Sign
from hpo_widgets.model.plan import BaseKind, BaseReference, StudyPlan
from tests.unit.model.some_spaces import NAMES, VALUES, spaces

SECONDS = st.none() | st.floats(0.001, 1e6) | st.integers(1, 90).map(lambda minutes: 60.0 * minutes)
COUNTS = st.none() | st.integers(1, 500)


@st.composite
def references(draw: st.DrawFn) -> BaseReference:
    kind = draw(st.sampled_from(BaseKind))
    if kind is BaseKind.FUNCTION:
        return BaseReference(kind=kind, name=draw(st.sampled_from(["train", "objective", "größe"])))
    if kind is not BaseKind.SCRIPT:
        return BaseReference(kind=kind, name=draw(NAMES))
    words = draw(st.lists(st.text(st.characters(exclude_characters="\0")), max_size=3))
    metrics = draw(st.sampled_from([None, "stdout"]))
    return BaseReference(kind=kind, name=draw(NAMES), args=tuple(words), metrics=metrics)


@st.composite
def limits(draw: st.DrawFn, judged: bool = True) -> Limits:
    """Gives limits; with `judged`, those may be among them that judge one objective."""
    least = draw(st.none() | st.integers(0, 50))
    patience = draw(st.none() | st.integers(1, 30)) if judged else None
    return Limits(
        patience=patience,
        min_gain=draw(st.none() | st.floats(0, 1)) if patience else None,
        target=draw(st.none() | st.floats(-10, 10)) if judged else None,
        terminator=draw(st.none() | st.just("stagnation")) if judged else None,
        max_number_of_concurrent_tasks=draw(st.integers(1, 8)),
        total_max_jobs=draw(COUNTS),
        optimization_time_limit=draw(SECONDS),
        compute_time_limit=draw(SECONDS),
        time_limit_per_job=draw(SECONDS),
        min_iteration_per_job=least,
        max_iteration_per_job=draw(st.none() | st.integers(max(1, least or 0), 100)),
        save_top_k_tasks_only=draw(st.none() | st.integers(-1, 20)),
        retries=draw(st.integers(0, 3)),
    )


def objectives() -> st.SearchStrategy[tuple[Objective, ...]]:
    one = st.builds(Objective, NAMES, NAMES | st.just("lr"), st.sampled_from(Sign))
    return st.lists(one, min_size=1, max_size=3, unique_by=lambda o: (o.title, o.series)).map(tuple)


@st.composite
def plans(draw: st.DrawFn) -> StudyPlan:
    options: dict[str, Any] = draw(st.dictionaries(st.text(max_size=5), VALUES, max_size=3))
    several = draw(objectives())
    return StudyPlan(
        base=draw(references()),
        space=draw(spaces()),
        objectives=several,
        limits=draw(limits(judged=len(several) == 1)),
        strategy={"name": draw(st.sampled_from(["tpe", "random", "grid", "optuna"])), "options": options},
        warm_start=tuple(draw(st.lists(NAMES, max_size=3))),
        repeats=draw(st.integers(1, 4)),
        seed=draw(st.none() | st.integers(0, 2**40)),
        isolation=draw(st.none() | st.sampled_from(Isolation)),
        gpus=tuple(draw(st.lists(st.sampled_from(["0", "1", "MIG-1"]), max_size=2))),
        queue=draw(st.just("") | NAMES),
        name=draw(st.just("") | NAMES),
        project=draw(st.just("") | NAMES),
    )
