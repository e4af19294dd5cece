"""The memory behind an Optuna study: one study, loaded in bulk, compact, that can take a proposal back.

`optuna.storages.InMemoryStorage` copies a trial at every change, cannot forget one, and reads the clock. This one
keeps each trial once and shares the distributions between trials.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Container, Sequence
from datetime import datetime
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from hpo_widgets.strategies.base import Outcome

STUDY = 0
"""Id of the only study."""
EPOCH = datetime(2000, 1, 1)  # noqa: DTZ001 (Optuna's dates are naive)
"""Stands for every date: a strategy sees no clock, and no sampler or pruner of Optuna looks at it."""


def frozen_trial(
    number: int,
    state: TrialState,
    params: dict[str, Any],
    distributions: dict[str, BaseDistribution],
    system_attrs: dict[str, Any],
) -> FrozenTrial:
    """Makes a trial as the storage keeps it."""
    return FrozenTrial(
        number=number,
        state=state,
        value=None,
        datetime_start=EPOCH,
        datetime_complete=EPOCH if state.is_finished() else None,
        params=params,
        distributions=distributions,
        user_attrs={},
        system_attrs=system_attrs,
        intermediate_values={},
        trial_id=number,
    )


def optuna_outcome(
    outcome: Outcome, values: Sequence[float] | None, count: int
) -> tuple[TrialState, list[float] | None]:
    """Gives the state and values that say an outcome to Optuna: only finite values teach."""
    if outcome is Outcome.PRUNED:
        return TrialState.PRUNED, None
    if outcome is Outcome.COMPLETE and values is not None and len(values) == count and all(map(_is_finite, values)):
        return TrialState.COMPLETE, [float(value) for value in values]
    return TrialState.FAIL, None


def _is_finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


class TrialMemory(BaseStorage):
    """Keeps the trials of one study; a trial's id is its number. Not for use by several threads."""

    def __init__(self) -> None:
        self._name = ""
        self._directions: list[StudyDirection] = []
        self._attrs: dict[str, dict[str, Any]] = {"user": {}, "system": {}}
        self.trials: list[FrozenTrial] = []
        self.changed_trials: set[int] = set()
        """Numbers of trials whose system attributes changed; whoever reads it clears it."""
        self.study_changed = False
        """Whether the study's system attributes changed; whoever reads it resets it."""

    # What Optuna's own storages cannot do.

    def load(self, trials: Sequence[FrozenTrial], study_attrs: dict[str, Any]) -> None:
        """Takes over trials, numbered from 0 in order, and the study's system attributes."""
        self.trials = list(trials)
        self._attrs["system"] = dict(study_attrs)

    def forget_last(self) -> None:
        """Takes the last trial back, as if it had never been."""
        self.changed_trials.discard(self.trials.pop().number)

    def add(self, params: dict[str, Any], distributions: dict[str, BaseDistribution]) -> FrozenTrial:
        """Makes a running trial with these parameters."""
        trial = frozen_trial(len(self.trials), TrialState.RUNNING, params, distributions, {})
        self.trials.append(trial)
        return trial

    # The study.

    def create_new_study(self, directions: Sequence[StudyDirection], study_name: str | None = None) -> int:
        """Makes the only study."""
        self._directions = list(directions)
        self._name = study_name or "study"
        return STUDY

    def delete_study(self, study_id: int) -> None:
        """Forgets all trials."""
        self.trials.clear()

    def set_study_user_attr(self, study_id: int, key: str, value: Any) -> None:
        """Sets an attribute of the study."""
        self._attrs["user"][key] = value

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:
        """Sets an attribute of the study and marks it as changed."""
        self._attrs["system"][key] = value
        self.study_changed = True

    def get_study_id_from_name(self, study_name: str) -> int:
        """Gives the id of the only study."""
        return STUDY

    def get_study_name_from_id(self, study_id: int) -> str:
        """Gives the name of the only study."""
        return self._name

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        """Gives one direction an objective."""
        return self._directions

    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:
        """Gives the attributes of the study, by reference."""
        return self._attrs["user"]

    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:
        """Gives the system attributes of the study, by reference."""
        return self._attrs["system"]

    def get_all_studies(self) -> list[Any]:
        """Gives nothing: nobody lists the studies of this memory."""
        return []

    # The trials.

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        """Makes a running trial, or one after a template."""
        if template_trial is None:
            return self.add({}, {}).number
        trial = copy.copy(template_trial)
        trial.number = trial._trial_id = len(self.trials)
        self.trials.append(trial)
        return trial.number

    def set_trial_param(
        self, trial_id: int, param_name: str, param_value_internal: float, distribution: BaseDistribution
    ) -> None:
        """Sets a parameter of a running trial."""
        trial = self._updatable(trial_id)
        trial.params[param_name] = distribution.to_external_repr(param_value_internal)
        trial.distributions[param_name] = distribution

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        """Ends a running trial."""
        trial = self._updatable(trial_id)
        if state == TrialState.RUNNING:
            return False
        trial.state = state
        if values is not None:
            trial.values = list(values)
        if state.is_finished():
            trial.datetime_complete = EPOCH
        return True

    def set_trial_intermediate_value(self, trial_id: int, step: int, intermediate_value: float) -> None:
        """Sets what a running trial reported at a step."""
        self._updatable(trial_id).intermediate_values[step] = intermediate_value

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Sets an attribute of a running trial."""
        self._updatable(trial_id).user_attrs[key] = value

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Sets a system attribute of a running trial and marks it as changed."""
        self._updatable(trial_id).system_attrs[key] = value
        self.changed_trials.add(trial_id)

    def get_trial(self, trial_id: int) -> FrozenTrial:
        """Gives a trial by reference.

        Raises:
            KeyError: When there is none.
        """
        if not 0 <= trial_id < len(self.trials):
            raise KeyError(f"No trial with trial id {trial_id} exists.")
        return self.trials[trial_id]

    def get_trial_id_from_study_id_trial_number(self, study_id: int, trial_number: int) -> int:
        """Gives the id of a trial, which is its number."""
        return self.get_trial(trial_number).number

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Gives all trials in order, or those in some states."""
        if states == (TrialState.WAITING,):  # Asked for at every proposal; there are never any.
            return []
        found = self.trials if states is None else [trial for trial in self.trials if trial.state in states]
        return copy.deepcopy(found) if deepcopy else list(found)

    def _updatable(self, trial_id: int) -> FrozenTrial:
        trial = self.get_trial(trial_id)
        self.check_trial_is_updatable(trial_id, trial.state)
        return trial
