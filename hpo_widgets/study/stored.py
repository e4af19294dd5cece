"""A study as the store has it: what it is and where it stands."""

from __future__ import annotations

from dataclasses import replace

from hpo_widgets.agents.base_tasks import read_base_task
from hpo_widgets.engine.ownership import is_alive
from hpo_widgets.model.base_task import BaseTask
from hpo_widgets.model.config import StudyConfig
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.study import StudyRecord
from hpo_widgets.store.base import Store


class StoredStudy:
    """Is one study in a store: of this kernel, of another one, running or finished. Safe to use from any thread."""

    def __init__(self, store: Store, id: str) -> None:
        self.store = store
        self.id = id

    def __repr__(self) -> str:
        record = self.record
        return f"<study {record.name!r}: {self.state_of(record)}>"

    @property
    def record(self) -> StudyRecord:
        """What the store knows of it now."""
        return self.store.study(self.id)

    @property
    def name(self) -> str:
        """Its name; unique in its store."""
        return self.record.name

    @property
    def config(self) -> StudyConfig:
        """What was asked for, limits as they are in force."""
        record = self.record
        return replace(StudyConfig.from_json(record.config), limits=Limits.from_json(record.limits))

    @property
    def state(self) -> str:
        """Where it stands: a `StudyState`'s value, or "interrupted" when the process that drove it is gone."""
        return self.state_of(self.record)

    def state_of(self, record: StudyRecord) -> str:
        """Gives the `state` that a record of this study says, which a reader may have read earlier."""
        return "interrupted" if self._is_interrupted(record) else record.state.value

    def _is_interrupted(self, record: StudyRecord) -> bool:
        return record.state.is_live and not is_alive(record.owner)

    @property
    def is_looped(self) -> bool:
        """Whether a user's own loop runs its tasks (Comet's `Optimizer`): no engine can drive it."""
        return "comet" in self.record.config

    @property
    def _how_to_loop(self) -> str:
        return f"run it with Optimizer({self.id!r}), or again as it is with HPO_WIDGETS_OPTIMIZER_ID={self.id}"

    @property
    def remark(self) -> str:
        """What its strategy has chosen and why, in a sentence; empty when it has nothing to say."""
        return self.record.remark

    @property
    def base_task(self) -> BaseTask | None:
        """What it runs: code, parameters, and in `about` its source, environment, git commit and command line.

        The latter are captured in the background and there a few seconds after the start.
        """
        record = self.record
        return read_base_task(self.store, self.id, record.config.get("code"), record.config.get("base_name", ""))
