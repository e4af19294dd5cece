"""Results of a study that Optuna itself has kept."""

from __future__ import annotations

from collections.abc import Sequence

import optuna
from optuna.trial import TrialState

from hpo_widgets.errors import InvalidInput
from hpo_widgets.model.found import Found
from hpo_widgets.model.objective import Objective


def open_optuna(storage: str) -> optuna.Study:
    """Gives the only study of an Optuna storage.

    Raises:
        InvalidInput: When it cannot be opened or holds none or several, with their names.
    """
    try:
        names = optuna.study.get_all_study_names(storage)
        if len(names) == 1:
            return optuna.load_study(study_name=names[0], storage=storage)
    except Exception as error:  # what a storage raises is as many as there are databases
        raise InvalidInput(f"the Optuna storage {storage!r} cannot be read: {error}") from error
    held = ", ".join(map(repr, names)) or "none"
    raise InvalidInput(
        f"the Optuna storage {storage!r} holds the studies {held}; give one of them by optuna.load_study(...)."
    )


def found_by_optuna(study: optuna.Study, objectives: Sequence[Objective]) -> list[Found]:
    """Gives the completed trials.

    Raises:
        InvalidInput: When it optimizes in other directions.
    """
    wanted = ["MINIMIZE" if each.sign.minimize else "MAXIMIZE" for each in objectives]
    given = [each.name for each in study.directions]
    if given != wanted:
        raise InvalidInput(
            f"the Optuna study {study.study_name!r} goes {', '.join(given)}, the objective {', '.join(wanted)}."
        )
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return [Found(parameters=each.params, values=tuple(each.values)) for each in trials]
