"""Reads what a new search begins with: earlier studies, tables of trials, Optuna's studies and storages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hpo_widgets.errors import HpoError, InvalidInput, NotFound
from hpo_widgets.model.found import Found
from hpo_widgets.model.objective import Objective
from hpo_widgets.model.space import SearchSpace
from hpo_widgets.sdk.trials_table import check_same, found_in_table, is_trials, read_trials
from hpo_widgets.store.base import Store
from hpo_widgets.strategies.base import Outcome
from hpo_widgets.study import Study


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
        given: A study, its name or id, a pandas DataFrame with a column a parameter and one an objective, the path of
            a CSV file of such a table or of a JSON file (what a study has exported, or a list of such rows), an Optuna
            study, the URL of an Optuna storage with one study, results themselves, or a list of these.
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
    if isinstance(given, Path):
        return read_trials(given, space, objectives)
    if isinstance(given, str):
        place = open_store()
        try:
            study = Study(place, place.study(given).id)
        except NotFound:
            if is_trials(Path(given)):
                return read_trials(Path(given), space, objectives)
            raise
        return _of_study(study, objectives)
    if isinstance(given, Found):
        return [given]
    if isinstance(given, Study):
        return _of_study(given, objectives)
    if hasattr(given, "columns") and hasattr(given, "to_dict"):
        return found_in_table(given, space, objectives)
    if hasattr(given, "get_trials") and hasattr(given, "directions"):
        from hpo_widgets.strategies.optuna_import import found_by_optuna

        return found_by_optuna(given, objectives)
    raise InvalidInput(
        f"{given!r:.100} holds no results; give a study or its name, a DataFrame, a file of trials (.csv, .json), an "
        "Optuna study or its storage's URL."
    )


def _of_study(study: Study, objectives: Sequence[Objective]) -> list[Found]:
    own = [(each.title, each.series, each.sign) for each in study.config.objectives]
    check_same(study.name, own, objectives)
    if study.config.repeats > 1:
        means = ((each.parameters, [one for one in each.mean if one is not None]) for each in study.top_sets())
        return [Found(parameters=parameters, values=tuple(values)) for parameters, values in means]
    return [
        Found(parameters=each.parameters, values=each.values)
        for each in study.past()
        if each.outcome is Outcome.COMPLETE and each.values is not None
    ]
