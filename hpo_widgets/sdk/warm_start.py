"""Reads what a new search begins with: earlier studies, tables of trials, Optuna's studies and storages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from hpo_widgets.errors import HpoError, InvalidInput
from hpo_widgets.model.found import Found
from hpo_widgets.model.objective import Objective
from hpo_widgets.model.parameter_values import plain
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.store.base import Store
from hpo_widgets.strategies.base import Outcome
from hpo_widgets.study import Study

DONE = ("complete", "completed", "finished")
"""States, in any case, of rows of a table that count; a table without a column `state` counts whole."""
PREFIXES = ("", "params_", "param_", "params.", "parameter_")
"""What tables of other tools put before a parameter's name."""


def read_beginning(
    warm_start: Any,
    enqueue: Sequence[Mapping[str, Any]],
    space: SearchSpace | None,
    objectives: Sequence[Objective] | None,
    open_store: Callable[[], Store],
) -> list[Found]:
    """Gives what `read_warm_start` does, and looks over the trials of one's own.

    Args:
        warm_start: See `read_warm_start`.
        enqueue: Parameter sets that are to be members.
        space: `None` while something else is wrong with it; then nothing is read.
        objectives: As the space.
        open_store: Gives the store in which names are looked up.

    Raises:
        InvalidInput: With the problems of all of them.
    """
    if space is None or objectives is None:
        return []
    found: list[Found] = []
    problems: list[str] = []
    try:
        found = read_warm_start(warm_start, space, objectives, open_store)
    except InvalidInput as error:
        problems += error.problems
    for parameters in enqueue:
        try:
            space.locate(parameters)
        except InvalidInput as error:
            problems += [f"enqueue: {text}" for text in error.problems]
    if problems:
        raise InvalidInput(problems, subject="tune")
    return found


def read_warm_start(
    given: Any, space: SearchSpace, objectives: Sequence[Objective], open_store: Callable[[], Store]
) -> list[Found]:
    """Gives the results that are meant, in order, whether they fit the space or not.

    Args:
        given: A study, its name or id, a pandas DataFrame with a column a parameter and one an objective, an Optuna
            study, the URL of an Optuna storage with one study, or a list of these.
        space: Names the columns of tables.
        objectives: Must be what the studies optimized.
        open_store: Gives the store in which names are looked up.

    Raises:
        InvalidInput: With the problems of all of them.
    """
    found: list[Found] = []
    problems: list[str] = []
    for each in given if isinstance(given, (list, tuple)) else () if given is None else (given,):
        try:
            found += _read(each, space, objectives, open_store)
        except HpoError as error:
            problems += error.problems if isinstance(error, InvalidInput) else [str(error)]
    if problems:
        raise InvalidInput([f"warm_start: {text}" for text in problems], subject="tune")
    return found


def _read(
    given: Any, space: SearchSpace, objectives: Sequence[Objective], open_store: Callable[[], Store]
) -> list[Found]:
    if isinstance(given, str) and "://" in given:
        from hpo_widgets.strategies.optuna_import import found_by_optuna, open_optuna

        return found_by_optuna(open_optuna(given), objectives)
    if isinstance(given, str):
        place = open_store()
        return _of_study(Study(place, place.study(given).id), objectives)
    if isinstance(given, Study):
        return _of_study(given, objectives)
    if hasattr(given, "columns") and hasattr(given, "to_dict"):
        return list(_of_table(given, space, objectives))
    if hasattr(given, "get_trials") and hasattr(given, "directions"):
        from hpo_widgets.strategies.optuna_import import found_by_optuna

        return found_by_optuna(given, objectives)
    raise InvalidInput(
        f"{given!r:.100} holds no results; give a study or its name, a DataFrame, an Optuna study or its storage's URL."
    )


def _of_study(study: Study, objectives: Sequence[Objective]) -> list[Found]:
    own = [(each.title, each.series, each.sign.minimize) for each in study.config.objectives]
    if own != [(each.title, each.series, each.sign.minimize) for each in objectives]:
        said = ", ".join(f"{each.name} ({each.sign.value})" for each in study.config.objectives)
        raise InvalidInput(f"the study {study.name!r} has another objective: {said}; give one with the same.")
    return [
        Found(parameters=each.parameters, values=each.values)
        for each in study.past()
        if each.outcome is Outcome.COMPLETE and each.values is not None
    ]


def _of_table(table: Any, space: SearchSpace, objectives: Sequence[Objective]) -> Iterator[Found]:
    columns = {str(name): name for name in table.columns}
    values = [_value_column(columns, each, len(objectives)) for each in objectives]
    names = {name: columns[p + name] for name in space.names for p in reversed(PREFIXES) if p + name in columns}
    if not names:
        raise InvalidInput(f"the table has no column of a parameter; it has {', '.join(columns)}.")
    for row in table.to_dict("records"):
        if "state" in columns and str(row[columns["state"]]).lower().rpartition(".")[2] not in DONE:
            continue
        # A missing cell is a parameter that is not there: NaN is how a table says it.
        held = {name: plain(row[column]) for name, column in names.items() if not _is_missing(row[column])}
        found = tuple(float(row[column]) for column in values)
        yield Found(parameters=_whole(held, space), values=found)


def _whole(held: Mapping[str, Any], space: SearchSpace) -> dict[str, Any]:
    """Gives whole numbers back that a table made floats of, where only they are members."""
    whole = {
        name: int(value) if isinstance(value, float) and value.is_integer() else value for name, value in held.items()
    }
    return dict(held) if space.contains(held) or not space.contains(whole) else whole


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value) or type(value).__name__ == "NAType"


def _value_column(columns: Mapping[str, Any], objective: Objective, count: int) -> Any:
    for name in (objective.name, f"{objective.title}/{objective.series}", objective.title, objective.series):
        if name in columns:
            return columns[name]
    if count == 1 and "value" in columns:
        return columns["value"]
    raise InvalidInput(f"the table has no column {objective.name!r} for the objective; it has {', '.join(columns)}.")
